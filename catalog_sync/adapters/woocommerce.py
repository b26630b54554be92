"""WooCommerce: published articles, their prices and how many there are, over REST (`shops.systems.woocommerce`).

An article's stamp does not move when it is sold (woocommerce#40060, open), and no other record has one: the stock is
read whole each time, a hundred articles by a request. `stock_quantity` has what is promised taken off, and is null
where an article is not counted; then there is only a word. Of an article with variations these are what is sold,
asked for article by article. One without a number of its own (SKU) cannot be told from others, nor ordered: it is
refused, as is one with a comma in it: numbers are asked for as a list with commas. Prices are as the shop enters
them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Availability, Lane
from shops.systems.numbers import isbn, number
from shops.systems.woocommerce import SEPARATOR, WooCommerce

NUMBERS = "id,type,status,sku,parent_id,manage_stock,stock_quantity,stock_status"
FIELDS = f"{NUMBERS},name,global_unique_id,price,attributes"
SOLD_AS_IT_IS, IN_VARIATIONS = "simple", "variable"
WORDS = {
    "instock": Availability.IN_STOCK,
    "outofstock": Availability.TEMPORARILY_UNAVAILABLE,
    "onbackorder": Availability.ORDERABLE,
}


class WooCommerceAdapter(SystemAdapter):
    kind = "woocommerce"
    whole_lanes = frozenset({Lane.STOCK})

    def read(self, client: WooCommerce, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context(prices=lane is Lane.CATALOGUE and changed_since is None)
        fields = ("_fields", FIELDS if lane is Lane.CATALOGUE else NUMBERS)
        query = [("status", "any"), fields]  # what is not published any more stays in the list, and moves nothing
        if changed_since is not None:
            query += [("modified_after", f"{changed_since:%Y-%m-%dT%H:%M:%S}"), ("dates_are_gmt", "true")]
        for page in client.each("products", query):
            yield [stated for product in page for stated in self._stated_of(client, product, fields)]

    def _stated_of(self, client: WooCommerce, product: dict[str, Any], fields: tuple[str, str]) -> list[Stated]:
        if product["type"] == SOLD_AS_IT_IS:
            return [self._stated(product)]
        if product["type"] != IN_VARIATIONS:
            return []
        pages = client.each(f"products/{product['id']}/variations", [("status", "any"), fields])
        return [self._stated(variation, product) for page in pages for variation in page]

    def _stated(self, product: dict[str, Any], parent: dict[str, Any] | None = None) -> Stated:
        sku, gtin = str(product["sku"] or ""), str(product.get("global_unique_id") or "")
        if parent is not None and sku == parent["sku"]:  # as WooCommerce fills it in
            sku = ""
        units = number(product["stock_quantity"]) if product["manage_stock"] else None
        return Stated(
            sku=sku,
            gtin=gtin or isbn(sku),
            title=_title(product, parent),
            price=number(product.get("price")),
            quantity=units,
            availability=None if units is not None else WORDS.get(product["stock_status"]),
            is_gone=product["status"] != "publish" or (parent is not None and parent["status"] != "publish"),
            raw=product,
            key=product["id"],
            refused="sku_with_sign" if SEPARATOR in sku else "",
        )


def _title(product: dict[str, Any], parent: dict[str, Any] | None) -> str:
    if parent is None:
        return str(product.get("name") or "")
    options = ", ".join(str(each["option"]) for each in product.get("attributes") or () if each.get("option"))
    name = str(parent.get("name") or "")
    return f"{name} – {options}" if options else name
