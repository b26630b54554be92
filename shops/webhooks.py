"""Where a shop's orders are posted to: set up, tried and ended by its owner."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import audit, leases, links, mail, webhook_signing
from marketplace.foundation import secrets as sealing
from marketplace.models import User
from shops.channels import ChannelError, messages
from shops.channels.webhook import post
from shops.models import Cancellation, Shop, ShopWebhook, Transmission, TransmissionTry
from shops.systems import keeping

OLD_SECRET_FOR, OLD_SECRETS = timedelta(hours=24), 9
KIND, PLAIN = "webhook", "email"


def set_up(shop: Shop, address: str, *, by: User, now: datetime) -> str:
    """Orders are posted there from now on, those that were parked too. The secret, which is seen this once; empty where
    there was one already."""
    with transaction.atomic():
        setup = ShopWebhook.objects.select_for_update().filter(shop=shop).first()
        secret = "" if setup else webhook_signing.new_secret()
        if setup is None:
            setup = ShopWebhook(shop=shop, made_at=now)
            setup.sealed_secret = sealing.seal(secret, row=setup.row)
        before, setup.address, setup.disabled_at = setup.address, address, None
        setup.save()
        keeping.take_no_more_orders(shop.pk)
        Shop.objects.filter(pk=shop.pk).update(channel=KIND)
        _unpark(shop.pk, now)
        audit.record("order_webhook.set_up", setup, by=by, shop_id=shop.pk, address=address)
        if before != address:
            _tell(setup, "address", now, before=before)
    return secret


def renew(setup: ShopWebhook, *, by: User, now: datetime) -> str:
    """Another secret; for a day messages are signed with those before as well: with two renewals within a day nobody
    knows which one the shop's system has by now."""
    secret = webhook_signing.new_secret()
    with transaction.atomic():
        locked = ShopWebhook.objects.select_for_update(of=("self",)).select_related("shop").get(pk=setup.pk)
        old = [locked.sealed_secret]
        if locked.old_until and now < locked.old_until:
            old += locked.sealed_old_secret.split()
        locked.sealed_old_secret, locked.old_until = " ".join(old[:OLD_SECRETS]), now + OLD_SECRET_FOR
        locked.sealed_secret = sealing.seal(secret, row=locked.row)
        locked.save()
        audit.record("order_webhook.renew", locked, by=by, shop_id=locked.shop_id)
        _tell(locked, "secret", now)
    return secret


def _tell(setup: ShopWebhook, what: str, now: datetime, before: str = "") -> None:
    """Whoever has got hold of an owner's account does not lead the orders elsewhere in silence."""
    shop = setup.shop
    with override(shop.language):
        until = setup.old_until and date_format(localtime(setup.old_until, ZoneInfo(shop.timezone)), "DATETIME_FORMAT")
    mail.post(
        "shop_webhook_changed",
        to=shop.email,
        language=shop.language,
        dedupe_key=f"shop_webhook_changed:{setup.pk}:{what}:{now.isoformat()}",
        context={
            "shop": shop,
            "what": what,
            "address": setup.address,
            "before": before,
            "until": until,
            "url": links.absolute(f"/portal/{shop.slug}/channel/"),
        },
        now=now,
        shop_id=shop.pk,
    )


def end(setup: ShopWebhook, *, by: User, now: datetime) -> None:
    """Orders come by e-mail from now on; those on their way, or parked, too, in their order, and so does what readers
    take back of those that the system has."""
    with transaction.atomic():
        shop_id = setup.shop_id
        Shop.objects.filter(pk=shop_id, channel=KIND).update(channel=PLAIN)
        _unpark(shop_id, now)
        Transmission.objects.filter(shop=shop_id, channel=KIND).update(channel=PLAIN)
        audit.record("order_webhook.end", setup, by=by, shop_id=shop_id, address=setup.address)
        ShopWebhook.objects.filter(pk=setup.pk).delete()


def _unpark(shop_id: int, now: datetime) -> None:
    """What did not get to the shop's system is tried again."""
    posted = Transmission.objects.filter(shop=shop_id, channel=KIND)
    leases.unpark(list(posted.exclude(parked_at=None)), now=now)
    told = Cancellation.objects.filter(shop=shop_id, line__shop_order__transmission__channel=KIND)
    leases.unpark(list(told.exclude(parked_at=None)), now=now)


def send_test(setup: ShopWebhook, *, by: User, now: datetime) -> TransmissionTry:
    """A test order, signed as all are; how it went is a try like any other."""
    began, error = time.monotonic(), None
    status: int | None
    try:
        status = post(setup, f"test_{secrets.token_urlsafe(12)}", messages.sample(setup.shop.slug, now=now), now=now)
    except ChannelError as raised:
        error, status = raised, raised.status
    audit.record("order_webhook.test", setup, by=by, shop_id=setup.shop_id)
    return TransmissionTry.objects.create(
        shop_id=setup.shop_id,
        at=now,
        channel=KIND,
        outcome=TransmissionTry.Outcome.FAILED if error else TransmissionTry.Outcome.SENT,
        status=status,
        error=str(error)[:500] if error else "",
        seconds=round(time.monotonic() - began, 3),
    )
