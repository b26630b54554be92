"""The behaviour suite on a contract server of Ecwid's documents; and how few lines the system takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from shops.models import DeliveryOption
from shops.systems import SYSTEMS
from shops.systems.calling import SystemCallError
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.ecwid_server import EcwidUnderTest

FILES = ("shops/systems/ecwid.py", "catalog_sync/adapters/ecwid.py", "shops/channels/ecwid.py")


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(EcwidUnderTest()) as opened:
        yield opened


def test_system_takes_fewer_than_two_hundred_lines():
    texts = [(Path(settings.BASE_DIR) / file).read_text() for file in FILES]
    assert sum(len(text.splitlines()) for text in texts) < 200


class TestReading(ReadingBehaviour):
    def test_variations_are_what_is_sold_and_one_without_a_number_is_refused(self):
        """One has a price of its own, of the others the option says what is added; of the product itself nothing."""
        self.system.vary(FIRST.sku, {"cloth": ("CLOTH", 4, 31.5), "paper": ("PAPER", 0, None), "none": ("", 7, None)})
        for lane in Lane:
            reading = self.read(lane)
            found = reading.by_sku
            assert FIRST.sku not in found
            assert (found["CLOTH"].quantity, found["PAPER"].quantity) == (4, 0)
            refused = [each.reason.code for chunk in reading.chunks for each in chunk.refused]
            assert refused == ["sku_missing"]
        found = self.read().by_sku
        assert (found["CLOTH"].price, found["PAPER"].price) == (3150, FIRST.price + 200)
        assert found["CLOTH"].title == f"{FIRST.title} – cloth"

    def test_option_may_add_a_part_of_the_price(self):
        self.system.vary(FIRST.sku, {"cloth": ("CLOTH", 4, None)})
        self.system.product(FIRST.sku)["options"][0]["choices"][0]["priceModifierType"] = "PERCENT"
        assert self.read().by_sku["CLOTH"].price == round(FIRST.price * 1.02)

    def test_what_nobody_counts_is_there_and_unknown(self):
        self.system.product(FIRST.sku)["unlimited"] = True
        found = self.read(Lane.STOCK).by_sku[FIRST.sku]
        assert (found.quantity, found.availability) == (None, Availability.IN_STOCK)

    def test_limit_of_calls_is_waited_for(self):
        self.system.left = 1
        error = self.fails()
        assert (error.reason.code, error.later_seconds) == ("system_busy", 60)

    @pytest.mark.parametrize("lacking", ["products", "orders"])
    def test_right_that_is_lacking_is_named(self, lacking):
        self.system.scopes.discard(lacking)
        client = SYSTEMS["ecwid"].client_for(self.system.entered(self.between.address))
        with pytest.raises(SystemCallError, match=lacking):
            client.check()

    def test_whether_prices_are_with_tax_is_told(self):
        self.system.with_tax = True
        assert SYSTEMS["ecwid"].client_for(self.system.entered(self.between.address)).check().with_tax


class TestOrders(OrderingBehaviour):
    def test_order_of_a_variation_is_taken_off_it(self):
        self.system.vary(FIRST.sku, {"cloth": ("CLOTH", 4, 31.5), "paper": ("PAPER", 3, None)})
        order = self.ordered(CLOTH=2)
        assert self.send(order).is_booked
        assert [each["quantity"] for each in self.system.product(FIRST.sku)["combinations"]] == [2, 3]
        assert self.system.order(order.number)["items"][0]["selectedOptions"][0]["value"] == "cloth"

    def test_order_that_a_search_does_not_show_yet_is_not_made_twice(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.search_is_behind = True
        self.send(order)
        assert len(self.system.orders(order.number)) == 1

    def test_nobody_is_written_to_by_ecwid_and_staff_see_where_it_goes(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        made = self.system.order(order.number)
        assert (made["disableAllCustomerNotifications"], order.number in made["privateAdminNotes"]) == (True, True)

    def test_order_that_is_sent_comes_back_as_one_parcel(self):
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2, SECOND.sku: 1})
        self._transmitted(order)
        self.system.send_all(order.number, "1Z999")
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (2, 0, 2), SECOND.sku: (1, 0, 1)}
        assert [parcel.tracking for parcel in order.parcels.all()] == ["1Z999"]

    @pytest.mark.parametrize(
        ("paid", "stands", "answer", "is_booked"),
        [
            ("REFUNDED", "AWAITING_PROCESSING", Answer.DECLINED, False),
            ("PAID", "WILL_NOT_DELIVER", Answer.DECLINED, True),
            ("PARTIALLY_REFUNDED", "PROCESSING", Answer.ACCEPTED, True),
            ("PAID", "READY_FOR_PICKUP", Answer.ACCEPTED, True),
        ],
    )
    def test_states_of_an_order(self, paid, stands, answer, is_booked):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.order(order.number).update(paymentStatus=paid, fulfillmentStatus=stands)
        said = self.said(order.number).receipt
        assert ([line.answer for line in said.lines], said.is_booked) == ([answer], is_booked)

    def test_order_of_which_a_parcel_may_have_left_is_not_cancelled(self):
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        self.system.order(order.number)["fulfillmentStatus"] = "READY_FOR_PICKUP"
        self._taken_back(order)
        assert (self._told(), self._mails(), self._is_there(order)) == (1, 1, True)
