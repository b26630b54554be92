"""Ecwid as its documents describe it, as a system under test: nobody has tried this against a real shop.

Products: https://docs.ecwid.com/api-reference/rest-api/products/search-products (`offset`, `limit` up to 100,
`sortBy`, `updatedFrom`, `responseFields`; `sku` exactly, a variation's too; `quantity` is left out where `unlimited`).
Orders: https://docs.ecwid.com/api-reference/rest-api/orders/search-orders, …/create-order, …/update-order, and
https://api-docs.ecwid.com/reference/search-orders for where `keywords` looks, the external transaction among it.
Only an order that is made as PAID, with the ids of products and variations, takes its units off the stock:
https://docs.ecwid.com/build-apps/orders/create-orders-with-api/place-new-order-with-api; stock may fall below zero:
https://docs.ecwid.com/api-reference/rest-api/products/adjust-product-stock. Cancelled ones are restocked:
https://support.ecwid.com/hc/en-us/articles/115005862165-Canceling-orders; an edited quantity is not, the shop does that
itself: https://support.ecwid.com/hc/en-us/articles/207101419-Editing-orders. Prices with tax or without:
https://docs.ecwid.com/api-reference/rest-api/store-profile/get-store-profile. 600 calls a minute, then 429 with
Retry-After: https://docs.ecwid.com/api-reference.
Not found in the documents, and assumed: that a sale does not move a product's stamp; in which order lists of orders are
(here the newest first); that a search shows an order at once; that an edited order's stamp moves."""

from __future__ import annotations

import itertools
import re
from typing import Any

from shops.systems import ecwid
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.json_server import Asked, JsonServer, Refusal
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import EDITS, KEEPS_CONTEXT, LOOKS_UP, SAYS_TAX, SETS_CLOCK, Seen

KEY, STORE, LIMIT = "secret_" + "k" * 32, "1003", 600
LONG_AGO = 1_767_225_600
Row = dict[str, Any]


