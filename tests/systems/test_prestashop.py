"""The behaviour suite on PrestaShop's contract server (`prestashop_server.py`), and what is PrestaShop's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from catalog_sync.records import Lane
from shops.channels import ChannelError
from shops.channels.base import Answer
from shops.models import DeliveryOption
from shops.systems import SYSTEMS, clocks, prestashop
from shops.systems.calling import SystemCallError, words
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import FIRST, SECOND, SKUS, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.prestashop_server import CARRIER, FAILED, NO_STATE, OLD, PAID, SHORT_UNPAID, PrestaShopUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(PrestaShopUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: PrestaShopUnderTest

    def test_whole_reading_of_the_stock_costs_two_requests_for_a_page(self):
        assert prestashop.PAGE == 400
        self.read(Lane.STOCK)
        assert len(self.between.calls) == 3

    def test_price_is_with_tax_where_the_marketplace_shows_it_so(self):
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == round(FIRST.price * 1.05)

    def test_combinations_are_what_is_sold_and_one_without_a_reference_is_refused(self):
        self.system.combine(FIRST.sku, [("H001-P", "Poche", 4), ("", "Relié", 2)])
        reading = self.read()
        record = reading.by_sku["H001-P"]
        assert (record.title, record.price, record.quantity) == (f"{FIRST.title} – Poche", FIRST.price + 200, 4)
        assert FIRST.sku not in reading.by_sku
        assert [refused.reason.code for chunk in reading.chunks for refused in chunk.refused] == ["sku_missing"]
        assert self.read(Lane.STOCK).by_sku["H001-P"].quantity == 4
        self.system.archive(FIRST.sku)
        assert "H001-P" not in self.read().by_sku

    def test_packs_and_downloads_are_not_read(self):
        for known, kind in ((FIRST, "pack"), (SECOND, "virtual")):
            self.system.product(known.sku)["type"] = kind
        assert set(SKUS) - set(self.read().by_sku) == {FIRST.sku, SECOND.sku}

    def test_what_may_not_be_ordered_is_not_sold(self):
        self.system.product(FIRST.sku)["available_for_order"] = "0"
        assert FIRST.sku not in self.read().by_sku

    def test_article_without_a_number_is_unknown(self):
        self.system.tables["stock_availables"].remove(self.system.level(FIRST.sku))
        assert self.read(Lane.STOCK).by_sku[FIRST.sku].quantity is None

    def test_shop_that_counts_nothing_is_refused(self):
        for row in self.system.tables["configurations"]:
            row["value"] = "0" if row["name"] == "PS_STOCK_MANAGEMENT" else row["value"]
        for lane in Lane:
            assert self.fails(lane).reason.code == "system_context"

    def test_changes_are_asked_for_by_the_shops_clock_and_twice_where_it_turns_back(self, monkeypatch):
        class Frozen(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30, for the second time

        monkeypatch.setattr(clocks, "datetime", Frozen)
        client = SYSTEMS["prestashop"].client_for(self.door.access)
        asked = dict(client.changed_since(datetime(2026, 11, 1, 5, 45, tzinfo=UTC)))
        assert asked["filter[date_upd]"].startswith("[2026-11-01 00:45:00,")

    @pytest.mark.parametrize(("currency", "digits"), [("CAD", "2"), ("JPY", "0"), ("KWD", "3")])
    def test_prices_are_asked_for_in_the_decimals_of_their_currency(self, currency, digits):
        access = self.door.access
        self.read(access=replace(access, options={**access.options, "currency": currency}))
        asked = [call.path for call in self.between.calls if "/api/products?" in call.path]
        assert asked
        assert all(f"price%5Bhalles_price%5D%5Bdecimals%5D={digits}" in path for path in asked)

    def test_version_that_would_sell_a_copy_twice_is_refused_and_noticed_later(self):
        """PrestaShop#13395. Where no order of ours goes, its number is right."""
        cursor, client_of = self.read().cursor, SYSTEMS["prestashop"].client_for
        entered = self.system.entered(self.between.address)
        alone = replace(entered, options={})
        assert client_of(entered).check().takes_orders
        self.system.set_version("1.7.5.1")
        with pytest.raises(SystemCallError) as caught:
            client_of(entered).check()
        assert (caught.value.trouble, caught.value.permanent) == ("system_version", True)
        with translation.override("fr"):
            assert "deux fois" in words(caught.value.trouble, caught.value.values)
        assert not client_of(alone).check().takes_orders
        error = self.fails(since=cursor)
        assert (error.reason.code, error.permanent) == ("system_version", True)
        self.system.set_version("1.7.5.2")
        assert client_of(entered).check().takes_orders

    @pytest.mark.parametrize("resource", ["stock_availables", "order_details", "carriers"])
    def test_right_that_the_key_lacks_is_named_at_once(self, resource):
        self.system.forbidden = {resource}
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["prestashop"].client_for(self.system.entered(self.between.address)).check()
        assert (caught.value.trouble, caught.value.permanent) == ("system_refused", True)
        assert resource in str(caught.value)

    @pytest.mark.parametrize(("name", "value"), [("deleted", "1"), ("name", "Autre")])
    def test_carrier_that_is_not_there_is_told_at_once(self, name, value):
        entered = self.system.entered(self.between.address)
        entered.options["carrier"] = "Au comptoir"
        self.system.tables["carriers"][-1][name] = value
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["prestashop"].client_for(entered).check()
        assert caught.value.trouble == "system_context"


