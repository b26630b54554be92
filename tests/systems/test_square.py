"""The behaviour suite on a contract server of Square's documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.square_server import SquareUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(SquareUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    def _variation(self, sku: str) -> dict:
        return self.system.objects[self.system.ids[sku]]["item_variation_data"]

    def test_deleted_is_gone(self):
        cursor = self.read().cursor
        self.system.delete(FIRST.sku)
        delta = self.read(since=cursor)
        assert (FIRST.sku in delta.by_sku, FIRST.sku in delta.gone) == (False, True)

    def test_what_is_not_tracked_is_unknown_and_what_is_marked_sold_out_is_not_sold(self):
        self._variation(FIRST.sku)["track_inventory"] = False
        self._variation(SECOND.sku)["location_overrides"] = [{"location_id": "L1MAIN", "sold_out": True}]
        found = self.read(Lane.STOCK).by_sku
        assert (found[FIRST.sku].quantity, found[FIRST.sku].availability) == (None, Availability.IN_STOCK)
        assert found[SECOND.sku].quantity == 0

    def test_price_of_the_location_goes_before_and_tax_comes_on_top(self):
        here = {"location_id": "L1MAIN", "price_money": {"amount": 2000, "currency": "CAD"}}
        self._variation(FIRST.sku)["location_overrides"] = [here]
        record = self.read().by_sku[FIRST.sku]
        assert record.price == 2000

    def test_article_without_a_number_is_known_by_squares(self):
        del self._variation(FIRST.sku)["sku"]
        assert self.system.ids[FIRST.sku] in self.read().by_sku


class TestOrders(OrderingBehaviour):
    def test_order_that_a_search_does_not_show_is_not_made_twice(self, monkeypatch):
        """The idempotency key is our number's: with the same lines it is the same order, with others it waits."""
        order = self.ordered(**{FIRST.sku: 1, SECOND.sku: 1})
        self.send(order)
        monkeypatch.setattr(self.system, "_search_orders", lambda body: {})
        assert self.send(order).is_booked
        self.system.set_stock(SECOND.sku, 0)
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (False, True)
        assert len(self.system.orders(order.number)) == 1

    def test_reason_of_a_cancelled_shipment_is_told(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        (made,) = self.system.made.values()
        made["fulfillments"][0]["pickup_details"]["cancel_reason"] = "Water damage"
        self.system.cancel(order.number)
        (line,) = self.said(order.number).receipt.lines
        assert (line.answer, line.detail) == (Answer.DECLINED, "Water damage")
