"""Shopify: variants of active products, their prices and how many there are at one location, over Admin GraphQL
(`shops.systems.shopify`).

A product's stamp does not move when it is sold, so that the stock is read from the inventory levels, which have their
own. `available` is without what is promised, `on_hand` with it. A variant whose stock Shopify does not count has no
number; one that is not stocked at the location cannot be sold from there. Filters by a product's status lag behind (a
thread of Shopify's own forum), so that it is asked for and looked at here. Where much changed, all is read.

https://shopify.dev/docs/api/admin-graphql/latest/queries/productVariants
https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps/manage-quantities-states"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, TypeVar

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Availability, Lane
from shops.systems.shopify import Shopify

T = TypeVar("T")
Pages = Iterable[Iterable[dict[str, Any]]]
LEVEL = (
    """inventoryLevel(locationId: "%(location)s") { quantities(names: ["available", "on_hand"]) { name quantity } }"""
)
VARIANT = (
    """id legacyResourceId sku barcode title price product { id title status } inventoryItem { tracked %(level)s }"""
)
WHOLE = """{ productVariants { edges { node { %(variant)s } } } }"""
PAGES = """($first: Int!, $after: String, $query: String)"""
ARGUMENTS = """(first: $first, after: $after, query: $query)"""
PAGE_INFO = """pageInfo { hasNextPage endCursor }"""
PRODUCTS = f"query {PAGES} {{ products{ARGUMENTS} {{ nodes {{ id }} {PAGE_INFO} }} }}"
VARIANTS = f"query {PAGES} {{ productVariants{ARGUMENTS} {{ nodes {{ %(fields)s }} {PAGE_INFO} }} }}"
LEVELS = """query ($location: ID!, $first: Int!, $after: String, $query: String) { location(id: $location) {
  inventoryLevels(first: $first, after: $after, query: $query) { nodes {
    quantities(names: ["available", "on_hand"]) { name quantity }
    item { tracked variant { id legacyResourceId sku barcode title price product { title status } } } }
    pageInfo { hasNextPage endCursor } } } }"""
AT_ONCE = 50  # products whose variants are asked for by one query
BULK_PAGE = 500
MANY = 200  # changed articles: all of them by a bulk operation are fewer calls than more than so many by pages
ONLY_ONE = "Default Title"  # of a product without variants


class ShopifyAdapter(SystemAdapter):
    kind = "shopify"

    def read(self, client: Shopify, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        fields = VARIANT % {"level": LEVEL % {"location": client.location}}
        pages: Pages | None = None
        if changed_since is not None:
            moment = f"updated_at:>='{changed_since:%Y-%m-%dT%H:%M:%SZ}'"
            pages = self._changed(client, fields, moment) if lane is Lane.CATALOGUE else self._moved(client, moment)
        if pages is None:
            self.is_whole = True
            pages = _parts(client.each_in_bulk(WHOLE % {"variant": fields}), BULK_PAGE)
        for page in pages:
            yield [self._stated(variant) for variant in page]

    def _changed(self, client: Shopify, fields: str, moment: str) -> Pages | None:
        """All variants of the products that were changed, or of which a variant was."""
        products = _few(client.each(PRODUCTS, "products", query=moment))
        names = VARIANTS % {"fields": "product { id }"}
        variants = None if products is None else _few(client.each(names, "productVariants", query=moment))
        if products is None or variants is None:
            return None
        keys = {product["id"] for product in products} | {variant["product"]["id"] for variant in variants}
        numbers = ([key.rpartition("/")[2] for key in some] for some in _parts(sorted(keys), AT_ONCE))
        asked = (client.each(VARIANTS % {"fields": fields}, "productVariants", query=_among(some)) for some in numbers)
        return chain.from_iterable(asked)

    def _moved(self, client: Shopify, moment: str) -> Pages | None:
        """The variants whose number at the location was changed."""
        levels = _few(client.each(LEVELS, "location", "inventoryLevels", location=client.location, query=moment))
        if levels is None:
            return None
        return _parts((_variant_of(level) for level in levels if level["item"]["variant"]), AT_ONCE)

    def _stated(self, variant: dict[str, Any]) -> Stated:
        product, units, there = variant["product"], None, None
        level = variant["inventoryItem"]["inventoryLevel"]
        if not variant["inventoryItem"]["tracked"]:
            there = Availability.IN_STOCK
        elif level is None:
            there = Availability.TEMPORARILY_UNAVAILABLE
        else:
            name = "available" if self.contains_our_orders else "on_hand"
            units = next((each["quantity"] for each in level["quantities"] if each["name"] == name), None)
        is_only = variant["title"] == ONLY_ONE
        return Stated(
            sku=variant["sku"] or str(variant["legacyResourceId"]),
            gtin=variant.get("barcode") or "",
            title=product["title"] if is_only else f"{product['title']} – {variant['title']}",
            price=Decimal(variant["price"]) if variant.get("price") else None,
            quantity=units,
            availability=there,
            is_gone=product["status"] != "ACTIVE",
            raw=variant,
            key=variant["legacyResourceId"],
        )


def _few(pages: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """What is on the pages; None where that is too much, of which the rest is not asked for."""
    found: list[dict[str, Any]] = []
    for page in pages:
        found += page
        if len(found) > MANY:
            return None
    return found


def _among(numbers: list[str]) -> str:
    return "product_ids:" + ",".join(numbers)


def _variant_of(level: dict[str, Any]) -> dict[str, Any]:
    item = level["item"]
    return {**item["variant"], "inventoryItem": {"tracked": item["tracked"], "inventoryLevel": level}}


def _parts(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
