"""Tryton 8: goods for sale, their prices and how many there are, over REST (`shops.systems.tryton`).

Source: trytond 8.2 and its modules product, stock, sale. A product's stamp moves neither with its price (which stands
with its template) nor with its stock: changes of the catalogue are looked for in all of the records that make an
article, those of the stock in the moves, whose stamp is null until they are first changed. Copies are counted in the
warehouse's storage: what is only on its way there is not. `quantity` counts until it is taken from the shelf,
`forecast_quantity` what is promised is taken off, but for what was to leave on a day that has passed, which Tryton
forgets until it plans it anew: that is taken off here. Prices are without tax.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Lane
from shops.systems.tryton import PAGE, SALABLE, Tryton, stamp

NUMBERS = ["code", "active", "salable", "quantity", "forecast_quantity"]
FACTS = [*NUMBERS, "template.name", "list_price_used", "identifiers.type", "identifiers.code"]
TAXES = ["template.account_category.customer_taxes.rate", "template.account_category.customer_taxes.type"]
MAKE_AN_ARTICLE = ("", "template.", "identifiers.", "template.list_prices.", "list_prices.")
ARCHIVED_TOO = {"active_test": False}
GTINS = ("isbn", "ean")


class TrytonAdapter(SystemAdapter):
    kind = "tryton"

    def read(self, client: Tryton, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        fields, context = NUMBERS if lane is Lane.STOCK else FACTS + TAXES, {**client.context, **ARCHIVED_TOO}
        if changed_since is None:
            pages = client.each("product.product", SALABLE, fields, client.context)
        elif lane is Lane.CATALOGUE:
            domain = ["OR", *(_changed(name, changed_since) for name in MAKE_AN_ARTICLE)]
            pages = client.each("product.product", domain, fields, context)
        else:
            pages = self._moved(client, fields, changed_since)
        late: dict[int, int] | None = None
        for page in pages:
            if late is None:
                late = client.late() if self.contains_our_orders else {}
            yield [self._stated(product, late, client.options["currency"]) for product in page]

    def _moved(self, client: Tryton, fields: list[str], changed_since: datetime) -> Iterator[list[dict[str, Any]]]:
        """The products of the moves that are new or were changed."""
        keys: set[int] = set()
        for moves in client.each("stock.move", _changed("", changed_since), ["product"], client.context):
            keys.update(move["product"] for move in moves)
        ordered = sorted(keys)
        for start in range(0, len(ordered), PAGE):
            some = [["id", "in", ordered[start : start + PAGE]]]
            yield client.search("product.product", some, fields, {**client.context, **ARCHIVED_TOO})

    def _stated(self, product: dict[str, Any], late: dict[int, int], currency: str) -> Stated:
        units = product["forecast_quantity" if self.contains_our_orders else "quantity"]
        template, numbers = product.get("template") or {}, product.get("identifiers") or []
        return Stated(
            sku=product["code"] or "",
            gtin=next((each["code"] for each in numbers if each["type"] in GTINS), ""),
            title=template.get("name") or "",
            price=product.get("list_price_used"),
            currency=currency,
            tax_rate=_rate(template),
            quantity=None if units is None else units - late.get(product["id"], 0),
            is_gone=not (product["active"] and product["salable"]),
            raw=product,
            key=product["id"],
        )


def _changed(where: str, since: datetime) -> list[Any]:
    """What was made or changed since: of a new record the second stamp is null."""
    moment = stamp(since)
    return ["OR", [f"{where}write_date", ">=", moment], [f"{where}create_date", ">=", moment]]


def _rate(template: dict[str, Any]) -> Decimal | None:
    """The taxes of an article, in per cent."""
    taxes = (template.get("account_category") or {}).get("customer_taxes") or []
    return sum((tax["rate"] * 100 for tax in taxes if tax["type"] == "percentage"), Decimal(0)) or None
