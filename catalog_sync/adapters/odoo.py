"""Odoo 19: goods for sale, their prices and how many there are, over JSON-2 (`shops.systems.odoo`).

Source: Odoo 19.0 as it runs. A sale does not move the product's stamp: the stock is read from the quants and moves that
were changed. `qty_available` is what is on the shelf of the warehouse. Free to sell is that without what is reserved
(`free_qty`) or without all that is promised (`outgoing_qty`: reservation may be by hand, and Odoo confirms more than
there is), whichever is less; what is on its way to the shop is in neither. Prices are the company's, with the taxes
that are said to be included in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter, summed
from catalog_sync.records import Availability, Lane
from shops.systems.odoo import PAGE, SALABLE, Odoo, stamp

NUMBERS = [
    *("default_code", "active", "sale_ok", "type"),
    *("is_storable", "qty_available", "free_qty", "outgoing_qty"),
]
FACTS = [*NUMBERS, "barcode", "display_name", "lst_price", "taxes_id"]
ARCHIVED_TOO = {"active_test": False}
WITHOUT_NUMBER = {"display_default_code": False}  # in names


class OdooAdapter(SystemAdapter):
    kind = "odoo"

    def read(self, client: Odoo, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        fields, taxes = NUMBERS if lane is Lane.STOCK else FACTS, dict[int, tuple[Decimal, bool]]()
        if changed_since is None:
            pages = client.each("product.product", SALABLE, fields, WITHOUT_NUMBER)
        elif lane is Lane.CATALOGUE:
            moment = stamp(changed_since)
            domain = ["|", ["write_date", ">=", moment], ["product_tmpl_id.write_date", ">=", moment]]
            pages = client.each("product.product", domain, fields, ARCHIVED_TOO | WITHOUT_NUMBER)
        else:
            pages = _moved(client, fields, changed_since)
        for page in pages:
            if not taxes and any(product.get("taxes_id") for product in page):
                taxes = _taxes(client)
            yield [self._stated(client, product, taxes) for product in page]

    def _stated(self, client: Odoo, product: dict[str, Any], taxes: dict[int, tuple[Decimal, bool]]) -> Stated:
        currency, price = client.options["currency"], product.get("lst_price")
        free = min(product["free_qty"], product["qty_available"] - product["outgoing_qty"])
        on_top, included = summed(taxes[tax] for tax in product.get("taxes_id") or () if tax in taxes)
        tracked = product["is_storable"]
        return Stated(
            sku=product["default_code"] or "",
            gtin=product.get("barcode") or "",
            title=product.get("display_name") or "",
            price=None if price is None else Decimal(str(price)),
            currency=currency,
            tax_rate=on_top,
            included_rate=included,
            quantity=(free if self.contains_our_orders else product["qty_available"]) if tracked else None,
            availability=None if tracked else Availability.IN_STOCK,
            is_gone=not (product["active"] and product["sale_ok"] and product["type"] == "consu"),
            raw=product,
            key=product["id"],
        )


def _moved(client: Odoo, fields: list[str], since: datetime) -> Iterator[list[dict[str, Any]]]:
    """The products of which a number or a move is new or was changed."""
    keys = {
        record["product_id"][0]
        for model in ("stock.quant", "stock.move")
        for page in client.each(model, [["write_date", ">=", stamp(since)]], ["product_id"])
        for record in page
    }
    ordered = sorted(keys)
    for start in range(0, len(ordered), PAGE):
        some = [["id", "in", ordered[start : start + PAGE]]]
        yield client.search("product.product", some, fields, ARCHIVED_TOO)


def _taxes(client: Odoo) -> dict[int, tuple[Decimal, bool]]:
    """{tax: per cent of the price, and whether that is with it}"""
    found = client.search("account.tax", [["type_tax_use", "=", "sale"]], ["amount", "amount_type", "price_include"])
    by_rate = (tax for tax in found if tax["amount_type"] == "percent")
    return {tax["id"]: (Decimal(str(tax["amount"])), bool(tax["price_include"])) for tax in by_rate}
