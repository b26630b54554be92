"""Orders into Odoo 19 as confirmed sales orders, over JSON-2 (`shops.systems.odoo`).

Our number is the order's customer reference, which Odoo searches and does not keep unique. Odoo confirms more than
there is: what it has not got is asked before, and refused line by line. What becomes of an order stands in the moves
of its deliveries: done, still to come, or neither, which is declined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marketplace.foundation.money import exponent
from shops.channels.base import Answer, LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.odoo import SALABLE, TRACKING, Odoo, moment, stamp

NUMBERS = ("qty_available", "free_qty", "outgoing_qty", "is_storable")
BEGUN, CONFIRMED, GONE = ("draft", "sent"), "sale", "cancel"
BOTH_ENDS = ("outgoing", "incoming")  # of what is moved; the rest stays inside
FORECAST = ["product_uom_qty", "forecast_availability", "forecast_expected_date"]
DONE, ENDED = "done", ("done", "cancel")


class OdooChannel(SystemChannel):
    kind = "odoo"
    cancels = True

    def find(self, client: Odoo, number: str) -> dict[str, Any] | None:
        domain = [["client_order_ref", "=", number], *_ours(client)]
        found = client.nested("sale.order", domain, _fields(client), limit=2)
        return found[0] if found else None

    def free(self, client: Odoo, lines: list[ShopOrderLine]) -> dict[str, int]:
        products = self._products(client, lines)
        units = {line.sku: line.left_units for line in lines}
        return {sku: units[sku] if not p["is_storable"] else _free(p) for sku, p in products.items()}

    def enter(self, client: Odoo, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any] | None:
        products, options = self._products(client, lines), client.options
        sale = {
            "partner_id": options["partner_id"],
            "client_order_ref": shop_order.number,
            "company_id": options["company_id"],
            "warehouse_id": options["warehouse_id"],
            "note": "\n".join(delivery_lines(shop_order)),
            "order_line": [[0, 0, _sold(line, products[line.sku]["id"], shop_order.currency)] for line in lines],
        }
        client.call("sale.order", "create", vals_list=[sale])
        return self.find(client, shop_order.number)

    def finish(self, client: Odoo, order: dict[str, Any]) -> dict[str, Any]:
        if order["state"] not in BEGUN:
            return order
        client.call("sale.order", "action_confirm", ids=[order["id"]])
        return self.find(client, order["client_order_ref"]) or order

    def number(self, client: Odoo, order: dict[str, Any]) -> str:
        return str(order["client_order_ref"])

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((_sku(line["product_id"]), line["product_uom_qty"]) for line in order["order_line"])

    def said(self, client: Odoo, order: dict[str, Any]) -> OrderState:
        is_booked = order["state"] == CONFIRMED and self.books_here(client)
        lines = [
            replace(each, on=self._expected(client, line)) if each.answer == Answer.BACK_ORDERED else each
            for line in order["order_line"]
            if line["product_id"] and line["product_id"]["default_code"]
            for each in _answers(line, order["state"])
        ]
        receipt = Receipt(order["name"], is_booked, lines=tuple(lines))
        return OrderState(self.number(client, order), receipt, tuple(_parcels(order)))

    def _expected(self, client: Odoo, line: dict[str, Any]) -> date | None:
        """The shop's day on which Odoo's own forecast has all of what is still to go out, by what it is to receive."""
        waiting = [move["id"] for move in _going_out(line) if move["state"] not in ENDED]
        found = client.search("stock.move", [["id", "in", waiting]], FORECAST) if waiting else []
        if not found or any(move["forecast_availability"] < move["product_uom_qty"] for move in found):
            return None
        days = [moment(move["forecast_expected_date"]) for move in found if move["forecast_expected_date"]]
        return max(days).astimezone(ZoneInfo(self.shop.timezone)).date() if days else None

    def take_out(self, client: Odoo, order: dict[str, Any]) -> None:
        """With its deliveries. Odoo refuses one that is locked."""
        client.call("sale.order", "action_cancel", ids=[order["id"]])

    def changed(self, client: Odoo, since: datetime) -> Iterator[dict[str, Any]]:
        moment = stamp(since)
        stamps = ["|", "|", ["write_date", ">=", moment], ["order_line.write_date", ">=", moment]]
        stamps += [["order_line.move_ids.write_date", ">=", moment]]
        domain = [*_ours(client), ["client_order_ref", "!=", False], *stamps]
        for page in client.each("sale.order", domain, ["id"]):
            yield from client.nested("sale.order", [["id", "in", [sale["id"] for sale in page]]], _fields(client))

    def _products(self, client: Odoo, lines: list[ShopOrderLine]) -> dict[str, dict[str, Any]]:
        wanted = [["default_code", "in", sorted({line.sku for line in lines})], *SALABLE]
        found = client.search("product.product", wanted, ["default_code", *NUMBERS])
        return {product["default_code"]: product for product in found}


def _ours(client: Odoo) -> list[Any]:
    """Sales orders of the customer that stands for the network."""
    if not client.options.get("partner_id"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return [["partner_id", "=", client.options["partner_id"]]]


def _fields(client: Odoo) -> dict[str, Any]:
    """Of an order, with its lines, and what is moved for them."""
    tracking: dict[str, Any] = {TRACKING: {}} if client.options.get("has_tracking") else {}
    picking = {"name": {}, **tracking}
    move: dict[str, Any] = {name: {} for name in ("state", "product_uom_qty", "quantity", "picking_code")}
    product: dict[str, Any] = {name: {} for name in ("default_code", *NUMBERS)}
    line = {
        "product_uom_qty": {},
        "product_id": {"fields": product},
        "move_ids": {"fields": {**move, "picking_id": {"fields": picking}}},
    }
    whole: dict[str, Any] = {name: {} for name in ("name", "client_order_ref", "state")}
    return {**whole, "order_line": {"fields": line}}


def _free(product: dict[str, Any]) -> int:
    return int(min(product["free_qty"], product["qty_available"] - product["outgoing_qty"]))


def _sold(line: ShopOrderLine, product: int, currency: str) -> dict[str, Any]:
    price = line.unit_price_minor / 10 ** exponent(currency)
    return {"product_id": product, "product_uom_qty": line.left_units, "price_unit": price}


def _going_out(line: dict[str, Any]) -> list[dict[str, Any]]:
    return [move for move in line["move_ids"] if move["picking_code"] == "outgoing"]


def _answers(line: dict[str, Any], state: str) -> list[LineSaid]:
    """Of an order that is cancelled all is declined that was not sent, of another one what is neither sent nor to be
    (where a shop picks before it ships, Odoo makes the move that goes out only once it is picked). Promised beyond
    what is there is what somebody else was quicker for since it was asked."""
    product, units, moves = line["product_id"], int(line["product_uom_qty"]), _going_out(line)
    sent = int(sum(move["quantity"] for move in moves if move["state"] == DONE))
    coming = int(sum(move["product_uom_qty"] for move in moves if move["state"] not in ENDED))
    inside = any(move["state"] not in ENDED for move in line["move_ids"] if move["picking_code"] not in BOTH_ENDS)
    stays = sent if state == GONE else min(units, sent + coming) if moves and not inside else units
    beyond = max(0, int(product["outgoing_qty"] - product["qty_available"])) if product["is_storable"] else 0
    short = min(stays - sent, beyond)
    promised = stays if state in (CONFIRMED, GONE) else short
    return answers(product["default_code"], promised, short=short, back=units - stays)


def _parcels(order: dict[str, Any]) -> Iterator[ParcelSaid]:
    """Deliveries that are done."""
    parcels: dict[str, tuple[str, list[tuple[dict[str, Any], float]]]] = {}
    for line in order["order_line"]:
        for move in _going_out(line):
            if move["state"] == DONE and move["picking_id"]:
                picking = move["picking_id"]
                told = parcels.setdefault(picking["name"], (picking.get(TRACKING) or "", []))
                told[1].append((line["product_id"], move["quantity"]))
    for name, (tracking, moved) in parcels.items():
        yield ParcelSaid(name, summed((_sku(product), quantity) for product, quantity in moved), tracking=tracking)


def _sku(product: dict[str, Any] | None) -> Any:
    return product and product["default_code"]