class TestOrders(OrderingBehaviour):
    system: PrestaShopUnderTest

    def test_amount_that_prestashop_works_out_otherwise_is_moved_on_and_its_units_are_taken(self):
        """“Payment error” takes no units."""
        order = self.ordered(**{FIRST.sku: 2})
        self._lose_write(3)
        assert self.fails(order).unknown_outcome
        (made,) = self.system.tables["orders"]
        assert (made["current_state"], int(self.system.level(FIRST.sku)["quantity"])) == (PAID, FIRST.quantity - 2)
        made["current_state"] = FAILED
        self.system.set_stock(FIRST.sku, FIRST.quantity)
        self.between.clear()
        assert self.channel().look_up(order).is_booked
        assert int(self.system.level(FIRST.sku)["quantity"]) == FIRST.quantity - 2

    def test_amount_that_is_the_same_needs_no_second_step(self):
        self.synced()
        self.system.product(FIRST.sku)["price"] = "10.000000"
        order = self.ordered(**{FIRST.sku: 1})
        order.lines.update(unit_price_minor=1050)
        self.between.clear()
        assert self.send(order).is_booked
        assert sum(call.writes for call in self.between.calls) == 2

    def test_cart_of_a_try_before_is_used_again(self):
        """So that an order that comes late is refused by PrestaShop: of a cart there is one."""
        order = self.ordered(**{FIRST.sku: 1})
        self._at_write(2, faults.BROKEN)
        assert not self.fails(order).permanent
        self.between.clear()
        self.send(order)
        assert (len(self.system.tables["carts"]), len(self.system.orders(order.number))) == (1, 1)

    def test_order_that_came_late_after_all_is_found_instead_of_made(self):
        order = self.ordered(**{FIRST.sku: 1})
        self._at_write(2, faults.BROKEN)
        self.fails(order)
        self.between.clear()
        (cart,) = self.system.tables["carts"]
        self.between.before = lambda call: (
            call.writes and not self.system.tables["orders"] and self.system.place(cart, f"Halles {order.number}", 0)
        )
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (False, True)
        self.between.clear()
        assert self.send(order).is_booked
        assert len(self.system.orders(order.number)) == 1

    def test_order_that_is_split_by_prestashop_is_one_of_ours(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self.send(order)
        (whole,) = self.system.tables["orders"]
        rows = whole["associations"]["order_rows"]
        other = {**whole, "id": whole["id"] + 500, "associations": {"order_rows": [rows.pop()]}}
        self.system.tables["orders"].append(other)
        self.system.tables["order_details"][-1]["id_order"] = str(other["id"])
        told = [(line.sku, line.answer, line.units) for line in self.said(order.number).receipt.lines]
        assert told == [(FIRST.sku, Answer.ACCEPTED, 2), (SECOND.sku, Answer.ACCEPTED, 1)]

    def test_refuses_what_prestashop_would_take_beyond_its_stock(self):
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.reason) == (Answer.DECLINED, FIRST.quantity + 1, "sold")
        assert (self.system.orders(order.number), self.system.tables["carts"]) == ([], [])

    @pytest.mark.parametrize("amount", ["the same", "another"])
    def test_what_somebody_quicker_took_is_heard_as_promised(self, amount):
        """PrestaShop takes the units, or, where it has the amount otherwise, never does: we keep them back."""
        self.synced()
        self.system.product(FIRST.sku)["price"] = "10.000000"
        order = self.ordered(**{FIRST.sku: 2})
        order.lines.update(unit_price_minor=1050 if amount == "the same" else 1100)
        self.between.clear()
        quicker = iter([FIRST.quantity - 1])
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, next(quicker, 0))
        receipt = self.send(order)
        assert {line.answer: line.units for line in receipt.lines} == {Answer.ACCEPTED: 1, Answer.BACK_ORDERED: 1}
        left = int(self.system.level(FIRST.sku)["quantity"])
        assert (receipt.is_booked, left) == ((True, -1) if amount == "the same" else (False, 1))

    def test_order_whose_units_it_never_took_is_left_to_a_person_when_it_is_taken_back(self):
        """Moved to “Cancelled”, PrestaShop would put back what is on the shelf already."""
        order = self.ordered(**{FIRST.sku: 2})
        self._transmitted(order)
        (made,), left = self.system.tables["orders"], self.system.level(FIRST.sku)["quantity"]
        made["current_state"] = SHORT_UNPAID
        self._taken_back(order)
        assert (self._told(), self._mails(), made["current_state"]) == (1, 1, SHORT_UNPAID)
        assert self.system.level(FIRST.sku)["quantity"] == left

    def test_order_of_which_the_shop_paid_some_back_is_left_to_a_person_when_it_is_taken_back(self):
        """PrestaShop put these back as they were paid back; “Cancelled” would put back all that was ordered."""
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self._transmitted(order)
        (made,) = self.system.tables["orders"]
        self.system.refund(order.number, FIRST.sku, 1)
        self.system.sell(FIRST.sku, -1)
        self._taken_back(order)
        assert [self._told(), self._told()] == [1, 1]
        assert (self._mails(), made["current_state"]) == (2, PAID)
        assert int(self.system.level(FIRST.sku)["quantity"]) == FIRST.quantity - 1

    def test_order_with_a_tracking_number_is_left_to_a_person_when_it_is_taken_back(self):
        """In a state that the shop has made, of which nobody knows that it means “sent”."""
        order = self.ordered(**{FIRST.sku: 2})
        self._transmitted(order)
        (made,) = self.system.tables["orders"]
        made["shipping_number"], made["current_state"] = "1Z997", "77"
        self._taken_back(order)
        assert (self._told(), self._mails(), made["current_state"]) == (1, 1, "77")

    def test_order_that_prestashop_is_still_busy_with_is_not_taken_for_one_that_lacks_lines(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.send(order)
        (made,), details = self.system.tables["orders"], self.system.tables["order_details"]
        state, made["current_state"] = made["current_state"], NO_STATE
        self.system.tables["order_details"] = []
        with pytest.raises(ChannelError) as caught:
            self.channel().look_up(order)
        assert (caught.value.permanent, caught.value.unknown_outcome) == (False, True)
        since = timezone.now() - timedelta(minutes=1)
        assert list(self.channel().states(since)) == []
        made["current_state"], self.system.tables["order_details"] = state, details
        (heard,) = self.channel().states(since)
        assert {line.answer: line.units for line in heard.receipt.lines} == {Answer.ACCEPTED: 2}

    def test_order_that_is_sent_is_a_parcel_with_its_number(self):
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2})
        self._transmitted(order)
        self.system.send_all(order.number, "1Z997")
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

    def test_what_is_paid_back_is_heard_where_no_stamp_moves(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self._transmitted(order)
        self.system.refund(order.number, FIRST.sku, 1)
        self.system.tables["orders"][0]["date_upd"] = OLD
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (1, 1, 0), SECOND.sku: (1, 0, 0)}

    def test_orders_that_are_open_are_asked_for_at_once(self):
        orders, costs = [self.ordered(**{FIRST.sku: 1}) for _each in range(3)], []
        self._heard()  # the first time more is looked at
        for order in orders:
            self._transmitted(order)
            for made in self.system.tables["orders"]:
                made["date_upd"] = OLD
            self.between.clear()
            self._heard()
            costs.append(len(self.between.calls))
        assert costs == [3, 3, 3]

    def test_combination_is_ordered_as_one(self):
        self.system.combine(FIRST.sku, [("H001-P", "Poche", 4)])
        order = self.ordered(**{"H001-P": 1})
        self.send(order)
        (cart,) = self.system.tables["carts"]
        (row,) = cart["associations"]["cart_rows"]
        assert int(row["id_product_attribute"]) == self.system.tables["combinations"][0]["id"]
        assert int(cart["id_carrier"]) == CARRIER

    def test_key_that_may_only_read_is_for_a_person(self):
        self.system.forbidden = {"POST carts"}
        error = self.fails(self.ordered(**{FIRST.sku: 1}))
        assert (error.permanent, error.unknown_outcome) == (True, False)
