"""What every shop system must do whose clock is not ours, as a test class to inherit: hours and days ahead and behind,
and set while we look away (issue 8, point 3). Nothing is lost, nothing is read for ever, and how old a number is goes
by our clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog_sync.records import Lane
from tests.systems.behaviour import FIRST, LAST, MOST_REQUESTS, SECOND, SKUS
from tests.systems.behaviour_chain import ConnectedBehaviour
from tests.systems.under_test import KNOWS_STOCK_CHANGES, LOOKS_UP, SETS_CLOCK

NONE, HOURS, DAYS = timedelta(0), timedelta(hours=5), timedelta(days=3)
LATER = timedelta(days=3)  # than the day by which some systems are asked, wherever they are: 50 hours


@pytest.mark.django_db
class ClockBehaviour(ConnectedBehaviour):
    @pytest.fixture(autouse=True)
    def _right_again(self, _fresh: None):
        yield
        if SETS_CLOCK in self.system.can:
            self.system.set_clock(NONE)

    def clock(self, ahead: timedelta) -> None:
        self.needs(SETS_CLOCK)
        self.system.set_clock(ahead)

    @pytest.mark.parametrize("ahead", [HOURS, -HOURS, DAYS, -DAYS])
    def test_clock_that_is_off_loses_nothing_and_gives_nothing_for_ever(self, ahead):
        self.clock(ahead)
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        self.system.set_price(FIRST.sku, 4321)
        self.system.sell(SECOND.sku, 1)
        before = datetime.now(UTC)
        read = {lane: self.read(lane, cursors[lane]) for lane in Lane}
        assert {sku: record.price for sku, record in read[Lane.CATALOGUE].by_sku.items()} == {FIRST.sku: 4321}
        assert read[Lane.STOCK].by_sku[SECOND.sku].quantity == SECOND.quantity - 1
        moments = [record.as_of for each in read.values() for record in each.records]
        assert before <= min(moments) <= max(moments) <= datetime.now(UTC)
        self.system.set_clock(ahead + LATER)
        promised = self.read(Lane.STOCK).by_sku[SECOND.sku]  # and not handed over yet
        assert promised.quantity == SECOND.quantity - 1
        for lane in Lane:
            cursor = self.read(lane, read[lane].cursor).cursor
            self.between.clear()
            is_whole = lane is Lane.STOCK and KNOWS_STOCK_CHANGES not in self.system.can
            assert sorted(self.read(lane, cursor).by_sku) == (SKUS if is_whole else [])
            assert len(self.between.calls) <= MOST_REQUESTS

    @pytest.mark.parametrize("ahead", [-DAYS])
    def test_edits_under_way_are_in_the_next_delta_of_a_clock_that_is_off(self, ahead, monkeypatch):
        self.clock(ahead)
        self.system.small_pages(monkeypatch)
        self.between.clear()
        self.read()
        under_way, done = len(self.between.calls) - 1, list[object]()  # the page before the last
        self.between.clear()

        def change(call) -> None:
            if call.number == under_way and not done:
                done.append(call)
                self.system.set_price(FIRST.sku, 1111)
                self.system.set_price(LAST.sku, 2222)

        self.between.before = change
        reading = self.read()
        seen = {**reading.by_sku, **self.read(since=reading.cursor).by_sku}
        assert (seen[FIRST.sku].price, seen[LAST.sku].price) == (1111, 2222)

    @pytest.mark.parametrize(("was", "is_now"), [(DAYS, NONE), (-DAYS, NONE), (-HOURS, HOURS)])
    def test_clock_that_is_set_between_two_readings_loses_nothing(self, was, is_now):
        self.clock(was)
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        self.system.set_price(FIRST.sku, 4321)
        self.system.sell(SECOND.sku, 1)
        self.system.set_clock(is_now)
        self.system.set_price(LAST.sku, 1234)
        self.system.sell(LAST.sku, 1)
        read = {lane: self.read(lane, cursors[lane]) for lane in Lane}
        prices = {sku: record.price for sku, record in read[Lane.CATALOGUE].by_sku.items()}
        assert prices == {FIRST.sku: 4321, LAST.sku: 1234}
        units = {sku: read[Lane.STOCK].by_sku[sku].quantity for sku in (SECOND.sku, LAST.sku)}
        assert units == {SECOND.sku: SECOND.quantity - 1, LAST.sku: LAST.quantity - 1}

    @pytest.mark.parametrize(("was", "is_now"), [(-DAYS, -DAYS), (DAYS, NONE), (-DAYS, NONE)])
    def test_what_a_system_says_of_orders_is_heard_by_whatever_clock(self, was, is_now):
        self.clock(was)
        before, after = self.ordered(**{FIRST.sku: 2}), self.ordered(**{SECOND.sku: 1})
        for order in (before, after):
            self._transmitted(order)
        self._heard()
        if LOOKS_UP in self.system.can:
            assert self.channel().look_up(before) is not None
        self.system.cancel(before.number)
        self.system.set_clock(is_now)
        self.system.cancel(after.number)
        self._heard()
        assert (self._counts(before), self._counts(after)) == ({FIRST.sku: (0, 2, 0)}, {SECOND.sku: (0, 1, 0)})
