"""Dolibarr over its REST interface: the part that adapter and channel share.

Signed in by a user's key in a header. Lists take a filter in a syntax of their own, in whose values colons are not
safe, so that moments are asked for by the day, and brackets and quotes neither: a product whose reference has such
signs is asked for by an address of its own. Lists are read by id. A list of nothing is an empty one or, in older
versions, status 404; a right that is lacking is 403 or, in older ones, 401. Numbers and ids come as texts, now and
then.

htdocs/api, htdocs/product/class/api_products.class.php, htdocs/commande/class/api_orders.class.php and others of
Dolibarr/dolibarr; https://wiki.dolibarr.org/index.php/Module_Web_Services_API_REST_(developer)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble
from shops.systems.numbers import number

PAGE, MOVEMENTS = 300, 1000  # rows of an answer: products are made one by one, with their stock; movements are small
FEW = 50  # of so many each is named in a filter
ANY_ZONE = timedelta(hours=12)  # the server's day may be another one
BOOKS, CURRENCY, NAME = "STOCK_CALCULATE_ON_VALIDATE_ORDER", "MAIN_MONNAIE", "MAIN_INFO_SOCIETE_NOM"
OPEN = "1"  # a warehouse's status
_NOT_IN_A_FILTER = re.compile(r"[^\w .+-]")
_BREAKS_A_FILTER = re.compile(r"[()':\\]")
Row = dict[str, Any]


class Dolibarr:
    """`options`: warehouse_id, currency; customer_id for orders."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        self.options = access.options
        self.caller = Caller("Dolibarr", f"{access.address.rstrip('/')}/api/index.php", {"DOLAPIKEY": key}, [key])

    def check(self) -> Found:
        wanted = str(self.options.get("warehouse") or "")
        houses = [
            row
            for row in self.rows("/warehouses", [("limit", "0")])
            if status(row) == OPEN and wanted in ("", str(row.get("ref")), str(row.get("label")))
        ]
        if len(houses) != 1:
            raise self.caller.refused(calling.SEVERAL_HOUSES if houses else calling.NO_HOUSE, Trouble.CONTEXT)
        self._books_at_once()
        options: Row = {"warehouse_id": str(houses[0]["id"]), "currency": self._setting(CURRENCY)}
        self.options = {**self.options, **options}
        for path in ("/products", "/stockmovements"):
            with self.caller.needing(path):
                self.rows(path, [("limit", "1")])
        if self.options.get("customer"):
            options |= self._for_orders(str(self.options["customer"]))
        return Found(self._setting(NAME), options["currency"], None, options, takes_orders="customer_id" in options)

    def check_context(self, *, whole: bool) -> None:
        """The warehouse is there and open, and its numbers are without what is ordered; `whole`: the currency is what
        it was, too, which a reading of changes does not ask again. Raises SystemCallError."""
        if not self.options.get("warehouse_id"):
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        house = self.found(f"/warehouses/{self.options['warehouse_id']}")
        if house is None or status(house) != OPEN:
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        self._books_at_once()
        if whole:
            self.caller.same_currency(self._setting(CURRENCY), self.options.get("currency"))

    def rows(self, path: str, query: Iterable[tuple[str, str]] = ()) -> list[Row]:
        """One page of a list. Raises SystemCallError."""
        try:
            found = self.caller.get(path, query)
        except SystemCallError as error:
            if error.status == 404:
                return []
            raise
        if not isinstance(found, list):
            raise self.caller.refused("no list", Trouble.UNCLEAR)
        return found

    def each(
        self, path: str, query: Iterable[tuple[str, str]] = (), *tests: str, after: int = 0, size: int = 0
    ) -> Iterator[list[Row]]:
        """Page after page, each after the last id of the one before."""
        size = size or PAGE
        order = [*query, ("sortfield", "t.rowid"), ("sortorder", "ASC"), ("limit", str(size))]
        while True:
            wanted = " and ".join([f"(t.rowid:>:{after})", *tests])
            page = self.rows(path, [*order, ("sqlfilters", f"({wanted})")])
            if page:
                yield page
                after = int(page[-1]["id"])
            if len(page) < size:
                return

    def of(
        self,
        path: str,
        field: str,
        keys: Sequence[object],
        query: Iterable[tuple[str, str]] = (),
        odd: re.Pattern[str] = _NOT_IN_A_FILTER,
    ) -> list[Row]:
        """All rows whose `field` is one of `keys`. What cannot stand in a filter (`odd`) is not asked for."""
        asked = [str(key) for key in keys if not odd.search(str(key))]
        found: list[Row] = []
        for start in range(0, len(asked), FEW):
            tests = " or ".join(f"(t.{field}:=:'{key}')" for key in asked[start : start + FEW])
            found += [row for page in self.each(path, query, f"({tests})") for row in page]
        return found

    def products(self, refs: Iterable[str], query: Sequence[tuple[str, str]]) -> list[Row]:
        """Those of these references, compared to the sign; `query`: of the list of products."""
        wanted = sorted(set(refs))
        odd = [ref for ref in wanted if _NOT_IN_A_FILTER.search(ref) and can_be_asked_for(ref)]
        found: list[Row | None] = [*self.of("/products", "ref", wanted, query)]
        found += [self.found(f"/products/ref/{quote(ref, safe='')}", query) for ref in odd]
        return [row for row in found if row is not None and str(row.get("ref")) in wanted]

    def found(self, path: str, query: Iterable[tuple[str, str]] = ()) -> Row | None:
        """One record, or None where there is none."""
        try:
            found = self.caller.a(dict, self.caller.get(path, query))
        except SystemCallError as error:
            if error.status == 404:
                return None
            raise
        if "id" not in found:
            raise self.caller.refused("no record", Trouble.UNCLEAR)
        return found

    def changed_since(self, moment: datetime) -> str:
        """As a test, by the day."""
        return f"(t.tms:>=:'{moment.astimezone(UTC) - ANY_ZONE:%Y%m%d}')"

    def _for_orders(self, code: str) -> Row:
        for path in ("/thirdparties", "/orders", "/shipments"):
            with self.caller.needing(path):
                self.rows(path, [("limit", "1")])
        found = self.of("/thirdparties", "code_client", [code], odd=_BREAKS_A_FILTER)
        found = [row for row in found if row.get("code_client") == code]  # some signs stand for any in a comparison
        if len(found) != 1:
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        return {"customer_id": str(found[0]["id"])}

    def _books_at_once(self) -> None:
        """Otherwise the numbers are what is on the shelf, whoever ordered it."""
        if self._setting(BOOKS) != "1":
            raise self.caller.refused(calling.BOOKS_LATE, Trouble.CONTEXT)

    def _setting(self, name: str) -> str:
        """Empty where it is not set."""
        try:
            found = self.caller.get(f"/setup/conf/{name}")
        except SystemCallError as error:
            if error.status in (400, 404):
                return ""
            if error.status == 403:
                raise self.caller.refused(calling.NO_SETTINGS, Trouble.CONTEXT) from None
            raise
        if isinstance(found, dict | list):
            raise self.caller.refused("no setting", Trouble.UNCLEAR)
        return str(found or "")


def can_be_asked_for(ref: str) -> bool:
    """Web servers take no slash in a part of an address, however it is written (Apache's AllowEncodedSlashes)."""
    return not {"/", "\\"} & set(ref) and ref not in (".", "..")


def status(row: Row) -> str:
    """Under its newer name or its older one."""
    stated = row.get("status") if row.get("status") is not None else row.get("statut")
    return "" if stated is None else str(stated)


def copies(product: Row, warehouse: object) -> Decimal | None:
    """How many there are in the warehouse; None where it was never there. PHP gives a list of none for no places."""
    places = product.get("stock_warehouse")
    place = places.get(str(warehouse)) if isinstance(places, dict) else None
    return number(place.get("real")) if isinstance(place, dict) else None
