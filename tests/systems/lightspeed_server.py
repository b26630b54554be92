"""Lightspeed Retail X-Series as its documents describe it, as a system under test: nobody has tried this against a real
shop.

Versions, `after`, the empty page at the end: https://x-series-api.lightspeedhq.com/docs/pagination. The specification
of the API 2026-07, as harvested at https://github.com/api-evangelist/lightspeed (products, inventory, sales, search,
outlets, users, retailers). States of sales and which of them take units off the inventory:
https://x-series-api.lightspeedhq.com/docs/sales_statuses and …/sales_states_and_attributes. Creating sales:
https://x-series-api.lightspeedhq.com/docs/sales_101_date_versioned. Tokens, of which the refresh token is revoked by
its use: https://x-series-api.lightspeedhq.com/changelog/2025-03-refresh-token-flow-update and
…/docs/authorization. Limits, with Retry-After as a date: https://x-series-api.lightspeedhq.com/docs/rate_limiting.
Not found in the documents, and assumed: what is answered to a second sale of one id (here it is the worst, a second
sale); that voiding a sale gives its units back; that a search shows a sale at once."""

from __future__ import annotations

import itertools
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from shops.systems import lightspeed
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.json_server import Asked, JsonServer, Refusal
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import EDITS, KEEPS_CONTEXT, KNOWS_STOCK_CHANGES, LOOKS_UP, RENEWS, SETS_CLOCK, Seen

KEY, CODE, CLIENT, SECRET = "lsxs_pt_" + "k" * 32, "authorization-code-1", "client-1", "client-secret-0123"
OUTLET, CLOSED_OUTLET, OTHER_OUTLET = "outlet-main", "outlet-closed", "outlet-other"
CUSTOMER, REGISTER, USER, NO_TAX = "customer-halles", "register-1", "user-1", "tax-none"
LIMIT = 300 * 2 + 50  # of two registers, in five minutes
LONG_AGO = "2026-01-01T00:00:00+00:00"
PREFIX = "/api/2026-07"


