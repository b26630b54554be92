"""PrestaShop: active articles, their prices and how many there are, by its webservice (`shops.systems.prestashop`).

An article's stamp does not move when it is sold (PrestaShop#20465, open), and the records of how many there are have
none: the stock is read whole each time. `quantity` of a `stock_available` has what is promised taken off. Of an article
with combinations these are what is sold; one without a reference of its own cannot be told from others, nor ordered:
it is refused. Prices are worked out by PrestaShop, reductions among it, with tax or without as it is asked. Packs and
downloads are not read: a pack's number is not how many of it can be made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from catalog_sync.adapters.system import Stated, SystemAdapter
from catalog_sync.records import Lane
from marketplace.foundation.money import exponent
from shops.systems.numbers import isbn, number
from shops.systems.prestashop import PrestaShop, can_be_asked_for

PRICE = "halles_price"  # the name under which PrestaShop gives it
NUMBERS = "id,reference,active,available_for_order,type"
FACTS = f"{NUMBERS},name,ean13,isbn,{PRICE}"
OF_COMBINATIONS, FACTS_OF_COMBINATIONS = (
    "id,id_product,reference",
    f"id,id_product,reference,ean13,isbn,{PRICE},product_option_values[id]",
)
STOCK = "id,id_product,id_product_attribute,quantity"
SIMPLE = "simple"
Row = dict[str, Any]
Levels = dict[tuple[int, int], Any]  # by article and combination, which is 0 for the article itself


class PrestaShopAdapter(SystemAdapter):
    kind = "prestashop"
    whole_lanes = frozenset({Lane.STOCK})

    def read(self, client: PrestaShop, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        client.check_context()
        whole = lane is Lane.CATALOGUE
        told = [("language", str(client.options["language_id"])), *self._prices(str(client.options["currency"]))]
        query = told if whole else []
        since = client.changed_since(changed_since) if changed_since is not None else []
        for page in client.each("products", FACTS if whole else NUMBERS, [*query, *since]):
            products = {int(row["id"]): row for row in page if row.get("type", SIMPLE) == SIMPLE}
            levels = _levels(client, products, whole=changed_since is None)
            yield [self._stated(row, levels) for row in products.values() if (int(row["id"]), -1) not in levels]
            yield self._combined(client, products, levels, query if whole else None)

    def _prices(self, currency: str) -> list[tuple[str, str]]:
        digits = str(exponent(currency))
        tax = "1" if self.feed.tax_included else "0"
        return [(f"price[{PRICE}][use_tax]", tax), (f"price[{PRICE}][decimals]", digits)]

    def _combined(
        self, client: PrestaShop, products: dict[int, Row], levels: Levels, query: list[tuple[str, str]] | None
    ) -> Iterator[Stated]:
        """`query` None: of the stock alone."""
        keys = [key for _product, key in levels if key > 0]
        if not keys:
            return
        fields = OF_COMBINATIONS if query is None else FACTS_OF_COMBINATIONS
        found = client.of("combinations", "id", keys, fields, query or ())
        options = {key for row in found for key in _options(row)}
        names: dict[int, str] = {}
        if options:
            named = client.of("product_option_values", "id", options, "id,name", query or ())
            names = {int(row["id"]): str(row["name"]) for row in named}
        for row in found:
            product = products[int(row["id_product"])]
            told = ", ".join(names[key] for key in _options(row) if key in names)
            yield self._stated({**product, **row, "options": told}, levels, int(row["id"]))

    def _stated(self, row: Row, levels: Levels, combination: int = 0) -> Stated:
        sku = str(row.get("reference") or "")
        name, options = str(row.get("name") or ""), row.get("options")
        product = int(row["id_product"] if combination else row["id"])
        return Stated(
            sku=sku,
            gtin=str(row.get("isbn") or row.get("ean13") or isbn(sku)),
            title=f"{name} – {options}" if options else name,
            price=number(row.get(PRICE)),
            quantity=number(levels.get((product, combination))),
            is_gone=str(row["active"]) != "1" or str(row["available_for_order"]) != "1",
            raw=row,
            key=(product, combination),
            refused="" if can_be_asked_for(sku) else "sku_with_sign",
        )


def _levels(client: PrestaShop, products: Collection[int], *, whole: bool) -> Levels:
    """How many there are; an article with combinations has -1 among them, too. `whole`: the articles are all of a
    stretch, which is asked for as one."""
    levels: Levels = {}
    rows: Iterable[Row] = ()
    if products and whole:
        pages = client.between("stock_availables", "id_product", min(products), max(products), STOCK)
        rows = (row for page in pages for row in page if int(row["id_product"]) in products)
    elif products:
        rows = client.of("stock_availables", "id_product", products, STOCK)
    for row in rows:
        product, combination = int(row["id_product"]), int(row["id_product_attribute"])
        levels[product, combination] = row["quantity"]
        if combination:
            levels[product, -1] = None
    return levels


def _options(row: Row) -> list[int]:
    found = (row.get("associations") or {}).get("product_option_values") or []
    return [int(each["id"]) for each in found]
