"""What a large shop costs in calls, on each contract server with a few hundred articles more: an empty delta at most
three, a poll of the stock alone at most one for 200 articles, or for as many as the system's documents let an answer
have (`BY_DOCUMENT`), whether nothing of it changed or all. What does not grow with the shop is left out by comparing
two sizes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from catalog_sync.records import Cursor, Lane
from tests.systems.behaviour import MOST_REQUESTS, Door, SystemBehaviour, running
from tests.systems.known import KNOWN
from tests.systems.shopify_server import FULL
from tests.systems.under_test import KNOWS_STOCK_CHANGES

KINDS = {
    "dolibarr": "Dolibarr",
    "ecwid": "Ecwid",
    "erpnext": "ERPNext",
    "lightspeed": "Lightspeed",
    "prestashop": "PrestaShop",
    "shopify": "Shopify",
    "square": "Square",
    "woocommerce": "WooCommerce",
}
MORE, AIM = 400, 200  # articles: by how many a shop grows; for so many one call
# Articles for which a poll of a whole stock takes one call, where an answer has no more by the system's documents:
# Ecwid https://docs.ecwid.com/api-reference/rest-api/products/search-products, WooCommerce's `per_page`
# https://woocommerce.github.io/woocommerce-rest-api-docs/#pagination.
BY_DOCUMENT = {"ecwid": 100, "woocommerce": 100}


@pytest.fixture(scope="module", params=sorted(KINDS))
def door(request) -> Iterator[Door]:
    servers = import_module(f"tests.systems.{request.param}_server")
    with running(getattr(servers, f"{KINDS[request.param]}UnderTest")()) as opened:
        yield opened


class TestCounts(SystemBehaviour):
    def test_empty_delta_of_a_large_shop_costs_few_calls(self):
        self._grown(MORE)
        for lane in Lane:
            if lane is Lane.STOCK and KNOWS_STOCK_CHANGES not in self.system.can:
                continue  # it is read whole: the next test
            cursor = self._read(lane)[1]
            calls, _cursor, found = self._read(lane, cursor)
            assert (found, calls <= MOST_REQUESTS) == (0, True), (lane, calls)

    def test_whole_stock_takes_one_call_for_two_hundred_articles(self):
        costs = []
        for count in (MORE, 2 * MORE):
            self._grown(count)
            calls, _cursor, found = self._read(Lane.STOCK)
            assert found == len(KNOWN) + count
            costs.append(calls)
        assert costs[1] - costs[0] <= MORE // BY_DOCUMENT.get(self.system.kind, AIM), costs

    def test_stock_of_which_all_changed_takes_one_call_for_two_hundred_articles(self):
        """As after an import. Where it is fewer calls, all is read, and not what changed."""
        self.needs(KNOWS_STOCK_CHANGES)
        costs = []
        for count in (MORE, 2 * MORE):
            skus = self._grown(count)
            cursor = self._read(Lane.STOCK)[1]
            for sku in skus:
                self.system.set_stock(sku, 7)
            calls, _cursor, found = self._read(Lane.STOCK, cursor)
            assert found in (count, len(KNOWN) + count)
            costs.append(calls)
        assert costs[1] - costs[0] <= MORE // AIM, costs

    def _grown(self, count: int) -> list[str]:
        """The shop as it is at first, with so many articles more."""
        self.system.reset()
        skus = [f"G{number:04}" for number in range(count)]
        self.system.grow(skus)
        return skus

    def _read(self, lane: Lane, since: Cursor | None = None) -> tuple[int, Cursor, int]:
        """How many calls it took, its cursor, how many articles."""
        self.between.clear()
        self.between.before = lambda call: self._waited()
        reading = self.read(lane, since)
        return len(self.between.calls), reading.cursor, len(reading.records)

    def _waited(self) -> None:
        """As long as a limit asks for: nobody waits in tests."""
        system: Any = self.system
        if hasattr(system, "bucket"):
            system.bucket = FULL
