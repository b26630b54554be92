"""What comes on top of prices that ERPNext has without tax, on its contract server: by `get_item_tax_template` and
`calculate_taxes_and_totals` of its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from catalog_sync.records import Cursor, Lane
from shops.systems import SYSTEMS
from shops.systems.access import Access
from tests.systems.behaviour import FIRST, MOST_REQUESTS, SECOND, THIRD, Door, Reading, SystemBehaviour, running
from tests.systems.erpnext_server import CUSTOMER, ERPNextUnderTest

VAT, LOW, OTHER = "VAT - L", "VAT 5.5 - L", "Levy - L"


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(ERPNextUnderTest()) as opened:
        yield opened


class TestPrices(SystemBehaviour):
    system: ERPNextUnderTest

    @pytest.fixture(autouse=True)
    def _taxed(self, _fresh: None) -> None:
        """20 % for all, and templates that nothing has yet."""
        self.system.taxes("France", 0, rate=20.0, is_default=1)
        for name, rate in {"Reduced": 5.5, "Lower": 2.1, "Exempt": 0.0}.items():
            self.system.item_tax(name, {VAT: rate})

    def _connected(self) -> Access:
        access = self.door.access
        return replace(access, options={**access.options, **SYSTEMS["erpnext"].client_for(access).check().options})

    def _with_tax(self, since: Cursor | None = None, *, tax_included: bool = True) -> Reading:
        access = self._connected()
        self.between.clear()
        return self.read(since=since, access=access, tax_included=tax_included)

    def _rates(self, **how: Any) -> list[float]:
        """What came on top of the first three, in per cent, to a tenth."""
        found = self._with_tax(**how).by_sku
        pairs = [(found[known.sku].price or 0, known.price) for known in (FIRST, SECOND, THIRD)]
        return [round(100 * (price - without) / without, 1) for price, without in pairs]

    def test_article_has_its_own_rate_or_its_groups_or_one_above_or_the_sales(self):
        assert self._rates() == [20.0] * 3
        self.system.taxed("All Item Groups", "Lower", "Item Group")
        assert self._rates() == [2.1] * 3
        self.system.taxed("Books", "Reduced", "Item Group")
        self.system.taxed(FIRST.sku, "Exempt")
        self.system.kinds["Item"][SECOND.sku]["item_group"] = "All Item Groups"
        assert self._rates() == [0.0, 2.1, 5.5]

    def test_prices_are_exact_to_the_cent(self):
        self.system.taxed("Books", "Reduced", "Item Group")
        assert self._with_tax().by_sku[SECOND.sku].price == round(SECOND.price * Decimal("1.055"))

    def test_network_without_tax_has_them_as_they_are_and_asks_for_no_article(self):
        """The whole reading asks whether prices are without tax still, a poll for nothing."""
        self.system.taxed(FIRST.sku, "Exempt")
        assert self._rates(tax_included=False) == [0.0] * 3
        assert [call.path for call in self.between.calls if b'"Item Tax"' in call.body] == []
        cursor = self._with_tax(tax_included=False).cursor
        self.between.calls.clear()
        self._with_tax(cursor, tax_included=False)
        assert [call.path for call in self.between.calls if b"Tax" in call.body or "Tax" in call.path] == []

    def test_what_is_valid_from_a_day_on_goes_before_what_always_is(self):
        self.system.taxed(FIRST.sku, "Exempt")
        self.system.taxed(FIRST.sku, "Lower", valid_from="2020-01-01")
        self.system.taxed(FIRST.sku, "Reduced", valid_from="2021-01-01")
        self.system.taxed(FIRST.sku, "Lower", valid_from="2999-01-01")
        self.system.taxed(SECOND.sku, "Reduced")
        self.system.taxed(SECOND.sku, "Lower", valid_from="2999-01-01")
        self.system.taxed(THIRD.sku, "Lower", valid_from="2999-01-01")
        assert self._rates() == [5.5, 5.5, 20.0]

    def test_what_is_for_another_category_or_company_or_switched_off_is_none_of_ours(self):
        self.system.item_tax("Theirs", {VAT: 7.0}, company="Another")
        self.system.item_tax("Old", {VAT: 7.0}, disabled=1)
        self.system.taxed(FIRST.sku, "Lower", tax_category="Abroad")
        self.system.taxed(FIRST.sku, "Reduced")
        self.system.taxed(SECOND.sku, "Theirs")
        self.system.taxed(THIRD.sku, "Old")
        assert self._rates() == [5.5, 20.0, 20.0]
        self.system.taxes("Abroad", 0, rate=10.0, tax_category="Abroad")
        self.system.kinds["Customer"][CUSTOMER]["tax_category"] = "Abroad"
        assert self._rates() == [2.1, 10.0, 10.0]

    def test_range_of_prices_is_heeded(self):
        for known in (FIRST, SECOND):
            price = FIRST.price / 100
            self.system.taxed(known.sku, "Lower", minimum_net_rate=price, maximum_net_rate=price)
            self.system.taxed(known.sku, "Reduced")
        assert self._rates() == [2.1, 5.5, 20.0]

    def test_variant_has_its_templates_rate_beside_its_own(self):
        self.system.item("MODEL", "A model", "", 100, 0, has_variants=1)
        self.system.taxed("MODEL", "Reduced", tax_category="Abroad", valid_from="2999-01-01")
        self.system.kinds["Item"][FIRST.sku]["variant_of"] = "MODEL"
        assert self._rates() == [5.5, 20.0, 20.0]

    @pytest.mark.parametrize(("setting", "rate"), [(1, 5.5), (0, 0.0), (None, 5.5)])
    def test_tax_that_only_an_article_has_is_added_unless_that_is_switched_off(self, setting, rate):
        """As in the accounts of Germany or France that ERPNext makes: one for each rate."""
        self.system.form_adds_taxes = setting
        self.system.item_tax("Book", {VAT: 0.0, LOW: 5.5})
        self.system.taxed(FIRST.sku, "Book")
        assert self._rates() == [rate, 20.0, 20.0]

    def test_tax_of_a_tax_and_tax_that_is_in_the_price(self):
        rows = self.system.kinds["Sales Taxes and Charges Template"]["France"]["taxes"]
        levy = {"charge_type": "On Previous Row Total", "row_id": 1, "rate": 10.0, "account_head": OTHER}
        rows.insert(1, {**levy, "included_in_print_rate": 0})
        assert self._rates() == [32.0] * 3
        rows[1].update(charge_type="On Previous Row Amount", row_id=None)
        assert self._rates() == [22.0] * 3
        access = self._connected()
        rows[0]["included_in_print_rate"] = 1
        assert self.read(access=access, tax_included=True).by_sku[THIRD.sku].price == round(
            THIRD.price * (1 + 0.02 / 1.2)
        )

    def test_prices_that_are_with_tax_stay_as_they_are_whatever_the_rate(self):
        self.system.taxes("France", 1, rate=20.0, is_default=1)
        self.system.taxed(FIRST.sku, "Reduced")
        assert self._rates() == [0.0] * 3

    @pytest.mark.parametrize("doctype", ["Item Tax Template", "Sales Taxes and Charges Template", "Item Group"])
    def test_rates_that_are_not_shown_any_more_are_told_and_no_price_is_believed(self, doctype):
        access = self._connected()
        self.system.forbidden = {doctype}
        error = self.fails(access=access, tax_included=True)
        assert (error.reason.code, error.permanent, doctype in str(error)) == ("system_refused", True, True)
        assert self.read(Lane.STOCK, access=access, tax_included=True).complete

    def test_delta_that_finds_nothing_does_not_ask_for_taxes(self):
        cursor = self._with_tax().cursor
        assert self._with_tax(cursor).records == []
        assert len(self.between.calls) <= MOST_REQUESTS

    def test_article_that_changed_has_its_rate_in_a_delta(self):
        cursor = self._with_tax().cursor
        self.system.taxed("Books", "Reduced", "Item Group")
        self.system.set_price(FIRST.sku, 2000)
        assert self._with_tax(cursor).by_sku[FIRST.sku].price == 2110
