"""A test order through the channel that a shop's orders take, marked as a test. Into a system that is called it is a
real one of a single copy (`trying`), which is taken out again where the system lets us; to a webhook and by mail it is
of something that nobody sells. It moves no money. It came through once it has really gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from marketplace.foundation import audit, links, mail
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from shops import mailing, webhooks
from shops.channels import CHANNELS, messages, trying
from shops.channels.base import ChannelError
from shops.models import Shop, ShopWebhook, TransmissionTry
from shops.orders import mailed

PLAIN = "email"
TESTED = "shop.test_order"
KIND = "shop_order_test"
Outcome = TransmissionTry.Outcome


class ConfirmError(Exception):
    """The system keeps it: an owner has to want that."""


@dataclass(frozen=True)
class Way:
    """How a test order of a shop goes. `system`: the name of the system it is entered in; `stays`: it cannot be taken
    out of there again. `otherwise`: how real orders go, where a test goes by mail instead. `to`: where it is mailed."""

    channel: str
    system: str = ""
    stays: bool = False
    otherwise: str = ""
    to: str = ""


def way_of(shop: Shop) -> Way:
    if (system := trying.system_of(shop)) is not None:
        return Way(shop.channel, system=str(CHANNELS[shop.channel][0]), stays=not system.cancels)
    if shop.channel == webhooks.KIND and ShopWebhook.objects.filter(shop=shop, disabled_at=None).exists():
        return Way(webhooks.KIND)
    otherwise = "" if shop.channel == PLAIN else str(CHANNELS.get(shop.channel, (shop.channel, ""))[0])
    return Way(PLAIN, otherwise=otherwise, to=mailing.address(shop, mailing.About.ORDERS))


def send(shop: Shop, *, by: User, now: datetime, stays: bool = False) -> TransmissionTry:
    """What came of it is a try like any other; a mail is then on its way. `stays`: an owner said that it may stay in
    the system. Raises ConfirmError."""
    way = way_of(shop)
    if way.channel == PLAIN:
        return _by_mail(shop, way, now, by)
    if way.stays and not stays:
        raise ConfirmError
    if way.system:
        tried = _into_system(shop, now)
    else:
        tried = webhooks.send_test(ShopWebhook.objects.select_related("shop").get(shop=shop), by=by, now=now)
    if tried.outcome == Outcome.SENT:
        audit.record(TESTED, shop, by=by, shop_id=shop.pk, channel=tried.channel, detail=tried.error)
    return tried


def told(message: MailMessage, *, now: datetime, is_refused: bool) -> None:
    """A test order has left by mail, or is given up."""
    pk = message.dedupe_key.rpartition(":")[2]
    tried = TransmissionTry.objects.filter(pk=int(pk) if pk.isdecimal() else 0, shop=message.shop_id or 0).first()
    if tried is not None:
        tried.outcome = Outcome.SENT if message.sent_at else Outcome.FAILED
        tried.error = "" if message.sent_at else message.last_error[:500]
        tried.save(update_fields=["outcome", "error"])
        if message.sent_at:
            audit.record(TESTED, tried.shop, shop_id=tried.shop_id, channel=tried.channel)
    mailed.reached(message, now=now, is_refused=is_refused)


def _into_system(shop: Shop, now: datetime) -> TransmissionTry:
    tried = TransmissionTry.objects.create(shop=shop, at=now, channel=shop.channel, outcome=Outcome.UNKNOWN, seconds=0)
    began = time.monotonic()
    try:
        done = trying.try_system(shop, f"TEST-{tried.pk}", now=now)
    except ChannelError as error:
        tried.outcome = Outcome.UNKNOWN if error.unknown_outcome else Outcome.FAILED
        tried.status, tried.error = error.status, str(error)[:500]
    else:
        tried.outcome, tried.error = Outcome.SENT, _words(done)[:500]
    tried.seconds = round(time.monotonic() - began, 3)
    tried.save(update_fields=["outcome", "status", "error", "seconds"])
    return tried


def _words(done: trying.Tried) -> str:
    """Where it stands now."""
    if done.is_taken_out:
        return _("It was entered as %(reference)s, found again and cancelled.") % {"reference": done.reference}
    said = _("It was entered as %(reference)s and stays there: cancel it.") % {"reference": done.reference}
    return f"{said} {done.trouble}".strip()


def _by_mail(shop: Shop, way: Way, now: datetime, by: User) -> TransmissionTry:
    tried = TransmissionTry.objects.create(shop=shop, at=now, channel=PLAIN, outcome=Outcome.ON_ITS_WAY, seconds=0)
    mail.post(
        KIND,
        to=way.to,
        language=shop.language,
        dedupe_key=f"{KIND}:{tried.pk}",
        context={
            "shop": shop,
            "order": messages.sample(shop.slug, now=now)["data"],
            "otherwise": way.otherwise,
            "url": links.absolute(f"/portal/{shop.slug}/start/"),
        },
        now=now,
        shop_id=shop.pk,
    )
    audit.record("shop.test_order_mailed", shop, by=by, shop_id=shop.pk, address=way.to)
    return tried
