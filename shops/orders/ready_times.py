"""By when an accepted order is ready, or sent, by what its reader was told; and when its shop, then its reader, hear
that it is not. Worked out once, as it is accepted (`fulfilment.settle`), by the shop's opening hours and never in the
night; anew where its reader waits until a day of their own, or what it waited for is there or gone.

What is ordered with a day decides of the whole order. Of what is ordered without one nobody knows when it comes: what
is on the shelf beside it has its deadline, as if it were alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.timezone import localdate

from shops import readiness
from shops.models import DeliveryOption, ShopOrder, ShopOrderLine, Supply
from shops.opening import NO_HOURS, Hours
from shops.orders import answer_times

Status = ShopOrder.Status
# A day ends as its shop closes, never later than that; at six where nobody knows when it is open.
LATEST, UNKNOWN = time(20), time(18)
# Before the day ends its reader is told; who accepts a moment before has as long.
LEAD = timedelta(hours=1)
# Nobody is told anything before or after.
MORNING, EVENING = time(8), time(21)
_DAY = timedelta(days=1)
COLUMNS = ("ready_by", "tell_at", "ready_watch_at", "ready_reminded_at", "late_at")


class Deadline(NamedTuple):
    """`by`: of the desk; `remind_at`, `tell_at`: when its shop, then its reader, are told that it is not ready."""

    by: datetime
    remind_at: datetime
    tell_at: datetime


def follow(shop_order: ShopOrder, lines: Iterable[ShopOrderLine], *, now: datetime) -> None:
    """Its deadline by its status and the counts of its lines. Its columns are set, not saved; what is followed already
    keeps its moments, unless its reader waits longer for all that is left of it."""
    rows = list(lines)
    if not is_awaited(shop_order):
        shop_order.ready_watch_at = None
        if shop_order.status == Status.PACKED:  # it lies at the counter, and its reader is told so
            shop_order.late_at = None
    elif days := [row.expected_on for row in rows if is_ordered(row) and row.expected_on]:  # followed by `back_orders`
        shop_order.ready_by = _closing(_hours(shop_order, now), _zone(shop_order), min(days))
        shop_order.ready_watch_at = None
    elif not (here := [row for row in rows if row.to_hand_over and not is_undated(row)]):
        shop_order.ready_by = shop_order.ready_watch_at = shop_order.late_at = None
    elif not (shop_order.ready_watch_at or shop_order.late_at) or _waits_longer(shop_order, here, now):
        found = deadline(shop_order, here, _hours(shop_order, now), now=now)
        shop_order.ready_by, shop_order.tell_at = found.by, found.tell_at
        shop_order.ready_watch_at, shop_order.ready_reminded_at, shop_order.late_at = found.remind_at, None, None


def anew(shop_order: ShopOrder, lines: Iterable[ShopOrderLine], *, now: datetime) -> None:
    """As `follow`, of what its reader waits for until another day."""
    shop_order.ready_watch_at = shop_order.late_at = shop_order.ready_reminded_at = None
    follow(shop_order, lines, now=now)


def is_awaited(shop_order: ShopOrder) -> bool:
    """Whether its shop is still to make it ready, or to send it. What waits at its own counter is `keep_times`'."""
    if shop_order.is_download:
        return False
    is_sent = shop_order.delivery_kind != DeliveryOption.Kind.PICKUP
    return shop_order.status == Status.ACCEPTED or (is_sent and shop_order.status == Status.PACKED)


def deadline(shop_order: ShopOrder, lines: Iterable[ShopOrderLine], hours: Hours, *, now: datetime) -> Deadline:
    """Of what is accepted at `now`. To the hour where the reader was told one that is to come: it lies ready then, or
    the courier comes. Else once the shop has had its time: ready; or sent on that day, and told to the reader on the
    last one on which it can leave to be there in the days that were said."""
    zone, told = _zone(shop_order), shop_order.expected_from
    waits = _waited_for(lines)
    if waits and waits > localdate(max(now, told or now), zone):
        by = _closing(hours, zone, waits)
        return _with(by, by - LEAD, now)
    if told and told > now:
        comes = shop_order.expected_until is not None
        return _with(told, told if comes else max(told, _before_closing(hours, zone, localdate(told, zone))), now)
    return _with(*_by_days(shop_order, hours, zone, now), now)


