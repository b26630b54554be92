"""Square's APIs (Catalog, Inventory, Orders, Payments): the part that adapter and channel share.

Signed in by the access token of an application of the shop's own. Every number of copies is of one location, which is
asked for with each call; prices are in minor units. Lists come in pages under an opaque cursor, most of them by POST.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble

VERSION = "2025-10-16"  # of the APIs, by their date
PAGE = 500  # of at most 1000 objects or counts
VALUES = 250  # of a filter
SOURCE = "Halles"  # the name under which our orders are found again
# Of what there is none nothing is said, so that `{}` is an answer; an object without any of these is none.
ANSWERS = {
    *("objects", "related_objects", "counts", "cursor", "latest_time", "locations", "location"),
    *("order", "orders", "payment"),
}
READS = ("/search", "/batch-retrieve")  # by POST
NO_GOODS = {"APPOINTMENTS_SERVICE", "GIFT_CARD", "EVENT", "DONATION"}


class Square:
    """`options`: location_id (where the copies are), currency."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        self.options = access.options
        headers = {"Authorization": f"Bearer {key}", "Square-Version": VERSION}
        self.caller = Caller("Square", access.address, headers, [key])

    @property
    def location(self) -> str:
        """Where the copies are. Raises SystemCallError where it is not known."""
        if not self.options.get("location_id"):
            raise self.caller.refused(calling.NO_PLACE_CHOSEN, Trouble.CONTEXT)
        return str(self.options["location_id"])

    def check(self) -> Found:
        wanted = str(self.options.get("location") or "")
        there = [place for place in self.get("/v2/locations").get("locations", []) if place.get("status") == "ACTIVE"]
        found = [place for place in there if not wanted or wanted in (place["id"], place.get("name"))]
        if len(found) != 1:
            raise self.caller.refused(calling.SEVERAL_PLACES if found else calling.NO_PLACE, Trouble.CONTEXT)
        (place,) = found
        options = {"location_id": place["id"], "currency": place["currency"]}
        self.options = {**self.options, **options}
        for body in ({"object_types": ["ITEM"], "limit": 1}, {"object_types": ["TAX"], "limit": 1}):
            self.post("/v2/catalog/search", body)  # the token may lack a permission
        self.post("/v2/inventory/counts/batch-retrieve", {"location_ids": [place["id"]], "limit": 1})
        self.post("/v2/orders/search", {"location_ids": [place["id"]], "limit": 1})
        name = place.get("business_name") or place.get("name") or place["id"]
        return Found(name, options["currency"], None, options, takes_orders=True)

    def check_context(self) -> None:
        """The location is open still: of one that is not, Square counts nothing. Raises SystemCallError."""
        try:
            place = self.get(f"/v2/locations/{quote(self.location, safe='')}")["location"]
        except SystemCallError as error:
            if error.status != 404:
                raise
            place = {}
        if place.get("status") != "ACTIVE":
            raise self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)
        self.caller.same_currency(place.get("currency"), self.options.get("currency"))

    def get(self, path: str) -> dict[str, Any]:
        return self._good(self.caller.get(path), writes=False)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        writes = not path.endswith(READS)
        return self._good(self.caller.send("POST", path, (), body, {}, writes=writes), writes=writes)

    def each(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Answer after answer of what comes in pages."""
        cursor: dict[str, Any] = {}
        while True:
            answer = self.post(path, {"limit": PAGE, **body, **cursor})
            yield answer
            if not answer.get("cursor"):
                return
            if cursor == {"cursor": answer["cursor"]}:
                raise self.caller.refused("the same page again", Trouble.UNCLEAR)
            cursor = {"cursor": answer["cursor"]}

    def numbered(self, skus: list[str]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(item, variation) of those that have one of these numbers of the shop's."""
        found = []
        for start in range(0, len(skus), VALUES):
            named = {"attribute_name": "sku", "attribute_values": skus[start : start + VALUES]}
            asked = {"object_types": ["ITEM_VARIATION"], "query": {"set_query": named}, "include_related_objects": True}
            found += [pair for answer in self.each("/v2/catalog/search", asked) for pair in articles(answer)]
        return found

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its number) of each article that is sold here and has one of these."""
        found = self.numbered(skus)
        yield from ((one["id"], sku_of(one)) for item, one in found if is_sold(item, one, self.location))

    def counts(self, variations: list[str]) -> dict[str, Decimal]:
        """{variation: copies that can be sold here}, of those of which Square has a count."""
        if not variations:
            return {}
        asked = {"catalog_object_ids": variations, "location_ids": [self.location], "states": ["IN_STOCK"]}
        found: dict[str, Decimal] = {}
        for answer in self.each("/v2/inventory/counts/batch-retrieve", asked):
            found |= self.counted(answer)
        return found

    def counted(self, answer: dict[str, Any]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for count in answer.get("counts", []):
            if count.get("state") == "IN_STOCK" and count.get("location_id") == self.location:
                try:
                    found[count["catalog_object_id"]] = Decimal(count["quantity"])
                except (InvalidOperation, KeyError):
                    raise self.caller.refused("a count that is no number", Trouble.UNCLEAR) from None
        return found

    def _good(self, answer: Any, *, writes: bool) -> dict[str, Any]:
        """An answer with status 200 may be a refusal all the same, of a part of what was asked."""
        for error in self.caller.a(dict, answer, writes=writes).get("errors") or []:
            busy = error.get("code") == "RATE_LIMITED"
            raise self.caller.refused(
                error.get("detail") or error.get("code"), Trouble.BUSY if busy else Trouble.REFUSED
            )
        if answer and not ANSWERS & set(answer):
            raise self.caller.refused("no answer of Square's", Trouble.UNCLEAR, unknown_outcome=writes)
        return dict(answer)


def is_sold(item: dict[str, Any], variation: dict[str, Any], location: str) -> bool:
    """Goods that are offered at this location."""
    data = item.get("item_data") or {}
    if item.get("is_deleted") or variation.get("is_deleted") or data.get("is_archived"):
        return False
    return data.get("product_type") not in NO_GOODS and all(_is_at(each, location) for each in (item, variation))


def _is_at(found: dict[str, Any], location: str) -> bool:
    if found.get("present_at_all_locations", True):
        return location not in found.get("absent_at_location_ids", [])
    return location in found.get("present_at_location_ids", [])


def here_of(variation: dict[str, Any], location: str) -> dict[str, Any]:
    """What is otherwise at this location, of the data of a variation."""
    overrides = variation.get("location_overrides") or []
    return next((each for each in overrides if each.get("location_id") == location), {})


def is_sold_out(variation: dict[str, Any], location: str) -> bool:
    """The shop has marked it so here, whatever its count."""
    return bool(here_of(variation.get("item_variation_data") or {}, location).get("sold_out"))


def articles(answer: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(item, variation) of what a search of the catalogue gives: a variation is what is sold, and its item bears what
    several have in common. Each variation once."""
    objects, related = answer.get("objects", []), answer.get("related_objects", [])
    items = {each["id"]: each for each in [*related, *objects] if each.get("type") == "ITEM"}
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for item in (each for each in objects if each.get("type") == "ITEM"):
        for variation in (item.get("item_data") or {}).get("variations", []):
            found[variation["id"]] = (item, variation)
    for variation in (each for each in objects if each.get("type") == "ITEM_VARIATION"):
        item = items.get((variation.get("item_variation_data") or {}).get("item_id", ""), {})
        found[variation["id"]] = (item, variation)
    return list(found.values())


def sku_of(variation: dict[str, Any]) -> str:
    """What the shop calls it; of an article without a number of its own Square's."""
    return str((variation.get("item_variation_data") or {}).get("sku") or variation["id"])


def stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
