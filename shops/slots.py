"""Places in the slots of a courier: held, booked and given back. The only file that changes `SlotDay.taken`, which is
at all times the number of open bookings and never above the slot's capacity.

A place lives as long as the stock that is held with it (`stock.hold`, `release_hold`, `promise`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet

from shops.models import DeliverySlot, ShopOrder, SlotBooking, SlotDay

DAYS_AHEAD = 7


class Choice(NamedTuple):
    """A slot on one day; the moments are in UTC."""

    slot_id: int
    day: date
    begins: datetime
    ends: datetime
    capacity: int


class _Full(Exception):
    pass


def choices(of: Iterable[DeliverySlot], zone: ZoneInfo, *, after: datetime, now: datetime) -> list[Choice]:
    """What begins after `after`, today or in the next seven days, earliest first; full ones among them."""
    slots, today = list(of), now.astimezone(zone).date()
    found = [
        on_day(slot, today + timedelta(days=ahead), zone)
        for ahead in range(DAYS_AHEAD + 1)
        for slot in slots
        if slot.weekday == (today + timedelta(days=ahead)).weekday()
    ]
    return sorted((choice for choice in found if choice.begins >= after), key=lambda choice: choice.begins)


def on_day(slot: DeliverySlot, day: date, zone: ZoneInfo) -> Choice:
    begins, ends = (datetime.combine(day, at, zone).astimezone(UTC) for at in (slot.begins, slot.ends))
    return Choice(slot.pk, day, begins, ends, slot.capacity)


def taken(of: Iterable[Choice]) -> dict[tuple[int, date], int]:
    """Places taken by slot and day; one query, none where nothing is asked."""
    asked = list(of)
    if not asked:
        return {}
    found = SlotDay.objects.filter(slot__in={one.slot_id for one in asked}, day__in={one.day for one in asked})
    return {(slot_id, day): places for slot_id, day, places in found.values_list("slot_id", "day", "taken")}


def hold(wanted: Iterable[tuple[int, date]], *, key: str, now: datetime) -> list[tuple[int, date]]:
    """Keep one place in each slot for a checkout, all or nothing; returns what is full, and then nothing is kept. What
    the key holds already is not held twice. To be called after `stock.hold`, in its transaction."""
    asked = sorted(set(wanted))
    if not asked:
        return []
    full: list[tuple[int, date]] = []
    try:
        with transaction.atomic():
            full = [one for one in asked if not _hold(*one, key, now)]
            if full:
                raise _Full
    except _Full:
        pass
    return full


def release_hold(key: str, *, now: datetime) -> int:
    """Give back what a checkout holds, once its payment session is known to be over and unpaid. Returns places."""
    return _end(SlotBooking.objects.filter(hold_key=key, shop_order=None), now)


def promise(key: str, shop_orders: Mapping[int, int]) -> int:
    """A hold becomes its shop order's; the counter stays. `shop_orders` is {shop id: shop order id}. Returns places."""
    held = SlotBooking.objects.filter(hold_key=key, shop_order=None, ended_at=None)
    bookings = list(held.select_related("slot_day__slot__option"))
    for booking in bookings:
        booking.shop_order_id = shop_orders[booking.slot_day.slot.option.shop_id]
        booking.save(update_fields=["shop_order"])
    return len(bookings)


def release_order(shop_order: ShopOrder, *, now: datetime) -> int:
    """The courier does not come: the shop hands over nothing of it. Returns places."""
    return _end(SlotBooking.objects.filter(shop_order=shop_order), now)


def of(shop_order: ShopOrder) -> Choice | None:
    """When the courier comes for it; None: it has no place in a slot."""
    return _when(SlotBooking.objects.filter(shop_order=shop_order))


def of_reader(shop_order: ShopOrder) -> Choice | None:
    """When the courier that brings it comes from its shop for anything of the reader's same order, it or what took the
    place of some of it; None: for nothing, or it goes another way."""
    beside = {"shop_order__order": shop_order.order_id, "shop_order__shop": shop_order.shop_id}
    return _when(SlotBooking.objects.filter(**beside, slot_day__slot__option=shop_order.delivery_option_id))


def held(key: str) -> Choice | None:
    """The place that is held under a key for what takes another's place; None: there is none."""
    return _when(SlotBooking.objects.filter(hold_key=key, shop_order=None))


def _when(bookings: QuerySet[SlotBooking]) -> Choice | None:
    rows = bookings.filter(ended_at=None).select_related("slot_day__slot__option__shop")
    booking = rows.order_by("pk").first()
    if booking is None:
        return None
    slot_day = booking.slot_day
    return on_day(slot_day.slot, slot_day.day, ZoneInfo(slot_day.slot.option.shop.timezone))


def set_aside(shop_order: ShopOrder, *, key: str) -> None:
    """Nothing of it goes, but its reader may take something else in its place: the place is held for that, until
    `promise` or `release_hold`."""
    SlotBooking.objects.filter(shop_order=shop_order, ended_at=None).update(shop_order=None, hold_key=key)


def hand_on(key: str, *, to: str) -> int:
    """What is held under one key is held under another. Returns places."""
    return SlotBooking.objects.filter(hold_key=key, shop_order=None, ended_at=None).update(hold_key=to)


def _hold(slot_id: int, day: date, key: str, now: datetime) -> bool:
    SlotDay.objects.bulk_create([SlotDay(slot_id=slot_id, day=day)], ignore_conflicts=True)
    slot_day = SlotDay.objects.select_related("slot").get(slot_id=slot_id, day=day)
    if SlotBooking.objects.filter(slot_day=slot_day, hold_key=key, ended_at=None).exists():
        return True
    if not _take_guarded(slot_day):
        return False
    SlotBooking.objects.create(slot_day=slot_day, hold_key=key, created_at=now)
    return True


def _take_guarded(slot_day: SlotDay) -> bool:
    """The guarded statement: it counts the place if there is one at that very moment. The row stays locked.

    The capacity goes in as a number: joined, it would make a subquery, which PostgreSQL answers as of before
    the wait."""
    there = SlotDay.objects.filter(pk=slot_day.pk, taken__lt=slot_day.slot.capacity)
    return slot_day.slot.active and there.update(taken=F("taken") + 1) == 1


def _end(bookings: QuerySet[SlotBooking], now: datetime) -> int:
    """End open bookings, each once by compare-and-set; the counters follow, in the order in which they are taken."""
    rows = bookings.filter(ended_at=None).order_by("slot_day__slot_id", "slot_day__day")
    ended = 0
    with transaction.atomic():
        for pk, slot_day_id in rows.values_list("pk", "slot_day_id"):
            if SlotBooking.objects.filter(pk=pk, ended_at=None).update(ended_at=now):
                SlotDay.objects.filter(pk=slot_day_id).update(taken=F("taken") - 1)
                ended += 1
    return ended
