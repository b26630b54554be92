"""What a shop took out of an order in its own system is on sale to nobody until somebody there answered the line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.partner.models import StockRecord

from shops import absorbing, invariants, stock, withholding
from shops.channels.base import Answer, LineSaid
from shops.models import Allocation, ShopOrderLine, StockIncident
from shops.orders import fulfilment, hearing, sayings
from shops.orders.sayings import Saying
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
N = 5


@pytest.fixture
def line() -> ShopOrderLine:
    """Of three copies, all in the order of the shop's system and off its number."""
    shop = factories.shop(stock_kind="available", complete_as_of=NOON)
    order = factories.shop_order(shop, (factories.stock_record(shop, units=N), 3), created_at=NOON)
    line = order.lines.select_related("shop_order__shop").get()
    fulfilment.accept(line, 3, by="system", now=NOON)
    absorbing.reflect(line, 3, reflected_at=NOON, now=NOON)
    said(line, N - 3, at=NOON + HOUR / 2)
    return line


def record(line: ShopOrderLine) -> StockRecord:
    return StockRecord.objects.get(pk=line.stock_record_id)


def left(line: ShopOrderLine) -> int:
    """What others may buy."""
    assert invariants.counters_that_differ() == invariants.lines_without_their_units() == []
    return (record(line).num_in_stock or 0) - (record(line).num_allocated or 0)


def said(line: ShopOrderLine, number: int, *, at) -> None:
    assert absorbing.write_number(record(line), number, as_of=at, now=at + HOUR / 4)


def heard(line: ShopOrderLine, units: int, *, now) -> None:
    """That so many units are not in the order there."""
    line.refresh_from_db()
    sayings.keep(line, [Saying(Answer.TAKEN_OUT, units)] if units else [], by="Square", now=now)
    withholding.keep_taken_out(line, units, reflected_at=now, by="Square", now=now)


def fresh(line: ShopOrderLine) -> ShopOrderLine:
    return ShopOrderLine.objects.select_related("shop_order__shop").get(pk=line.pk)


def test_is_kept_back_at_once_and_once_whatever_number_comes(line):
    now = NOON + HOUR
    for _again in range(2):
        heard(line, 2, now=now)
    said(line, N - 1, at=now + HOUR)
    assert left(line) == N - 3
    heard(line, 3, now=now + 2 * HOUR)
    said(line, N, at=now + 3 * HOUR)
    assert left(line) == N - 3
    assert not StockIncident.objects.exists()


def test_is_no_more_than_the_number_had_off(line):
    """What it never contained stays promised by itself."""
    Allocation.objects.filter(line=line).update(reflected_at=None)
    heard(line, 2, now=NOON + HOUR)
    assert not Allocation.objects.exclude(line=line).exists()


def test_is_free_as_soon_as_it_is_declined(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    fulfilment.decline(fresh(line), 2, by="staff", reason="other", now=NOON + 3 * HOUR)
    assert left(line) == N - 1


def test_is_free_as_soon_as_the_reader_takes_it_back(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    fulfilment.cancel(fresh(line), 2, by="reader", now=NOON + 3 * HOUR)
    assert left(line) == N - 1


def test_that_is_not_there_either_is_kept_back_as_not_found(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    fulfilment.decline(fresh(line), 2, by="staff", reason="not_found", now=NOON + 3 * HOUR)
    assert left(line) == N - 3
    assert withholding.till_is_right(record(line), by="staff", now=NOON + 4 * HOUR) == 2


def test_that_is_put_back_there_is_kept_until_the_number_is_without_it(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    heard(line, 0, now=NOON + 3 * HOUR)
    assert left(line) == N - 3
    said(line, N - 3, at=NOON + 4 * HOUR)
    assert left(line) == N - 3


def test_that_is_handed_over_all_the_same_is_kept_until_it_is_rung_up(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    fulfilment.pack(fresh(line).shop_order, by="staff", now=NOON + 3 * HOUR)
    order = fresh(line).shop_order
    fulfilment.hand_over(order, by="staff", code=order.pickup_code, now=NOON + 3 * HOUR)
    assert left(line) == N - 3
    said(line, N - 3, at=NOON + 30 * HOUR)
    assert left(line) == N - 3


def test_is_ended_by_no_word_of_a_shelf_and_by_no_week(line):
    heard(line, 2, now=NOON + HOUR)
    assert withholding.till_is_right(record(line), by="staff", now=NOON + 2 * HOUR) == 0
    assert withholding.end_withheld(NOON + timedelta(days=9)) == 0


def test_count_of_the_shelf_keeps_nothing_back_twice(line):
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    assert withholding.withhold_to_shelf(record(line), N, now=NOON + 3 * HOUR, by="staff") == 0


def test_that_nobody_accepted_hides_no_copy_that_is_missing():
    """Its system has the order and takes it out again, and nobody there answered: four of five copies are found."""
    shop = factories.shop(stock_kind="available", complete_as_of=NOON)
    order = factories.shop_order(shop, (factories.stock_record(shop, units=N), 1), created_at=NOON)
    line = order.lines.select_related("shop_order__shop").get()
    absorbing.reflect(line, 1, reflected_at=NOON, now=NOON)
    said(line, N - 1, at=NOON + HOUR / 2)
    heard(line, 1, now=NOON + HOUR)
    said(line, N, at=NOON + 2 * HOUR)
    assert withholding.withhold_to_shelf(record(line), N, now=NOON + 3 * HOUR, by="staff") == 0
    assert withholding.withhold_to_shelf(record(line), N - 1, now=NOON + 3 * HOUR, by="staff") == 1
    assert left(line) == N - 2


def test_is_freed_by_its_answer_whatever_the_system_says_last(line):
    """Sent anew, it is not entered for a while: then nothing is said of what it lacks."""
    heard(line, 2, now=NOON + HOUR)
    said(line, N - 1, at=NOON + 2 * HOUR)
    hearing.take_lines(fresh(line).shop_order, [LineSaid(line.sku, Answer.ACCEPTED, 1)], by="Square", now=NOON + HOUR)
    fulfilment.decline(fresh(line), 2, by="staff", reason="other", now=NOON + 3 * HOUR)
    assert left(line) == N - 1


def test_of_several_articles_is_locked_in_the_order_of_their_keys(monkeypatch):
    """As everywhere: in another one it and a checkout of both would wait for each other."""
    shop = factories.shop(stock_kind="available", complete_as_of=NOON)
    second, first = (factories.stock_record(shop, units=N) for _ in range(2))
    order = factories.shop_order(shop, (first, 1), (second, 1), created_at=NOON)
    for line in order.lines.all():
        absorbing.reflect(line, 1, reflected_at=NOON, now=NOON)
    locked, asked = stock.locked, []
    monkeypatch.setattr(stock, "locked", lambda ids, *, now: (asked.extend(ids), locked(ids, now=now))[1])
    entered = [first.partner_sku, second.partner_sku]
    hearing.take_lines(order, [], by="Square", now=NOON + HOUR, entered=entered)
    assert asked == [second.pk, first.pk]


def test_till_that_was_faster_is_an_incident_still(line):
    said(line, 0, at=NOON + HOUR)
    heard(line, 2, now=NOON + 2 * HOUR)
    assert not StockIncident.objects.exists()
    withholding.withhold(record(line), 1, now=NOON + 3 * HOUR, by="staff")
    assert StockIncident.objects.get().closed_at is None
