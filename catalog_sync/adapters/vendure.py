"""Vendure 3: the variants of enabled products, their prices and how many there are, over its Admin API
(`shops.systems.vendure`).

Source: Vendure 3.7 as it runs. A sale moves the stamp of neither product nor variant, only that of the stock level,
by which nothing can be asked for: the stock is read whole each time. A name stands with the product, a price with the
variant, and each moves its own stamp. Deleted articles leave no trace: a whole reading finds that they are gone.
Vendure has no field for an ISBN or EAN; shops have one of their own, or it is the SKU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Availability, Lane
from shops.systems.vendure import STOCK, Vendure

NUMBERS = f"id sku enabled product {{ enabled }} {STOCK}"
FACTS = f"{NUMBERS} name price priceWithTax currencyCode"
LIST = """query ($skip: Int!, $take: Int!%(more)s) {
  %(name)s(options: { skip: $skip, take: $take, sort: { id: ASC }%(filter)s }) { totalItems items { %(fields)s } } }"""
SINCE = {"more": ", $since: DateTime!", "filter": ", filter: { updatedAt: { after: $since } }"}
EAN_DIGITS = 13


class VendureAdapter(SystemAdapter):
    kind = "vendure"
    whole_lanes = frozenset({Lane.STOCK})

    def read(self, client: Vendure, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        more = f" customFields {{ {client.gtin_field} }}" if client.gtin_field else ""
        fields = NUMBERS if lane is Lane.STOCK else FACTS + more
        for page in _whole(client, fields) if changed_since is None else _changed(client, fields, changed_since):
            yield [self._stated(client, variant) for variant in page]

    def _stated(self, client: Vendure, variant: dict[str, Any]) -> Stated:
        counts, minor = client.counts(variant), variant.get("priceWithTax" if self.feed.tax_included else "price")
        sku, number = variant["sku"] or "", (variant.get("customFields") or {}).get(client.gtin_field)
        return Stated(
            sku=sku,
            gtin=str(number or (sku if sku.isdecimal() and len(sku) == EAN_DIGITS else "")),
            title=variant.get("name") or "",
            price=None if minor is None else client.amount(minor),
            currency=variant.get("currencyCode") or "",
            quantity=None if counts is None else counts[1 if self.contains_our_orders else 0],
            availability=Availability.IN_STOCK if counts is None else None,
            is_gone=not (variant["enabled"] and variant["product"]["enabled"]),
            raw=variant,
            key=variant["id"],
        )


def _whole(client: Vendure, fields: str) -> Iterator[list[dict[str, Any]]]:
    return client.each(
        LIST % {"name": "productVariants", "fields": fields, "more": "", "filter": ""}, "productVariants"
    )


def _changed(client: Vendure, fields: str, since: datetime) -> Iterator[list[dict[str, Any]]]:
    """The variants that were changed, and all those of the products that were."""
    moment = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    variants = LIST % {"name": "productVariants", "fields": fields, **SINCE}
    yield from client.each(variants, "productVariants", since=moment)
    products = LIST % {"name": "products", "fields": f"id variants {{ {fields} }}", **SINCE}
    for page in client.each(products, "products", since=moment):
        yield [variant for product in page for variant in product["variants"]]
