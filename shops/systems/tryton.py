"""Tryton 8 over its REST interface (trytond/protocols/rest.py): the part that adapter and channel share.

Signed in by the key of a user application. Company and place are context, sent with each call: without them quantities
are 0 and prices null, with status 200. Numbers and times are tagged objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, Trouble

PAGE = 500  # records of an answer
_STAMP = ("year", "month", "day", "hour", "minute", "second", "microsecond")


class Tryton:
    """`options`: database, company_id, location_id (where the copies are), currency; party_id, party_address_id for
    orders."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        self.options = access.options
        address = f"{access.address.rstrip('/')}/{quote(str(access.options.get('database', '')), safe='')}"
        self.caller = Caller("Tryton", f"{address}/rest/model", {"Authorization": f"bearer {key}"}, [key])

    @property
    def context(self) -> dict[str, Any]:
        """What makes prices and quantities mean something. Raises SystemCallError where it is not known."""
        company, location = self.options.get("company_id"), self.options.get("location_id")
        if not company or not location:
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        return {"company": company, "locations": [location]}

    def check(self) -> Found:
        company = self._one("company.company", self.options.get("company"), ("party.name", "party.code"))
        house = self._one("stock.location", self.options.get("warehouse"), ("name", "code"))
        options = {
            "company_id": company["id"],
            "location_id": house["storage_location"],
            "warehouse_id": house["id"],
            "currency": company["currency"]["code"],
            "currency_id": company["currency"]["id"],
            **self._customer(),
        }
        self.options = {**self.options, **options}
        self.check_context()
        count = self.call("POST", "product.product/search_count", {"domain": SALABLE}, self.context)
        return Found(company["party"]["name"], options["currency"], count, options, "party_id" in options)

    def check_context(self) -> None:
        """The place is still there: of one that is not, Tryton says 0 copies and no word. Raises SystemCallError."""
        context = self.context
        places = self.search("stock.location", [["id", "=", context["locations"][0]]], ["name"], context)
        companies = self.search("company.company", [["id", "=", context["company"]]], ["currency.code"], context)
        if not places or not companies:
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        self.caller.same_currency(companies[0]["currency"]["code"], self.options.get("currency"))

    def search(
        self, model: str, domain: list[Any], fields: list[str], context: dict[str, Any], limit: int = PAGE
    ) -> list[dict[str, Any]]:
        """Records by their ids. `fields` with dots are nested."""
        query = [
            ("d", _b64(domain)),
            ("o", _b64([["id", "ASC"]])),
            ("s", str(limit)),
            *(("f", name) for name in fields),
        ]
        found = self.caller.get(f"/{model}", query, **{"X-Tryton-Context": _b64(context)})
        if not isinstance(found, list):
            raise self.caller.refused("no list of records", Trouble.UNCLEAR)
        return [_plain(record) for record in found]

    def each(
        self, model: str, domain: list[Any], fields: list[str], context: dict[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        """Page after page, each after the last id of the one before: what is added or changed meanwhile moves none."""
        last = 0
        while True:
            page = self.search(model, [domain, ["id", ">", last]], fields, context)
            if page:
                yield page
                last = page[-1]["id"]
            if len(page) < PAGE:
                return

    def late(self, products: Iterable[int] | None = None) -> dict[int, int]:
        """{product: copies that should have left by now and have not}: Tryton counts what it has promised from today
        on, and of what is planned for a day that has passed nothing, until it plans it anew."""
        context, place = self.context, self.options["location_id"]
        headers = {"X-Tryton-Context": _b64(context)}
        today = self.caller.send("POST", "/ir.date/today", (), {}, headers, writes=False)
        domain: list[Any] = [["state", "=", "draft"], ["planned_date", "<", today]]
        domain += [["from_location", "child_of", [place], "parent"], ["to_location", "not child_of", [place], "parent"]]
        if products is not None:
            domain.append(["product", "in", sorted(products)])
        found: dict[int, int] = {}
        for page in self.each("stock.move", domain, ["product", "internal_quantity"], context):
            for move in page:
                found[move["product"]] = found.get(move["product"], 0) + int(move["internal_quantity"])
        return found

    def call(self, method: str, path: str, body: object, context: dict[str, Any], fields: tuple[str, ...] = ()) -> Any:
        """Change something, or press a button (`model/id/button`)."""
        headers = {"X-Tryton-Context": _b64(context)}
        return _plain(self.caller.call(method, f"/{path}", [("f", name) for name in fields], body, **headers))

    def _one(self, model: str, wanted: Any, names: tuple[str, ...]) -> dict[str, Any]:
        """The one that is there, or the one of that name."""
        is_company = model == "company.company"
        more = ["currency.code", "party.name"] if is_company else ["storage_location"]
        domain: list[Any] = [] if is_company else [["type", "=", "warehouse"]]
        if wanted:
            domain.append(["OR", *([name, "=", wanted] for name in names)])
        found = self.search(model, domain, more, {}, limit=2)
        if len(found) != 1:
            several, none = (
                (calling.SEVERAL_COMPANIES, calling.NO_COMPANY)
                if is_company
                else (calling.SEVERAL_HOUSES, calling.NO_HOUSE)
            )
            raise self.caller.refused(several if found else none, Trouble.CONTEXT)
        return found[0]

    def _customer(self) -> dict[str, Any]:
        wanted = self.options.get("customer")
        if not wanted:
            return {}
        found = self.search("party.party", [["OR", ["code", "=", wanted], ["name", "=", wanted]]], ["addresses"], {}, 2)
        if len(found) != 1 or not found[0]["addresses"]:
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        return {"party_id": found[0]["id"], "party_address_id": found[0]["addresses"][0]}


SALABLE: list[Any] = [["salable", "=", True], ["type", "=", "goods"]]


def stamp(moment: datetime) -> dict[str, Any]:
    """A time as Tryton reads it."""
    return {"__class__": "datetime", **{name: getattr(moment, name) for name in _STAMP}}


def decimal(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _plain(value: Any) -> Any:
    """Tagged objects as what they are. Raises nothing for what it does not know: that stays as it is."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "datetime":
        return datetime(**{name: value[name] for name in _STAMP}, tzinfo=UTC)
    return {name: _plain(each) for name, each in value.items()}