def _waited_for(lines: Iterable[ShopOrderLine]) -> date | None:
    """The first day of those that were said of each line that is still to leave; None: of one none was said."""
    days = [row.expected_on for row in lines if row.to_hand_over]
    return min((day for day in days if day), default=None) if all(days) else None


def _waits_longer(shop_order: ShopOrder, rows: list[ShopOrderLine], now: datetime) -> bool:
    """What was to come sooner has left, or was taken back."""
    day = _waited_for(rows)
    return day is not None and day > localdate(max(now, shop_order.ready_by or now), _zone(shop_order))


def by_day(at: datetime, zone: ZoneInfo) -> datetime:
    """`at`, or the morning after where that is in the night."""
    local = at.astimezone(zone)
    if MORNING <= local.time() < EVENING:
        return at
    return _moment(local.date() + (local.time() >= EVENING) * _DAY, MORNING, zone)


def _by_days(shop_order: ShopOrder, hours: Hours, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """By when, and when the reader is told that it is not."""
    needed, option = timedelta(minutes=shop_order.shop.preparation_minutes), shop_order.delivery_option
    ready = readiness.ready_at(hours, zone, preparation_minutes=shop_order.shop.preparation_minutes, now=now)
    if ready is None:  # nobody knows when it is open
        first = localdate(now + needed, zone)
        ready = _before_closing(hours, zone, first)
        if ready < now + needed:
            ready = _before_closing(hours, zone, first + _DAY)
    day, ordered_on = localdate(ready, zone), localdate(shop_order.created_at, zone)
    least, most = (option.days_min, option.days_max) if option and not shop_order.expected_from else (0, 0)
    if shop_order.delivery_kind == DeliveryOption.Kind.PICKUP:
        day = max(day, ordered_on + most * _DAY)
        by = ready if shop_order.expected_from else _closing(hours, zone, day)
        return by, max(ready, _before_closing(hours, zone, day))
    last = max(day, ordered_on + (most - least) * _DAY)
    while last > day and not hours.on(last) and hours != NO_HOURS:
        last -= _DAY
    return max(ready, _closing(hours, zone, day)), max(ready, _before_closing(hours, zone, last))


def _with(by: datetime, tell_at: datetime, now: datetime) -> Deadline:
    """The shop is told an hour before its reader at least and a day at most; not before its own deadline is over, if
    that can be, nor within two hours or half of its time."""
    tell_at = max(tell_at, now + LEAD)
    remind_at = max(now + min((tell_at - now) / 2, 2 * LEAD), min(tell_at - LEAD, max(by, tell_at - _DAY)))
    return Deadline(by, remind_at, tell_at)


def _before_closing(hours: Hours, zone: ZoneInfo, day: date) -> datetime:
    return _closing(hours, zone, day) - LEAD


def _closing(hours: Hours, zone: ZoneInfo, day: date) -> datetime:
    """When that day ends for the reader."""
    closes = max((span.moments(day, zone)[1] for span in hours.on(day)), default=_moment(day, UNKNOWN, zone))
    return min(closes, _moment(day, LATEST, zone))


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


def _hours(shop_order: ShopOrder, now: datetime) -> Hours:
    return answer_times.hours_of([shop_order.shop], now=now)[shop_order.shop_id]


def _zone(shop_order: ShopOrder) -> ZoneInfo:
    return ZoneInfo(shop_order.shop.timezone)


def is_ordered(row: ShopOrderLine) -> bool:
    """Accepted, and on no shelf of its shop yet."""
    return row.supply in (Supply.ORDER, Supply.PREORDER) and row.accepted > row.packed


def is_undated(row: ShopOrderLine) -> bool:
    """Ordered, and nobody said for when."""
    return is_ordered(row) and row.expected_on is None
