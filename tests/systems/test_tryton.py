"""The behaviour suite on a real Tryton 8."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from catalog_sync.records import Lane
from shops.channels.base import Answer
from tests.systems import tryton_server
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, running
from tests.systems.behaviour_clock import ClockBehaviour
from tests.systems.behaviour_orders import OrderingBehaviour


@pytest.fixture(scope="module")
def door(request) -> Iterator[Door]:
    """With a clock that can be set where the proofs run: it makes the server slow."""
    database = tryton_server.prepared()
    if database is None:
        pytest.skip(tryton_server.MISSING)
    has_clock = any(item.get_closest_marker("proof") for item in request.session.items)
    with running(tryton_server.TrytonUnderTest(database, has_clock=has_clock)) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: tryton_server.TrytonUnderTest

    def test_taxes_of_an_article_are_added_where_readers_pay_prices_with_tax(self):
        """One of 5 and one of 9.975 per cent; of a fixed sum for each piece nothing is added."""
        self.system.tax(FIRST.sku, "0.05", "0.09975")
        with_tax = self.read(tax_included=True).by_sku
        assert with_tax[FIRST.sku].price == int(Decimal(FIRST.price) * Decimal("1.14975") + Decimal("0.5"))
        assert with_tax[SECOND.sku].price == SECOND.price
        assert self.read().by_sku[FIRST.sku].price == FIRST.price


@pytest.mark.proof
class TestClock(ClockBehaviour):
    pass


class TestOrders(OrderingBehaviour):
    system: tryton_server.TrytonUnderTest

    def test_what_should_have_left_and_has_not_is_promised_still(self):
        """Tryton's forecast leaves out what is planned for a day that has passed."""
        self.system.sell(FIRST.sku, FIRST.quantity)
        self.system.be_late()
        assert self.read(Lane.STOCK).by_sku[FIRST.sku].quantity == 0
        order = self.ordered(**{FIRST.sku: 1})
        assert [line.answer for line in self.send(order).lines] == [Answer.DECLINED]

    def test_refuses_what_tryton_would_promise_beyond_its_stock(self):
        """Tryton confirms such a sale, and its forecast falls below zero."""
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.reason) == (Answer.DECLINED, FIRST.quantity + 1, "sold")
        assert self.system.orders(order.number) == []
