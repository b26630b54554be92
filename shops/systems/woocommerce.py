"""WooCommerce's REST interface, version 3: the part that adapter and channel share.

Signed in by a consumer key and its secret, over TLS alone. Lists have pages by number, ordered by id: each page
begins with the last one's end, so that what was deleted meanwhile shows, and takes nothing with it. Refusals are
objects with a code, now and then with status 200.

https://woocommerce.github.io/woocommerce-rest-api-docs/ (v3: authentication, pagination, products, orders)"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, Trouble

PAGE = 100  # rows of an answer: the most there may be
NAMESPACE = "wc/v3"
SEPARATOR = ","  # of the numbers that are asked for
Query = Iterable[tuple[str, str]]


class WooCommerce:
    """`options`: currency."""

    def __init__(self, access: Access) -> None:
        key, secret = access.secrets.get("key", ""), access.secrets.get("secret", "")
        login = base64.b64encode(f"{key}:{secret}".encode()).decode()
        address = f"{access.address.rstrip('/')}/wp-json"
        self.options = access.options
        self.caller = Caller("WooCommerce", address, {"Authorization": f"Basic {login}"}, [key, secret, login])

    def check(self) -> Found:
        """Whether the key may write is seen with the first order: nothing tells it."""
        site = self._object(self.caller.get("/", [("_fields", "name,namespaces")]), "namespaces")
        if NAMESPACE not in site["namespaces"]:
            raise self.caller.refused(NAMESPACE, Trouble.ADDRESS)
        currency = self._currency()
        name = str(site.get("name") or "WooCommerce")
        return Found(name, currency, None, {"currency": currency}, takes_orders=True, with_tax=self._has_tax())

    def check_context(self, *, prices: bool) -> None:
        """Amounts are in the currency that they were; `prices`: it is asked whether they are with tax, too. Raises
        SystemCallError."""
        self.caller.same_currency(self._currency(), self.options.get("currency"))
        self.with_tax = self._has_tax() if prices else None

    def rows(self, path: str, query: Query = ()) -> list[dict[str, Any]]:
        """One page of a list. Raises SystemCallError."""
        found = self.caller.get(f"/{NAMESPACE}/{path}", [*query, ("per_page", str(PAGE))])
        if not isinstance(found, list):
            raise self._refused(found)
        return found

    def each(self, path: str, query: Query = ()) -> Iterator[list[dict[str, Any]]]:
        """Page after page of a list, by id."""
        order, last, offset = [*query, ("orderby", "id"), ("order", "asc")], 0, 0
        while True:
            page = self.rows(path, [*order, ("offset", str(offset))])
            if offset and (not page or page[0]["id"] > last):  # something before it was deleted
                offset = max(0, offset - PAGE)
                continue
            if fresh := [row for row in page if row["id"] > last]:
                yield fresh
                last = fresh[-1]["id"]
            if len(page) < PAGE:
                return
            offset += len(page) - 1

    def of(self, path: str, keys: Iterable[int], status: str) -> list[dict[str, Any]]:
        """The rows of a list that have one of these keys, and that status."""
        wanted, found = sorted(keys), list[dict[str, Any]]()
        for start in range(0, len(wanted), PAGE):
            some = ",".join(map(str, wanted[start : start + PAGE]))
            found += self.rows(path, [("include", some), ("status", status)])
        return found

    def is_deleted(self, path: str) -> bool:
        """Whether nothing is there. Raises SystemCallError."""
        try:
            self._object(self.caller.get(f"/{NAMESPACE}/{path}"), "id")
        except calling.SystemCallError as error:
            if error.status == 404:
                return True
            raise
        return False

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its number) of each article that is sold and has one of these."""
        fields = ("_fields", "id,type,sku")
        for start in range(0, len(skus), PAGE // 2):
            wanted = SEPARATOR.join(skus[start : start + PAGE // 2])
            for product in self.rows("products", [("sku", wanted), ("status", "publish"), fields]):
                if product["type"] in ("simple", "variation"):
                    yield product["id"], product["sku"]

    def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a POST has made. Raises SystemCallError."""
        return self._written("POST", path, body)

    def change(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """As it is after a PUT of what is to be otherwise. Raises SystemCallError."""
        return self._written("PUT", path, body)

    def _written(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        made = self.caller.call(method, f"/{NAMESPACE}/{path}", (), body)
        if not isinstance(made, dict) or "id" not in made:
            raise self._refused(made, writes=True)
        return made

    def _has_tax(self) -> bool | None:
        """Whether prices are entered with tax; None where it charges none, or its key may not read settings."""
        try:
            if self._setting("general/woocommerce_calc_taxes") != "yes":
                return None
            return self._setting("tax/woocommerce_prices_include_tax") == "yes"
        except calling.SystemCallError as error:
            if error.status in (401, 403, 404):
                return None
            raise

    def _setting(self, path: str) -> Any:
        return self._object(self.caller.get(f"/{NAMESPACE}/settings/{path}"), "value")["value"]

    def _currency(self) -> str:
        found = self._object(self.caller.get(f"/{NAMESPACE}/data/currencies/current"), "code")
        if "message" in found:
            raise self._refused(found)
        return str(found["code"])

    def _object(self, found: Any, name: str) -> dict[str, Any]:
        """With a value of that name: what is none has another form."""
        if not isinstance(found, dict) or name not in found:
            raise self._refused(found)
        return found

    def _refused(self, found: Any, *, writes: bool = False) -> calling.SystemCallError:
        """What an answer that is none says."""
        if isinstance(found, dict) and "code" in found and "message" in found:
            status = found["data"].get("status") if isinstance(found.get("data"), dict) else None
            trouble = Trouble.KEY if status in (401, 403) else Trouble.AWAY if status in (500, 503) else Trouble.REFUSED
            return self.caller.refused(f"{found['code']}: {found['message']}", trouble, unknown_outcome=False)
        return self.caller.refused("no list and no object", Trouble.UNCLEAR, unknown_outcome=writes)