class LightspeedUnderTest(JsonServer):
    kind = "lightspeed"
    can = frozenset({EDITS, KEEPS_CONTEXT, LOOKS_UP, RENEWS, KNOWS_STOCK_CHANGES, SETS_CLOCK})

    # the shop

    def reset(self) -> None:
        self.versions = itertools.count(1_000)
        self.left, self.calls = LIMIT, 0
        self.tokens, self.codes, self.refresh, self.spent = {KEY}, {CODE}, set[str](), set[str]()
        self.products: dict[str, dict[str, Any]] = {}
        self.levels: dict[tuple[str, str], dict[str, Any]] = {}
        self.sales: list[dict[str, Any]] = []
        for known in KNOWN:
            self._product(known.sku, known.title, known.gtin, known.price, known.quantity)
        self._product("SHELF", "Not sold any more", "", 100, 2)
        self.products["p-SHELF"]["active"] = self.products["p-SHELF"]["is_active"] = False

    def _product(self, sku: str, title: str, gtin: str, price: int, units: int) -> None:
        key = f"p-{sku}"
        self.products[key] = {
            "id": key,
            "sku": sku,
            "name": title,
            "variant_name": title,
            "handle": sku,
            "active": True,
            "is_active": True,
            "has_inventory": True,
            "has_variants": False,
            "is_composite": False,
            "product_codes": [{"type": "custom", "code": "shelf 4"}, {"type": "EAN", "code": gtin}] if gtin else [],
            "price_excluding_tax": price / 100,
            "price_including_tax": round(price * 1.05) / 100,
            "version": next(self.versions),
        }
        for outlet, count in ((OTHER_OUTLET, 40), (OUTLET, units)):
            self.levels[key, outlet] = {"id": f"{key}@{outlet}", "product_id": key, "outlet_id": outlet}
            self._level(key, count, outlet)

    def grow(self, skus: list[str]) -> None:
        for sku in skus:
            self._product(sku, f"Title {sku}", "", 1200, 5)

    def _level(self, key: str, units: float, outlet: str = OUTLET) -> None:
        self.levels[key, outlet] |= {"current_inventory_level": units, "version": next(self.versions)}

    def _take(self, key: str, units: float) -> None:
        self._level(key, self.levels[key, OUTLET]["current_inventory_level"] - units)

    def _touch(self, sku: str, **values: object) -> None:
        self.products[f"p-{sku}"] |= {**values, "version": next(self.versions)}

    def entered(self, address: str) -> Access:
        return Access("lightspeed", address, {"outlet": "Main street", "customer": "HALLES"}, {"key": KEY})

    def known_of(self) -> dict[str, Any]:
        found = {"outlet_id": OUTLET, "currency": CURRENCY, "customer_id": CUSTOMER, "register_id": REGISTER}
        return {**found, "author_id": USER, "no_tax_id": NO_TAX}

    def access(self, address: str) -> Access:
        entered = self.entered(address)
        return Access("lightspeed", address, {**entered.options, **self.known_of()}, entered.secrets)

    def by_application(self, address: str) -> Access:
        """As a shop enters it that has an application of its own."""
        return Access("lightspeed", address, {"client_id": CLIENT}, {"client_secret": SECRET, "code": CODE})

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [
            *({"outlet_id": None}, {"outlet_id": "outlet-999"}, {"outlet_id": CLOSED_OUTLET}),
            {"currency": "EUR"},
        ]
        return [Access("lightspeed", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(lightspeed, "PAGE", 7)
        monkeypatch.setattr(lightspeed, "LEVELS_PAGE", 30)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        with_tax = round(minor * 1.05) / 100
        self._touch(sku, price_excluding_tax=minor / 100, price_including_tax=with_tax)

    def set_stock(self, sku: str, units: int) -> None:
        self._level(f"p-{sku}", units)

    def sell(self, sku: str, units: int) -> None:
        self._take(f"p-{sku}", units)

    def archive(self, sku: str) -> None:
        self._touch(sku, active=False, is_active=False)

    def delete(self, sku: str) -> None:
        self._touch(sku, deleted_at=_now())

    def revoke_key(self) -> None:
        self.tokens.clear()

    def expire_token(self) -> None:
        self.tokens.clear()

    def orders(self, number: str) -> list[Seen]:
        found = [sale for sale in self.sales if sale["source"]["id"] == number]
        return [
            Seen(
                number,
                {line["product"]["id"].removeprefix("p-"): int(line["quantity"]) for line in sale["line_items"]},
                sale["state"] in ("pending", "closed") and "onaccount" in sale["attributes"],
            )
            for sale in found
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        raise NotImplementedError

    def cancel(self, number: str) -> None:
        (sale,) = [each for each in self.sales if each["source"]["id"] == number]
        sale |= {"state": "voided", "updated_at": _now()}
        for line in sale["line_items"]:
            self._take(line["product"]["id"], -line["quantity"])

    def edit(self, number: str, sku: str, units: int) -> None:
        (sale,) = [each for each in self.sales if each["source"]["id"] == number]
        (line,) = [each for each in sale["line_items"] if each["product"]["id"] == f"p-{sku}"]
        self._take(f"p-{sku}", units - line["quantity"])
        line["quantity"] = units
        sale["line_items"] = [each for each in sale["line_items"] if each["quantity"]]
        sale["updated_at"] = _now()

    def give_back(self, number: str, sku: str, units: int, state: str = "closed") -> None:
        """A return: parked first, in a sale of its own."""
        (sale,) = [each for each in self.sales if each["source"]["id"] == number]
        line = {"id": f"l-{next(self.versions)}", "product": {"id": f"p-{sku}"}, "quantity": -units, "note": ""}
        common = {"return_for": sale["id"], "customer_id": CUSTOMER, "source": {"id": "", "type": "USER"}}
        made = {"id": f"return-{next(self.versions)}", "state": state, "attributes": [], "line_items": [line], **common}
        self.sales.append({**made, "date": _now(), "updated_at": _now()})
        if state == "closed":
            self._take(f"p-{sku}", -units)

    # its API

    def answer(self, asked: Asked) -> object:
        if (asked.method, asked.path) == ("POST", "/api/1.0/token"):
            return self._token({name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}, asked)
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refusal(401, {"error": "Unauthorized", "message": "The token is not valid."})
        if not asked.headers.get("User-Agent"):
            raise Refusal(400, {"error": "Bad Request", "message": "User-Agent"})
        self.left, self.calls = self.left - 1, self.calls + 1
        if self.left < 0:
            again = format_datetime(clock.now() + timedelta(minutes=4), usegmt=True)
            raise Refusal(429, {"error": "Too Many Requests", "message": "Rate limiting enforced"}, Retry_After=again)
        if not asked.path.startswith(f"{PREFIX}/"):
            raise Refusal(404, {"error": "Not Found"})
        what, *key = asked.path.removeprefix(f"{PREFIX}/").split("/")
        if asked.method == "POST":
            return {"inventory": self._levels, "sales": self._create}[what](asked.json)
        if key:
            return self._one(what, key[0])
        lists: dict[str, Any] = {
            "products": lambda: self._products(asked.query),
            "search": lambda: self._search(asked.query),
            "outlets": lambda: _page(list(_outlets().values()), asked.query),
            "registers": lambda: _page([{"id": REGISTER, "outlet_id": OUTLET, "version": 4}], asked.query),
            "retailer": lambda: {"data": {"name": "Librairie Phare", "no_tax_group_id": NO_TAX}},
            "user": lambda: {"data": [{"id": USER, "display_name": "API"}]},
        }
        return lists[what]()

    def _token(self, form: dict[str, str], asked: Asked) -> object:
        if asked.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Refusal(400, {"error": "invalid_request"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise Refusal(400, {"error": "invalid_client"})
        given, good = form.get("refresh_token", ""), self.refresh
        if form["grant_type"] == "authorization_code":
            given, good = form["code"], self.codes
        if given not in good:
            raise Refusal(400, {"error": "invalid_grant"})
        good.discard(given)
        self.spent.add(given)
        number = next(self.versions)
        token, refresh = f"access-{number}", f"refresh-{number}"
        self.tokens, self.refresh = {token}, {refresh}
        until = int((clock.now() + timedelta(days=1)).timestamp())
        more = {"token_type": "Bearer", "expires": until, "expires_in": 86400, "domain_prefix": "phare", "scope": ""}
        return {"access_token": token, "refresh_token": refresh, **more}

    def _products(self, query: dict[str, str]) -> object:
        if "sku" in query:
            return {"data": [each for each in self.products.values() if each["sku"] == query["sku"]]}
        found = [
            each for each in self.products.values() if query.get("deleted") == "true" or not each.get("deleted_at")
        ]
        return _page(found, query)

    def _levels(self, body: dict[str, Any]) -> object:
        found = [each for each in self.levels.values() if each["version"] > body.get("after", 0)]
        down = body.get("sort_direction", "desc") == "desc"
        return sorted(found, key=lambda each: each["version"], reverse=down)[: min(body.get("size", 1000), 5000)]

    def _one(self, what: str, key: str) -> object:
        if what == "inventory":
            return [level for (product, _outlet), level in self.levels.items() if product == key]
        there = {"products": self.products, "outlets": _outlets(), "sales": {s["id"]: s for s in self.sales}}[what]
        if key not in there:
            raise Refusal(404, {"error": f"{what} not found"})
        return {"data": there[key]}

    def _search(self, query: dict[str, str]) -> object:
        if query["type"] == "customers":
            return {"data": [{"id": CUSTOMER}] if query.get("customer_code") == "HALLES" else []}
        found = [sale for sale in self.sales if sale["customer_id"] == query["customer_id"]]
        found = [sale for sale in found if sale["date"] >= query["date_from"]]
        start = int(query.get("offset", 0))
        return {"data": found[start : start + min(int(query.get("page_size", 50)), 1000)]}

    def _create(self, body: dict[str, Any]) -> object:
        if body["source"]["author_id"] != USER or body["customer_id"] != CUSTOMER:
            raise Refusal(422, {"error": "Unprocessable", "message": "no such user or customer"})
        lines = []
        for line in body["line_items"]:
            if line["product"]["id"] not in self.products or line["tax"]["id"] != NO_TAX:
                raise Refusal(422, {"error": "Unprocessable", "message": "no such product or tax"})
            notes = [each["value"] for each in line.get("attributes", []) if each["name"] == "line_note"]
            lines.append({"id": f"l-{next(self.versions)}", **line, "note": "".join(notes)})
        number = str(next(self.versions))
        sale = {**body, "line_items": lines, "date": _now(), "updated_at": _now(), "receipt_number": number}
        self.sales.append(sale)
        if sale["state"] == "closed" or (sale["state"] == "pending" and "onaccount" in sale["attributes"]):
            for line in lines:
                self._take(line["product"]["id"], line["quantity"])
        return {"data": sale}


def _outlets() -> dict[str, dict[str, Any]]:
    names = {OUTLET: "Main street", CLOSED_OUTLET: "Old", OTHER_OUTLET: "Harbour"}
    found = {
        key: {"id": key, "name": name, "currency": CURRENCY, "version": n}
        for n, (key, name) in enumerate(names.items(), 1)
    }
    found[CLOSED_OUTLET]["deleted_at"] = LONG_AGO
    return found


def _page(found: list[dict[str, Any]], query: dict[str, str]) -> object:
    after, size = int(query.get("after", 0)), int(query.get("page_size", 50))
    page = sorted((each for each in found if each["version"] > after), key=lambda each: each["version"])[:size]
    bounds = {"min": page[0]["version"], "max": page[-1]["version"]} if page else {"min": None, "max": None}
    return {"data": page, "version": bounds}


def _now() -> str:
    return f"{clock.now():%Y-%m-%dT%H:%M:%S}+00:00"
