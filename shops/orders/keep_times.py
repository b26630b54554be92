"""How long what lies ready at a counter waits for its reader; the moments are worked out once, when it is ready."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.timezone import localdate

from shops import opening
from shops.models import Parcel, Shop, ShopOrder, ShopOrderLine, Supply
from shops.opening import Hours

REMIND_BEFORE = timedelta(days=3)
MOST_DAYS_SHUT = 60
_DAY = timedelta(days=1)


def keep(shop_order: ShopOrder, lines: Iterable[ShopOrderLine], *, now: datetime) -> None:
    """It lies ready from now on; a title that was pre-ordered, from the day on which it may be had. Its columns are
    set, not saved. What is kept already keeps its day."""
    if shop_order.keep_until:
        return
    shop = shop_order.shop
    since = _from(shop, lines, now)
    shop_order.keep_until = kept_until(shop, opening.hours_of([shop.pk], now=now)[shop.pk], since=since)
    shop_order.keep_watch_at = reminder(shop_order.keep_until, since=since)


def kept_until(shop: Shop, hours: Hours, *, since: datetime) -> datetime:
    """When the shop closes on the last of the days for which it keeps things."""
    return _closing(hours, ZoneInfo(shop.timezone), since + shop.kept_days * _DAY)


def kept_elsewhere(parcel: Parcel, *, since: datetime, within: timedelta | None = None, now: datetime) -> datetime:
    """When what another shop, or a point, has for its reader goes back: after as many days (or `within`) as the shop
    that sold it keeps things, as the other one closes."""
    seller, place = parcel.shop_order.shop, parcel.carried_to
    last = since + (seller.kept_days * _DAY if within is None else within)
    hours = opening.hours_of([place.pk], now=now)[place.pk] if place else opening.NO_HOURS
    return _closing(hours, ZoneInfo((place or seller).timezone), last)


def _closing(hours: Hours, zone: ZoneInfo, at: datetime) -> datetime:
    """The end of that day's opening; where it is shut on that one, on the next on which it is open. The end of the day
    where no hours are known."""
    last = localdate(at, zone)
    for ahead in range(MOST_DAYS_SHUT):
        if spans := hours.on(last + ahead * _DAY):
            return max(span.moments(last + ahead * _DAY, zone)[1] for span in spans)
    return datetime.combine(last, time(23, 59), zone)


def reminder(keep_until: datetime, *, since: datetime) -> datetime:
    """Three days before the end, of a short time at its half."""
    return max(keep_until - REMIND_BEFORE, since + (keep_until - since) / 2)


def _from(shop: Shop, lines: Iterable[ShopOrderLine], now: datetime) -> datetime:
    zone = ZoneInfo(shop.timezone)
    awaited = [row.expected_on for row in lines if row.supply == Supply.PREORDER and row.accepted]
    first = max((day for day in awaited if day), default=None)
    return max(now, datetime.combine(first, time(), zone)) if first else now
