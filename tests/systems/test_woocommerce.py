"""The behaviour suite on WooCommerce's contract server (`woocommerce_server.py`), and what is WooCommerce's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from shops.models import Cancellation, DeliveryOption, ShopOrder, ShopSystem
from shops.orders import fulfilment
from shops.systems import keeping, woocommerce
from shops.systems.calling import SystemCallError
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, SKUS, THIRD, Door, ReadingBehaviour, running
from tests.systems.behaviour_hooks import HookBehaviour
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.woocommerce_server import WooCommerceUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(WooCommerceUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: WooCommerceUnderTest

    def test_articles_that_are_deleted_between_two_pages_take_none_with_them(self, monkeypatch):
        self.system.small_pages(monkeypatch)
        gone = SKUS[1:6]
        deleted: list[str] = []

        def before(call) -> None:
            if "offset=12" in call.path and not deleted:
                deleted.extend(gone)
                for sku in gone:
                    self.system.delete(sku)

        self.between.before = before
        found = [record.sku for record in self.read(Lane.STOCK).records]
        assert (deleted, sorted(found)) == (gone, sorted(SKUS))

    def test_whole_reading_of_the_stock_costs_a_request_for_a_page(self, monkeypatch):
        assert woocommerce.PAGE == 100
        self.read(Lane.STOCK)
        assert len(self.between.calls) == 2

    def test_article_that_is_not_counted_has_a_word_and_no_number(self):
        self.system.product(FIRST.sku).update(manage_stock=False, stock_quantity=None)
        out = {"manage_stock": False, "stock_quantity": None, "stock_status": "outofstock"}
        self.system.product(SECOND.sku).update(out)
        found = self.read(Lane.STOCK).by_sku
        told = [(found[known.sku].quantity, found[known.sku].availability) for known in (FIRST, SECOND)]
        assert told == [(None, Availability.IN_STOCK), (None, Availability.TEMPORARILY_UNAVAILABLE)]

    def test_variations_are_what_is_sold_and_one_without_a_number_is_refused(self):
        parent = self.system.product(FIRST.sku)
        parent.update(type="variable", manage_stock=False, stock_quantity=None, price="")
        common = {"parent_id": parent["id"], "type": "variation", "price": "12.00", "stock_quantity": 4}
        for number, sku, option in [(71, "H001-P", "Poche"), (72, FIRST.sku, "Relié")]:
            attributes = [{"name": "Format", "option": option}]
            self.system.variations.append(self.system._article(number, sku=sku, attributes=attributes, **common))
        reading = self.read()
        record = reading.by_sku["H001-P"]
        assert (record.title, record.price, record.quantity) == (f"{FIRST.title} – Poche", 1200, 4)
        assert FIRST.sku not in reading.by_sku
        assert [refused.reason.code for chunk in reading.chunks for refused in chunk.refused] == ["sku_missing"]
        parent["status"] = "private"
        assert "H001-P" not in self.read().by_sku

    def test_what_is_no_number_is_unknown_of_that_article_alone(self):
        """As plug-ins leave it."""
        self.system.product(FIRST.sku).update(price="12,95", stock_quantity="")
        self.system.product(SECOND.sku).update(stock_quantity="3.0")
        found = self.read().by_sku
        assert len(found) == len(SKUS)
        assert (found[FIRST.sku].price, found[FIRST.sku].quantity, found[SECOND.sku].quantity) == (None, None, 3)

    def test_refusal_with_status_200_is_one(self):
        self.system.refuses_with_200 = True
        error = self.fails()
        assert (error.reason.code, error.permanent, "Invalid product" in str(error.reason)) == (
            "system_refused",
            True,
            True,
        )


class TestOrders(OrderingBehaviour):
    system: WooCommerceUnderTest

    def test_refuses_what_woocommerce_would_take_beyond_its_stock(self):
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.reason) == (Answer.DECLINED, FIRST.quantity + 1, "sold")
        assert self.system.orders(order.number) == []

    def test_what_somebody_quicker_took_is_heard_as_promised(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, FIRST.quantity - 1)
        told = {line.answer: line.units for line in self.send(order).lines}
        assert told == {Answer.ACCEPTED: 1, Answer.BACK_ORDERED: 1}

    def test_number_that_begins_another_one_is_not_taken_for_it(self):
        order = self.ordered(**{FIRST.sku: 1})
        line = {"product_id": self.system.product(FIRST.sku)["id"], "quantity": 1}
        other = {"billing": {"company": f"{order.number}0"}, "line_items": [line]}
        self.system.make_order({**other, "meta_data": [{"key": "halles_number", "value": f"{order.number}0"}]})
        assert self.channel().look_up(order) is None

    def test_order_is_found_where_the_search_is_another_one(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.searches = False
        self.send(order)
        assert len(self.system.orders(order.number)) == 1

    def test_completed_order_is_a_parcel_with_its_number(self):
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2})
        self._transmitted(order)
        self.system.complete(order.number, "1Z997")
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (2, 0, 2)}
        assert [parcel.tracking for parcel in order.parcels.all()] == ["1Z997"]

    def test_refunded_units_are_declined_and_the_others_stay(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self.send(order)
        self.system.refund(order.number, FIRST.sku, 1)
        told = [(line.sku, line.answer, line.units) for line in self.said(order.number).receipt.lines]
        assert told == [
            (FIRST.sku, Answer.ACCEPTED, 1),
            (FIRST.sku, Answer.DECLINED, 1),
            (SECOND.sku, Answer.ACCEPTED, 1),
        ]

    def test_article_that_is_deleted_for_good_once_it_is_sold_stays_in_its_order(self):
        """WooCommerce names no number of its line then. A line that does not bear ours is for a person."""
        sold, before = self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})
        for order in (sold, before):
            self._transmitted(order)
        self.system.order(before.number)["line_items"][0]["meta_data"] = []
        for known in (FIRST, SECOND):
            self.system.delete(known.sku)
        for order in (sold, before):
            self.system.order(order.number)["date_modified_gmt"] = "2099-01-01T00:00:00"
        self._heard()
        assert (self._counts(sold), self._said_to(sold)) == ({FIRST.sku: (1, 0, 0)}, {})
        assert (self._counts(before), self._said_to(before)) == ({SECOND.sku: (1, 0, 0)}, {SECOND.sku: 1})

    @pytest.mark.parametrize("how", ["a plug-in's state", "a tracking number"])
    def test_order_that_may_have_left_is_not_cancelled_there(self, how):
        """WooCommerce would put its copies back, which are in a parcel."""
        self.synced()
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        if how == "a tracking number":
            self.system.complete(order.number, "1Z997")
        self.system.order(order.number)["status"] = "processing" if how == "a tracking number" else "shipped"
        self._taken_back(order)
        assert (self._told(), self._mails()) == (1, 1)
        assert self.system.order(order.number)["status"] != "cancelled"
        assert Cancellation.objects.get().put_back_at is None

    @pytest.mark.parametrize("how", ["in the bin", "deleted"])
    @pytest.mark.parametrize("by", ["its key", "a number of a plug-in's"])
    def test_order_that_is_put_away_is_heard_as_cancelled_once(self, how, by):
        order, other = self.ordered(**{FIRST.sku: 2}), self.ordered(**{SECOND.sku: 1})
        if by != "its key":
            make = self.system.make_order
            self.system.make_order = lambda order: (made := make(order), made.update(number="2026-7"))[0]
        try:
            for each in (order, other):
                self._transmitted(each)
        finally:
            self.system.__dict__.pop("make_order", None)
        self._heard()
        (self.system.bin if how == "in the bin" else self.system.delete_order)(order.number)
        for _again in range(2):
            self._heard()
        assert (self._counts(order), self._counts(other)) == ({FIRST.sku: (0, 2, 0)}, {SECOND.sku: (1, 0, 0)})

    def test_what_is_taken_out_is_heard_though_no_stamp_moves(self):
        order = self.ordered(**{FIRST.sku: 3, SECOND.sku: 1})
        self._transmitted(order)
        self._heard()
        self.system.order(order.number)["date_modified_gmt"] = "2020-01-01T00:00:00"  # long since, and it stays so
        self._heard()
        assert self._lost(order) == {}
        self.system.edit(order.number, FIRST.sku, 1)
        for _again in range(2):
            self._heard()
        assert self._lost(order) == {FIRST.sku: 2}

    def test_open_orders_are_asked_for_a_hundred_at_once_and_no_others(self):
        orders = [self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})]
        for order in orders:
            self._transmitted(order)
        assert self._asked_by_key() == 1
        for order in orders:
            fulfilment.cancel_whole(ShopOrder.objects.get(pk=order.pk), by="reader", now=timezone.now())
        assert self._asked_by_key() == 0

    def test_list_that_does_not_know_an_order_takes_nothing_from_it(self):
        """In a state of a plug-in's own, which is in no list."""
        order = self.ordered(**{FIRST.sku: 2})
        self._transmitted(order)
        self._heard()
        self.system.unlisted = {self.system.order(order.number)["id"]}
        self._heard()
        assert self._counts(order) == {FIRST.sku: (2, 0, 0)}

    def _asked_by_key(self) -> int:
        """How many calls that takes as all orders are heard of."""
        self.between.clear()
        self._heard()
        return sum("include=" in call.path for call in self.between.calls)

    def test_key_that_may_only_read_is_for_a_person(self):
        self.system.may_write = False
        error = self.fails(self.ordered(**{FIRST.sku: 1}))
        assert (error.permanent, error.unknown_outcome) == (True, False)

    def test_variation_is_ordered_as_one(self):
        parent = self.system.product(THIRD.sku)
        parent.update(type="variable", sku="")
        more = {"parent_id": parent["id"], "type": "variation", "stock_quantity": 4}
        self.system.variations.append(self.system._article(71, sku="H003-P", **more))
        order = self.ordered(**{"H003-P": 1})
        self.send(order)
        (line,) = self.system.order(order.number)["line_items"]
        assert (line["product_id"], line["variation_id"]) == (parent["id"], 71)

    def test_prices_that_are_with_tax_are_refused_where_they_are_shown_without(self):
        connection, now = ShopSystem.objects.get(shop=self.shop), timezone.now()
        keeping.check(connection, now=now)
        self.system.set_taxes("yes", included="yes")
        with pytest.raises(SystemCallError) as caught:
            keeping.check(connection, now=now)
        assert (caught.value.trouble, caught.value.permanent) == ("system_prices", True)
        self.system.set_taxes("no", included="yes")
        keeping.check(connection, now=now)
        self.system.settings = {}  # which its key may not read
        keeping.check(connection, now=now)


class TestHooks(HookBehaviour):
    pass
