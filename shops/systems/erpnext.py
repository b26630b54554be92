"""ERPNext over Frappe's REST interface: the part that adapter and channel share.

Signed in by the key and the secret of a user, in one header. Lists have filters and fields in JSON, are read by name,
and of rows that belong to a document the document's kind is said, too. Stamps are times of day at the site, without a
zone. A refusal is a status with the exception's name.

https://docs.frappe.io/framework/user/en/api/rest; frappe/api/v1.py, frappe/client.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble
from shops.systems.clocks import wall

PAGE = 500  # rows of an answer
FEW, FEW_CHARACTERS = 200, 2500  # names in a filter, which stands in an address
PRICES = "Standard Selling"  # as ERPNext makes it
TAXES = "Sales Taxes and Charges Template"
OLDEST = 14  # a bin's stamp moves from then on as an order reserves: erpnext#29746, #32519
CHANGED = "modified"
Row = dict[str, Any]
Filter = Sequence[Any]  # field, operator, value
_PROMISED = ("reserved_qty", "reserved_qty_for_production", "reserved_qty_for_sub_contract")


class Level(NamedTuple):
    """Of one item in our warehouse: on the shelf, and that without what is promised. What was ordered from suppliers is
    in neither."""

    on_hand: Decimal
    free: Decimal


class ERPNext:
    """`options`: warehouse, company, price_list, currency, timezone; customer for orders."""

    def __init__(self, access: Access) -> None:
        key, secret = access.secrets.get("key", ""), access.secrets.get("secret", "")
        self.options = access.options
        headers = {"Authorization": f"token {key}:{secret}"}
        self.caller = Caller("ERPNext", f"{access.address.rstrip('/')}/api", headers, [key, secret])

    def check(self) -> Found:
        self._refuse_version()
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
        options = {
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
        with_tax = self._has_tax(company, str((customer or {}).get("tax_category") or ""))
        return Found(company, currency, None, options, customer is not None, with_tax)

    def check_context(self, *, prices: bool) -> None:
        """The warehouse holds copies still: a group of some, or none, has no numbers; `prices`: it is asked whether
        they are with tax, too. Raises SystemCallError."""
        wanted = str(self.options.get("warehouse") or "")
        if not wanted:
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        house = self.found("Warehouse", wanted)
        if house is None or house.get("is_group") or house.get("disabled"):
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        company, customer = str(house.get("company")), str(self.options.get("customer") or "")
        if company != self.options.get("company"):
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        ours = (self.found("Customer", customer) if prices and customer else None) or {}
        self.with_tax = self._has_tax(company, str(ours.get("tax_category") or "")) if prices else None

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
        query = [
            ("fields", json.dumps(fields)),
            ("filters", json.dumps(list(filters))),
            ("order_by", order),
            ("limit_page_length", str(limit or PAGE)),
            *([("parent", parent)] if parent else []),
        ]
        found = self._data(self.caller.get(f"/resource/{quote(doctype)}", query))
        if not isinstance(found, list):
            raise self.caller.refused("no list", Trouble.UNCLEAR)
        return found

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
        listed: bool = False,
    ) -> list[Row]:
        """All rows whose `field` is one of `keys`. `listed`: these come as a list gave them, so that of many of them
        the stretch from the first to the last can be asked for."""
        more, wanted = list(filters), set(keys)
        some = list(few(keys))
        if listed and len(some) > 1:
            stretches: list[list[Filter]] = [[(field, ">=", keys[0]), (field, "<=", keys[-1])]]
        else:
            stretches = [[(field, "in", names)] for names in some]
        named, size = [field, *fields], 2 * PAGE + 1  # one for each article of a page, and some more, are one answer
        pages = [self.each(doctype, named, [*more, *stretch], parent=parent, size=size) for stretch in stretches]
        return [row for each in pages for page in each for row in page if row[field] in wanted]

    def levels(self, items: Sequence[str], *, listed: bool = False) -> dict[str, Level]:
        """Of those that were ever in the warehouse, or ordered from it."""
        here = [("warehouse", "=", self.options["warehouse"])]
        rows = self.of("Bin", "item_code", items, ["actual_qty", *_PROMISED], here, listed=listed)
        found: dict[str, Level] = {}
        for row in rows:
            has, *promised = (Decimal(str(row.get(name) or 0)) for name in ("actual_qty", *_PROMISED))
            found[str(row["item_code"])] = Level(has, has - sum(promised, Decimal(0)))
        return found

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

    def _refuse_version(self) -> None:
        """Of one that does not say which it is, or not to this user, nothing is known."""
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

    def _has_tax(self, company: str, category: str) -> bool | None:
        """Whether its prices are entered with tax: a price list does not say so, the taxes do that are put on a sale to
        our customer, else the company's own. None where these are none or several, say both, or are not shown to this
        user."""
        asked = ("tax_category", "=", category) if category else ("is_default", "=", 1)
        try:
            named = self.rows(TAXES, ["name"], [("company", "=", company), ("disabled", "=", 0), asked])
            template = self.found(TAXES, str(named[0]["name"])) if len(named) == 1 else None
        except SystemCallError as error:
            if error.status in (403, 404, 417):
                return None
            raise
        rows = (row for row in (template or {}).get("taxes") or [] if row.get("charge_type") != "Actual")
        said = {bool(row.get("included_in_print_rate")) for row in rows if float(row.get("rate") or 0)}
        return said.pop() if len(said) == 1 else None

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


def few(names: Sequence[str]) -> Iterator[list[str]]:
    """As many at once as can stand in an address."""
    some, characters = list[str](), 0
    for name in names:
        if len(some) == FEW or (some and characters + len(name) > FEW_CHARACTERS):
            yield some
            some, characters = [], 0
        some.append(name)
        characters += len(name)
    if some:
        yield some
