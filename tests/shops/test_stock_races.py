"""The last copy and twenty buyers at once, on the database at hand; what happens without the guarded statement."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from shops import absorbing, invariants, stock, withholding
from shops.models import Allocation, Shop
from shops.orders import fulfilment
from tests import factories
from tests.shops.racing import at_once

BUYERS = 20

on_postgres_only = [
    pytest.mark.postgres_only,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time."),
]


@pytest.mark.parametrize("units", [1, 5])
def test_hold_sells_no_copy_to_two_of_twenty_buyers(committed_db, units: int):
    record, now = factories.stock_record(factories.shop(), units=units), timezone.now()
    results = at_once(lambda number: stock.hold([(record.pk, 1)], key=f"checkout:{number}", now=now), BUYERS)
    assert sorted(len(result) for result in results) == [0] * units + [1] * (BUYERS - units)
    assert Allocation.objects.filter(ended_at=None).count() == units
    assert StockRecord.objects.get(pk=record.pk).num_allocated == units
    assert invariants.counters_that_differ() == []


def buy_as_oscar_does(record_id: int) -> bool:
    """Look at what is left, then allocate: Oscar's order creation in short."""
    with transaction.atomic():
        record = StockRecord.objects.get(pk=record_id)
        if record.net_stock_level < 1:
            return False
        record.allocate(1)
    return True


@pytest.mark.usefixtures("committed_db")
class TestOnPostgreSQL:
    pytestmark = on_postgres_only

    def test_oscars_allocate_oversells(self):
        """Negative control: the same twenty buyers."""
        record = factories.stock_record(factories.shop(), units=1)
        sold = 0
        for _ in range(5):  # which of them look before the first has committed is chance
            sold = max(
                sold, sum(1 for result in at_once(lambda _: buy_as_oscar_does(record.pk), BUYERS) if result is True)
            )
            if sold > 1:
                break
            StockRecord.objects.filter(pk=record.pk).update(num_allocated=0)
        assert sold > 1

    def test_holds_in_any_order_deadlock(self, monkeypatch: pytest.MonkeyPatch):
        """Negative control: two baskets with the same two articles, each taken up in the reader's own order."""
        results = self.hold_crosswise(monkeypatch, lambda wanted: dict(wanted))
        deadlocks = [result for result in results if isinstance(result, OperationalError)]
        assert [("deadlock detected" in str(error)) for error in deadlocks] == [True]

    def test_holds_in_key_order_wait_for_each_other(self, monkeypatch: pytest.MonkeyPatch):
        assert self.hold_crosswise(monkeypatch, stock._in_key_order) == [[], []]

    def hold_crosswise(self, monkeypatch: pytest.MonkeyPatch, order: Callable) -> list[object]:
        """Two holds of the same two records in opposite order, each waiting (half a second at most) after its first
        record until the other has its first too."""
        shop, now = factories.shop(), timezone.now()
        pair = [factories.stock_record(shop, units=5).pk, factories.stock_record(shop, units=5).pk]
        meeting, take = threading.Barrier(2), stock._take_guarded
        met: set[int] = set()

        def take_and_wait(record: StockRecord, *asked: Any) -> bool:
            taken = take(record, *asked)
            if threading.get_ident() not in met:
                met.add(threading.get_ident())
                with suppress(threading.BrokenBarrierError):
                    meeting.wait(0.5)
            return taken

        monkeypatch.setattr(stock, "_in_key_order", order)
        monkeypatch.setattr(stock, "_take_guarded", take_and_wait)
        orders = [pair, pair[::-1]]
        return at_once(lambda n: stock.hold([(pk, 1) for pk in orders[n]], key=f"checkout:{n}", now=now), 2)


def test_release_and_hold_at_once_leave_the_counter_right(committed_db):
    shop, now = factories.shop(), timezone.now()
    records = [factories.stock_record(shop, units=2) for _ in range(3)]
    keys = [f"checkout:{number}" for number in range(8)]

    def come_and_go(number: int) -> None:
        wanted = [(record.pk, 1) for record in (records if number % 2 else records[::-1])]
        for _ in range(3):
            stock.hold(wanted, key=keys[number], now=now)
            stock.release_hold(keys[number], now=now)

    assert at_once(come_and_go, len(keys)) == [None] * len(keys)
    assert invariants.counters_that_differ() == []
    assert [StockRecord.objects.get(pk=record.pk).num_allocated for record in records] == [0, 0, 0]


def test_everything_at_once_leaves_the_counters_right(committed_db):
    """Readers buy, staff answer, two lanes bring numbers, the desk withholds: nothing deadlocks, nothing is lost."""
    shop = factories.shop(reserves_on_accept=True)
    records = [factories.stock_record(shop, units=4) for _ in range(3)]

    def live(number: int) -> None:
        chance = random.Random(number)
        for _ in range(6):
            now = timezone.now()
            record = chance.choice(records)
            if number % 4 == 0:
                absorbing.write_number(record, chance.randint(0, 4), as_of=now, now=now)
                absorbing.complete_run(shop.pk, as_of=now, now=now)
            elif number % 4 == 1:
                withholding.withhold(record, 1, now=now, by="staff")
                withholding.till_is_right(record, now=now, by="staff")
            else:
                buy_and_answer(shop, chance.sample(records, 2), chance, number)

    assert at_once(live, 8) == [None] * 8
    stock_checks = [check for name, check in invariants.INVARIANTS.items() if name.startswith("stock")]
    assert [violation for check in stock_checks for violation in check()] == []


def buy_and_answer(shop: Shop, records: list[StockRecord], chance: random.Random, number: int) -> None:
    try:
        with transaction.atomic():
            placed = factories.shop_order(shop, *[(record, 1) for record in sorted(records, key=lambda row: row.pk)])
    except ValueError:
        return  # sold out
    if chance.random() < 0.5:
        fulfilment.accept_all(placed, by="staff", now=timezone.now())
        fulfilment.hand_over(placed, by="staff", now=timezone.now(), code=placed.pickup_code)
    else:
        fulfilment.decline(placed.lines.first(), 1, by="staff", reason="not_found", now=timezone.now())
