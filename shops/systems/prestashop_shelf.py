"""What PrestaShop sells under a reference, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shops.systems.numbers import number
from shops.systems.prestashop import PRODUCT, PrestaShop, is_sold

COMBINATION = "id,id_product,reference"
STOCK = "id,id_product,id_product_attribute,quantity"
Row = dict[str, Any]
Place = tuple[int, int]  # article and combination, which is 0 where there is none


def places_of(client: PrestaShop, skus: Iterable[str], *, sold: bool = True) -> dict[str, Place]:
    """Where articles and combinations are, by their references: of two of one, the older. `sold`: only what is."""
    wanted, found = set(skus), dict[str, Place]()
    products = client.of("products", "reference", wanted, PRODUCT)
    for row in sorted(products, key=lambda row: -int(row["id"])):
        if not sold or is_sold(row):
            found[str(row["reference"])] = (int(row["id"]), 0)
    combined = client.of("combinations", "reference", wanted - set(found), COMBINATION) if wanted - set(found) else []
    parents = {
        int(row["id"]): row for row in client.of("products", "id", [row["id_product"] for row in combined], PRODUCT)
    }
    for row in sorted(combined, key=lambda row: -int(row["id"])):
        parent = parents.get(int(row["id_product"]))
        if parent is not None and (not sold or is_sold(parent)):
            found[str(row["reference"])] = (int(row["id_product"]), int(row["id"]))
    return {sku: place for sku, place in found.items() if sku in wanted}


def levels_of(client: PrestaShop, places: Iterable[Place]) -> dict[Place, int]:
    rows = client.of("stock_availables", "id_product", {product for product, _combination in places}, STOCK)
    levels: dict[Place, int] = {}
    for row in rows:
        if (units := number(row["quantity"])) is not None:
            levels[int(row["id_product"]), int(row["id_product_attribute"])] = int(units)
    return levels
