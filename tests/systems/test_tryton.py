"""The behaviour suite on a real Tryton 8."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.systems import tryton_server
from tests.systems.behaviour import Door, ReadingBehaviour, running
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
    pass
