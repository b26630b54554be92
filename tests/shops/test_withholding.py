from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.partner.models import StockRecord

from marketplace.foundation.models import AuditEntry
from shops import absorbing, invariants, stock, withholding
from shops.models import Allocation, Shop, Transmission
from shops.orders import fulfilment
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def shop() -> Shop:
    return factories.shop(complete_as_of=NOON)


def allocated(record: StockRecord) -> int:
    return StockRecord.objects.get(pk=record.pk).num_allocated or 0


def test_withhold_keeps_units_from_sale_and_says_who(shop):
    staff, record = factories.user(), factories.stock_record(shop, units=3)
    withholding.withhold(record, 2, now=NOON, by=staff)
    row = Allocation.objects.get()
    assert (row.cause, row.units, row.reflected_at, allocated(record)) == ("not_found", 2, None, 2)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.shop, entry.facts) == ("stock.withhold", staff, shop, {"units": 2})


def test_withhold_of_nothing_does_nothing(shop):
    withholding.withhold(factories.stock_record(shop), 0, now=NOON, by="staff")
    assert Allocation.objects.count() == 0


def test_till_is_right_lets_the_next_number_end_it(shop):
    record = factories.stock_record(shop, units=3)
    withholding.withhold(record, 1, now=NOON, by="staff")
    assert withholding.till_is_right(record, now=NOON + HOUR, by="staff") == 1
    assert withholding.till_is_right(record, now=NOON + HOUR, by="staff") == 0
    absorbing.write_number(record, 3, as_of=NOON + HOUR / 2, now=NOON + HOUR)
    assert allocated(record) == 1
    absorbing.write_number(record, 2, as_of=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    assert (allocated(record), Allocation.objects.get().ended_by) == (0, "absorbed")


def test_end_withheld_after_seven_days(shop):
    record, spoken_of = factories.stock_record(shop, units=3), factories.stock_record(shop, units=3)
    for row in (record, spoken_of):
        withholding.withhold(row, 1, now=NOON, by="staff")
    withholding.till_is_right(spoken_of, now=NOON + HOUR, by="staff")
    assert withholding.end_withheld(NOON + timedelta(days=7) - HOUR) == 0
    assert withholding.end_withheld(NOON + timedelta(days=7)) == 1
    assert withholding.end_withheld(NOON + timedelta(days=7)) == 0
    assert (allocated(record), allocated(spoken_of)) == (0, 1)
    assert invariants.counters_that_differ() == []


@pytest.mark.parametrize(("units", "left", "withheld"), [(3, 3, 0), (3, 1, 2), (3, 0, 3), (1, 4, 0), (None, 0, 0)])
def test_withhold_to_shelf_keeps_back_what_the_number_has_beyond(shop, units, left, withheld):
    record = factories.stock_record(shop, units=units)
    assert withholding.withhold_to_shelf(record, left, now=NOON, by="staff") == withheld
    assert allocated(record) == withheld


def test_withhold_to_shelf_counts_what_is_withheld_already(shop):
    record = factories.stock_record(shop, units=3)
    withholding.withhold(record, 1, now=NOON, by="staff")
    assert withholding.withhold_to_shelf(record, 1, now=NOON, by="staff") == 1
    assert allocated(record) == 2


def test_withhold_to_shelf_knows_copies_set_aside_that_the_number_has_lost():
    """Two available and one reserved for us; staff see two on the shelf, the reserved one among them."""
    shop = factories.shop(reserves_on_accept=True, complete_as_of=NOON)
    record = factories.stock_record(shop, units=3)
    placed = factories.shop_order(shop, (record, 1), created_at=NOON)
    fulfilment.accept_all(placed, by="staff", now=NOON)
    absorbing.write_number(record, 2, as_of=NOON + HOUR, now=NOON + HOUR)
    assert allocated(record) == 0
    assert withholding.withhold_to_shelf(record, 2, now=NOON + HOUR, by="staff") == 1


@pytest.mark.parametrize("is_accepted", [True, False])
def test_withhold_to_shelf_knows_what_a_system_has_booked(is_accepted):
    """Two available beside the one that its system took off for us; staff see one on the shelf, ours."""
    shop = factories.shop(channel="square", booking_lag_minutes=0, complete_as_of=NOON)
    record = factories.stock_record(shop, units=3)
    placed = factories.shop_order(shop, (record, 1), created_at=NOON)
    if is_accepted:
        fulfilment.accept_all(placed, by="Square", now=NOON)
    absorbing.reflect(placed.lines.get(), 1, reflected_at=NOON, now=NOON)
    absorbing.write_number(record, 2, as_of=NOON + HOUR, now=NOON + HOUR)
    assert allocated(record) == 0
    assert withholding.withhold_to_shelf(record, 1, now=NOON + HOUR, by="staff") == 2


@pytest.mark.parametrize(("read_again", "kept"), [(False, 1), (True, 1)])
def test_withhold_to_shelf_knows_what_comes_back_and_the_number_has_not_again(read_again, kept):
    """Of three one is lost, one was its reader's: two stand there, and the number says two until it has that one."""
    shop = factories.shop(channel="square", booking_lag_minutes=0, complete_as_of=NOON)
    record = factories.stock_record(shop, units=3)
    placed = factories.shop_order(shop, (record, 1), created_at=NOON)
    Transmission.objects.create(shop_order=placed, shop=shop, channel="square", outcome="sent", sent_at=NOON)
    absorbing.reflect(placed.lines.get(), 1, reflected_at=NOON, now=NOON)
    absorbing.write_number(record, 2, as_of=NOON + HOUR, now=NOON + HOUR)
    fulfilment.cancel_whole(placed, by="reader", now=NOON + 2 * HOUR)
    fulfilment.put_back(placed, by="Square", now=NOON + 2 * HOUR)
    if read_again:
        absorbing.write_number(record, 3, as_of=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
        shop.complete_as_of = NOON + 3 * HOUR
        shop.save()
    record = StockRecord.objects.get(pk=record.pk)
    assert withholding.withhold_to_shelf(record, 2, now=NOON + 4 * HOUR, by="staff") == kept
    absorbing.write_number(record, 3, as_of=NOON + 5 * HOUR, now=NOON + 5 * HOUR)
    assert stock.sellable_now(StockRecord.objects.get(pk=record.pk), now=NOON + 5 * HOUR) == 2
