"""WooCommerce as a system under test: a contract server of our own, written from its documents and its own issues,
with nothing of the adapter's code. No real shop was asked.

- Basic authentication over TLS, `page`/`offset`/`per_page` (10, at most 100), errors with code and message, products
  (`status`, `sku`, `modified_after`, `dates_are_gmt`), variations, orders (`set_paid`: “processing” and stock reduced),
  refunds: https://woocommerce.github.io/woocommerce-rest-api-docs/
- An order moves no article's stamp: https://github.com/woocommerce/woocommerce/issues/40060
- `status=any` has none of the bin, `status=trash` those alone; one by its key is given from there, too:
  https://github.com/woocommerce/woocommerce/pull/21595
- Nor do changed lines move an order's: https://github.com/woocommerce/woocommerce/issues/34798
- Orders are not filtered by meta data: https://github.com/woocommerce/woocommerce/issues/31016 ; the search looks into
  fields of the address, the company among them (filter `woocommerce_shop_order_search_fields`)
- `sku` finds variations as well, with their parent's number where they have none of their own
- Settings (`settings/<group>/<id>`): https://woocommerce.github.io/woocommerce-rest-api-docs/#setting-options
- Signed webhooks: https://woocommerce.com/document/webhooks/"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shops.systems import woocommerce
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.clock import Clocked, DatedHandler
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import (
    EDITS,
    KEEPS_CONTEXT,
    LOOKS_UP,
    POSTS_NEWS,
    SAYS_TAX,
    SETS_CLOCK,
    SHARES_NUMBERS,
    Seen,
)

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
OLD = "2020-01-01T00:00:00"
API = "/wp-json/wc/v3/"
SEARCHED = ("company", "address_1", "address_2", "city", "postcode", "country", "state", "email", "phone", "last_name")
Row = dict[str, Any]
Told = tuple[int, Any]


class WooCommerceUnderTest(Clocked):
    kind = "woocommerce"
    can = frozenset({EDITS, KEEPS_CONTEXT, LOOKS_UP, POSTS_NEWS, SAYS_TAX, SETS_CLOCK, SHARES_NUMBERS})
    hook_form, hook_secret = "woocommerce", "a-secret-that-the-shop-enters-01"

    def start(self) -> str:
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.02), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def enter_with_tax(self) -> None:
        self.set_taxes("yes", included="yes")

    def set_taxes(self, charged: str, *, included: str) -> None:
        values = {"general/woocommerce_calc_taxes": charged, "tax/woocommerce_prices_include_tax": included}
        self.settings = {f"settings/{name}": value for name, value in values.items()}

    def reset(self) -> None:
        self.logins = {base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}
        self.may_write, self.currency, self.refuses_with_200, self.searches = True, CURRENCY, False, True
        self.set_taxes("yes", included="no")
        self.products: list[Row] = []
        self.variations: list[Row] = []
        self.orders_made: list[Row] = []
        self.unlisted: set[int] = set()  # orders in a state that is in no list
        self.refunds: dict[int, list[Row]] = {}
        for number, known in enumerate(KNOWN, start=11):
            price = f"{known.price // 100}.{known.price % 100:02}"
            more = {"global_unique_id": known.gtin, "price": price, "stock_quantity": known.quantity}
            self.products.append(self._article(number, name=known.title, sku=known.sku, **more))

    def _article(self, number: int, **values: Any) -> Row:
        words = {"type": "simple", "status": "publish", "stock_status": "instock", "manage_stock": True}
        return {"id": number, "parent_id": 0, "attributes": [], "date_modified_gmt": OLD, **words, **values}

    def grow(self, skus: list[str]) -> None:
        for number, sku in enumerate(skus, start=1000):
            facts = {"global_unique_id": "", "price": "12.00", "stock_quantity": 5}
            self.products.append(self._article(number, name=f"Title {sku}", sku=sku, **facts))

    # what the shop enters, and does

    def entered(self, address: str) -> Access:
        return Access("woocommerce", address, {}, {"key": KEY, "secret": SECRET})

    def access(self, address: str) -> Access:
        return Access("woocommerce", address, {"currency": CURRENCY}, {"key": KEY, "secret": SECRET})

    def without_context(self, address: str) -> list[Access]:
        return [
            Access("woocommerce", address, {"currency": "EUR"}, self.entered(address).secrets),
            self.entered(address),
        ]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(woocommerce, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        self.product(sku).update(price=f"{minor // 100}.{minor % 100:02}", date_modified_gmt=_now())

    def renumber(self, sku: str, new: str) -> None:
        self.product(sku).update(sku=new, date_modified_gmt=_now())

    def set_stock(self, sku: str, units: int) -> None:
        self.product(sku)["stock_quantity"] = units

    def sell(self, sku: str, units: int) -> None:
        self.make_order({"line_items": [{"product_id": self.product(sku)["id"], "quantity": units}], "set_paid": True})

    def archive(self, sku: str) -> None:
        self.product(sku).update(status="draft", date_modified_gmt=_now())

    def delete(self, sku: str) -> None:
        """For good: what was sold of it has no number any more (`$item->get_product() ? … : null`)."""
        product = self.product(sku)
        self.products.remove(product)
        for line in (line for order in self.orders_made for line in order["line_items"]):
            line["sku"] = None if line["product_id"] == product["id"] else line["sku"]

    def revoke_key(self) -> None:
        self.logins.clear()

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        return [
            Seen(
                number, {line["sku"]: line["quantity"] for line in order["line_items"]}, order["status"] == "processing"
            )
            for order in self.orders_made
            if any(number in (meta["value"], order["billing"].get("company")) for meta in order["meta_data"])
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        raise NotImplementedError

    def complete(self, number: str, tracking: str = "") -> None:
        """All of it; a plug-in for tracking leaves its numbers in the meta data."""
        order = self.order(number)
        order.update(status="completed", date_modified_gmt=_now())
        if tracking:
            item = {"tracking_provider": "Canada Post", "tracking_number": tracking, "tracking_id": "a1"}
            order["meta_data"].append({"id": 99, "key": "_wc_shipment_tracking_items", "value": [item]})

    def cancel(self, number: str) -> None:
        self._cancelled(self.order(number))

    def _cancelled(self, order: Row) -> None:
        """wc_maybe_increase_stock_levels, which follows that state: once, and only of what was taken off."""
        if order["status"] in ("processing", "on-hold", "completed"):
            for line in order["line_items"]:
                self._by_id(line)["stock_quantity"] += line["quantity"]
        order.update(status="cancelled", date_modified_gmt=_now())

    def edit(self, number: str, sku: str, units: int) -> None:
        order, product = self.order(number), self.product(sku)
        (line,) = [line for line in order["line_items"] if line["product_id"] == product["id"]]
        product["stock_quantity"] += line["quantity"] - units
        line["quantity"] = units
        order["line_items"] = [line for line in order["line_items"] if line["quantity"]]

    def bin(self, number: str) -> None:
        """It puts nothing back on the shelf."""
        self.order(number).update(status="trash", date_modified_gmt=_now())

    def delete_order(self, number: str) -> None:
        self.orders_made.remove(self.order(number))

    def refund(self, number: str, sku: str, units: int) -> None:
        order = self.order(number)
        line = next(line for line in order["line_items"] if line["sku"] == sku)
        meta = [{"id": 1, "key": "_refunded_item_id", "value": str(line["id"])}]
        back = {"id": 900, "product_id": line["product_id"], "variation_id": 0, "quantity": -units, "meta_data": meta}
        self.refunds.setdefault(order["id"], []).append({"id": 800, "amount": "1.00", "line_items": [back]})
        order["refunds"].append({"id": 800, "reason": "", "total": "-1.00"})
        order["date_modified_gmt"] = _now()

    def order(self, number: str) -> Row:
        return next(order for order in self.orders_made if order["billing"].get("company") == number)

    def product(self, sku: str) -> Row:
        return next(product for product in [*self.products, *self.variations] if product["sku"] == sku)

    def news(self, sku: str, secret: str) -> tuple[bytes, dict[str, str]]:
        """Of `product.updated`, which is sent when a sale changes the stock."""
        body = json.dumps(self.product(sku)).encode()
        digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        named = {"X-WC-Webhook-Topic": "product.updated", "X-WC-Webhook-Resource": "product", "X-WC-Webhook-ID": "3"}
        return body, {**named, "X-WC-Webhook-Delivery-ID": "d41d8cd98f00b204", "X-WC-Webhook-Signature": digest}

    # the interface

    def answer(self, method: str, path: str, asked: dict[str, str], login: str, body: Any) -> Told:
        if path == "/wp-json/":
            return 200, {"name": "Librairie d’essai", "namespaces": ["oembed/1.0", "wc/v3", "wp/v2"], "routes": {}}
        if not path.startswith(API):
            return _error(404, "rest_no_route", "No route was found matching the URL and request method.")
        if login not in {f"Basic {each}" for each in self.logins}:
            return _error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if self.refuses_with_200:
            return 200, _error(400, "woocommerce_rest_invalid_product_id", "Invalid product.")[1]
        there = path.removeprefix(API)
        if method == "POST":
            return self._made(there, body)
        if method == "PUT":
            return self._changed(there, body)
        if there == "data/currencies/current":
            return 200, {"code": self.currency, "name": "Canadian dollar", "symbol": "&#36;"}
        if there in self.settings:
            return 200, {"id": there.rpartition("/")[2], "value": self.settings[there]}
        if there == "products":
            return self._listed(self._asked_products(asked), asked)
        if of := re.fullmatch(r"products/(\d+)/variations", there):
            return self._listed([each for each in self.variations if each["parent_id"] == int(of[1])], asked)
        if there == "orders":
            return self._listed(self._asked_orders(asked), asked)
        if of := re.fullmatch(r"orders/(\d+)", there):
            found = next((each for each in self.orders_made if each["id"] == int(of[1])), None)
            return (200, found) if found else _error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        if of := re.fullmatch(r"orders/(\d+)/refunds", there):
            return self._listed(self.refunds.get(int(of[1]), []), asked)
        return _error(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _asked_products(self, asked: dict[str, str]) -> list[Row]:
        """By number variations are found, too."""
        found = self.products
        if skus := asked.get("sku", ""):
            found = [each for each in [*self.products, *self.variations] if each["sku"] in skus.split(",")]
        if (status := asked.get("status", "any")) != "any":
            found = [each for each in found if each["status"] == status]
        return _modified(found, asked)

    def _asked_orders(self, asked: dict[str, str]) -> list[Row]:
        found, word = self.orders_made, asked.get("search", "").casefold()
        found = [each for each in found if (each["status"] == "trash") == (asked.get("status") == "trash")]
        found = [each for each in found if each["id"] not in self.unlisted]
        if keys := asked.get("include"):
            found = [each for each in found if str(each["id"]) in keys.split(",")]
        if word and not self.searches:  # a plug-in has its own
            return []
        if word:
            found = [
                each
                for each in found
                if word == str(each["id"])
                or any(word in str(each["billing"].get(name, "")).casefold() for name in SEARCHED)
            ]
        return _modified(found, asked)

    def _listed(self, rows: list[Row], asked: dict[str, str]) -> Told:
        size = int(asked.get("per_page", "10"))
        if not 1 <= size <= 100:
            return _error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        by = {"id": "id"}.get(asked.get("orderby", "date"), "date_modified_gmt")
        ordered = sorted(
            rows, key=lambda row: (row.get(by, ""), row["id"]), reverse=asked.get("order", "desc") == "desc"
        )
        start = int(asked.get("offset") or (int(asked.get("page", "1")) - 1) * size)
        page, fields = ordered[start : start + size], asked.get("_fields", "")
        if fields:
            page = [{name: row[name] for name in fields.split(",") if name in row} for row in page]
        return 200, page

    def _made(self, there: str, body: Any) -> Told:
        if not self.may_write:
            return _error(401, "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        if there != "orders":
            return _error(404, "rest_no_route", "No route was found matching the URL and request method.")
        for line in body["line_items"]:
            if self._by_id(line) is None:
                return _error(400, "woocommerce_rest_invalid_product_id", "Product ID provided does not exist.")
        return 201, self.make_order(body)

    def _changed(self, there: str, body: Any) -> Told:
        """PUT /wc/v3/orders/<id>, of which the state alone is known here."""
        of = re.fullmatch(r"orders/(\d+)", there)
        if not self.may_write or of is None or body.keys() != {"status"} or body["status"] != "cancelled":
            return _error(401, "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")
        order = next((each for each in self.orders_made if each["id"] == int(of[1])), None)
        if order is None:
            return _error(400, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        self._cancelled(order)
        return 200, order

    def make_order(self, order: Row) -> Row:
        """It asks nobody whether there are as many; there may be two with the same meta data."""
        number, lines = 5000 + len(self.orders_made), list[Row]()
        for place, line in enumerate(order["line_items"]):
            product, units = self._by_id(line), line["quantity"]
            assert product is not None
            if order.get("set_paid") and product["manage_stock"]:
                product["stock_quantity"] -= units
                product["stock_status"] = "instock" if product["stock_quantity"] > 0 else "outofstock"
            own = [{"id": place, **each} for place, each in enumerate(line.get("meta_data", []), start=1)]
            more = {"sku": product["sku"], "name": "", "total": line.get("total", "0.00"), "meta_data": own}
            lines.append({"id": 100 * number + place, "variation_id": 0, **line, **more, "quantity": units})
        meta = [{"id": place, **each} for place, each in enumerate(order.get("meta_data", []), start=1)]
        made = {"id": number, "number": str(number), "status": "processing" if order.get("set_paid") else "pending"}
        stamps = {"date_created_gmt": _now(), "date_modified_gmt": _now()}
        rest = {"line_items": lines, "meta_data": meta, "refunds": [], "billing": dict(order.get("billing", {}))}
        self.orders_made.append({**made, **stamps, **rest})
        return self.orders_made[-1]

    def _by_id(self, line: Row) -> Any:
        wanted = line.get("variation_id") or line["product_id"]
        return next((each for each in [*self.products, *self.variations] if each["id"] == wanted), None)


def _handler(system: WooCommerceUnderTest) -> type[DatedHandler]:
    class Handler(DatedHandler):
        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts, login = urlsplit(self.path), self.headers.get("Authorization", "")
            with system.lock:
                asked = dict(parse_qsl(parts.query))
                status, told = system.answer(self.command, parts.path, asked, login, json.loads(raw) if raw else None)
                body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def _modified(rows: list[Row], asked: dict[str, str]) -> list[Row]:
    """After the second that is named, and not in it; in the shop's own time unless it is said that it is GMT."""
    after = asked.get("modified_after")
    if not after:
        return rows
    assert asked.get("dates_are_gmt") == "true", "the shop's clock is five hours behind"
    return [row for row in rows if row["date_modified_gmt"] > after]


def _error(status: int, code: str, message: str) -> Told:
    return status, {"code": code, "message": message, "data": {"status": status}}


def _now() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S")
