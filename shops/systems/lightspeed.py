"""Lightspeed Retail X-Series, formerly Vend, over its API: the part that adapter and channel share.

Signed in by a personal token, or by the tokens of an application of the shop's own, whose refresh token is another one
after each use. Every record has a version, counted up with each change: lists are read from one on, until one is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from marketplace.foundation import links
from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble

API = "/api/2026-07"  # a version is served for a year at least, then by the oldest that is
PAGE, LEVELS_PAGE = 200, 5000  # records of an answer
FEW = 20  # of so many articles each is asked for, of more all
EARLY = timedelta(minutes=10)  # before it runs out, a token is exchanged
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Lightspeed:
    """`options`: outlet_id (where the copies are), currency; register_id, author_id, no_tax_id, customer_id for orders;
    client_id of an application."""

    def __init__(self, access: Access) -> None:
        token = access.secrets.get("token") or access.secrets.get("key", "")
        self.options = access.options
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "Halles"}
        self.caller = Caller("Lightspeed", f"{access.address.rstrip('/')}{API}", headers, access.secrets.values())

    @staticmethod
    def needs_renewal(access: Access, now: datetime) -> bool:
        if not access.secrets.get("client_secret"):
            return False  # a personal token does not run out
        return float(access.secrets.get("until") or 0) <= (now + EARLY).timestamp()

    @staticmethod
    def renew(access: Access) -> dict[str, str]:
        """By the refresh token, which is good once, or the first time by the code. Raises SystemCallError."""
        kept = {name: value for name, value in access.secrets.items() if name != "code"}
        asked = {"client_id": str(access.options.get("client_id", "")), "client_secret": kept["client_secret"]}
        if kept.get("refresh"):
            asked |= {"grant_type": "refresh_token", "refresh_token": kept["refresh"]}
        else:
            code = access.secrets.get("code", "")
            asked |= {"grant_type": "authorization_code", "code": code, "redirect_uri": links.absolute("/")}
        caller = Caller("Lightspeed", access.address, {"User-Agent": "Halles"}, access.secrets.values())
        try:
            given = caller.call("POST", "/api/1.0/token", (), urlencode(asked).encode(), **_FORM)
        except SystemCallError as error:
            if error.trouble == Trouble.REFUSED:  # spent, or withdrawn
                raise caller.refused("", Trouble.KEY, status=error.status) from None
            raise
        if not isinstance(given, dict) or not given.get("access_token") or not given.get("refresh_token"):
            raise caller.refused("no tokens", Trouble.UNCLEAR)
        left = float(given.get("expires_in") or 0)  # `expires` is a moment by another clock than ours
        until = datetime.now(UTC).timestamp() + left if left else given.get("expires") or 0
        return {**kept, "token": given["access_token"], "refresh": given["refresh_token"], "until": str(until)}

    @property
    def outlet(self) -> str:
        """Where the copies are. Raises SystemCallError where it is not known."""
        if not self.options.get("outlet_id"):
            raise self.caller.refused(calling.NO_PLACE_CHOSEN, Trouble.CONTEXT)
        return str(self.options["outlet_id"])

    def check(self) -> Found:
        wanted = str(self.options.get("outlet") or "")
        outlets = [each for page in self.each("/outlets") for each in page if not each.get("deleted_at")]
        found = [each for each in outlets if not wanted or wanted in (each["id"], each["name"])]
        if len(found) != 1:
            raise self.caller.refused(calling.SEVERAL_PLACES if found else calling.NO_PLACE, Trouble.CONTEXT)
        (outlet,) = found
        options = {"outlet_id": outlet["id"], "currency": outlet["currency"]}
        self.options = {**self.options, **options}
        next(self.each("/products"), None)  # the token may lack a scope
        next(self.levels_from(0), None)
        shop = self.data("/retailer")
        if self.options.get("customer"):
            options |= self._for_orders(str(self.options["customer"]), shop)
        return Found(shop["name"], outlet["currency"], None, options, takes_orders="customer_id" in options)

    def check_context(self) -> None:
        """The outlet is there still: of another one there are no records, and no word. Raises SystemCallError."""
        outlet = self.found(f"/outlets/{quote(self.outlet, safe='')}")
        if outlet is None or outlet.get("deleted_at"):
            raise self.caller.refused(calling.PLACE_GONE, Trouble.CONTEXT)
        self.caller.same_currency(outlet.get("currency"), self.options.get("currency"))

    def data(self, path: str, query: Iterable[tuple[str, str]] = ()) -> Any:
        """What an answer wraps."""
        answer = self.caller.get(path, query)
        if not isinstance(answer, dict) or "data" not in answer:
            raise self.caller.refused("no data", Trouble.UNCLEAR)
        return answer["data"]

    def found(self, path: str) -> dict[str, Any] | None:
        """One record, or None where there is none."""
        try:
            return dict(self.data(path))
        except SystemCallError as error:
            if error.status == 404:
                return None
            raise

    def each(self, path: str, after: int = 0, query: Iterable[tuple[str, str]] = ()) -> Iterator[list[dict[str, Any]]]:
        """Page after page, in the order of their changes: what is changed meanwhile comes once more, at the end."""
        more = list(query)
        while page := self.caller.a(list, self.data(path, [*more, ("after", str(after)), ("page_size", str(PAGE))])):
            yield page
            after = max(int(each["version"]) for each in page)

    def levels_from(self, after: int) -> Iterator[list[dict[str, Any]]]:
        """Records of all outlets: how many there are of a product."""
        while True:
            asked = {"after": after, "size": LEVELS_PAGE, "sort_direction": "asc"}
            page = self._list(self.caller.post("/inventory", asked))
            if not page:
                return
            yield page
            after = max(int(each["version"]) for each in page)

    def levels_of(self, products: Iterable[str] | None) -> dict[str, Decimal]:
        """{product: copies} at our outlet, of those of which there is a record. `products` None: of all."""
        wanted = None if products is None else list(products)
        if wanted is None or len(wanted) > FEW:
            pages: Iterable[list[dict[str, Any]]] = self.levels_from(0)
        else:
            pages = (self._list(self.caller.get(f"/inventory/{key}")) for key in wanted)
        return {key: level for page in pages for key, level in self.here(page).items()}

    def here(self, levels: list[dict[str, Any]]) -> dict[str, Decimal]:
        """Of one page, what is at our outlet."""
        return {
            each["product_id"]: Decimal(str(each["current_inventory_level"]))
            for each in levels
            if each["outlet_id"] == self.outlet and each.get("current_inventory_level") is not None
        }

    def _list(self, answer: Any) -> list[dict[str, Any]]:
        found = answer.get("data") if isinstance(answer, dict) else answer
        if not isinstance(found, list):
            raise self.caller.refused("no list of records", Trouble.UNCLEAR)
        return found

    def _for_orders(self, customer: str, shop: dict[str, Any]) -> dict[str, Any]:
        there = self.data("/search", [("type", "customers"), ("customer_code", customer)])
        registers = [each for page in self.each("/registers") for each in page if each["outlet_id"] == self.outlet]
        if len(there) != 1 or not registers:
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        user = self.data("/user")
        author = user[0] if isinstance(user, list) else user
        known = {"customer_id": there[0]["id"], "register_id": registers[0]["id"], "author_id": author["id"]}
        return {**known, "no_tax_id": shop["no_tax_group_id"]}
