"""The behaviour suite on a real Vendure 3, and what is Vendure's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from catalog_sync.records import Lane
from shops.channels.base import Answer
from tests.systems import vendure_server
from tests.systems.behaviour import FIRST, SECOND, SKUS, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.real_servers import prepared

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    kept = prepared("vendure")
    if isinstance(kept, str):
        pytest.skip(kept)
    with running(vendure_server.VendureUnderTest(kept)) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: vendure_server.VendureUnderTest

    def test_article_that_is_deleted_between_two_pages_takes_none_with_it(self, monkeypatch):
        """Vendure has pages by number alone: the first article of the next page slides onto the last one."""
        self.system.small_pages(monkeypatch)
        second = self._pages_of(lambda: self.read())[1]
        self.between.before = self._at_call(second, lambda: [self.system.delete(sku) for sku in SKUS[:4]])
        assert {record.sku for record in self.read().records} >= set(SKUS[4:])

    def test_prices_with_tax_are_vendures_own(self):
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == round(FIRST.price * 1.05)

    def test_without_a_location_all_of_them_are_counted(self):
        access = self.door.access
        everywhere = replace(access, options={**access.options, "location_id": None})
        assert self.read(Lane.STOCK, access=everywhere).by_sku[FIRST.sku].quantity == FIRST.quantity

    def test_permission_that_is_lacking_is_told_apart_from_a_wrong_key(self):
        self.system.take_permission("ReadProduct")
        error = self.fails()
        assert (error.reason.code, error.permanent) == ("system_refused", True)


class TestOrders(OrderingBehaviour):
    def test_part_that_the_shop_cancels_is_declined(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self.send(order)
        self.system.cancel_some(order.number, FIRST.sku, 1)
        said = {(line.sku, line.answer): line.units for line in self.said(order.number).receipt.lines}
        assert said == {
            (FIRST.sku, Answer.ACCEPTED): 1,
            (FIRST.sku, Answer.DECLINED): 1,
            (SECOND.sku, Answer.ACCEPTED): 1,
        }

    @pytest.mark.parametrize(
        ("typed", "reason", "told"),
        [
            ("Broken", "other", "Broken"),
            ("order.cancel-reason-not-available", "not_found", "not available"),
            ("order.cancel-reason-customer-request", "other", "customer"),
        ],
    )
    def test_reason_that_the_shop_chose_is_heard(self, typed, reason, told):
        self.shop.language = "en"
        self.shop.save(update_fields=["language"])
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        self.system.cancel(order.number, typed)
        self._heard()
        line = order.lines.get()
        assert (line.declined, line.decline_reason, told in line.decline_note) == (1, reason, True)

    def test_somebody_who_is_quicker_leaves_what_there_is(self):
        """Sold between the question what is free and the draft: Vendure puts in what there is."""
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self.between.before = lambda call: (
            self.system.sell(FIRST.sku, FIRST.quantity - 1) if b"createDraftOrder" in call.body else None
        )
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (False, False)
        self.between.clear()
        declined = {line.sku: line.units for line in self.send(order).lines if line.answer == Answer.DECLINED}
        (seen,) = self.system.orders(order.number)
        assert (declined, seen.units) == ({FIRST.sku: 1}, {FIRST.sku: 1, SECOND.sku: 1})
