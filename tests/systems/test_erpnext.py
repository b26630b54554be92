"""The behaviour suite on ERPNext's contract server (`erpnext_server.py`), and what is ERPNext's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from catalog_sync.records import Lane
from shops.channels.base import Answer
from shops.models import DeliveryOption, Shop, ShopSystem
from shops.systems import SYSTEMS, erpnext, keeping
from shops.systems.calling import SystemCallError
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.erpnext_server import CUSTOMER, HOUSE, OLD, OTHER, ERPNextUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(ERPNextUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: ERPNextUnderTest

    def test_whole_reading_of_the_stock_costs_two_requests_for_a_page(self):
        assert erpnext.PAGE == 500
        self.read(Lane.STOCK)
        assert len(self.between.calls) == 4

    def test_item_that_was_never_there_is_unknown(self):
        self.system.item("NEW", "Never there", "", 1000, 0)
        for name in [name for name, row in self.system.kinds["Bin"].items() if row["item_code"] == "NEW"]:
            del self.system.kinds["Bin"][name]
        assert self.read(Lane.STOCK).by_sku["NEW"].quantity is None

    def test_price_is_todays_for_anybody(self):
        price = self.system.price
        price(FIRST.sku, 1, customer="Somebody")
        price(FIRST.sku, 2, valid_from="2999-01-01")
        price(FIRST.sku, 3, valid_upto="2020-02-01", valid_from="2020-01-02")
        price(FIRST.sku, 4, price_list="Standard Buying", selling=0)
        price(FIRST.sku, 5, uom="Box", valid_from="2021-01-01")
        price(SECOND.sku, 1234, valid_from="2021-01-01")
        found = self.read().by_sku
        assert (found[FIRST.sku].price, found[SECOND.sku].price) == (FIRST.price, 1234)

    def test_item_without_a_price_has_none(self):
        for row in self.system.kinds["Item Price"].values():
            row["selling"] = 0 if row["item_code"] == FIRST.sku else 1
        assert self.read().by_sku[FIRST.sku].price is None

    def test_change_in_another_warehouse_is_none_of_ours(self):
        cursor = self.read(Lane.STOCK).cursor
        for row in self.system.kinds["Bin"].values():
            if (row["item_code"], row["warehouse"]) == (FIRST.sku, OTHER):
                row.update(actual_qty=1.0, modified=self.system._put("Note", "x")["modified"])
        assert self.read(Lane.STOCK, cursor).records == []

    @pytest.mark.parametrize("lane", Lane)
    def test_more_changes_than_fit_into_an_answer_are_asked_for_piece_by_piece(self, lane, monkeypatch):
        cursor, count = self.read(lane).cursor, 3 * self.system.small_pages(monkeypatch) + 2
        for number in range(count):
            self.system.price(f"N{number:03}", 100)
            self.system.item(f"N{number:03}", "New", "", 100, 1)
        for row in self.system.kinds["Item"].values():
            row["modified"] = OLD
        found = self.read(lane, cursor).by_sku
        assert {record.quantity for record in found.values()} == {1}
        assert len(found) == count

    def test_limit_is_waited_for_as_long_as_is_said(self):
        self.system.calls_left = 2
        error = self.fails()
        assert (error.reason.code, error.permanent, error.later_seconds) == ("system_busy", False, 240)

    @pytest.mark.parametrize("doctype", ["Bin", "Item Price", "Sales Order"])
    def test_user_who_lacks_a_role_is_told_at_once(self, doctype):
        self.system.forbidden = {doctype}
        assert self._refused(self.system.entered(self.between.address)) == f"system_refused {doctype}"

    @pytest.mark.parametrize(
        "options", [{}, {"warehouse": "No - L"}, {"warehouse": HOUSE, "price_list": "Standard Buying"}]
    )
    def test_which_warehouse_and_which_list_has_to_be_plain(self, options):
        entered = self.system.entered(self.between.address)
        entered.options.clear()
        entered.options.update(options)
        assert self._refused(entered) == "system_context"

    @pytest.mark.parametrize("version", ["13.54.2", "v12.1", "14.0.0-dev", "16.2.0", "develop", None])
    def test_version_that_does_not_tell_what_its_orders_promise_is_refused(self, version):
        """Of what does not say its number nothing is known."""
        self.system.version = version
        entered = self.system.entered(self.between.address)
        if version in ("13.54.2", "v12.1"):
            assert self._refused(entered) == "system_version"
        else:
            assert SYSTEMS["erpnext"].client_for(entered).check().takes_orders

    def test_version_that_was_gone_back_to_is_refused_by_the_whole_reading_of_the_stock(self):
        cursor = self.read(Lane.STOCK).cursor
        self.system.version = "13.54.2"
        assert self.read(Lane.STOCK, cursor).records == []
        error = self.fails(Lane.STOCK)
        assert (error.reason.code, error.permanent) == ("system_version", True)

    @pytest.mark.parametrize(
        ("included", "how", "with_tax"),
        [
            ((), {}, None),
            ((1,), {"is_default": 1}, True),
            ((0, 0), {"is_default": 1}, None),  # what comes on top is added
            ((1, 0), {"is_default": 1}, None),
            ((0,), {"is_default": 1, "rate": 0.0}, None),
            ((1,), {"is_default": 1, "disabled": 1}, None),
            ((1,), {"is_default": 1, "company": "Another"}, None),
        ],
    )
    def test_whether_prices_have_tax_in_them_is_known_by_the_taxes_of_a_sale(self, included, how, with_tax):
        self.system.taxes("Other", 0 if with_tax else 1)
        self.system.taxes("Ours", *included, **how)
        assert self._with_tax() is with_tax

    def test_prices_without_tax_of_which_the_rates_are_not_shown_are_told(self):
        self.system.taxes("Ours", 0, is_default=1)
        self.system.forbidden = {"Item Tax Template"}
        assert self._with_tax() is False

    def test_rates_that_articles_alone_have_tell_it_too(self):
        self.system.taxes("Ours", 1, is_default=1, rate=0.0)
        assert self._with_tax() is None
        self.system.item_tax("Books", {"VAT - L": 5.5})
        assert self._with_tax() is True

    def test_taxes_of_our_customer_go_before_the_companys(self):
        self.system.taxes("Canada", 0, is_default=1)
        self.system.taxes("Network", 1, tax_category="Network")
        assert self._with_tax() is None
        self.system.kinds["Customer"][CUSTOMER]["tax_category"] = "Network"
        assert self._with_tax() is True
        self.system.forbidden = {"Sales Taxes and Charges Template"}
        assert self._with_tax() is None

    def _with_tax(self) -> bool | None:
        return SYSTEMS["erpnext"].client_for(self.system.entered(self.between.address)).check().with_tax

    def test_customer_who_is_not_there_is_told_at_once(self):
        del self.system.kinds["Customer"][CUSTOMER]
        assert self._refused(self.system.entered(self.between.address)) == "system_context"

    def _refused(self, access) -> str:
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["erpnext"].client_for(access).check()
        assert caught.value.permanent
        named = caught.value.values["detail"] if caught.value.trouble == "system_refused" else ""
        return f"{caught.value.trouble} {named}".rstrip()


class TestOrders(OrderingBehaviour):
    system: ERPNextUnderTest

    def test_prices_that_are_with_tax_are_refused_where_they_are_shown_without(self):
        connection, now = ShopSystem.objects.get(shop=self.shop), timezone.now()
        keeping.check(connection, now=now)
        self.system.taxes("Canada", 1, is_default=1)
        with pytest.raises(SystemCallError) as caught:
            keeping.check(connection, now=now)
        assert (caught.value.trouble, caught.value.permanent) == ("system_prices", True)

    @pytest.mark.parametrize(
        ("tax_included", "adds", "rate"), [(True, True, 18.957346), (True, False, 20.0), (False, True, 20.0)]
    )
    def test_rates_of_an_order_are_without_the_tax_that_erpnext_adds(self, tax_included, adds, rate):
        """What the reader pays is with it. Of what an article alone is taxed with ERPNext's server adds nothing."""
        self.system.taxes("France", 0, rate=20.0, is_default=1)
        self.system.item_tax("Reduced", {"VAT - L": 5.5, "Levy - L": 3.0})
        self.system.taxed(FIRST.sku, "Reduced")
        connection = ShopSystem.objects.get(shop=self.shop)
        connection.options["adds_tax"] = adds
        connection.save()
        factories.network(tax_included=tax_included)
        order = self.ordered(**{FIRST.sku: 2})
        order.lines.update(unit_price_minor=2000)
        self.send(order)
        assert [item["rate"] for item in self.system.order(order.number)["items"]] == [rate]

    def test_draft_that_is_there_is_submitted(self):
        """As another program, or a workflow of the shop's, may leave it."""
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.order(order.number).update(docstatus=0, status="Draft")
        assert self.channel().look_up(order).is_booked
        assert self.system.order(order.number)["docstatus"] == 1

    def test_second_order_of_a_number_is_refused_there_and_the_first_is_taken(self):
        order = self.ordered(**{FIRST.sku: 1})
        row = {"item_code": FIRST.sku, "qty": 1.0}
        late = {
            "customer": CUSTOMER,
            "po_no": order.number,
            "docstatus": 1,
            "delivery_date": "2999-01-01",
            "items": [row],
        }
        self.between.before = lambda call: call.writes and self.system._order(late)
        assert self.send(order).is_booked
        assert len(self.system.orders(order.number)) == 1

    def test_refusal_is_told_in_its_own_words(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.between.before = lambda call: call.writes and self.system.kinds["Item"].pop(FIRST.sku, None)
        error = self.fails(order)
        assert (error.permanent, "Could not find Item" in str(error), "Traceback" in str(error)) == (True, True, False)

    def test_order_that_was_amended_is_the_one_that_stands(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.send(order)
        self.system.cancel(order.number)
        amended = {**self.system.order(order.number), "docstatus": 1, "delivery_date": "2999-01-01"}
        self.system._order(amended)
        (line,) = self.said(order.number).receipt.lines
        assert (line.answer, line.units) == (Answer.ACCEPTED, 2)

    def test_what_is_closed_is_declined_but_for_what_was_sent(self):
        order = self.ordered(**{FIRST.sku: 3})
        self.send(order)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z1")
        self.system.becomes(order.number, "Closed")
        told = {line.answer: line.units for line in self.said(order.number).receipt.lines}
        assert told == {Answer.ACCEPTED: 1, Answer.DECLINED: 2}

    def test_order_on_hold_says_nothing_and_is_not_booked(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.becomes(order.number, "On Hold")
        said = self.said(order.number)
        assert (said.receipt.lines, said.receipt.is_booked) == ((), False)

    def test_what_came_back_is_no_parcel(self):
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2})
        self._transmitted(order)
        self.system.ship(order.number, {FIRST.sku: 2}, "1Z1")
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z2", is_return=1)
        self._heard()
        assert self._counts(order) == {FIRST.sku: (2, 0, 2)}
        assert [(parcel.tracking, parcel.carrier) for parcel in order.parcels.all()] == [("1Z1", "Poste")]

    def test_what_somebody_quicker_took_is_heard_as_promised(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, FIRST.quantity - 1)
        told = {line.answer: line.units for line in self.send(order).lines}
        assert told == {Answer.ACCEPTED: 1, Answer.BACK_ORDERED: 1}

    def test_number_on_the_shelf_contains_no_order(self):
        Shop.objects.filter(pk=self.shop.pk).update(stock_kind=Shop.StockKind.ON_HAND)
        assert not self.send(self.ordered(**{FIRST.sku: 1})).is_booked

    def test_words_of_an_order_are_no_markup_there(self):
        order = self.ordered(**{FIRST.sku: 1})
        order.delivery_name = "<b>Post"
        order.save()
        self.send(order)
        assert self.system.order(order.number)["terms"].startswith("&lt;b&gt;Post<br>")
