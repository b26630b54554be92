"""ERPNext over Frappe's REST interface: the part that adapter and channel share.

Signed in by the key and the secret of a user, in one header. Lists have filters and fields in JSON, are read by name,
and of rows that belong to a document the document's kind is said, too; they are asked for by POST, since an address has
no place for many names. Stamps are times of day at the site, without a zone. A refusal is a status with the exception's
name.

https://docs.frappe.io/framework/user/en/api/rest; frappe/api/v1.py, frappe/client.py"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble
from shops.systems.clocks import wall
from shops.systems.erpnext_taxes import Taxes

PAGE = 500  # rows of an answer, and names in a filter
LISTED = "/method/frappe.client.get_list"
PRICES = "Standard Selling"  # as ERPNext makes it
OLDEST = 14  # a bin's stamp moves from then on as an order reserves: erpnext#29746, #32519
CHANGED = "modified"
Row = dict[str, Any]
Filter = Sequence[Any]  # field, operator, value
# Of a bin: what is there, and what of it is promised.
COUNTS = ["actual_qty", "reserved_qty", "reserved_qty_for_production", "reserved_qty_for_sub_contract"]


class Level(NamedTuple):
    """Of one item in our warehouse: on the shelf, and that without what is promised. What was ordered from suppliers is
    in neither."""

    on_hand: Decimal
    free: Decimal


class ERPNext:
    """`options`: warehouse, company, price_list, currency, timezone; customer for orders. `adds_tax`: its prices are
    without tax, and what comes on top can be told."""

    def __init__(self, access: Access) -> None:
        key, secret = access.secrets.get("key", ""), access.secrets.get("secret", "")
        self.options = access.options
        headers = {"Authorization": f"token {key}:{secret}"}
        self.caller = Caller("ERPNext", f"{access.address.rstrip('/')}/api", headers, [key, secret])

    def check(self) -> Found:
        self.refuse_version()
        wanted = str(self.options.get("warehouse") or "")
        leaves: list[Filter] = [("is_group", "=", 0), ("disabled", "=", 0)]
        houses = self.rows("Warehouse", ["name", "company"], [*leaves, *([("name", "=", wanted)] if wanted else [])])
        if len(houses) != 1:
            raise self.caller.refused(calling.SEVERAL_HOUSES if houses else calling.NO_HOUSE, Trouble.CONTEXT)
        prices = str(self.options.get("price_list") or PRICES)
        listed = self.found("Price List", prices)
        if listed is None or not listed.get("enabled") or not listed.get("selling"):
            raise self.caller.refused(calling.NO_PRICES, Trouble.CONTEXT)
        zone = self.caller.get("/method/frappe.client.get_time_zone")
        message = zone.get("message") if isinstance(zone, dict) else None
        options: Row = {
            "warehouse": houses[0]["name"],
            "company": houses[0]["company"],
            "price_list": prices,
            "currency": listed["currency"],
            "timezone": str((message or {}).get("time_zone") or ""),
        }
        self.options = {**self.options, **options}
        self.today()  # its zone may be none
        for doctype in ("Item", "Bin", "Item Price"):
            with self.caller.needing(doctype):
                self.rows(doctype, ["name"], limit=1)
        customer = self._customer(str(self.options.get("customer") or ""))
        company, currency = str(houses[0]["company"]), str(listed["currency"])
        taxes = Taxes(self)
        with_tax = taxes.are_in_prices
        options["adds_tax"] = with_tax is False and taxes.templates is not None  # both can be asked for then
        return Found(company, currency, None, options, customer is not None, None if options["adds_tax"] else with_tax)

    def check_context(self, *, prices: bool) -> None:
        """The warehouse holds copies still: a group of some, or none, has no numbers; `prices`: it is asked whether
        they are with tax, too. Raises SystemCallError."""
        wanted = str(self.options.get("warehouse") or "")
        if not wanted:
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        house = self.found("Warehouse", wanted)
        if house is None or house.get("is_group") or house.get("disabled"):
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        if house.get("company") != self.options.get("company"):
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        said = self.taxes.are_in_prices if prices else None
        self.with_tax = None if said is False and self.options.get("adds_tax") else said  # both can be asked for then

    @cached_property
    def taxes(self) -> Taxes:
        """As they are in this reading."""
        return Taxes(self)

    def rows(
        self,
        doctype: str,
        fields: list[str],
        filters: Iterable[Filter] = (),
        *,
        parent: str = "",
        limit: int = 0,
        order: str = "name asc",
    ) -> list[Row]:
        """One page of a list. `parent`: the kind of document whose rows they are. Raises SystemCallError."""
        asked: Row = {"doctype": doctype, "fields": fields, "filters": list(filters), "order_by": order}
        asked |= {"limit_page_length": limit or PAGE, **({"parent": parent} if parent else {})}
        answer = self.caller.a(dict, self.caller.send("POST", LISTED, (), asked, {}, writes=False))
        return self.caller.a(list, answer.get("message"))

    def each(
        self, doctype: str, fields: list[str], filters: Iterable[Filter] = (), *, parent: str = "", size: int = 0
    ) -> Iterator[list[Row]]:
        """Page after page, each after the last name of the one before."""
        more, after, size = list(filters), list[Filter](), size or PAGE
        while True:
            page = self.rows(doctype, ["name", *fields], [*more, *after], parent=parent, limit=size)
            if page:
                yield page
                after = [("name", ">", page[-1]["name"])]
            if len(page) < size:
                return

    def of(
        self,
        doctype: str,
        field: str,
        keys: Sequence[str],
        fields: list[str],
        filters: Iterable[Filter] = (),
        *,
        parent: str = "",
    ) -> list[Row]:
        """All rows whose `field` is one of `keys`."""
        more, wanted = list(filters), set(keys)
        named, size = [field, *fields], 2 * PAGE + 1  # one for each article of a page, and some more, are one answer
        asked = ([*more, (field, "in", keys[start : start + PAGE])] for start in range(0, len(keys), PAGE))
        pages = (page for which in asked for page in self.each(doctype, named, which, parent=parent, size=size))
        return [row for page in pages for row in page if row[field] in wanted]

    def levels(self, items: Sequence[str]) -> dict[str, Level]:
        """Of those that were ever in the warehouse, or ordered from it."""
        return levels_of(self.of("Bin", "item_code", items, COUNTS, [self.here]))

    @property
    def here(self) -> Filter:
        return ("warehouse", "=", self.options["warehouse"])

    def found(self, doctype: str, name: str) -> Row | None:
        """One document with its rows, or None where there is none."""
        try:
            found = self._data(self.caller.get(f"/resource/{quote(doctype)}/{quote(name, safe='')}"))
        except SystemCallError as error:
            if error.status == 404:
                return None
            raise
        return dict(found)

    def write(self, method: str, path: str, values: Row) -> Row:
        """What a document is after it was made or changed. Raises SystemCallError."""
        made = self._data(self.caller.call(method, f"/resource/{quote(path)}", (), values), writes=True)
        return dict(made)

    def changed_since(self, moment: datetime) -> Filter:
        return (CHANGED, ">=", wall(self.caller, moment, self.options.get("timezone")))

    def today(self) -> str:
        """At the site."""
        return wall(self.caller, datetime.now(UTC), self.options.get("timezone"))[:10]

    def refuse_version(self) -> None:
        """Where a bin does not move as an order reserves. Of one that does not say which it is, or not to this user,
        nothing is known. Raises SystemCallError."""
        try:
            told = self.caller.get("/method/frappe.utils.change_log.get_versions")
        except SystemCallError as error:
            if error.status in (403, 404, 417):
                return
            raise
        apps = told.get("message") if isinstance(told, dict) else None
        version = str(((apps or {}).get("erpnext") or {}).get("version") or "")
        if (number := re.match(r"v?(\d+)", version)) and int(number[1]) < OLDEST:
            raise self.caller.refused(calling.TELLS_LATE, Trouble.VERSION)

    def _customer(self, name: str) -> Row | None:
        """As which our orders are entered; None where none is to be."""
        if not name:
            return None
        found = self.found("Customer", name)
        if found is None or found.get("disabled"):
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        for doctype in ("Sales Order", "Delivery Note"):
            with self.caller.needing(doctype):
                self.rows(doctype, ["name"], limit=1)
        return found

    def _data(self, answer: Any, *, writes: bool = False) -> Any:
        """What an answer wraps."""
        if not isinstance(answer, dict) or "data" not in answer:
            raise self.caller.refused("no data", Trouble.UNCLEAR, unknown_outcome=writes)
        return answer["data"]


def levels_of(bins: Iterable[Row]) -> dict[str, Level]:
    """By item."""
    found: dict[str, Level] = {}
    for row in bins:
        has, *promised = (Decimal(str(row.get(name) or 0)) for name in COUNTS)
        found[str(row["item_code"])] = Level(has, has - sum(promised, Decimal(0)))
    return found
