"""Ecwid: products and variations, their prices and how many there are (`shops.systems.ecwid`).

https://docs.ecwid.com/api-reference/rest-api/products/search-products: `quantity` is free to sell, prices as entered.
That a sale moves a product's stamp is said nowhere: the stock is read whole. A variation without a number of its own
(SKU) cannot be told from others, nor ordered: it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Availability, Lane
from shops.systems.ecwid import Ecwid, Row, articles
from shops.systems.numbers import isbn

FIELDS = "total,items(id,sku,enabled,unlimited,quantity,name,price,attributes,options,combinations)"
CODES = {"UPC", "EAN", "ISBN", "GTIN"}


class EcwidAdapter(SystemAdapter):
    kind = "ecwid"
    whole_lanes = frozenset({Lane.STOCK})

    def read(self, client: Ecwid, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        since = [] if changed_since is None else [("updatedFrom", str(int(changed_since.timestamp())))]
        for page in client.each("products", [*since, ("responseFields", FIELDS), ("sortBy", "ADDED_TIME_ASC")]):
            yield [_stated(product, each) for product in page for each in articles(product)]


def _stated(product: Row, article: Row) -> Stated:
    sku, title = article["line"]["sku"], article["line"]["name"]
    codes = [each["value"] for each in article.get("attributes") or () if CODES & {each.get("type"), each.get("name")}]
    options = ", ".join(str(each["value"]) for each in article["options"])
    return Stated(
        sku=sku,
        gtin=str(codes[0] if codes else isbn(sku)),
        title=f"{title} – {options}" if options else title,
        price=article["price"],
        quantity=article["units"],
        availability=Availability.IN_STOCK if article["units"] is None else None,
        is_gone=not product["enabled"],
        raw=article,
        key=(product["id"], article["id"]),
    )
