"""How long a shop sees whose order it was: until it is done with it, and for a while after, since readers come back
with questions. Then it has the order, and the network alone the person. The invoice that the shop issued stays as it
is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from marketplace.foundation import network
from shops.models import Return, ShopOrder

_OVER = {ShopOrder.Status.HANDED_OVER: "handed_over_at", ShopOrder.Status.DECLINED: "answered_at"}


def since(now: datetime) -> datetime:
    """What was over before is out of sight."""
    return now - timedelta(days=network.current().shop_sight_days)


def is_seen(shop_order: ShopOrder, now: datetime) -> bool:
    """While it is under way, or comes back, or was over not long ago. One query where it is old."""
    return not out_of_sight([shop_order], now)


def out_of_sight(shop_orders: Iterable[ShopOrder], now: datetime) -> set[int]:
    """The keys of those that are not seen. One query however many are old."""
    before = since(now)
    old = {row.pk for row in shop_orders if (over_at := _over_at(row)) is not None and over_at < before}
    coming_back = Return.objects.filter(shop_order__in=old, ended_at=None) if old else Return.objects.none()
    return old - set(coming_back.values_list("shop_order", flat=True))


def _over_at(shop_order: ShopOrder) -> datetime | None:
    column = _OVER.get(ShopOrder.Status(shop_order.status))
    return getattr(shop_order, column) if column else None


def seen(before: datetime) -> Q:
    """The same of shop orders, for what is looked for by a name or an address; `before` is `since` of now."""
    coming_back = Exists(Return.objects.filter(shop_order=OuterRef("pk"), ended_at=None))
    old = Q(status=ShopOrder.Status.HANDED_OVER, handed_over_at__lt=before) | Q(
        status=ShopOrder.Status.DECLINED, answered_at__lt=before
    )
    return ~old | Q(coming_back)
