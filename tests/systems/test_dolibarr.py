"""The behaviour suite on Dolibarr's contract server (`dolibarr_server.py`), and what is Dolibarr's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from catalog_sync.records import Lane
from shops.channels.base import Answer
from shops.models import DeliveryOption
from shops.systems import SYSTEMS, dolibarr
from shops.systems.calling import SystemCallError
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, SKUS, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.dolibarr_server import HOUSE, LONG_AGO, OTHER, DolibarrUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(DolibarrUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: DolibarrUnderTest

    def test_newer_version_answers_with_an_empty_list(self):
        self.system.old_version = False
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        assert [self.read(lane, cursors[lane]).records for lane in Lane] == [[], []]

    def test_article_of_which_no_order_could_be_entered_is_not_sold(self):
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        self.system.product_of("A/1", "Odd", "", 100, 5)
        for lane, since in [(Lane.CATALOGUE, None), (Lane.STOCK, None), (Lane.CATALOGUE, cursors[Lane.CATALOGUE])]:
            reading = self.read(lane, since)
            assert (reading.gone, "A/1" in reading.by_sku) == (["A/1"], False)
            (refused,) = [each for chunk in reading.chunks for each in chunk.refused]
            assert (refused.reason.code, "A/1" in str(refused.reason)) == ("sku_with_slash", True)

    def test_whole_reading_costs_a_request_for_a_page(self):
        assert dolibarr.PAGE == 300
        self.read(Lane.STOCK)
        assert len(self.between.calls) == 5

    def test_price_is_with_tax_where_the_marketplace_shows_it_so(self):
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == round(FIRST.price * 1.055)

    def test_numbers_of_who_takes_stock_off_by_another_step_are_not_believed(self):
        """Then they are what is on the shelf, whoever ordered it."""
        for value in ("0", None):
            self.system.settings["STOCK_CALCULATE_ON_VALIDATE_ORDER"] = value
            if value is None:
                del self.system.settings["STOCK_CALCULATE_ON_VALIDATE_ORDER"]
            for lane in Lane:
                error = self.fails(lane)
                assert (error.reason.code, error.permanent) == ("system_context", True)

    def test_another_currency_is_noticed_by_the_whole_reading(self):
        self.system.settings["MAIN_MONNAIE"] = "EUR"
        assert [self.fails(lane).reason.code for lane in Lane] == ["system_context"] * 2

    def test_settings_that_may_not_be_read_are_told_as_that(self):
        self.system.forbidden = {"setup"}
        error = self.fails()
        assert (error.reason.code, "API_LOGINS_ALLOWED_FOR_CONST_READ" in str(error.reason)) == ("system_context", True)

    def test_user_who_may_read_no_stocks_is_refused(self):
        """Products would be without a number, and nothing would say why."""
        self.system.forbidden = {"warehouses", "stock", "stockmovements"}
        for lane in Lane:
            assert self.fails(lane).reason.code == "system_key"

    def test_article_that_was_never_in_the_warehouse_is_unknown(self):
        self.system.product(FIRST.sku)["stock_warehouse"] = {}
        del self.system.product(SECOND.sku)["stock_warehouse"][str(HOUSE)]
        found = self.read(Lane.STOCK).by_sku
        assert (found[FIRST.sku].quantity, found[SECOND.sku].quantity) == (None, None)

    def test_movement_in_another_warehouse_is_none_of_ours(self):
        cursor = self.read(Lane.STOCK).cursor
        self.system.move(FIRST.sku, 5, OTHER)
        assert self.read(Lane.STOCK, cursor).records == []

    def test_movements_of_the_last_minutes_are_read_again_and_older_ones_not(self):
        """One with a lower number may become visible later."""
        cursor = self.read(Lane.STOCK).cursor
        self.system.sell(FIRST.sku, 1)
        for _again in range(2):
            delta = self.read(Lane.STOCK, cursor)
            assert list(delta.by_sku) == [FIRST.sku]
            cursor = delta.cursor
        self.system.tables["stockmovements"][0]["tms"] = LONG_AGO
        cursor = self.read(Lane.STOCK, cursor).cursor
        assert self.read(Lane.STOCK, cursor).records == []

    def test_whole_reading_goes_on_from_the_last_movement_that_is_old(self):
        for sku in SKUS[:2]:
            self.system.sell(sku, 1)
        for row in self.system.tables["stockmovements"]:
            row["tms"] = LONG_AGO
        assert self.read(Lane.STOCK, self.read(Lane.STOCK).cursor).records == []

    def test_article_that_is_taken_out_and_sold_again_comes_back(self):
        cursor = self.read().cursor
        self.system.archive(FIRST.sku)
        assert self.read(since=cursor).gone == [FIRST.sku]
        self.system.product(FIRST.sku)["status"] = "1"
        assert list(self.read(since=cursor).by_sku) == [FIRST.sku]

    def test_moment_has_no_colon_in_a_filter(self):
        """Dolibarr cuts values off there."""
        client = SYSTEMS["dolibarr"].client_for(self.door.access)
        test = client.changed_since(datetime.fromisoformat("2026-11-26T08:00:00+00:00"))
        assert test == "(t.tms:>=:'20261125')"

    @pytest.mark.parametrize("path", ["products", "stockmovements", "orders", "shipments"])
    def test_right_that_the_user_lacks_is_named_at_once(self, path):
        self.system.forbidden = {path}
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["dolibarr"].client_for(self.system.entered(self.between.address)).check()
        assert (caught.value.trouble, caught.value.values["detail"]) == ("system_refused", f"/{path}")

    def test_customer_is_found_by_a_code_with_signs(self):
        self.system.tables["thirdparties"][0]["code_client"] = code = "CU/0001#_"
        entered = self.system.entered(self.between.address)
        entered.options["customer"] = code
        assert SYSTEMS["dolibarr"].client_for(entered).check().takes_orders

    def test_customer_who_is_not_there_is_told_at_once(self):
        self.system.tables["thirdparties"][0]["code_client"] = "CU-1"
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["dolibarr"].client_for(self.system.entered(self.between.address)).check()
        assert caught.value.trouble == "system_context"


class TestOrders(OrderingBehaviour):
    system: DolibarrUnderTest

    def test_draft_is_validated_and_nothing_else_is(self):
        """Of one that is on its way Dolibarr would take the units again."""
        order = self.ordered(**{FIRST.sku: 2})
        self._lose_write(1)
        assert self.fails(order).unknown_outcome
        self.between.clear()
        assert self.system.order(order.number)["statut"] == "0"
        assert self.send(order).is_booked
        self.system.ship(order.number, {FIRST.sku: 2}, "1Z1")
        assert self.send(order).is_booked
        assert self.system.there(FIRST.sku) == FIRST.quantity - 2

    def test_order_that_was_cancelled_and_made_anew_is_the_one_that_stands(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.send(order)
        self.system.cancel(order.number)
        again = {**self.system.order(order.number), "lines": self.system.order(order.number)["lines"]}
        key = self.system._order(again)
        self.system._validate(self.system._one("orders", str(key)), {"idwarehouse": HOUSE})
        assert self.channel().look_up(order).reference == f"CO{key}"

    def test_what_is_closed_without_a_shipment_was_all_handed_over(self):
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2})
        self._transmitted(order)
        self.system.close(order.number)
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (2, 0, 2)}

    def test_shipment_that_is_a_draft_is_no_parcel(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.send(order)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z1", status="0")
        assert self.said(order.number).parcels == ()

    def test_what_somebody_quicker_took_is_heard_as_promised(self):
        order = self.ordered(**{FIRST.sku: 2})
        quicker = iter([FIRST.quantity - 1])
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, next(quicker, 0))
        told = {line.answer: line.units for line in self.send(order).lines}
        assert told == {Answer.ACCEPTED: 1, Answer.BACK_ORDERED: 1}

    @pytest.mark.parametrize("sku", ["O'H: (1)", '100% "d’or"', "a&b=c?d#e", "Œuvres [2], 50 €", "t.ref:=:'x'"])
    def test_article_whose_number_cannot_stand_in_a_filter_is_ordered(self, sku):
        self.system.product_of(sku, "Odd", "", 100, 2)
        order, more = self.ordered(**{sku: 1, FIRST.sku: 1}), self.ordered(**{sku: 2})
        self.send(order)
        assert [seen.units for seen in self.system.orders(order.number)] == [{sku: 1, FIRST.sku: 1}]
        assert {line.sku: line.answer for line in self.said(order.number).receipt.lines}[sku] == Answer.ACCEPTED
        assert [line.answer for line in self.send(more).lines] == [Answer.DECLINED]

    def test_article_of_a_number_that_is_like_another_one_is_not_taken_for_it(self):
        self.system.product_of("a (1)", "Odd", "", 100, 5)
        order = self.ordered(**{"A (1)": 1})
        assert [line.answer for line in self.send(order).lines] == [Answer.DECLINED]

    def test_user_who_may_make_no_orders_is_for_a_person(self):
        self.system.forbidden = {"POST orders"}
        error = self.fails(self.ordered(**{FIRST.sku: 1}))
        assert (error.permanent, error.unknown_outcome) == (True, False)
