"""PrestaShop as a system under test: a contract server of our own, written from its documents and its source, with
nothing of the adapter's code. No real shop was asked.

- Key as the name of basic authentication, 32 characters; errors with code and message; `display`, `filter`, `sort`,
  `limit`, `language`, `date`, `price`; an empty list is `[]`; a `BETWEEN` for an interval; stamps are filtered with
  `date=1` alone; the body is XML: https://devdocs.prestashop-project.org/9/webservice/ and classes/webservice/
  WebserviceRequest.php, WebserviceOutputJSON.php, SQLUtils::getSQLRetrieveFilter in PrestaShop/PrestaShop
- An order or a counted shelf moves no article's stamp: https://github.com/PrestaShop/PrestaShop/issues/20465
- `stock_availables` have no stamp: https://devdocs.prestashop-project.org/9/webservice/resources/stock_availables/
- Order::addWs: `validateOrder` with the state PS_OS_WS_PAYMENT, the amount and the name of the payment that are sent; a
  cart makes one order, for a second one PHP dies with a sentence, status 200 (PaymentModule::validateOrder)
- An amount that is not the cart's total makes it PS_OS_ERROR: https://github.com/PrestaShop/PrestaShop/issues/15834
  and …/19219; then its units stay (OrderDetail::checkProductStock), until another state takes them
  (OrderHistory::changeIdOrderState)
- More than there is is taken: https://github.com/PrestaShop/PrestaShop/issues/34411; such an order is moved on at once,
  to PS_OS_OUTOFSTOCK_PAID, or to …_UNPAID from PS_OS_ERROR, and from that its units leave never: of several articles
  the last one's number is looked at (PaymentModule::validateOrder, OrderDetail::create, Product::getQuantity)
- An order is in the table before it has details, and has details before it has a state (validateOrder)
- A cart without its customer's secure key is given it (Cart::__construct); carts and orders come back as they were sent
Assumed, since it was not found: that a filter on `gift_message` looks into a text of several lines; that a state set by
`order_histories` moves the order's `date_upd`."""

from __future__ import annotations

import base64
import itertools
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from shops.systems import prestashop
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.json_server import Asked, JsonServer, Refusal
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import EDITS, KEEPS_CONTEXT, LOOKS_UP, SETS_CLOCK, SHARES_NUMBERS, Seen

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
OLD, TIMEZONE = "2020-01-01 00:00:00", "America/Toronto"
PAID, SHIPPED, CANCELLED, REFUNDED, FAILED = "11", "4", "6", "7", "8"
SHORT_PAID, SHORT_UNPAID, NO_STATE = "9", "12", "0"
CUSTOMER, ADDRESS, SECURE, CARRIER = 42, 77, "0123456789abcdef0123456789abcdef", 9
LANGUAGES = {"1": "", "2": " (en)"}
TAX = Decimal("1.05")
Row = dict[str, Any]
ONE_OF = {
    "carts": "cart",
    "orders": "order",
    "order_histories": "order_history",
}


class PhpDied(Exception):
    """`die($words)`: status 200, and no JSON."""


