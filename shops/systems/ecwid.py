"""Ecwid's REST API, version 3: the part that adapter and channel share. Signed in by the token of a custom app of the
shop's own; pages are by number, of a hundred rows at most: https://docs.ecwid.com/api-reference"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from shops.systems.access import Access, Found
from shops.systems.calling import Caller
from shops.systems.numbers import number
from shops.systems.paging import by_number

PAGE = 100
Row = dict[str, Any]


class Ecwid:
    """`options`: store, currency."""

    def __init__(self, access: Access) -> None:
        key, self.options = access.secrets.get("key", ""), access.options
        address = f"{access.address.rstrip('/')}/{quote(str(access.options.get('store') or ''), safe='')}"
        self.caller = Caller("Ecwid", address, {"Authorization": f"Bearer {key}"}, [key])

    def check(self) -> Found:
        shop = self.caller.a(dict, self.caller.get("/profile"))
        for what in ("products", "orders"):
            with self.caller.needing(what):
                self.page(what, ())
        options, with_tax = {"currency": shop["formatsAndUnits"]["currency"]}, shop["taxSettings"]["pricesIncludeTax"]
        return Found(shop["settings"]["storeName"], options["currency"], None, options, True, with_tax)

    def check_context(self) -> None:
        shop = self.caller.a(dict, self.caller.get("/profile"))
        self.caller.same_currency((shop.get("formatsAndUnits") or {}).get("currency"), self.options.get("currency"))
        self.with_tax = (shop.get("taxSettings") or {}).get("pricesIncludeTax")

    def page(self, what: str, query: Iterable[tuple[str, str]], skip: int = 0) -> tuple[list[Row], int]:
        """One page of a list, and how many there are in all."""
        asked = [*query, ("limit", str(PAGE)), ("offset", str(skip))]
        found = self.caller.a(dict, self.caller.get(f"/{what}", asked))
        return self.caller.a(list, found.get("items")), self.caller.a(int, found.get("total"))

    def each(self, what: str, query: Iterable[tuple[str, str]]) -> Iterator[list[Row]]:
        return by_number(self.caller, lambda skip: self.page(what, query, skip))

    def sold(self, skus: Iterable[str]) -> dict[str, Row]:
        """{sku: article}: asked for one by one, for that is searched exactly."""
        pages = (self.page("products", [("sku", sku)])[0] for sku in sorted(set(skus)))
        found = (each for page in pages for product in page if product["enabled"] for each in articles(product))
        return {each["line"]["sku"]: each for each in found}


def articles(product: Row) -> list[Row]:
    """What is sold: its variations, or itself where it has none. `line`: as it stands in an order; `units` None: nobody
    counts. A variation without a price of its own has the product's, with what the options chosen for it add."""
    found, base = list[Row](), number(product.get("price")) or Decimal(0)
    choices = [(part["name"], one) for part in product.get("options") or () for one in part.get("choices") or ()]
    for each in product.get("combinations") or [{**product, "options": []}]:
        chosen = {part["name"]: part["value"] for part in each["options"]}
        added = [choice for name, choice in choices if chosen.get(name) == choice["text"]]
        parts = ((Decimal(str(more["priceModifier"])), more["priceModifierType"] == "PERCENT") for more in added)
        price = base + sum(more * base / 100 if is_part else more for more, is_part in parts)
        options = [{"type": "CHOICE", "name": name, "value": value} for name, value in chosen.items()]
        line = {"productId": product["id"], "name": str(product["name"]), "sku": str(each.get("sku") or "")}
        line |= {"combinationId": each["id"], "selectedOptions": options} if options else {}
        units = None if each.get("unlimited") else number(each.get("quantity"))
        found.append({**each, "line": line, "price": number(each.get("price", price)), "units": units})
    return found
