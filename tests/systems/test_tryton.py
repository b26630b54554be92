"""The behaviour suite on a real Tryton 8."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shops.channels.base import Answer
from tests.systems import tryton_server
from tests.systems.behaviour import FIRST, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    database = tryton_server.prepared()
    if database is None:
        pytest.skip(tryton_server.MISSING)
    with running(tryton_server.TrytonUnderTest(database)) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    pass


class TestOrders(OrderingBehaviour):
    def test_refuses_what_tryton_would_promise_beyond_its_stock(self):
        """Tryton confirms such a sale, and its forecast falls below zero."""
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.is_sold_out) == (Answer.DECLINED, FIRST.quantity + 1, True)
        assert self.system.orders(order.number) == []
