"""The behaviour suite on a contract server of Square's documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oscar.apps.address.models import Country
from oscar.apps.order.models import ShippingAddress

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from shops.models import DeliveryOption
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, SKUS, THIRD, Door, ReadingBehaviour, running
from tests.systems.behaviour_hooks import HookBehaviour
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.square_server import PLACE, SquareUnderTest


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
        self.system.add_tax("T5", "5.0", "ADDITIVE", [FIRST.sku, SECOND.sku])
        self.system.add_tax("TIN", "20.0", "INCLUSIVE", [SECOND.sku])
        with_tax, without = self.read(tax_included=True).by_sku, self.read().by_sku
        assert (without[FIRST.sku].price, with_tax[FIRST.sku].price) == (2000, 2100)
        assert (without[SECOND.sku].price, with_tax[SECOND.sku].price) == (921, 1160)

    def test_tax_that_is_in_a_price_is_taken_out_where_readers_see_prices_without(self):
        self.system.add_tax("T1", "5", "INCLUSIVE", [FIRST.sku])
        assert self.read(tax_included=False).by_sku[FIRST.sku].price == round(FIRST.price / 1.05)
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == FIRST.price

    def test_article_without_a_number_is_known_by_squares(self):
        del self._variation(FIRST.sku)["sku"]
        assert self.system.ids[FIRST.sku] in self.read().by_sku

    def test_where_much_of_the_stock_changed_all_is_read(self, monkeypatch):
        size, cursor = self.system.small_pages(monkeypatch), self.read(Lane.STOCK).cursor
        for sku in SKUS[:size]:
            self.system.set_stock(sku, 1)
        delta = self.read(Lane.STOCK, cursor)
        assert (sorted(delta.by_sku), delta.complete) == (SKUS[:size], False)
        self.system.set_stock(SKUS[size], 1)
        self.system.archive(FIRST.sku)
        self.system.renumber(SKUS[1], SKUS[2])
        whole = self.read(Lane.STOCK, cursor)
        assert (sorted(whole.by_sku), whole.gone, whole.complete) == (SKUS[3:], [SKUS[2]], True)
        assert [sku for sku, record in sorted(whole.by_sku.items()) if record.quantity == 1] == SKUS[3 : size + 1]
        assert self.read(Lane.STOCK, whole.cursor).by_sku.keys() <= set(SKUS)


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

    def test_address_goes_to_a_shipment_and_to_no_pick_up(self):
        address = ShippingAddress.objects.create(
            first_name="Ana",
            last_name="Roy",
            line1="12 rue des Pins",
            line4="Rimouski",
            state="QC",
            postcode="G5L 1A1",
            country=Country.objects.get_or_create(iso_3166_1_a2="CA", defaults={"printable_name": "Canada"})[0],
        )
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        there = factories.stock_record(self.shop, sku=FIRST.sku, units=9)
        placed = factories.order(shipping_address=address)
        sent = factories.shop_order(self.shop, (there, 1), placed=placed, delivery_option=post)
        collected = factories.shop_order(self.shop, (there, 1))
        for order in (sent, collected):
            self.send(order)
        by_number = {made["reference_id"]: made["fulfillments"][0] for made in self.system.made.values()}
        whom = by_number[sent.number]["shipment_details"]["recipient"]
        assert (whom["display_name"], whom["address"]["locality"], whom["address"]["country"]) == (
            "Ana Roy",
            "Rimouski",
            "CA",
        )
        assert by_number[collected.number]["type"] == "PICKUP"
        assert "Rimouski" not in str(by_number[collected.number])

    def test_what_the_shop_has_marked_sold_out_or_sells_elsewhere_is_refused(self):
        """As the feed reads it; its count says otherwise."""
        sold_out, elsewhere = (self.system.objects[self.system.ids[known.sku]] for known in (FIRST, SECOND))
        sold_out["item_variation_data"]["location_overrides"] = [{"location_id": PLACE, "sold_out": True}]
        elsewhere["absent_at_location_ids"] = [PLACE]
        order = self.ordered(**{FIRST.sku: 1, SECOND.sku: 1, THIRD.sku: 1})
        told = {line.sku: line.answer for line in self.send(order).lines}
        assert told == {FIRST.sku: Answer.DECLINED, SECOND.sku: Answer.DECLINED, THIRD.sku: Answer.ACCEPTED}

    def test_reason_of_a_cancelled_shipment_is_told(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        (made,) = self.system.made.values()
        made["fulfillments"][0]["pickup_details"]["cancel_reason"] = "Water damage"
        self.system.cancel(order.number)
        (line,) = self.said(order.number).receipt.lines
        assert (line.answer, line.detail) == (Answer.DECLINED, "Water damage")


class TestHooks(HookBehaviour):
    pass
