"""Medusa 2: the variants of published products, their prices and how many there are, over its Admin API
(`shops.systems.medusa`).

Source: Medusa 2.21 as it runs. A sale moves the stamp of the inventory level alone, by which nothing can be asked for:
the stock is read whole each time. A variant's stamp moves with its price, a product's with its title and its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter, summed
from catalog_sync.records import Availability, Lane
from shops.systems.medusa import STOCK, Medusa, stamp

PRICES = "prices.amount,prices.currency_code,prices.min_quantity"
RULES = "prices.price_rules.attribute,prices.price_rules.value"  # without which each seems to be for everybody
FACTS = f"{STOCK},title,barcode,ean,upc,product.title,{PRICES},{RULES}"
ONLY_ONE = "Default variant"  # of a product without options


class MedusaAdapter(SystemAdapter):
    kind = "medusa"
    whole_lanes = frozenset({Lane.STOCK})
    # As `Medusa.tax` has it, asked with the first price of a reading: it may be another than yesterday's.
    _tax: tuple[Decimal, bool] | None = None

    def read(self, client: Medusa, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        if changed_since is None:
            pages = client.each("product-variants", fields=STOCK if lane is Lane.STOCK else FACTS)
        else:
            pages = _changed(client, changed_since)
        for page in pages:
            if self._tax is None and page and lane is Lane.CATALOGUE:
                self._tax = client.tax()
            yield [self._stated(client, variant) for variant in page]

    def _stated(self, client: Medusa, variant: dict[str, Any]) -> Stated:
        product, counts, there = variant["product"] or {}, client.counts(variant), None
        if not variant["manage_inventory"]:
            there = Availability.IN_STOCK
        elif counts is None:
            there = Availability.TEMPORARILY_UNAVAILABLE
        on_top, included = summed([self._tax] if self._tax else [])
        titles = [product.get("title"), variant.get("title")]
        return Stated(
            sku=variant["sku"] or "",
            gtin=variant.get("ean") or variant.get("barcode") or variant.get("upc") or "",
            title=" – ".join(title for title in titles if title and title != ONLY_ONE),
            price=_price(variant, client.options["currency"]),
            tax_rate=on_top,
            included_rate=included,
            quantity=None if counts is None else counts[1 if self.contains_our_orders else 0],
            availability=there,
            is_gone=product.get("status") != "published",
            raw=variant,
        )


def _changed(client: Medusa, since: datetime) -> Iterator[list[dict[str, Any]]]:
    """The variants that were changed, and all those of the products that were: a list of products gives no prices."""
    moment = {"updated_at[$gte]": stamp(since)}
    yield from client.each("product-variants", fields=FACTS, **moment)
    for page in client.each("products", fields="id,variants.id", **moment):
        keys = [variant["id"] for product in page for variant in product["variants"]]
        yield from client.named("id", keys, FACTS)


def _price(variant: dict[str, Any], currency: str) -> Decimal | None:
    """The one that everybody pays for one copy."""
    prices = [
        Decimal(str(each["amount"]))
        for each in variant.get("prices") or ()
        if each["currency_code"].upper() == currency and not each.get("min_quantity") and not each.get("rules")
    ]
    return prices[0] if prices else None
