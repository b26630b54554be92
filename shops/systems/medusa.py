"""Medusa 2's Admin API: the part that adapter and channel share.

Signed in by a secret API key, which may do all. Amounts are decimals, one for each currency. Copies are counted by
location, of inventory items: a variant may be made of several. Lists come by number alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, Trouble
from shops.systems.paging import by_number

PAGE = 500  # of an answer
AT_ONCE = 20  # values of a list in a query: of a longer one the server makes something else
LEVELS = ("location_id", "stocked_quantity", "reserved_quantity")
STOCK = ",".join(
    [
        *("id", "sku", "manage_inventory", "product.status", "inventory_items.required_quantity"),
        *(f"inventory_items.inventory.location_levels.{name}" for name in LEVELS),
    ]
)


class Medusa:
    """`options`: location_id, currency; channel_id, region_id and option_id for orders."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        basic = base64.b64encode(f"{key}:".encode()).decode()
        self.options = access.options
        self.caller = Caller("Medusa", f"{access.address}/admin", {"Authorization": f"Basic {basic}"}, [key, basic])

    def check(self) -> Found:
        store = self.get("/stores", fields="name,supported_currencies.*")["stores"][0]
        currency = next(each["currency_code"] for each in store["supported_currencies"] if each["is_default"])
        place = self._one("stock-locations", self.options.get("location"), calling.SEVERAL_PLACES, calling.NO_PLACE)
        options = {"location_id": place["id"], "currency": currency.upper()}
        if regions := self._regions(currency):
            options["region_id"] = regions[0]["id"]
        if wanted := self.options.get("channel"):
            none = calling.NO_CUSTOMER
            options["channel_id"] = self._one("sales-channels", wanted, none, none)["id"]
            options["elsewhere"] = self._has_others(options["channel_id"], place["id"])
            shipping, none = self.options.get("shipping"), calling.NO_SHIPPING
            options["option_id"] = self._one("shipping-options", shipping, none, none)["id"]
        count = self.get("/product-variants", fields="id", limit="1")["count"]
        takes = bool(wanted and options.get("region_id") and self.options.get("email"))
        return Found(store["name"], options["currency"], count, options, takes)

    def check_context(self) -> None:
        """The location is still there: at one that is not, nothing is stocked. Raises SystemCallError."""
        wanted = self.options.get("location_id")
        if not wanted:
            raise self.caller.refused(calling.NO_PLACE_CHOSEN, Trouble.CONTEXT)
        if not self.get("/stock-locations", id=str(wanted), fields="id")["stock_locations"]:
            raise self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)

    def is_elsewhere(self) -> bool:
        """Whether an order of ours may be taken from another place now. Raises SystemCallError."""
        channel = self.options.get("channel_id")
        return bool(channel) and self._has_others(str(channel), self.options["location_id"])

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """What a GET answers. Raises SystemCallError."""
        return self.caller.a(dict, self.caller.get(path, query.items()))

    def each(self, kind: str, **query: str) -> Iterator[list[dict[str, Any]]]:
        """Page after page of a list, in the order of its ids."""

        def page(skip: int) -> tuple[list[dict[str, Any]], int]:
            told = self.get(f"/{kind}", **query, order="id", limit=str(PAGE), offset=str(skip))
            return told[kind.replace("product-", "").replace("-", "_")], told["count"]

        return by_number(self.caller, page)

    def named(self, name: str, values: list[str], fields: str) -> Iterator[list[dict[str, Any]]]:
        """The variants whose `name` is one of these."""
        for start in range(0, len(values), AT_ONCE):
            some = {f"{name}[{place}]": value for place, value in enumerate(values[start : start + AT_ONCE])}
            yield from self.each("product-variants", fields=fields, **some)

    def counts(self, variant: dict[str, Any]) -> tuple[int, int] | None:
        """(on hand, free to sell) at the location; None where nobody counts, or nothing says how many."""
        items, counts = variant.get("inventory_items") or [], []
        if not variant["manage_inventory"] or not items:
            return None
        for item in items:
            levels = (item.get("inventory") or {}).get("location_levels") or []
            level = next((each for each in levels if each["location_id"] == self.options["location_id"]), None)
            if level is None:  # it is not stocked there
                return None
            on_hand, needed = level["stocked_quantity"], item["required_quantity"] or 1
            counts.append((on_hand // needed, (on_hand - level["reserved_quantity"]) // needed))
        return min(each[0] for each in counts), min(each[1] for each in counts)

    def tax(self) -> tuple[Decimal, bool]:
        """The tax of all its prices, in per cent, and whether they are with it: that of the first country of the region
        of its currency. The rates of provinces, which each adds to its own buyers alone, are not in it."""
        currency = str(self.options["currency"]).lower()
        preferred = self.get("/price-preferences", attribute="currency_code", value=currency)["price_preferences"]
        lands = [country["iso_2"] for region in self._regions(currency) for country in region["countries"]]
        is_included = any(each["is_tax_inclusive"] for each in preferred)
        if not lands:
            return Decimal(0), is_included
        fields = "province_code,tax_rates.rate,tax_rates.is_default"
        found = self.get("/tax-regions", country_code=lands[0], fields=fields)["tax_regions"]
        rates = [tax for region in found if not region["province_code"] for tax in region["tax_rates"]]
        rate = sum((Decimal(str(tax["rate"] or 0)) for tax in rates if tax["is_default"]), Decimal(0))
        return rate, is_included

    def _regions(self, currency: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/regions", currency_code=currency, fields="id,countries.iso_2")[
            "regions"
        ]
        return found

    def _has_others(self, channel: str, place: str) -> bool:
        """Whether the sales channel takes from other locations as well: which one, Medusa chooses."""
        told = self.get(f"/sales-channels/{channel}", fields="id,stock_locations.id")["sales_channel"]
        return any(each["id"] != place for each in told["stock_locations"])

    def _one(self, kind: str, wanted: Any, several: str, none: str) -> dict[str, Any]:
        """The one that is there, or the one of that name."""
        found = self.get(f"/{kind}", fields="id,name", limit="100")[kind.replace("-", "_")]
        named: list[dict[str, Any]] = [each for each in found if wanted in (None, "", each["name"])]
        if len(named) != 1:
            raise self.caller.refused(several if named else none, Trouble.CONTEXT)
        return named[0]


def stamp(moment: datetime) -> str:
    """A time as Medusa reads it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
