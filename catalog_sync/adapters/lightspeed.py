"""Lightspeed Retail X-Series: products, prices and how many there are (`shops.systems.lightspeed`).

Sources: https://x-series-api.lightspeedhq.com/docs/pagination and the specification of its API 2026-07 (products,
inventory). A change raises the version of the record: a price that of the product, a sale that of the inventory record
alone. A cursor is the version up to which all was read; what changed under a reading comes once more at its end, and is
read again the next time. Prices are given both with and without tax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Availability, Lane
from marketplace.foundation.money import exponent
from shops.systems.lightspeed import FEW, Lightspeed
from shops.systems.numbers import isbn

DELETED_TOO = (("deleted", "true"),)
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")


class LightspeedAdapter(SystemAdapter):
    kind = "lightspeed"

    def read(self, client: Lightspeed, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        after = int(self.reached or 0)
        if lane is Lane.STOCK:
            levels: dict[str, Decimal] = {}
            for page in client.levels_from(after):
                levels |= client.here(page)
                self.reached = str(max(int(each["version"]) for each in page))
            products = client.each("/products") if changed_since is None else _products(client, levels)
        else:
            levels = client.levels_of(None) if changed_since is None else {}
            products = self._changed(client, after, with_deleted=changed_since is not None)
        for page in products:
            if lane is Lane.CATALOGUE and changed_since is not None:
                levels = client.levels_of(product["id"] for product in page)
            yield [self._stated(client, product, levels.get(product["id"])) for product in page]

    def _changed(self, client: Lightspeed, after: int, *, with_deleted: bool) -> Iterator[list[dict[str, Any]]]:
        """Pages of products. From the first one on that comes again, the next reading has to begin."""
        met, came_again = set[str](), False
        for page in client.each("/products", after, DELETED_TOO if with_deleted else ()):
            for product in page:
                came_again = came_again or product["id"] in met
                met.add(product["id"])
                if not came_again:
                    self.reached = str(product["version"])
            yield page

    def _stated(self, client: Lightspeed, product: dict[str, Any], level: Decimal | None) -> Stated:
        currency, tracked = client.options["currency"], product.get("has_inventory", True)
        price = product.get("price_including_tax" if self.feed.tax_included else "price_excluding_tax")
        cents = Decimal(1).scaleb(-exponent(currency))
        sku = str(product.get("sku") or "")
        return Stated(
            sku=sku,
            gtin=_gtin(product, sku),
            title=str(product.get("variant_name") or product.get("name") or ""),
            price=None if price is None else Decimal(str(price)).quantize(cents, rounding=ROUND_HALF_UP),
            quantity=level if tracked else None,
            availability=None if tracked else Availability.IN_STOCK,
            is_gone=bool(product.get("deleted_at")) or not product.get("active", True),
            raw=product,
            key=product["id"],
        )


def _products(client: Lightspeed, levels: dict[str, Decimal]) -> Iterator[list[dict[str, Any]]]:
    """Those of which the number changed: one by one where they are few, else out of all."""
    if len(levels) <= FEW:
        yield [found for key in levels if (found := client.found(f"/products/{key}"))]
        return
    for page in client.each("/products"):
        yield [product for product in page if product["id"] in levels]


def _gtin(product: dict[str, Any], sku: str) -> str:
    """A code of its own, or the number that the shop uses where that is an ISBN."""
    codes = [str(each.get("code") or "") for each in product.get("product_codes") or []]
    return next((code for code in codes if _GTIN.fullmatch(code)), isbn(sku))