class EcwidUnderTest(JsonServer):
    kind = "ecwid"
    can = frozenset({EDITS, KEEPS_CONTEXT, LOOKS_UP, SETS_CLOCK, SAYS_TAX})

    # the shop

    def reset(self) -> None:
        self.ids, self.keys, self.left = itertools.count(1_000), {KEY}, LIMIT
        self.scopes = {"profile", "products", "orders"}
        self.products: list[Row] = []
        self.made: list[Row] = []
        self.with_tax = self.search_is_behind = False
        for known in KNOWN:
            self.add(known.sku, known.title, known.price / 100, known.quantity, known.gtin)
        self.add("HIDDEN", "Not shown any more", 1, 2)["enabled"] = False

    def add(self, sku: str, name: str, price: float, units: int, gtin: str = "") -> Row:
        made = {
            "id": next(self.ids),
            "sku": sku,
            "name": name,
            "price": price,
            "enabled": True,
            "unlimited": False,
            "quantity": units,
            "attributes": [{"id": 1, "name": "UPC", "type": "UPC", "value": gtin}] if gtin else [],
            "options": [],
            "combinations": [],
            "updateTimestamp": LONG_AGO,
        }
        self.products.append(made)
        return made

    def vary(self, sku: str, own: dict[str, tuple[str, int, float | None]]) -> None:
        """Give a product variations: {what is chosen: (SKU, how many, its own price)}."""
        product = self.product(sku)
        choices = [{"text": name, "priceModifier": 2, "priceModifierType": "ABSOLUTE"} for name in own]
        product |= {"options": [{"type": "SELECT", "name": "Cover", "choices": choices}], "combinations": []}
        for name, (number, units, price) in own.items():
            more = {"sku": number} if number else {}  # what it has not is left out
            more |= {"price": price} if price is not None else {}
            chosen = {"options": [{"name": "Cover", "value": name}], "attributes": []}
            counted = {"id": next(self.ids), "unlimited": False, "quantity": units}
            product["combinations"].append({**counted, **chosen, **more})
        product["updateTimestamp"] = _now()

    def grow(self, skus: list[str]) -> None:
        for sku in skus:
            self.add(sku, f"Title {sku}", 12, 5)

    def product(self, sku: str) -> Row:
        return next(each for each in self.products if each["sku"] == sku)

    def entered(self, address: str) -> Access:
        return Access("ecwid", address, {"store": STORE}, {"key": KEY})

    def access(self, address: str) -> Access:
        return Access("ecwid", address, {"store": STORE, "currency": CURRENCY}, {"key": KEY})

    def without_context(self, address: str) -> list[Access]:
        return [
            Access("ecwid", address, {"store": STORE, "currency": currency}, {"key": KEY}) for currency in (None, "EUR")
        ]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(ecwid, "PAGE", 8)  # each begins with the last one's end
        return 8

    def enter_with_tax(self) -> None:
        self.with_tax = True

    def set_price(self, sku: str, minor: int) -> None:
        self.product(sku).update(price=minor / 100, updateTimestamp=_now())

    def set_stock(self, sku: str, units: int) -> None:
        self.product(sku).update(quantity=units, updateTimestamp=_now())

    def sell(self, sku: str, units: int) -> None:
        self.product(sku)["quantity"] -= units

    def archive(self, sku: str) -> None:
        self.product(sku).update(enabled=False, updateTimestamp=_now())

    def revoke_key(self) -> None:
        self.keys.clear()

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = [order for order in self.made if order.get("externalTransactionId") == number]
        return [
            Seen(number, {item["sku"]: item["quantity"] for item in order["items"]}, order["paymentStatus"] == "PAID")
            for order in found
        ]

    def order(self, number: str) -> Row:
        return next(each for each in self.made if each.get("externalTransactionId") == number)

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        raise NotImplementedError

    def send_all(self, number: str, tracking: str) -> None:
        self.order(number).update(fulfillmentStatus="SHIPPED", trackingNumber=tracking, updateTimestamp=_now())

    def cancel(self, number: str) -> None:
        self._status(self.order(number), "CANCELLED")

    def edit(self, number: str, sku: str, units: int) -> None:
        """Ecwid leaves the stock as it is then, and the shop puts it right."""
        order = self.order(number)
        (item,) = [each for each in order["items"] if each["sku"] == sku]
        self._take(item, units - item["quantity"])
        item["quantity"] = units
        order.update(items=[each for each in order["items"] if each["quantity"]], updateTimestamp=_now())

    # its API

    def answer(self, asked: Asked) -> object:
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.keys:
            raise Refusal(403, {"errorMessage": "Token doesn't exist or is revoked"})
        self.left -= 1
        if self.left < 0:
            raise Refusal(429, {"errorMessage": "Too many requests"}, Retry_After="60")
        where = re.fullmatch(rf"/{STORE}/(\w+)(?:/(\w+))?", asked.path)
        if not where:
            raise Refusal(404, {"errorMessage": "Store not found"})
        what, key = where.groups()
        if what not in self.scopes:
            raise Refusal(403, {"errorMessage": "Access token doesn't have the scope"})
        if asked.method == "POST":
            return self._create(asked.json)
        if key:
            return self._one(key, asked)
        lists = {"profile": self._profile, "products": self._products, "orders": self._orders}
        return lists[what](asked.query)

    def _profile(self, _query: dict[str, str]) -> object:
        shop = {"generalInfo": {"storeId": int(STORE)}, "settings": {"storeName": "Librairie d’essai"}}
        return {
            **shop,
            "formatsAndUnits": {"currency": CURRENCY},
            "taxSettings": {"pricesIncludeTax": self.with_tax},
        }

    def _products(self, query: dict[str, str]) -> object:
        if sku := query.get("sku"):  # other filters are ignored
            found = [p for p in self.products if sku in [p["sku"], *(each.get("sku") for each in p["combinations"])]]
            return _page([_shown(each) for each in found], query)
        since = int(query.get("updatedFrom", 0))
        found = [_shown(each) for each in self.products if each["updateTimestamp"] >= since]
        if query.get("sortBy") != "ADDED_TIME_ASC":
            found.sort(key=lambda each: each["name"])
        return _page(found, query)

    def _orders(self, query: dict[str, str]) -> object:
        found = [each for each in self.made if each["updateTimestamp"] >= int(query.get("updatedFrom", 0))]
        found = [each for each in found if query.get("paymentMethod", "") in each["paymentMethod"]]
        if word := query.get("keywords"):
            texts = ("id", "externalTransactionId", "privateAdminNotes")
            found = [each for each in found if any(word in str(each.get(name, "")) for name in texts)]
            found = [] if self.search_is_behind else found
        return _page(found[::-1], query)

    def _one(self, key: str, asked: Asked) -> object:
        order = next((each for each in self.made if key in (each["id"], str(each["internalId"]))), None)
        if order is None:
            raise Refusal(404, {"errorMessage": "Order not found"})
        if asked.method == "PUT":
            self._status(order, asked.json.get("paymentStatus", order["paymentStatus"]))
            return {"updateCount": 1}
        return order

    def _create(self, body: Row) -> object:
        if not body.get("items") or body.get("total") is None:
            raise Refusal(400, {"errorMessage": "Request parameters are malformed"})
        key = next(self.ids)
        order = {**body, "id": f"XJ{key}", "internalId": key, "updateTimestamp": _now()}
        self.made.append(order)
        for item in order["items"] if order["paymentStatus"] == "PAID" else ():
            self._take(item, item["quantity"])
        return {"id": key, "orderid": order["id"]}

    def _status(self, order: Row, status: str) -> None:
        was = order["paymentStatus"]
        order.update(paymentStatus=status, updateTimestamp=_now())
        if (was, status) == ("PAID", "CANCELLED"):
            for item in order["items"]:
                self._take(item, -item["quantity"])

    def _take(self, item: Row, units: int) -> None:
        for product in self.products:
            for each in [product, *product["combinations"]]:
                key = item.get("combinationId") or item["productId"]
                if each["id"] == key:
                    each["quantity"] -= units


def _shown(product: Row) -> Row:
    return {name: value for name, value in product.items() if name != "quantity" or not product["unlimited"]}


def _page(found: list[Row], query: dict[str, str]) -> object:
    start, size = int(query.get("offset", 0)), min(int(query.get("limit", 100)), 100)
    items = found[start : start + size]
    if fields := query.get("responseFields"):
        names = set(fields.partition("items(")[2].rstrip(")").split(","))
        items = [{name: value for name, value in each.items() if name in names} for each in items]
    return {"total": len(found), "count": len(items), "offset": start, "limit": size, "items": items}


def _now() -> int:
    return int(clock.now().timestamp())
