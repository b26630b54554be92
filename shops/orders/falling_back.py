"""By which channel an order comes that its shop's own system does not take: after how long the shop says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from marketplace.foundation import audit
from marketplace.models import User
from shops.models import Shop, ShopWebhook, Transmission

POSTED, MAILED = "webhook", "email"


class OtherChannel(NamedTuple):
    kind: str
    since: datetime


def other_channel(row: Transmission, *, since: datetime) -> OtherChannel | None:
    """Which channel takes over what the shop should know `since`, and from when on: the webhook that it has beside its
    system, else mail. None: a person looks."""
    minutes = row.shop.fallback_minutes
    if row.channel == MAILED or minutes is None:
        return None
    return OtherChannel(instead_of(row.channel, row.shop_id), since + timedelta(minutes=minutes))


def instead_of(channel: str, shop_id: int) -> str:
    if channel != POSTED and ShopWebhook.objects.filter(shop=shop_id, disabled_at=None).exists():
        return POSTED
    return MAILED


def fall_back_after(shop: Shop, minutes: int | None, *, by: User) -> bool:
    """How long an order waits for the shop's own system; None: a person looks at it. False: it was so already."""
    if not Shop.objects.filter(pk=shop.pk).exclude(fallback_minutes=minutes).update(fallback_minutes=minutes):
        return False
    audit.record("shop.fall_back_after", shop, by=by, shop_id=shop.pk, minutes=minutes)
    return True
