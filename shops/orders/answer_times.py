"""By when a shop answers an order, and when its silence is looked at before that.

The hours that the network gives are the clock's; where a shop's opening hours are known it was also open for a third
of them, as a shop is that opens eight hours a day. So a week-end, a holiday or a night does not use its time up, and
who is open all day has no less time than was said. No shop answers later than `MOST` after that, nor once there would
be no time left before the payment's authorisation ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shops import opening
from shops.models import Shop, ShopOrder

OPEN_PART = 3
MOST = timedelta(days=7)
# Of what a shop has to answer, when it is reminded and when its reader is told what happens next.
REMINDED_AFTER, WARNED_AFTER = 0.5, 0.75
_KEPT_SECONDS = 60.0
_kept: dict[int, tuple[float, opening.Hours]] = {}


def answer_due(
    hours: opening.Hours, zone: ZoneInfo, *, since: datetime, within: timedelta, latest: datetime | None = None
) -> datetime:
    """The end of what a shop has to answer. `latest`: when the payment cannot wait any longer, None: it can."""
    due = since + within
    opened = _open_for(hours, zone, since=since, wanted=within / OPEN_PART)
    if opened:
        due = min(max(due, opened), due + MOST)
    return due if latest is None else max(min(due, latest), since)


def next_look(shop_order: ShopOrder) -> datetime | None:
    """When the step looks at it again, by what was done of it; None: never, it is a download."""
    if shop_order.is_download:
        return None
    has = shop_order.answer_due_at - shop_order.created_at
    if shop_order.reminded_at is None:
        return shop_order.created_at + has * REMINDED_AFTER
    if shop_order.warned_at is None:
        return shop_order.created_at + has * WARNED_AFTER
    return shop_order.answer_due_at


def hours_of(shops: Iterable[Shop], *, now: datetime) -> Mapping[int, opening.Hours]:
    """The opening hours of each shop by id, read at most once a minute: an order is placed without reading them."""
    asked = {shop.pk for shop in shops}
    fresh = {pk: hours for pk in asked if (hours := _remembered(pk)) is not None}
    read = opening.hours_of(asked - fresh.keys(), now=now)
    for pk, hours in read.items():
        _kept[pk] = time.monotonic(), hours
    return fresh | read


def forget() -> None:
    """Drop what is kept: between tests."""
    _kept.clear()


def _remembered(shop_id: int) -> opening.Hours | None:
    read_at, hours = _kept.get(shop_id, (0.0, opening.NO_HOURS))
    return hours if read_at and time.monotonic() - read_at < _KEPT_SECONDS else None


def _open_for(hours: opening.Hours, zone: ZoneInfo, *, since: datetime, wanted: timedelta) -> datetime | None:
    """The moment by which the shop has been open for so long; None: it never opens, or nobody knows when. Where two
    spans overlap, what they share counts once."""
    left, counted_to = wanted, since
    for opens, closes in hours.openings(zone, since.astimezone(zone).date()):
        begins = max(opens, counted_to)
        if closes <= begins:
            continue
        if closes - begins >= left:
            return begins + left
        left -= closes - begins
        counted_to = closes
    return None
