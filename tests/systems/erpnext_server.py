"""ERPNext as a system under test: a contract server of our own, written from its documents and its source, with nothing
of the adapter's code. No real site was asked.

- `Authorization: token key:secret`, `frappe.client.get_list` with `doctype`, `fields`, `filters`, `order_by`,
  `limit_start`, `limit_page_length` (20 where none is said), `parent` for rows of documents, in an address or in a body
  of JSON; `/api/resource/{doctype}` for one document with its rows, POST, PUT; `/api/method/…`: frappe/api/v1.py,
  frappe/client.py, frappe/handler.py of frappe/frappe;
  https://docs.frappe.io/framework/user/en/guides/integration/rest_api/listing_documents
- A request's first line of more than 4094 bytes is refused (https://docs.gunicorn.org/en/stable/settings.html,
  `limit_request_line`), behind which a bench serves
- A limit of time that is used up answers 429 with Retry-After: frappe/rate_limiter.py
- What is inserted or saved with docstatus 1 is submitted: Document.check_docstatus_transition, frappe/model/document.py
- `modified` is the site's own time (`frappe.utils.now`), to the microsecond
- A bin's stamp moves with what is reserved and what is there: https://github.com/frappe/erpnext/pull/29746,
  update_bin_qty in erpnext/stock/stock_balance.py; what is reserved is what submitted orders that are neither closed
  nor on hold have still to deliver (get_reserved_qty there; test_sales_order.py: partial delivery, closed, cancelled)
- A second order of a customer under one number is refused: SalesOrder.validate_po (a warning alone before)
- More than there is is promised: SalesOrder.validate_for_items writes the projected quantity down and refuses nothing
- Delivery notes and their rows (`against_sales_order`), of returns below zero, `per_delivered`: status_updater in
  erpnext/stock/doctype/delivery_note/delivery_note.py, test_return_against_sales_order in test_sales_order.py
- Sales Taxes and Charges Template (`is_default`, `company`, `tax_category`; of its rows `charge_type`, `rate`,
  `included_in_print_rate`): erpnext/accounts/doctype/sales_taxes_and_charges_template, …/sales_taxes_and_charges
- Item Tax (`item_tax_template`, `tax_category`, `valid_from`, `minimum_net_rate`, `maximum_net_rate`) of an Item or of
  an Item Group (`parent_item_group`), Item Tax Template (`company`, `disabled`), its details (`tax_type`, `tax_rate`):
  erpnext/accounts/doctype/item_tax_template, …/item_tax_template_detail, erpnext/stock/doctype/item_tax
- `frappe.utils.change_log.get_versions`, which ERPNext's own “About” asks: the version of each installed application
- Rows of documents are listed only with `parent`: https://github.com/frappe/frappe/issues/5897
Assumed: `lr_no` and `transporter_name` of a delivery note; that a delivery moves the order's stamp only sometimes (here
never), and that a cancelled order does."""

from __future__ import annotations

import itertools
import json
from operator import eq, ge, gt, le, lt
from typing import Any
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from shops.systems import erpnext
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.json_server import Asked, JsonServer, Refusal
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import (
    CANCELS_REST,
    COUNTS_ON_HAND,
    EDITS,
    KEEPS_CONTEXT,
    KNOWS_STOCK_CHANGES,
    LOOKS_UP,
    SAYS_TAX,
    SETS_CLOCK,
    SHIPS,
    Seen,
)

KEY, SECRET = "a1b2c3d4e5f6a7b", "f0e1d2c3b4a5968"
TIMEZONE, OLD = "America/Toronto", "2020-01-01 00:00:00.000000"
HOUSE, GROUP, OTHER, SHUT, COMPANY = "Stores - L", "All Warehouses - L", "Other - L", "Old - L", "Librairie d’essai"
CUSTOMER, LIST = "Halles", "Standard Selling"
CHILDREN = {
    "Item Barcode": ("Item",),
    "Item Tax": ("Item", "Item Group"),
    "Item Tax Template Detail": ("Item Tax Template",),
    "Delivery Note Item": ("Delivery Note",),
    "Sales Order Item": ("Sales Order",),
}
LONGEST_LINE = 4094  # bytes of a request's first line
Row = dict[str, Any]


