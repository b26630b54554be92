"""A courier takes as many parcels in a slot as it said, whoever asks at the same time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from shops import invariants, slots
from shops.models import DeliverySlot, SlotBooking, SlotDay
from shops.orders import fulfilment
from tests import factories
from tests.shops.racing import at_once

DAY = date(2026, 11, 27)
READERS = 12


def courier(capacity: int = 2) -> DeliverySlot:
    option = factories.delivery_option(factories.shop(), "courier", countries=["CA"])
    return factories.slot(option, weekday=DAY.weekday(), capacity=capacity)


def places() -> tuple[int, int]:
    """Taken by the counter, and open bookings."""
    return SlotDay.objects.get().taken, SlotBooking.objects.filter(ended_at=None).count()


@pytest.mark.django_db
def test_place_is_held_once_per_checkout_and_given_back_once():
    slot, now = courier(1), timezone.now()
    assert slots.hold([(slot.pk, DAY)], key="checkout:1", now=now) == []
    assert slots.hold([(slot.pk, DAY)], key="checkout:1", now=now) == []
    assert slots.hold([(slot.pk, DAY)], key="checkout:2", now=now) == [(slot.pk, DAY)]
    assert places() == (1, 1)
    assert [slots.release_hold("checkout:1", now=now) for _ in range(2)] == [1, 0]
    assert places() == (0, 0)
    assert slots.hold([(slot.pk, DAY)], key="checkout:2", now=now) == []
    assert slots.hold([(slot.pk, DAY + timedelta(days=7))], key="checkout:3", now=now) == []


@pytest.mark.django_db
def test_all_places_or_none():
    free, full, now = courier(1), courier(1), timezone.now()
    slots.hold([(full.pk, DAY)], key="checkout:1", now=now)
    assert slots.hold([(free.pk, DAY), (full.pk, DAY)], key="checkout:2", now=now) == [(full.pk, DAY)]
    assert SlotBooking.objects.filter(hold_key="checkout:2").count() == 0
    assert invariants.slots_that_differ() == []


@pytest.mark.django_db
def test_slot_that_the_shop_gave_up_takes_nobody():
    slot = courier(1)
    DeliverySlot.objects.update(active=False)
    assert slots.hold([(slot.pk, DAY)], key="checkout:1", now=timezone.now()) == [(slot.pk, DAY)]


@pytest.mark.django_db
def test_hold_becomes_the_shop_orders_and_ends_when_all_is_declined():
    slot, now = courier(1), timezone.now()
    shop = slot.option.shop
    shop_order = factories.shop_order(shop, (factories.stock_record(shop), 1), delivery_option=slot.option)
    slots.hold([(slot.pk, DAY)], key="checkout:1", now=now)
    slots.promise("checkout:1", {shop.pk: shop_order.pk})
    assert slots.release_hold("checkout:1", now=now) == 0
    fulfilment.decline(shop_order.lines.get(), 1, by="staff", reason="damaged", now=now)
    assert places() == (0, 0)


@pytest.mark.django_db
def test_counter_that_differs_is_found():
    """Negative control of the invariant."""
    slots.hold([(courier().pk, DAY)], key="checkout:1", now=timezone.now())
    SlotDay.objects.update(taken=2)
    assert len(invariants.slots_that_differ()) == 1


@pytest.mark.parametrize("capacity", [1, 5])
def test_readers_at_once_never_take_more_than_the_capacity(committed_db, capacity):
    slot, now = courier(capacity), timezone.now()
    results = at_once(lambda number: slots.hold([(slot.pk, DAY)], key=f"checkout:{number}", now=now), READERS)
    assert sorted(len(result) for result in results) == [0] * capacity + [1] * (READERS - capacity)
    assert places() == (capacity, capacity)
    assert invariants.slots_that_differ() == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time.")
def test_looking_before_counting_takes_too_many(committed_db, monkeypatch):
    """Negative control: the same readers, each looking at what is left and then counting."""

    def look_then_count(slot_day: SlotDay) -> bool:
        if SlotDay.objects.get(pk=slot_day.pk).taken >= slot_day.slot.capacity:
            return False
        return SlotDay.objects.filter(pk=slot_day.pk).update(taken=F("taken") + 1) == 1

    monkeypatch.setattr(slots, "_take_guarded", look_then_count)
    slot, now, most = courier(1), timezone.now(), 0
    SlotDay.objects.create(slot=slot, day=DAY)  # else all wait for the first one's row
    for _ in range(5):  # which of them look before the first has committed is chance
        with transaction.atomic():
            SlotBooking.objects.all().delete()
            SlotDay.objects.update(taken=0)
        at_once(lambda number: slots.hold([(slot.pk, DAY)], key=f"checkout:{number}", now=now), READERS)
        most = max(most, places()[0])
        if most > 1:
            break
    assert most > 1
