"""A person has an order brought to its shop once more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit, leases
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from shops import mailing
from shops.channels import CHANNELS, channel_class
from shops.models import ShopOrder, ShopWebhook, Transmission

POSTED = "webhook"


def send_again(shop_order: ShopOrder, *, by: User, now: datetime) -> bool:
    """What was parked is tried again, the order or its mail; what the shop's system took is posted once more under the
    same id, which the system knows if it has it. False: there is nothing to send, or it is on its way."""
    with transaction.atomic():
        row = Transmission.objects.select_for_update().filter(shop_order=shop_order).first()
        if row is None or row.outcome == Transmission.Outcome.WITHDRAWN:
            return False
        reason = row.last_error
        if row.parked_at:
            if row.outcome == Transmission.Outcome.UNKNOWN and not _looks_up(row.channel):  # who pressed has looked
                Transmission.objects.filter(pk=row.pk).update(outcome=Transmission.Outcome.WAITING)
            leases.unpark([row], now=now)
        elif shop_order.status == ShopOrder.Status.NEW and (mails := unsent_mails(shop_order)):
            reason = mails[0].last_error
            leases.unpark([one for one in mails if one.parked_at], now=now)
            unsent = MailMessage.objects.filter(pk__in=[one.pk for one in mails], sent_at=None, lease_until=None)
            unsent.update(due_at=now)
        elif row.due_at is None and _is_posted(row):
            Transmission.objects.filter(pk=row.pk).update(
                channel=POSTED, outcome=Transmission.Outcome.UNKNOWN, due_at=now, attempts=0, sent_at=None
            )
        else:
            return False
        audit.record("transmission.again", row, by=by, shop_id=row.shop_id, reason=reason)
        return True


def unsent_mails(shop_order: ShopOrder) -> list[MailMessage]:
    """Mails that bring it and have not left."""
    keys = [mailing.order_key(shop_order.number, part=part) for part in (False, True)]
    return list(MailMessage.objects.filter(dedupe_key__in=keys, sent_at=None).order_by("pk"))


def _looks_up(channel: str) -> bool:
    return channel not in CHANNELS or channel_class(channel).looks_up


def _is_posted(row: Transmission) -> bool:
    has_webhook = ShopWebhook.objects.filter(shop=row.shop_id, disabled_at=None).exists()
    return has_webhook and row.shop.channel == POSTED
