"""A test order through the channel that a shop's orders take: marked as a test, of something that nobody sells; without
order, money or stock."""

from __future__ import annotations

from datetime import datetime

from marketplace.foundation import audit, links, mail
from marketplace.models import User
from shops import webhooks
from shops.channels import messages
from shops.models import Shop, ShopWebhook, TransmissionTry

PLAIN = "email"
TESTED = "shop.test_order"


def send(shop: Shop, *, by: User, now: datetime) -> TransmissionTry:
    """By webhook where the shop's orders are posted, else by mail. What came of it is a try like any other; a mail is
    then on its way."""
    setup = ShopWebhook.objects.select_related("shop").filter(shop=shop, disabled_at=None).first()
    tried = webhooks.send_test(setup, by=by, now=now) if setup else _by_mail(shop, now)
    if tried.outcome == TransmissionTry.Outcome.SENT:
        audit.record(TESTED, shop, by=by, shop_id=shop.pk, channel=tried.channel)
    return tried


def _by_mail(shop: Shop, now: datetime) -> TransmissionTry:
    said = messages.sample(shop.slug, now=now)["data"]
    mail.post(
        "shop_order_test",
        to=shop.email,
        language=shop.language,
        dedupe_key=f"shop_order_test:{shop.pk}:{now.isoformat()}",
        context={"shop": shop, "order": said, "url": links.absolute(f"/portal/{shop.slug}/start/")},
        now=now,
        shop_id=shop.pk,
    )
    said_so = {"at": now, "channel": PLAIN, "outcome": TransmissionTry.Outcome.SENT, "seconds": 0}
    return TransmissionTry.objects.create(shop=shop, **said_so)
