"""ERPNext: items that are sold, their prices and how many there are, over REST (`shops.systems.erpnext`).

How many there are stands in a `Bin` for each item and warehouse: `actual_qty` on the shelf, `reserved_qty` what sales
orders have promised of it. A bin's stamp moves with each of them since ERPNext 14 (erpnext#29746), an item's does not.
Prices stand in `Item Price`, one row for each list, customer, unit and time; what is read is the price for anybody,
today. Prices are as the shop enters them; where that is without tax, what comes on top is each article's own
(`shops.systems.erpnext_taxes`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Lane
from shops.systems import erpnext
from shops.systems.erpnext import COUNTS, ERPNext, Filter, Level, Row, levels_of
from shops.systems.erpnext_taxes import TAXED
from shops.systems.numbers import isbn

ITEM = ["item_name", "disabled", "is_sales_item", "is_stock_item", "has_variants", "stock_uom", *TAXED]
NOT_SOLD = {"disabled": 1, "is_sales_item": 0, "is_stock_item": 0, "has_variants": 1}
SOLD: list[Filter] = [(name, "=", 1 - value) for name, value in NOT_SOLD.items()]
PRICE = ["price_list_rate", "currency", "uom", "valid_from", "valid_upto", "customer", "batch_no"]
BARCODE = ["barcode", "barcode_type"]
NUMBERS = ("ISBN-13", "ISBN", "EAN", "EAN-13", "JAN", "UPC", "UPC-A", "GTIN", "GTIN-14", "")


class ERPNextAdapter(SystemAdapter):
    kind = "erpnext"

    def read(self, client: ERPNext, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context(prices=lane is Lane.CATALOGUE and changed_since is None)
        if lane is Lane.STOCK and changed_since is None:
            client.refuse_version()  # once a day, no more: it may have gone back to an older one
        if lane is Lane.STOCK and changed_since is not None:
            for bins in client.each("Bin", ["item_code", *COUNTS], [client.changed_since(changed_since), client.here]):
                levels = levels_of(bins)
                moved = client.of("Item", "name", sorted(levels), ITEM)
                yield [self._stated(item, levels, {}, {}, {}, client) for item in moved]
            return
        taxes = client.taxes if client.options.get("adds_tax") and self.feed.tax_included else None
        for items in self._items(client, changed_since):
            names = [str(item["name"]) for item in items]
            levels = client.levels(names)
            prices, codes = (_prices(client, items), _codes(client, names)) if lane is Lane.CATALOGUE else ({}, {})
            rates = taxes.on_top(items, {sku: _rate(prices[sku]) for sku in prices}) if taxes and prices else {}
            yield [self._stated(item, levels, prices, codes, rates, client) for item in items]

    def _items(self, client: ERPNext, changed_since: datetime | None) -> Iterator[list[Row]]:
        """Pages of those that are sold, or that may be otherwise than they were."""
        if changed_since is None:
            yield from client.each("Item", ITEM, SOLD)
            return
        since = client.changed_since(changed_since)
        met = set[str]()
        for page in client.each("Item", ITEM, [since]):
            met.update(str(item["name"]) for item in page)
            yield page
        rows = client.each("Item Price", ["item_code"], [since, ("price_list", "=", client.options["price_list"])])
        others = sorted({str(row["item_code"]) for page in rows for row in page} - met)
        for start in range(0, len(others), erpnext.PAGE):
            yield client.of("Item", "name", others[start : start + erpnext.PAGE], ITEM)

    def _stated(
        self,
        item: Row,
        levels: dict[str, Level],
        prices: dict[str, Row],
        codes: dict[str, str],
        rates: dict[str, Decimal],
        client: ERPNext,
    ) -> Stated:
        sku = str(item["name"])
        price, level = prices.get(sku), levels.get(sku)
        return Stated(
            sku=sku,
            gtin=codes.get(sku) or isbn(sku),
            title=str(item.get("item_name") or ""),
            price=None if price is None else _rate(price),
            tax_rate=rates.get(sku),
            currency=str(price["currency"] if price else client.options["currency"]),
            quantity=None if level is None else level.free if self.contains_our_orders else level.on_hand,
            is_gone=any(bool(item[name]) == bool(value) for name, value in NOT_SOLD.items()),
            raw=item,
        )


def _prices(client: ERPNext, items: list[Row]) -> dict[str, Row]:
    """Today's for anybody, the one that began last; of a unit of its own only where it is the one that is counted."""
    units = {str(item["name"]): item.get("stock_uom") for item in items}
    here = [("price_list", "=", client.options["price_list"]), ("selling", "=", 1)]
    today = client.today()
    best: dict[str, Row] = {}
    for row in client.of("Item Price", "item_code", list(units), PRICE, here):
        sku = str(row["item_code"])
        is_for_all = not row.get("customer") and not row.get("batch_no")
        if not is_for_all or row.get("uom") not in (None, "", units[sku]) or not _holds(row, today):
            continue
        if sku not in best or str(row.get("valid_from") or "") > str(best[sku].get("valid_from") or ""):
            best[sku] = row
    return best


def _rate(price: Row) -> Decimal:
    return Decimal(str(price["price_list_rate"]))


def _holds(price: Row, today: str) -> bool:
    first, last = str(price.get("valid_from") or ""), str(price.get("valid_upto") or "")
    return (not first or first <= today) and (not last or today <= last)


def _codes(client: ERPNext, items: Sequence[str]) -> dict[str, str]:
    """The first barcode of each that can be the number of a book or another article."""
    found: dict[str, Any] = {}
    for row in client.of("Item Barcode", "parent", items, BARCODE, parent="Item"):
        code = str(row.get("barcode") or "")
        if (row.get("barcode_type") or "") in NUMBERS and code.isdigit() and len(code) in (8, 12, 13, 14):
            found.setdefault(str(row["parent"]), code)
    return found
