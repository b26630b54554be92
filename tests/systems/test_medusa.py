"""The behaviour suite on a real Medusa 2, and what is Medusa's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from shops.systems import SYSTEMS
from tests.systems import medusa_server
from tests.systems.behaviour import FIRST, SECOND, SKUS, Door, ReadingBehaviour, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.known import KNOWN
from tests.systems.real_servers import prepared

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    kept = prepared("medusa")
    if isinstance(kept, str):
        pytest.skip(kept)
    with running(medusa_server.MedusaUnderTest(kept)) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: medusa_server.MedusaUnderTest

    def test_article_that_is_deleted_between_two_pages_takes_none_with_it(self, monkeypatch):
        """Medusa has pages by number alone: the first article of the next page slides onto the last one."""
        self.system.small_pages(monkeypatch)
        second = self._pages_of(lambda: self.read())[1]
        self.between.before = self._at_call(second, lambda: [self.system.delete(sku) for sku in SKUS[:4]])
        assert {record.sku for record in self.read().records} >= set(SKUS[4:])

    def test_title_of_a_product_is_in_the_next_delta_with_all_of_the_article(self):
        cursor = self.read().cursor
        self.system.retitle(FIRST.sku, "Nouveau")
        (record,) = self.read(since=cursor).records
        assert (record.sku, record.title, record.price, record.quantity) == (
            *(FIRST.sku, "Nouveau", FIRST.price),
            FIRST.quantity,
        )

    def test_more_articles_than_a_query_can_list_are_asked_for_by_their_numbers(self):
        client = SYSTEMS["medusa"].client_for(self.door.access)
        skus = [*SKUS, *(f"NONE{n}" for n in range(30))]
        assert sorted(each["sku"] for page in client.named("sku", skus, "id,sku") for each in page) == SKUS

    def test_article_that_is_not_kept_at_the_location_has_no_number_and_is_not_sold(self):
        self.system.unstock(FIRST.sku)
        record = self.read(Lane.STOCK).by_sku[FIRST.sku]
        assert (record.quantity, record.availability) == (None, Availability.TEMPORARILY_UNAVAILABLE)

    @pytest.mark.parametrize("first", [True, False])
    def test_price_of_a_region_is_not_that_for_everybody(self, first):
        self.system.set_price_there(FIRST.sku, FIRST.price - 300, beside=FIRST.price, first=first)
        assert self.read().by_sku[FIRST.sku].price == FIRST.price

    def test_tax_of_the_country_is_added_and_that_of_a_province_is_not(self):
        cursor = self.read(tax_included=True).cursor
        self.system.tax(9.975, province="qc", above=self.system.tax(5))
        whole = self.read(tax_included=True)
        assert {sku: record.price for sku, record in whole.by_sku.items()} == {
            known.sku: int((known.price * 105 + 50) / 100) for known in KNOWN
        }
        self.system.set_price(FIRST.sku, 1000)
        assert self.read(since=cursor, tax_included=True).by_sku[FIRST.sku].price == 1050
        assert self.read().by_sku[FIRST.sku].price == 1000
        self.system.enter_with_tax()
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == 1000
        assert self.read().by_sku[FIRST.sku].price == 952

    def test_price_of_another_currency_is_none(self):
        access = self.door.access
        other = replace(access, options={**access.options, "currency": "EUR"})
        assert {record.price for record in self.read(access=other).records} == {None}


class TestOrders(OrderingBehaviour):
    system: medusa_server.MedusaUnderTest

    def test_somebody_who_is_quicker_than_the_draft_leaves_what_there_is(self):
        self._quicker_before(b"sales_channel_id")

    def test_somebody_who_is_quicker_than_the_order_leaves_no_draft(self):
        self._quicker_before(b"", "convert-to-order")

    def _quicker_before(self, body: bytes, path: str = "/draft-orders") -> None:
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        sold: list[object] = []

        def sell(call) -> None:
            if call.writes and call.path.endswith(path) and body in call.body and not sold:
                sold.append(call)
                self.system.sell(FIRST.sku, FIRST.quantity - 1)

        self.between.before = sell
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (False, False)
        self.between.clear()
        declined = {line.sku: line.units for line in self.send(order).lines if line.answer == Answer.DECLINED}
        (seen,) = self.system.orders(order.number)
        assert (declined, seen.units) == ({FIRST.sku: 2}, {SECOND.sku: 1})