class PrestaShopUnderTest(JsonServer):
    kind = "prestashop"
    can = frozenset({EDITS, KEEPS_CONTEXT, LOOKS_UP, SETS_CLOCK, SHARES_NUMBERS})

    def reset(self) -> None:
        self.keys, self.forbidden = {KEY}, set[str]()
        self.ids = itertools.count(1000)
        self.tables: dict[str, list[Row]] = {
            "configurations": [{"id": n, "name": name, "value": value} for n, (name, value) in enumerate(_settings())],
            "currencies": [{"id": 1, "iso_code": CURRENCY}, {"id": 2, "iso_code": "EUR"}],
            "customers": [{"id": CUSTOMER, "email": "orders@halles.test", "secure_key": SECURE}],
            "addresses": [
                {"id": ADDRESS - 1, "id_customer": str(CUSTOMER), "deleted": "1"},
                {"id": ADDRESS, "id_customer": str(CUSTOMER), "deleted": "0"},
            ],
            "carriers": [
                {"id": CARRIER - 1, "name": "Au comptoir", "active": "1", "deleted": "1"},
                {"id": CARRIER, "name": "Au comptoir", "active": "1", "deleted": "0"},
            ],
            "order_states": [
                {"id": int(state), "shipped": "1" if state == SHIPPED else "0"}
                for state in (PAID, SHIPPED, CANCELLED, REFUNDED, FAILED, SHORT_PAID, SHORT_UNPAID)
            ],
            **{name: [] for name in ("products", "combinations", "product_option_values", "stock_availables")},
            **{name: [] for name in ("carts", "orders", "order_details", "order_histories")},
        }
        for n, known in enumerate(KNOWN, start=11):
            self._product(n, known.title, known.price, reference=known.sku, isbn=known.gtin)
            self._level(n, 0, known.quantity)
        self._product(90, "Not sold", 100, reference="SHELF", active="0")
        self._level(90, 0, 4)

    def grow(self, skus: list[str]) -> None:
        for key, sku in enumerate(skus, start=5000):
            self._product(key, f"Title {sku}", 1200, reference=sku)
            self._level(key, 0, 5)

    def _product(self, key: int, title: str, price: int, **values: str) -> Row:
        words = {"active": "1", "available_for_order": "1", "type": "simple", "ean13": "", "isbn": "", "reference": ""}
        names = [{"id": key_of, "value": f"{title}{more}"} for key_of, more in LANGUAGES.items()]
        row = {"id": key, "name": names, "price": f"{Decimal(price) / 100:.6f}", "date_upd": OLD, **words, **values}
        self.tables["products"].append(row)
        return row

    def _level(self, product: int, combination: int, units: int) -> None:
        keys = {"id_product": str(product), "id_product_attribute": str(combination)}
        self.tables["stock_availables"].append({"id": next(self.ids), **keys, "quantity": str(units)})

    # what the shop enters, and does

    def entered(self, address: str) -> Access:
        return Access("prestashop", address, {"customer": "orders@halles.test"}, {"key": KEY})

    def access(self, address: str) -> Access:
        states = {"paid_state": PAID, "error_state": FAILED, "cancelled_state": CANCELLED, "refunded_state": REFUNDED}
        states["waiting_state"] = SHORT_UNPAID
        found = {"currency_id": "1", "language_id": "1", "timezone": TIMEZONE, "currency": CURRENCY, **states}
        customer = {"customer_id": str(CUSTOMER), "address_id": str(ADDRESS), "secure_key": SECURE}
        entered = self.entered(address)
        return Access("prestashop", address, {**entered.options, **found, **customer}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes = [{"currency_id": "2"}, {"currency_id": ""}]
        return [Access("prestashop", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(prestashop, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        self.product(sku).update(price=f"{Decimal(minor) / 100:.6f}", date_upd=_now())

    def renumber(self, sku: str, new: str) -> None:
        self.product(sku).update(reference=new, date_upd=_now())

    def set_stock(self, sku: str, units: int) -> None:
        self.level(sku)["quantity"] = str(units)

    def sell(self, sku: str, units: int) -> None:
        self._take(self.product(sku)["id"], 0, units)

    def archive(self, sku: str) -> None:
        self.product(sku).update(active="0", date_upd=_now())

    def revoke_key(self) -> None:
        self.keys.clear()

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        by_cart: dict[Any, list[Row]] = {}
        for order in self.tables["orders"]:
            if order["payment"] == f"Halles {number}":
                by_cart.setdefault(order["id_cart"], []).append(order)
        return [
            Seen(number, _units(parts), all(o["current_state"] in (PAID, SHORT_PAID) for o in parts))
            for parts in by_cart.values()
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        raise NotImplementedError

    def send_all(self, number: str, tracking: str) -> None:
        for order in self._of(number):
            self._move(order, SHIPPED)
            order["shipping_number"] = tracking

    def cancel(self, number: str) -> None:
        for order in self._of(number):
            self._move(order, CANCELLED)

    def edit(self, number: str, sku: str, units: int) -> None:
        """Whether the order's stamp moves by that is not known: here it does not."""
        (order,) = self._of(number)
        details = self.tables["order_details"]
        for row in [*order["associations"]["order_rows"], *details]:
            if row["product_reference"] == sku and row.get("id_order", str(order["id"])) == str(order["id"]):
                if "id_order" in row:
                    self._take(
                        int(row["product_id"]), int(row["product_attribute_id"]), units - int(row["product_quantity"])
                    )
                row["product_quantity"] = str(units)
        order["associations"]["order_rows"] = [
            row for row in order["associations"]["order_rows"] if row["product_quantity"] != "0"
        ]
        self.tables["order_details"] = [row for row in details if row["product_quantity"] != "0"]

    def refund(self, number: str, sku: str, units: int) -> None:
        """Partially, putting nothing back."""
        for order in self._of(number):
            order["date_upd"] = _now()
            for row in self.tables["order_details"]:
                if (row["id_order"], row["product_reference"]) == (str(order["id"]), sku):
                    row["product_quantity_refunded"] = str(units)

    def set_version(self, version: str) -> None:
        next(row for row in self.tables["configurations"] if row["name"] == "PS_VERSION_DB")["value"] = version

    def product(self, sku: str) -> Row:
        return next(row for row in self.tables["products"] if row["reference"] == sku)

    def level(self, sku: str) -> Row:
        key = str(self.product(sku)["id"])
        return next(row for row in self.tables["stock_availables"] if row["id_product"] == key)

    def combine(self, sku: str, own: list[tuple[str, str, int]]) -> None:
        """Give an article combinations: reference, what it is called, how many."""
        product = self.product(sku)
        for reference, name, units in own:
            key, value = next(self.ids), next(self.ids)
            names = [{"id": key_of, "value": f"{name}{more}"} for key_of, more in LANGUAGES.items()]
            self.tables["product_option_values"].append({"id": value, "name": names})
            facts = {
                "id_product": str(product["id"]),
                "reference": reference,
                "ean13": "",
                "isbn": "",
                "price": "2.000000",
            }
            options = {"product_option_values": [{"id": str(value)}]}
            self.tables["combinations"].append({"id": key, **facts, "associations": options})
            self._level(product["id"], key, units)

    # the webservice

    def served(self, asked: Asked) -> tuple[int, bytes, dict[str, str]]:
        try:
            return super().served(asked)
        except PhpDied as died:
            return 200, str(died).encode(), {"Content-Type": "text/html"}

    def answer(self, asked: Asked) -> object:
        login = base64.b64decode(asked.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        key, _colon, _nothing = login.partition(":")
        if len(key) != 32:
            raise _refusal(401, 18, "Invalid authentication key format")
        if key not in self.keys:
            raise _refusal(401, 20, "Authentification key is not active")
        assert asked.query.get("output_format") == "JSON", "it would be XML"
        resource = asked.path.removeprefix("/api/")
        if resource not in self.tables:
            raise _refusal(400, 27, f'Resource of type "{resource}" does not exists')
        if resource in self.forbidden:
            raise _refusal(401, 26, f'Resource of type "{resource}" is not allowed with this authentication key')
        if f"{asked.method} {resource}" in self.forbidden:
            raise _refusal(405, 25, f"Method {asked.method} is not allowed for the resource {resource}")
        if asked.method == "POST":
            return self._made(resource, ElementTree.fromstring(asked.body))
        found = self._listed(resource, asked.query)
        return {resource: found} if found else []

    def _listed(self, resource: str, query: dict[str, str]) -> list[Row]:
        rows = self.tables[resource]
        for name, wanted in query.items():
            if of := re.fullmatch(r"filter\[(\w+)\]", name):
                if of[1] in ("date_add", "date_upd") and query.get("date") != "1":
                    raise _refusal(400, 32, "This filter does not exist")
                rows = [row for row in rows if _matches(str(row.get(of[1], "")), wanted)]
        if "sort" in query:
            assert query["sort"] == "[id_ASC]"
            rows = sorted(rows, key=lambda row: row["id"])
        start, _comma, size = query.get("limit", "").rpartition(",")
        rows = rows[int(start or 0) :][: int(size)] if size else rows
        return [self._shown(resource, row, query) for row in rows]

    def _shown(self, resource: str, row: Row, query: dict[str, str]) -> Row:
        row = {**row, **self._prices(resource, row, query)}
        if language := query.get("language"):
            row = {k: _in(v, language) if k == "name" else v for k, v in row.items()}
        if query["display"] == "full":
            return row
        shown: Row = {}
        for name in re.findall(r"(\w+(?:\[[\w,]+\])?)", query["display"][1:-1]):
            field, _bracket, parts = name.partition("[")
            if parts:
                found = (row.get("associations") or {}).get(field)
                if found:
                    shown.setdefault("associations", {})[field] = found
            elif field not in row:
                raise _refusal(400, 35, f'Unable to display this field "{field}".')
            else:
                shown[field] = row[field]
        return shown

    def _prices(self, resource: str, row: Row, query: dict[str, str]) -> Row:
        """Under the names that are asked for, with tax unless it is said."""
        found: Row = {}
        for name in {of[1] for each in query if (of := re.match(r"price\[(\w+)\]", each))}:
            with_tax = query.get(f"price[{name}][use_tax]", "1") == "1"
            product = row["id_product"] if resource == "combinations" else row["id"]
            if resource in ("products", "combinations"):
                more = Decimal(row["price"]) if resource == "combinations" else Decimal(0)
                found[name] = f"{self._price(int(product), with_tax=with_tax, more=more):.6f}"
        return found

    def _price(self, product: int, *, with_tax: bool, more: Decimal = Decimal(0)) -> Decimal:
        row = next(each for each in self.tables["products"] if each["id"] == product)
        return ((Decimal(row["price"]) + more) * (TAX if with_tax else 1)).quantize(Decimal("0.01"))

    def _made(self, resource: str, root: ElementTree.Element) -> object:
        if resource not in ONE_OF or root.tag != "prestashop":
            raise _refusal(405, 101, f"Method POST is not allowed for the resource {resource}")
        (node,) = root
        sent = {child.tag: child.text or "" for child in node if child.tag != "associations"}
        made = {"carts": self._cart, "orders": self._order, "order_histories": self._history}[resource](sent, node)
        return {ONE_OF[resource]: made}

    def _cart(self, sent: dict[str, str], node: ElementTree.Element) -> Row:
        for name in ("id_currency", "id_lang"):
            if name not in sent:
                raise _refusal(400, 41, f'parameter "{name}" required')
        if re.search(r"[<>{}]", sent.get("gift_message", "")):
            raise _refusal(400, 85, 'Validation error: "Property Cart->gift_message is not valid"')
        rows = [{child.tag: child.text for child in row} for row in node.findall("associations/cart_rows/cart_row")]
        cart = {"id": next(self.ids), **sent, "associations": {"cart_rows": rows}}
        self.tables["carts"].append(cart)
        return cart

    def _order(self, sent: dict[str, str], _node: ElementTree.Element) -> Row:
        needed = ("id_address_delivery", "id_cart", "id_currency", "id_lang", "id_customer", "id_carrier", "module")
        for name in (*needed, "payment", "total_paid", "total_paid_real", "total_products", "conversion_rate"):
            if not sent.get(name):
                raise _refusal(400, 41, f'parameter "{name}" required')
        if sent["module"] != "ps_wirepayment":
            raise _refusal(500, 1, "Call to a member function validateOrder() on false")
        cart = next((each for each in self.tables["carts"] if str(each["id"]) == sent["id_cart"]), None)
        used = any(order["id_cart"] == sent["id_cart"] for order in self.tables["orders"])
        if cart is None or used or cart.get("secure_key", SECURE) != SECURE:
            raise PhpDied("Cart cannot be loaded or an order has already been placed using this cart")
        self.place(cart, sent["payment"], Decimal(sent["total_paid"]))
        return {**sent, "id": self.tables["orders"][-1]["id"]}

    def place(self, cart: Row, payment: str, paid: Decimal) -> None:
        """`validateOrder`. It asks nobody whether there are as many."""
        rows = cart["associations"]["cart_rows"]
        total = sum(self._price(int(row["id_product"]), with_tax=True) * int(row["quantity"]) for row in rows)
        order = {
            "id": next(self.ids),
            "reference": "".join(chr(65 + int(digit)) for digit in f"{next(self.ids):09}"),
            "payment": payment,
            "id_cart": str(cart["id"]),
            "id_customer": cart["id_customer"],
            "current_state": PAID if paid == total else FAILED,
            "shipping_number": "",
            "date_upd": _now(),
            "associations": {"order_rows": [self._row(row) for row in rows]},
        }
        self.tables["orders"].append(order)
        is_short = False
        for row in order["associations"]["order_rows"]:
            more = {"id": next(self.ids), "id_order": str(order["id"]), "product_quantity_refunded": "0"}
            self.tables["order_details"].append({**row, **more})
            place, units = (row["product_id"], row["product_attribute_id"]), int(row["product_quantity"])
            left = self._left(*place) - units
            is_short = left < 0 if order["current_state"] == FAILED else is_short or left < 0
            if order["current_state"] != FAILED:
                self._take(int(place[0]), int(place[1]), units)
        if is_short:
            order["current_state"] = SHORT_PAID if order["current_state"] == PAID else SHORT_UNPAID

    def _row(self, row: Row) -> Row:
        combination = int(row["id_product_attribute"] or 0)
        where, key = ("combinations", combination) if combination else ("products", int(row["id_product"]))
        reference = next(each["reference"] for each in self.tables[where] if each["id"] == key)
        keys = {"product_id": row["id_product"], "product_attribute_id": str(combination)}
        return {**keys, "product_quantity": row["quantity"], "product_reference": reference}

    def _history(self, sent: dict[str, str], _node: ElementTree.Element) -> Row:
        order = next(each for each in self.tables["orders"] if str(each["id"]) == sent["id_order"])
        self._move(order, sent["id_order_state"])
        return {"id": next(self.ids), **sent}

    def _move(self, order: Row, state: str) -> None:
        """Units leave or come back as the order comes from, or goes to, an error or a cancellation."""
        was, order["current_state"], order["date_upd"] = order["current_state"], state, _now()
        off = {CANCELLED, FAILED}
        sign = (1 if was in off and state not in off else 0) - (1 if was not in off and state in off else 0)
        for row in order["associations"]["order_rows"]:
            self._take(int(row["product_id"]), int(row["product_attribute_id"]), sign * int(row["product_quantity"]))

    def _take(self, product: int, combination: int, units: int) -> None:
        for row in self.tables["stock_availables"]:
            if (row["id_product"], row["id_product_attribute"]) == (str(product), str(combination)):
                row["quantity"] = str(int(row["quantity"]) - units)

    def _left(self, product: str, combination: str) -> int:
        rows = self.tables["stock_availables"]
        keys = (product, combination)
        return next(int(row["quantity"]) for row in rows if (row["id_product"], row["id_product_attribute"]) == keys)

    def _of(self, number: str) -> list[Row]:
        return [order for order in self.tables["orders"] if order["payment"] == f"Halles {number}"]


def _settings() -> list[tuple[str, str]]:
    states = {"PS_OS_WS_PAYMENT": PAID, "PS_OS_ERROR": FAILED, "PS_OS_CANCELED": CANCELLED, "PS_OS_REFUND": REFUNDED}
    states |= {"PS_OS_OUTOFSTOCK_PAID": SHORT_PAID, "PS_OS_OUTOFSTOCK_UNPAID": SHORT_UNPAID}
    shop = {"PS_SHOP_NAME": "Librairie d’essai", "PS_STOCK_MANAGEMENT": "1", "PS_TIMEZONE": TIMEZONE}
    shop["PS_VERSION_DB"] = "8.1.7"
    return list({"PS_CURRENCY_DEFAULT": "1", "PS_LANG_DEFAULT": "1", **states, **shop}.items())


def _matches(value: str, wanted: str) -> bool:
    """`[a,b]`, `[a|b]`, `[a]%` and `[a]`, case aside. What is no interval of numbers or moments is one word."""
    of = re.fullmatch(r"(%?)\[(.*)\](%?)", wanted, re.DOTALL)
    assert of is not None
    before, words, after = of.groups()
    if before or after:
        found = value.casefold().find(words.casefold())
        return found == 0 if not before else found >= 0
    if "|" in words:
        return value.casefold() in words.casefold().split("|")
    if between := re.fullmatch(r"([\d.:\-\s]+),([\d.:\-\s]+)", words):
        low, high = between.groups()
        return int(low) <= int(value) <= int(high) if low.isdigit() else low <= value <= high
    return value.casefold() == words.casefold()


def _in(names: Any, language: str) -> Any:
    return next(each["value"] for each in names if each["id"] == language) if isinstance(names, list) else names


def _units(orders: list[Row]) -> dict[str, int]:
    rows = [row for order in orders for row in order["associations"]["order_rows"]]
    return {row["product_reference"]: int(row["product_quantity"]) for row in rows}


def _refusal(status: int, code: int, message: str) -> Refusal:
    return Refusal(status, {"errors": [{"code": code, "message": message}]})


def _now() -> str:
    """At the shop."""
    return clock.now().astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m-%d %H:%M:%S")
