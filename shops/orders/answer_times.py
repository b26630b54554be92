"""By when a shop answers an order, and when its silence is looked at before that.

The hours that the network gives are the clock's; where a shop's opening hours are known it was also open for a third
of them, as a shop is that opens eight hours a day. So a week-end, a holiday or a night does not use its time up, and
who is open all day has no less time than was said. No shop answers later than `MOST` after that, nor once there would
be no time left before the payment's authorisation ends."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import Q

from marketplace.foundation import network
from shops import mailing, opening
from shops.models import Shop, ShopOrder, Supply, Transmission

OPEN_PART = 3
MOST = timedelta(days=7)
# Of what a shop has to answer, when it is reminded and when its reader is told what happens next.
REMINDED_AFTER, WARNED_AFTER = 0.5, 0.75
# Distributors answer the next working day; a week-end may lie between. Well within an authorisation's seven days.
ANSWER_OF_DISTRIBUTOR = timedelta(days=3)
# So much after it was placed its shop is told of it late.
LATE = timedelta(minutes=15)
_KEPT_SECONDS = 60.0
_kept: dict[int, tuple[float, opening.Hours]] = {}


class Ordered(Protocol):
    """What is read of a line."""

    supply: str


def answer_due(
    hours: opening.Hours, zone: ZoneInfo, *, since: datetime, within: timedelta, latest: datetime | None = None
) -> datetime:
    """The end of what a shop has to answer. `latest`: when the payment cannot wait any longer, None: it can."""
    due = since + within
    opened = _open_for(hours, zone, since=since, wanted=within / OPEN_PART)
    if opened:
        due = min(max(due, opened), due + MOST)
    return due if latest is None else max(min(due, latest), since)


def given(lines: Iterable[Ordered]) -> timedelta:
    """What the network gives a shop to answer such lines. Where something is ordered it answers once its distributor
    has."""
    within = timedelta(hours=network.current().answer_within_hours)
    by_order = any(line.supply in (Supply.ORDER, Supply.PREORDER) for line in lines)
    return max(within, ANSWER_OF_DISTRIBUTOR) if by_order else within


def due_when_told(shop_order: ShopOrder, *, now: datetime) -> datetime:
    """By when its shop answers that is told of it at `now`. Where that is late (it waited for an order before it, or
    for us) it has no less time for that, as long as the payment waits."""
    if now - shop_order.created_at < LATE:
        return shop_order.answer_due_at
    shop = shop_order.shop
    due = answer_due(
        hours_of([shop], now=now)[shop.pk],
        ZoneInfo(shop.timezone),
        since=now,
        within=given(shop_order.lines.all()),
        latest=shop_order.waits_until,
    )
    return max(shop_order.answer_due_at, due)


def untold(now: datetime) -> Q:
    """Of shop orders: that nothing was tried yet to tell its shop, or the first try is under way, or the mail that
    brings it has not left; and there is time for its answer. Its silence says nothing."""
    waiting = Q(transmission__attempts=0, transmission__outcome=Transmission.Outcome.WAITING)
    first = Q(transmission__attempts__lte=1, transmission__lease_until__gt=now)
    in_time = Q(waits_until__gt=now) | Q(waits_until=None, answer_due_at__gt=now - MOST)
    return ((Q(transmission__parked_at=None) & (waiting | first)) | Q(mailing.unsent())) & in_time


def as_told(shop_order: ShopOrder, *, now: datetime) -> ShopOrder:
    """As its shop reads it that is told of it at `now`: with the time that it has to answer from then on."""
    told = copy.copy(shop_order)
    told.answer_due_at = due_when_told(shop_order, now=now)
    return told


def begin_again(shop_order: ShopOrder, *, now: datetime) -> None:
    """Its shop was told late: its time begins now. Not its version: who has its page open may answer meanwhile. Its row
    is locked."""
    due = due_when_told(shop_order, now=now)
    if shop_order.status == ShopOrder.Status.NEW and due > shop_order.answer_due_at:
        shop_order.answer_due_at = due
        look = next_look(shop_order)
        shop_order.watch_at = look and max(look, now + (due - now) * REMINDED_AFTER)
        shop_order.save(update_fields=["answer_due_at", "watch_at"])


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
