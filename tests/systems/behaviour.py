"""What every shop system that we call must do, as test classes to inherit: here what is read, what fails and what may
not be believed; `behaviour_orders.py` has the orders. `docs/adding-a-shop-system.md` says how to use them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.reasons import FeedError
from catalog_sync.records import CatalogRecord, Chunk, Cursor, Lane, StockKind
from shops.systems import SYSTEMS, keeping
from shops.systems.access import Access
from shops.systems.calling import SystemCallError
from tests.systems import faults
from tests.systems.faults import Between, Call, between
from tests.systems.known import CURRENCY, KNOWN, Known
from tests.systems.under_test import COUNTS_ON_HAND, KEEPS_CONTEXT, KNOWS_STOCK_CHANGES, SHARES_NUMBERS, SystemUnderTest

FIRST, SECOND, THIRD, LAST = KNOWN[0], KNOWN[1], KNOWN[2], KNOWN[-1]
SKUS = [known.sku for known in KNOWN]
FOUND = {"name": "theirs", "articles": None, "currency": CURRENCY, "takes_orders": True}
MOST_REQUESTS = 3  # of a reading that finds nothing new


class Door(NamedTuple):
    """A running system and the server in between, by whose address it is called."""

    system: SystemUnderTest
    between: Between

    @property
    def access(self) -> Access:
        return self.system.access(self.between.address)


def found(access: Access) -> Access:
    """As it is once it was called for the first time."""
    return replace(access, options={**access.options, keeping.FOUND: FOUND})


@contextmanager
def running(system: SystemUnderTest) -> Iterator[Door]:
    """Start a system for the tests of a module: its fixture `door` yields this."""
    try:
        with between(system.start()) as server:
            yield Door(system, server)
    finally:
        system.stop()


class Reading(NamedTuple):
    chunks: list[Chunk]

    @property
    def records(self) -> list[CatalogRecord]:
        return [record for chunk in self.chunks for record in chunk.records]

    @property
    def by_sku(self) -> dict[str, CatalogRecord]:
        return {record.sku: record for record in self.records}

    @property
    def gone(self) -> list[str]:
        return [sku for chunk in self.chunks for sku in chunk.gone]

    @property
    def complete(self) -> bool:
        return self.chunks[-1].complete

    @property
    def cursor(self) -> Cursor:
        cursor = self.chunks[-1].cursor
        assert cursor is not None
        return cursor


class SystemBehaviour:
    """What all suites share. The module of an inheriting class has a fixture `door` of scope "module"."""

    @pytest.fixture(autouse=True)
    def _fresh(self, door: Door, settings) -> None:
        settings.HTTP_ALLOW_PRIVATE = True  # the loopback
        self.system, self.between, self.door = door.system, door.between, door
        self.between.clear()
        self.system.reset()

    def needs(self, ability: str) -> None:
        if ability not in self.system.can:
            pytest.skip(f"{self.system.kind} has not: {ability}")

    def read(
        self,
        lane: Lane = Lane.CATALOGUE,
        since: Cursor | None = None,
        *,
        access: Access | None = None,
        stock_kind: str = StockKind.AVAILABLE,
        tax_included: bool = False,
    ) -> Reading:
        """One reading by the adapter alone. Raises FeedError."""
        access = access or self.door.access
        feed = FeedSettings(
            *(access.kind, access.address, CURRENCY),
            options=access.options,
            secrets=access.secrets,
            mode="delta",
            stock_kind=stock_kind,
            timezone="America/Toronto",
            tax_included=tax_included,
        )
        return Reading(list(adapter_for(feed).fetch(lane, since)))

    def fails(self, lane: Lane = Lane.CATALOGUE, **how) -> FeedError:
        with pytest.raises(FeedError) as caught:
            self.read(lane, **how)
        return caught.value

    def no_secret_in(self, text: str) -> None:
        assert [secret for secret in self.door.access.secrets.values() if secret in text] == []


class ReadingBehaviour(SystemBehaviour):
    """Issue 8, points 1, 2, 3, 6, 7 and the reading's part of 9."""

    # 1: all of it

    def test_full_read_gives_the_known_articles(self):
        reading = self.read()
        assert reading.complete
        assert [chunk.refused for chunk in reading.chunks if chunk.refused] == []
        assert sorted(map(_known, reading.records)) == sorted(KNOWN)
        assert {record.currency for record in reading.records} == {CURRENCY}

    def test_stock_lane_speaks_for_the_stock_alone(self):
        reading = self.read(Lane.STOCK)
        assert reading.complete
        assert {record.sku: record.quantity for record in reading.records} == {k.sku: k.quantity for k in KNOWN}
        assert {record.speaks_for for record in reading.records} == {
            ("quantity", "contains_our_orders", "availability")
        }

    def test_numbers_count_as_of_the_moment_before_the_first_request(self):
        before = datetime.now(UTC)
        asked: list[datetime] = []
        self.between.before = lambda call: asked.append(datetime.now(UTC))
        moments = {record.as_of for lane in Lane for record in self.read(lane).records}
        assert all(before <= moment for moment in moments)
        assert min(moments) <= asked[0]

    # 2: what changed

    def test_changed_price_is_in_the_next_delta(self):
        cursor = self.read().cursor
        self.system.set_price(FIRST.sku, 4321)
        delta = self.read(since=cursor)
        assert ({sku: record.price for sku, record in delta.by_sku.items()}, delta.complete) == (
            {FIRST.sku: 4321},
            False,
        )

    def test_stock_that_was_counted_is_in_the_next_delta(self):
        cursor = self.read(Lane.STOCK).cursor
        self.system.set_stock(FIRST.sku, FIRST.quantity + 4)
        assert self.read(Lane.STOCK, cursor).by_sku[FIRST.sku].quantity == FIRST.quantity + 4

    def test_sold_in_the_shops_own_system_is_in_the_next_delta(self):
        """In every system examined the product's stamp does not move then."""
        cursor = self.read(Lane.STOCK).cursor
        self.system.sell(FIRST.sku, 2)
        found = {sku: record.quantity for sku, record in self.read(Lane.STOCK, cursor).by_sku.items()}
        others = {} if KNOWS_STOCK_CHANGES in self.system.can else {k.sku: k.quantity for k in KNOWN}
        assert found == {**others, FIRST.sku: FIRST.quantity - 2}

    def test_sold_out_is_zero_and_not_unknown(self):
        cursor = self.read(Lane.STOCK).cursor
        self.system.sell(FIRST.sku, FIRST.quantity)
        assert self.read(Lane.STOCK, cursor).by_sku[FIRST.sku].quantity == 0

    def test_archived_is_gone_and_not_zero(self):
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        self.system.archive(FIRST.sku)
        delta = self.read(since=cursors[Lane.CATALOGUE])
        assert (FIRST.sku in delta.by_sku, FIRST.sku in delta.gone) == (False, True)
        assert FIRST.sku not in self.read(Lane.STOCK, cursors[Lane.STOCK]).by_sku
        whole = self.read()
        assert (sorted(whole.by_sku), whole.complete) == (sorted(set(SKUS) - {FIRST.sku}), True)

    def test_delta_that_finds_nothing_costs_few_requests(self):
        for lane in Lane:
            cursor = self.read(lane).cursor
            self.between.clear()
            is_whole = lane is Lane.STOCK and KNOWS_STOCK_CHANGES not in self.system.can
            reading = self.read(lane, cursor)
            assert (len(reading.records), reading.complete) == (len(KNOWN) if is_whole else 0, is_whole)
            assert len(self.between.calls) <= MOST_REQUESTS

    # two articles of one number: which one an order means, nobody could say

    def test_articles_of_one_number_are_not_sold(self):
        self.needs(SHARES_NUMBERS)
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        self.system.renumber(LAST.sku, FIRST.sku)
        for lane in Lane:
            whole = self.read(lane)
            assert (sorted(whole.by_sku), whole.gone) == (SKUS[1:-1], [FIRST.sku])
            refused = [each for chunk in whole.chunks for each in chunk.refused]
            assert [(each.reason.code, each.sku) for each in refused] == [("sku_shared", FIRST.sku)] * 2
        delta = self.read(since=cursors[Lane.CATALOGUE])
        assert (list(delta.by_sku), delta.gone) == ([], [FIRST.sku])
        self.system.sell(SECOND.sku, 1)
        assert FIRST.sku not in self.read(Lane.STOCK, cursors[Lane.STOCK]).by_sku

    # 3: paging

    def test_pages_under_edits_lose_and_repeat_nothing(self, monkeypatch):
        """Between two pages the first and the last article are changed, and one in the middle leaves the list."""
        size, cursor = self.system.small_pages(monkeypatch), None
        assert size < len(KNOWN)
        pages = self._pages_of(lambda: self.read())
        self.between.before = self._at_call(
            pages[1],
            lambda: (self.system.set_price(FIRST.sku, 1111), self.system.set_price(LAST.sku, 2222)),
        )
        reading = self.read()
        assert sorted(record.sku for record in reading.records) == sorted(SKUS)
        cursor = reading.cursor
        seen = {sku: record.price for sku, record in reading.by_sku.items()}
        self.between.clear()
        seen |= {sku: record.price for sku, record in self.read(since=cursor).by_sku.items()}
        assert (seen[FIRST.sku], seen[LAST.sku]) == (1111, 2222)

    def test_article_that_leaves_between_two_pages_takes_none_with_it(self, monkeypatch):
        """With pages by number the first article of the next page would slide onto the last one, and be lost."""
        self.system.small_pages(monkeypatch)
        pages = self._pages_of(lambda: self.read())
        self.between.before = self._at_call(pages[1], lambda: self.system.archive(FIRST.sku))
        assert set(SKUS) - {FIRST.sku} <= {record.sku for record in self.read().records}

    def test_change_within_the_second_of_the_reading_is_seen(self):
        for units in (7, 8):
            cursor = self.read(Lane.STOCK).cursor
            self.system.set_stock(SECOND.sku, units)
            assert self.read(Lane.STOCK, cursor).by_sku[SECOND.sku].quantity == units

    # 6: keys and faults

    def test_good_keys_are_told_in_plain_values(self):
        found = SYSTEMS[self.system.kind].client_for(self.system.entered(self.between.address)).check()
        assert (bool(found.name), found.currency) == (True, CURRENCY)
        assert (found.articles in (len(KNOWN), None), found.takes_orders) == (True, True)
        entered = self.system.entered(self.between.address)
        whole = replace(entered, options={**entered.options, **found.options})
        assert len(self.read(access=whole).records) == len(KNOWN)

    def test_matrix_says_which_number_it_is(self):
        both = (StockKind.ON_HAND, StockKind.AVAILABLE)
        assert (SYSTEMS[self.system.kind].numbers == both) == (COUNTS_ON_HAND in self.system.can)

    def test_wrong_key_is_told_as_that(self):
        access = self.door.access
        wrong = replace(access, secrets={name: "wrong-" + value[:20] for name, value in access.secrets.items()})
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS[access.kind].client_for(wrong).check()
        assert (caught.value.trouble, caught.value.permanent) == ("system_key", True)

    def test_withdrawn_key_is_for_a_person(self):
        self.read()
        self.system.revoke_key()
        error = self.fails()
        assert (error.reason.code, error.permanent) == ("system_key", True)
        self.no_secret_in(str(error))

    @pytest.mark.parametrize(
        ("fault", "code", "later_seconds"),
        [
            (faults.BUSY, "system_busy", faults.RETRY_AFTER),
            (faults.MAINTENANCE, "system_maintenance", 0),
            (faults.ERROR, "system_away", 0),
            (faults.BROKEN, "system_away", 0),
            (faults.CUT, "system_unclear", 0),
        ],
    )
    def test_fault_passes_by_itself_and_nothing_is_believed(self, fault, code, later_seconds, monkeypatch):
        """At the first call, and at the last one, when some pages have been read."""
        self.system.small_pages(monkeypatch)
        calls = self._calls_of(lambda: self.read())
        for number in (1, calls):
            self.between.clear()
            self.between.plan = lambda call, number=number: fault if call.number >= number else ""
            error = self.fails()
            assert (error.reason.code, error.permanent, error.later_seconds) == (code, False, later_seconds)
            self.no_secret_in(str(error) + str(error.reason))

    # 7: what cannot be believed

    def test_missing_context_is_unknown_and_no_empty_shop(self):
        """Valid keys, and numbers that mean nothing."""
        self.needs(KEEPS_CONTEXT)
        for access in self.system.without_context(self.between.address):
            for lane in Lane:
                error = self.fails(lane, access=access)
                assert (error.reason.code, error.permanent) == ("system_context", True)

    # 9: which number it is

    def test_number_on_hand_has_what_is_promised_in_it(self):
        self.needs(COUNTS_ON_HAND)
        self.system.sell(FIRST.sku, 2)
        found = {
            kind: self.read(Lane.STOCK, stock_kind=kind).by_sku[FIRST.sku]
            for kind in (StockKind.ON_HAND, StockKind.AVAILABLE)
        }
        assert {kind: record.quantity for kind, record in found.items()} == {
            StockKind.ON_HAND: FIRST.quantity,
            StockKind.AVAILABLE: FIRST.quantity - 2,
        }
        assert {kind: record.contains_our_orders for kind, record in found.items()} == {
            StockKind.ON_HAND: False,
            StockKind.AVAILABLE: True,
        }

    # helpers

    def _calls_of(self, read) -> int:
        self.between.clear()
        read()
        return len(self.between.calls)

    def _pages_of(self, read) -> list[int]:
        """Numbers of the calls that gave pages: the last ones of a reading, as many as it has pages."""
        calls = self._calls_of(read)
        return list(range(calls - 2, calls + 1))  # 20 articles by some 7

    def _at_call(self, number: int, change):
        done: list[object] = []

        def before(call: Call) -> None:
            if call.number == number and not done:
                done.append(call)
                change()

        self.between.clear()
        return before


def _known(record: CatalogRecord) -> Known:
    gtin = "" if record.gtin is None else f"{record.gtin:013d}"
    return Known(record.sku, gtin, record.title, record.price or 0, record.quantity or 0)