class ERPNextUnderTest(JsonServer):
    kind = "erpnext"
    can = frozenset(
        {EDITS, CANCELS_REST, COUNTS_ON_HAND, KEEPS_CONTEXT, KNOWS_STOCK_CHANGES, LOOKS_UP, SHIPS, SETS_CLOCK, SAYS_TAX}
    )

    def reset(self) -> None:
        self.tokens, self.forbidden, self.calls_left = {f"token {KEY}:{SECRET}"}, set[str](), 10_000
        self.version: str | None = "16.1.0"  # None: this user is not told
        self.lets_two = False  # "Allow Multiple Sales Orders Against a Customer's Purchase Order"
        self.numbers = itertools.count(1)
        self.kinds: dict[str, dict[str, Row]] = {}
        for name, values in {HOUSE: {}, GROUP: {"is_group": 1}, OTHER: {}, SHUT: {"disabled": 1}}.items():
            self._put("Warehouse", name, **{"is_group": 0, "disabled": 0, "company": COMPANY, **values})
        self._put("Price List", LIST, enabled=1, selling=1, currency=CURRENCY)
        self._put("Price List", "Standard Buying", enabled=1, selling=0, currency=CURRENCY)
        self._put("Customer", CUSTOMER, disabled=0)
        kinds = ("Sales Order", "Sales Order Item", "Delivery Note", "Delivery Note Item")
        taxes = ("Sales Taxes and Charges Template", "Item Tax", "Item Tax Template", "Item Tax Template Detail")
        for doctype in (*kinds, *taxes):
            self.kinds[doctype] = {}
        self.form_adds_taxes: int | None = (
            1  # "Automatically Add Taxes and Charges from Item Tax Template"; None: not told
        )
        for name, parent in {"All Item Groups": "", "Books": "All Item Groups", "Pocket": "Books"}.items():
            self._put("Item Group", name, parent_item_group=parent)
        for known in KNOWN:
            self.item(known.sku, known.title, known.gtin, known.price, known.quantity)
        self.item("SHELF", "Not sold any more", "", 100, 3, disabled=1)
        self.item("WORK", "An hour of advice", "", 9000, 0, is_stock_item=0)
        for row in [row for rows in self.kinds.values() for row in rows.values()]:
            row["modified"] = OLD

    def grow(self, skus: list[str]) -> None:
        for sku in skus:
            self.item(sku, f"Title {sku}", "", 1200, 5)
        for row in [row for rows in self.kinds.values() for row in rows.values()]:
            row["modified"] = OLD

    def item(self, sku: str, title: str, gtin: str, price: int, units: int, **values: Any) -> None:
        words: Row = {"disabled": 0, "is_sales_item": 1, "is_stock_item": 1, "has_variants": 0, "stock_uom": "Nos"}
        words |= {"item_group": "Pocket", "variant_of": None}
        self._put("Item", sku, item_name=title, **{**words, **values})
        if gtin:
            self._put("Item Barcode", f"b-{sku}", parent=sku, barcode=gtin, barcode_type="ISBN-13")
        self.price(sku, price)
        for house, count in ((OTHER, 40), (HOUSE, units)):
            numbers = {"reserved_qty_for_production": 0.0, "reserved_qty_for_sub_contract": 0.0, "ordered_qty": 12.0}
            keys = {"item_code": sku, "warehouse": house}
            self._put(
                "Bin",
                f"{hash(sku) % 97:02}-{house}-{sku}",
                actual_qty=float(count),
                reserved_qty=0.0,
                **keys,
                **numbers,
            )

    def enter_with_tax(self) -> None:
        self.taxes("Canada", 1, is_default=1)

    def taxes(self, name: str, *included: int, rate: float = 5.0, **values: Any) -> None:
        """A template with a tax for each of `included` (whether prices have it in them), and the cost of the way."""
        rows: list[Row] = [{"rate": rate, "included_in_print_rate": has, "account_head": "VAT - L"} for has in included]
        rows = [{"charge_type": "On Net Total", "row_id": None, **row} for row in rows]
        way = {"charge_type": "Actual", "tax_amount": 8.0, "rate": 0.0, "included_in_print_rate": 0}
        words = {"company": COMPANY, "disabled": 0, "is_default": 0, "tax_category": None, "taxes": [*rows, way]}
        self._put("Sales Taxes and Charges Template", name, **{**words, **values})

    def item_tax(self, name: str, rates: dict[str, float], **values: Any) -> None:
        """An item tax template."""
        self._put("Item Tax Template", name, **{"company": COMPANY, "disabled": 0, **values})
        for account, rate in rates.items():
            self._put("Item Tax Template Detail", f"{name} {account}", parent=name, tax_type=account, tax_rate=rate)

    def taxed(self, parent: str, template: str, kind: str = "Item", **values: Any) -> None:
        """A row of an item's taxes, or of a group's."""
        number = next(self.numbers)
        words = {"item_tax_template": template, "tax_category": None, "valid_from": None, "idx": number}
        words |= {"minimum_net_rate": 0.0, "maximum_net_rate": 0.0, "parent": parent, "parenttype": kind}
        self._put("Item Tax", f"t{97 - number % 97:02}", **{**words, **values})

    def price(self, sku: str, minor: int, **values: Any) -> Row:
        words = {
            "price_list": LIST,
            "selling": 1,
            "currency": CURRENCY,
            "uom": "Nos",
            "customer": None,
            "batch_no": None,
        }
        dates = {"valid_from": "2020-01-01", "valid_upto": None}
        name = f"p{next(self.numbers)}"
        return self._put("Item Price", name, item_code=sku, price_list_rate=minor / 100, **{**words, **dates, **values})

    def _put(self, doctype: str, name: str, /, **values: Any) -> Row:
        row = {**values, "name": name, "creation": _now(), "modified": _now()}
        self.kinds.setdefault(doctype, {})[name] = row
        return row

    # what the shop enters, and does

    def entered(self, address: str) -> Access:
        return Access("erpnext", address, {"warehouse": HOUSE, "customer": CUSTOMER}, {"key": KEY, "secret": SECRET})

    def access(self, address: str) -> Access:
        found = {"company": COMPANY, "price_list": LIST, "currency": CURRENCY, "timezone": TIMEZONE}
        entered = self.entered(address)
        return Access("erpnext", address, {**entered.options, **found}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        houses = ({"warehouse": house} for house in (None, GROUP, SHUT, "Nowhere - L"))
        changes: list[Row] = [*houses, {"company": "Another"}]
        return [Access("erpnext", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(erpnext, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        for row in self.kinds["Item Price"].values():
            if row["item_code"] == sku:
                row.update(price_list_rate=minor / 100, modified=_now())

    def set_stock(self, sku: str, units: int) -> None:
        self._bin(sku).update(actual_qty=float(units), modified=_now())

    def sell(self, sku: str, units: int) -> None:
        row = {"item_code": sku, "qty": float(units), "warehouse": HOUSE}
        self._order({"customer": "Somebody", "po_no": "", "docstatus": 1, "items": [row]})

    def archive(self, sku: str) -> None:
        self.kinds["Item"][sku].update(disabled=1, modified=_now())

    def revoke_key(self) -> None:
        self.tokens.clear()

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = [row for row in self.kinds["Sales Order"].values() if row["po_no"] == number]
        return [
            Seen(number, {item["item_code"]: int(item["qty"]) for item in order["items"]}, order["docstatus"] == 1)
            for order in found
        ]

    def order(self, number: str) -> Row:
        return next(row for row in self.kinds["Sales Order"].values() if row["po_no"] == number)

    def ship(self, number: str, units: dict[str, int], tracking: str, *, is_return: int = 0) -> None:
        order = self.order(number)
        name = f"MAT-DN-{next(self.numbers):05}"
        head = {"customer": order["customer"], "docstatus": 1, "is_return": is_return}
        self._put("Delivery Note", name, **head, lr_no=tracking, transporter_name="Poste")
        for item in order["items"]:
            if count := units.get(item["item_code"], 0) * (-1 if is_return else 1):
                against = {"parent": name, "against_sales_order": order["name"], "docstatus": 1}
                sent = {"item_code": item["item_code"], "qty": float(count), **against}
                self._put("Delivery Note Item", f"{name}-{item['item_code']}", **sent)
                item["delivered_qty"] += count
                self._bin(item["item_code"])["actual_qty"] -= count
        sent, all_of_it = (sum(item[field] for item in order["items"]) for field in ("delivered_qty", "qty"))
        order["per_delivered"] = 100 * sent / all_of_it
        order["status"] = "To Bill" if sent == all_of_it else "To Deliver and Bill"
        self._reserve(order)

    def cancel(self, number: str) -> None:
        self.order(number).update(docstatus=2, status="Cancelled", modified=_now())
        self._reserve(self.order(number))

    def edit(self, number: str, sku: str, units: int) -> None:
        """By “Update Items”."""
        order = self.order(number)
        for item in order["items"]:
            item["qty"] = float(units) if item["item_code"] == sku else item["qty"]
        self._reserve(order)
        order["items"] = [item for item in order["items"] if item["qty"]]
        order["modified"] = _now()

    def cancel_rest(self, number: str) -> None:
        self.becomes(number, "Closed")

    def becomes(self, number: str, status: str) -> None:
        self.order(number).update(status=status, modified=_now())
        self._reserve(self.order(number))

    def _bin(self, sku: str) -> Row:
        bins = self.kinds["Bin"].values()
        return next(row for row in bins if (row["item_code"], row["warehouse"]) == (sku, HOUSE))

    def _reserve(self, order: Row) -> None:
        for item in order["items"]:
            open_ones = [
                (each["qty"] - each["delivered_qty"])
                for other in self.kinds["Sales Order"].values()
                if other["docstatus"] == 1 and other["status"] not in ("On Hold", "Closed")
                for each in other["items"]
                if each["item_code"] == item["item_code"]
            ]
            self._bin(item["item_code"]).update(reserved_qty=float(sum(open_ones)), modified=_now())

    # the interface

    def answer(self, asked: Asked) -> object:
        if asked.headers.get("Authorization") not in self.tokens:
            raise _refusal(401, "AuthenticationError", "Authentication failed")
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Refusal(429, "Too Many Requests", Retry_After="240")
        path = unquote(asked.path)
        if len(f"{asked.method} {asked.path}?{urlencode(asked.query)} HTTP/1.1") > LONGEST_LINE:
            raise Refusal(400, "Request Line is too large")
        if path == "/api/method/frappe.client.get_list":
            return {"message": self._listed(asked.json)}
        if path == "/api/method/frappe.utils.change_log.get_versions":
            if self.version is None:
                raise _refusal(403, "PermissionError", "Not permitted")
            apps = {"frappe": "16.2.0", "erpnext": self.version}
            return {"message": {name: {"title": name, "version": version} for name, version in apps.items()}}
        if path == "/api/method/frappe.client.get_single_value":
            if self.form_adds_taxes is None:
                raise _refusal(403, "PermissionError", "No permission for Accounts Settings")
            wanted = {"doctype": "Accounts Settings", "field": "add_taxes_from_item_tax_template"}
            return {"message": self.form_adds_taxes} if asked.query == wanted else {}
        if path == "/api/method/frappe.client.get_time_zone":
            return {"message": {"time_zone": TIMEZONE}}
        _nothing, _api, _resource, doctype, *name = path.split("/", 4)
        kind = self._kind(doctype)
        if asked.method == "POST":
            return {"data": self._order(asked.json)}
        if name[0] not in kind:
            raise _refusal(404, "DoesNotExistError", f"{doctype} {name[0]} not found")
        return {"data": self._saved(kind[name[0]], asked.json) if asked.method == "PUT" else kind[name[0]]}

    def _kind(self, doctype: str) -> dict[str, Row]:
        if doctype in self.forbidden:
            raise _refusal(403, "PermissionError", f"No permission for {doctype}")
        if doctype not in self.kinds:
            raise _refusal(404, "DoesNotExistError", f"DocType {doctype} not found")
        return self.kinds[doctype]

    def _listed(self, asked: Row) -> list[Row]:
        doctype, fields = asked["doctype"], asked.get("fields", ["name"])
        rows = list(self._kind(doctype).values())
        if CHILDREN.get(doctype) and asked.get("parent") not in CHILDREN[doctype]:
            raise _refusal(403, "PermissionError", f"Parent of {doctype} is to be said")
        for field, operator, value in asked.get("filters", []):
            rows = [row for row in rows if _holds(row[field], operator, value)]
        by, _space, way = asked.get("order_by", "modified desc").partition(" ")
        rows = sorted(rows, key=lambda row: _folded(row[by]), reverse=way == "desc")
        start, size = int(asked.get("limit_start", 0)), int(asked.get("limit_page_length", 20))
        rows = rows[start : start + size] if size else rows
        return [dict(row) if fields == ["*"] else {field: row[field] for field in fields} for row in rows]

    def _order(self, sent: Row) -> Row:
        for item in sent["items"]:
            if item["item_code"] not in self.kinds["Item"]:
                raise _refusal(417, "LinkValidationError", f"Could not find Item: {item['item_code']}")
        if sent["customer"] == CUSTOMER and not sent.get("delivery_date"):
            raise _refusal(417, "ValidationError", "Please enter Delivery Date")
        if (sent.get("delivery_date") or "9") < _now()[:10]:  # validate_delivery_date of sales_order.py
            raise _refusal(417, "ValidationError", "Expected Delivery Date should be after Sales Order Date")
        name = f"SAL-ORD-{next(self.numbers):05}"
        self._one_of_its_number(sent)
        items = [{**item, "qty": float(item["qty"]), "delivered_qty": 0.0} for item in sent["items"]]
        status = "To Deliver and Bill" if sent.get("docstatus") == 1 else "Draft"
        more = {"items": items, "per_delivered": 0.0, "status": status}
        order = self._put("Sales Order", name, **{"docstatus": 0, **sent, **more})
        self._reserve(order)
        return order

    def _one_of_its_number(self, sent: Row) -> None:
        for other in self.kinds["Sales Order"].values():
            same = (other["po_no"], other["customer"]) == (sent["po_no"], sent["customer"])
            if sent["po_no"] and same and other["docstatus"] < 2 and not self.lets_two:
                words = f"Sales Order {other['name']} already exists against Customer's Purchase Order {sent['po_no']}."
                raise _refusal(417, "ValidationError", words)

    def _saved(self, row: Row, sent: Row) -> Row:
        """Document.check_docstatus_transition: submitted, or cancelled, which nothing may stand on
        (check_no_back_links_exist)."""
        turn = (row["docstatus"], sent.get("docstatus", row["docstatus"]))
        if turn in ((0, 2), (1, 0), (2, 0), (2, 1)):
            raise _refusal(417, "DocstatusTransitionError", f"Cannot change docstatus from {turn[0]} to {turn[1]}")
        if turn == (1, 2) and row["per_delivered"]:
            raise _refusal(
                417, "LinkExistsError", f"Cannot cancel because submitted Delivery Note is linked with {row['name']}"
            )
        if turn in ((0, 1), (1, 2)):
            row["status"] = "To Deliver and Bill" if turn[1] == 1 else "Cancelled"
        row.update(sent, modified=_now())
        self._reserve(row)
        return row


def _holds(value: Any, operator: str, wanted: Any) -> bool:
    """As a database does that takes no account of case."""
    value = _folded(value)
    if operator == "in":
        return value in [_folded(each) for each in wanted]
    wanted = _folded(wanted)
    if value is None:
        return operator == "=" and wanted is None
    return {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}[operator](value, wanted)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _refusal(status: int, kind: str, words: str) -> Refusal:
    trace = json.dumps([f"Traceback (most recent call last):\n…\nfrappe.exceptions.{kind}: {words}\n"])
    return Refusal(status, {"exception": f"frappe.exceptions.{kind}: {words}", "exc_type": kind, "exc": trace})


def _now() -> str:
    """At the site."""
    return clock.now().astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m-%d %H:%M:%S.%f")
