"""Vendure 3's Admin API (GraphQL): the part that adapter and channel share.

Signed in by an API key (since 3.6), which has the permissions of its role. Everything is a POST with status 200: what
goes wrong stands in `errors`, and what a mutation refuses is the answer of another type, with an `errorCode`. A key
that is not known and a permission that is lacking are told by the same word. Lists come by number alone: each page
begins with the last article of the one before it, and where it does not, something left the list meanwhile. The
currency is the channel's, and copies are counted by location."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble
from shops.systems.paging import by_number

PATH = "/admin-api"
PAGE = 500  # of an answer; Vendure's own limit is 1000
CHANNEL, TRUE = "{ activeChannel { code } }", "TRUE"
PLACES = "stockLocations(options: { take: 500 }) { items { id name } }"
SETTINGS = f"""activeChannel {{ code token defaultCurrencyCode }} globalSettings {{ trackInventory outOfStockThreshold
  serverConfig {{ moneyStrategyPrecision }} }} {PLACES}"""
CONTEXT = f"query {{ {SETTINGS} }}"
ALL = f"""query {{ {SETTINGS}
  productVariants(options: {{ take: 1, filter: {{ enabled: {{ eq: true }} }} }}) {{ totalItems }} }}"""
FOR_ORDERS = """query ($email: String!) { shippingMethods(options: { take: 500 }) { items { id code } }
  customers(options: { filter: { emailAddress: { eq: $email } } }) { items { id lastName addresses {
    defaultShippingAddress streetLine1 streetLine2 city province postalCode country { code } } } } }"""
ADDRESS = ("streetLine1", "streetLine2", "city", "province", "postalCode")
STOCK = """trackInventory outOfStockThreshold useGlobalOutOfStockThreshold
  stockLevels { stockLocationId stockOnHand stockAllocated }"""

NUMBERED = """query ($skip: Int!, $take: Int!, $skus: [String!]!) { productVariants(options: { skip: $skip, take: $take,
  sort: { id: ASC }, filter: { sku: { in: $skus }, enabled: { eq: true } } }) {
    totalItems items { id sku product { enabled } } } }"""


class Vendure:
    """`options`: channel_code, currency, location_id (None: all locations); `gtin_field`, of variants; customer_id,
    customer_name (its last one), address and shipping_id for orders."""

    def __init__(self, access: Access) -> None:
        key, channel = access.secrets.get("key", ""), str(access.options.get("channel") or "")
        self.options = access.options
        with_channel = {"vendure-token": channel} if channel else {}
        self.caller = Caller("Vendure", access.address, {"vendure-api-key": key, **with_channel}, [key])
        self.settings: dict[str, Any] = {}  # of the whole server, as `check_context` found them

    @property
    def gtin_field(self) -> str:
        """The variants' field that has the ISBN or EAN; "": there is none."""
        return re.sub(r"\W", "", str(self.options.get("gtin_field") or ""), flags=re.ASCII)

    def check(self) -> Found:
        told = self.ask(ALL)
        channel, wanted = told["activeChannel"], self.options.get("location")
        if self.options.get("channel") not in (None, "", channel["token"]):  # it takes the only one in its place
            raise self.caller.refused(calling.NO_PLACE, Trouble.CONTEXT)
        places = [each["id"] for each in told["stockLocations"]["items"] if each["name"] == wanted]
        if wanted and len(places) != 1:
            raise self.caller.refused(calling.SEVERAL_PLACES if places else calling.NO_PLACE, Trouble.CONTEXT)
        currency, count = channel["defaultCurrencyCode"], told["productVariants"]["totalItems"]
        options = {"channel_code": channel["code"], "currency": currency, "location_id": places[0] if wanted else None}
        options["elsewhere"] = bool(wanted) and _has_others(told)
        options |= self._for_orders()
        return Found(channel["code"].strip("_"), currency, count, options, bool(options.get("customer_id")))

    def check_context(self) -> None:
        """The channel and the location are there, and amounts are in the currency that they were. Raises
        SystemCallError."""
        told = self.ask(CONTEXT)
        channel, location = told["activeChannel"], self.options.get("location_id")
        if channel["code"] != self.options.get("channel_code"):
            raise self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)
        if location is not None and location not in [each["id"] for each in told["stockLocations"]["items"]]:
            raise self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)
        self.caller.same_currency(channel["defaultCurrencyCode"], self.options.get("currency"))
        self.settings = told["globalSettings"]

    def is_elsewhere(self) -> bool:
        """Whether an order of ours may be taken from another place now. Raises SystemCallError."""
        return self.options.get("location_id") is not None and _has_others(self.ask(f"query {{ {PLACES} }}"))

    def ask(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """What a query or mutation answers. Raises SystemCallError."""
        writes = document.lstrip().startswith("mutation")
        body = {"query": document, "variables": variables}
        answer = self.caller.send("POST", PATH, (), body, {}, writes=writes)
        if not isinstance(answer, dict):
            raise self.caller.refused("no object", Trouble.UNCLEAR, unknown_outcome=writes)
        errors, data = answer.get("errors"), answer.get("data")
        if errors or not isinstance(data, dict):
            raise self._refused(errors, document, writes)
        return data

    def each(self, document: str, name: str, /, **variables: Any) -> Iterator[list[dict[str, Any]]]:
        """Page after page of the list `name`, in the order of its ids; `document` takes `$skip` and `$take`."""

        def page(skip: int) -> tuple[list[dict[str, Any]], int]:
            found = self.ask(document, skip=skip, take=PAGE, **variables)[name]
            return found["items"], found["totalItems"]

        return by_number(self.caller, page)

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its number) of each article that is sold and has one of these."""
        for page in self.each(NUMBERED, "productVariants", skus=skus):
            yield from ((each["id"], each["sku"]) for each in page if each["product"]["enabled"])

    def amount(self, minor: int) -> Decimal:
        """Of Vendure's whole numbers, in whole units of the currency."""
        return Decimal(minor).scaleb(-int(self.settings["serverConfig"]["moneyStrategyPrecision"]))

    def counts(self, variant: dict[str, Any]) -> tuple[int, int] | None:
        """(on hand, free to sell) at the location or at all of them; None where nobody counts. What the shop keeps
        back is not free; that it may be sold beyond what is there makes nothing more."""
        tracks = variant["trackInventory"]
        if not (self.settings["trackInventory"] if tracks == "INHERIT" else tracks == TRUE):
            return None
        place = self.options.get("location_id")
        levels = [each for each in variant["stockLevels"] if place in (None, each["stockLocationId"])]
        on_hand = sum(level["stockOnHand"] for level in levels)
        of = self.settings if variant["useGlobalOutOfStockThreshold"] else variant
        kept = max(0, of["outOfStockThreshold"])
        return on_hand, on_hand - sum(level["stockAllocated"] for level in levels) - kept

    def _for_orders(self) -> dict[str, Any]:
        """Customer, its address and the way of shipping, of orders of ours."""
        email = str(self.options.get("customer") or "")
        if not email:
            return {}
        told = self.ask(FOR_ORDERS, email=email)
        customers, wanted = told["customers"]["items"], self.options.get("shipping")
        if len(customers) != 1 or not customers[0]["addresses"]:
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        methods = [each["id"] for each in told["shippingMethods"]["items"] if wanted in (None, "", each["code"])]
        if len(methods) != 1:
            raise self.caller.refused(calling.NO_SHIPPING, Trouble.CONTEXT)
        addresses = sorted(customers[0]["addresses"], key=lambda each: not each["defaultShippingAddress"])
        address = {name: addresses[0][name] for name in ADDRESS} | {"countryCode": addresses[0]["country"]["code"]}
        return {
            "customer_id": customers[0]["id"],
            "customer_name": customers[0]["lastName"],
            "address": address,
            "shipping_id": methods[0],
        }

    def _refused(self, errors: Any, document: str, writes: bool) -> SystemCallError:
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        code, message = (first.get("extensions") or {}).get("code"), str(first.get("message", "no data"))
        if code == "FORBIDDEN":
            if document == CHANNEL:
                return self.caller.refused("", Trouble.KEY)
            self.ask(CHANNEL)  # which whoever is signed in may; raises where nobody is
            return self.caller.refused(f"{message} ({'.'.join(map(str, first.get('path') or ()))})")
        if code == "CHANNEL_NOT_FOUND":
            return self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)
        if not first or code == "INTERNAL_SERVER_ERROR":
            return self.caller.refused(message, Trouble.AWAY, unknown_outcome=writes)
        return self.caller.refused(message)


def _has_others(told: dict[str, Any]) -> bool:
    """Whether there is more than one location: the first that has a copy gives it."""
    return len(told["stockLocations"]["items"]) > 1
