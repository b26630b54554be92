"""The behaviour suite on a real Odoo 19, and what is Odoo's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from catalog_sync.records import Lane
from shops.channels import odoo as channel
from shops.channels.base import Answer
from shops.models import Supply
from tests.systems import odoo_server
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.real_servers import prepared

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    kept = prepared("odoo")
    if isinstance(kept, str):
        pytest.skip(kept)
    with running(odoo_server.OdooUnderTest(kept)) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: odoo_server.OdooUnderTest

    def test_taxes_that_come_on_top_are_added_where_readers_pay_them(self):
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == round(FIRST.price * 1.05)

    def test_taxes_that_are_in_a_price_are_taken_out_where_readers_see_prices_without(self):
        self.system.include_taxes(True)
        try:
            prices = [self.read(tax_included=shown).by_sku[FIRST.sku].price for shown in (True, False)]
        finally:
            self.system.include_taxes(False)
        assert prices == [FIRST.price, round(FIRST.price / 1.05)]

    def test_what_is_promised_and_not_reserved_is_not_free(self):
        """Odoo's own number "free to use" still has it."""
        self.system.reserve_by_hand()
        try:
            self.system.sell(FIRST.sku, 2)
        finally:
            self.system.reserve_at_once()
        assert self.read(Lane.STOCK).by_sku[FIRST.sku].quantity == FIRST.quantity - 2

    def test_promised_beyond_what_is_there_is_none_left(self):
        self.system.sell(FIRST.sku, FIRST.quantity + 3)
        assert self.read(Lane.STOCK).by_sku[FIRST.sku].quantity == 0


def test_copies_that_are_still_to_be_picked_are_not_declined():
    """A shop that picks before it ships: of three, one is picked, and only that has a move that goes out."""
    product = {"default_code": "A", "qty_available": 5, "outgoing_qty": 3, "is_storable": True}
    picked, left, out = (
        {"state": state, "product_uom_qty": units, "quantity": 0, "picking_code": code}
        for state, units, code in (("done", 1, "internal"), ("assigned", 2, "internal"), ("assigned", 1, "outgoing"))
    )
    line = {"product_id": product, "product_uom_qty": 3, "move_ids": [picked, left, out]}
    assert [(said.answer, said.units) for said in channel._answers(line, "sale")] == [(Answer.ACCEPTED, 3)]
    line["move_ids"] = [picked, {**left, "state": "cancel"}, out]
    assert [(said.answer, said.units) for said in channel._answers(line, "sale")] == [
        (Answer.ACCEPTED, 1),
        (Answer.DECLINED, 2),
    ]


class TestOrders(OrderingBehaviour):
    system: odoo_server.OdooUnderTest

    def test_rest_that_is_not_delivered_any_more_is_declined(self):
        order = self.ordered(**{FIRST.sku: 3, SECOND.sku: 1})
        self.send(order)
        self.system.ship(order.number, {FIRST.sku: 2}, "1Z999")
        self.system.cancel_rest(order.number)
        said = self.said(order.number)
        assert {(line.sku, line.answer): line.units for line in said.receipt.lines} == {
            (FIRST.sku, Answer.ACCEPTED): 2,
            (FIRST.sku, Answer.DECLINED): 1,
            (SECOND.sku, Answer.DECLINED): 1,
        }
        assert [parcel.units for parcel in said.parcels] == [{FIRST.sku: 2}]

    def test_refuses_what_odoo_would_promise_beyond_its_stock(self):
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.reason) == (Answer.DECLINED, FIRST.quantity + 1, "sold")
        assert self.system.orders(order.number) == []

    def test_day_on_which_odoo_expects_what_is_missing_comes_with_it(self):
        """What is ordered for the reader is entered beyond what is there; none is told where it is not all to come."""
        self.shop.timezone = "America/Toronto"
        self.shop.save()
        at = datetime(2031, 3, 5, 2, tzinfo=UTC)  # the evening before, there
        self.system.expect(FIRST.sku, 3, at)
        for beyond, on in ((2, date(2031, 3, 4)), (9, None)):
            order = self.ordered(**{FIRST.sku: FIRST.quantity + beyond})
            order.lines.update(supply=Supply.ORDER)
            receipt = self.send(order)
            (short,) = [line for line in receipt.lines if line.answer == Answer.BACK_ORDERED]
            assert (short.units, short.on) == (beyond, on)
            self.system.cancel(order.number)
