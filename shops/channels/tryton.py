"""Orders into Tryton 8 as confirmed sales (module sale), over REST (`shops.systems.tryton`).

Our number is the sale's reference, which Tryton searches but does not keep unique. Tryton confirms more than there is
and lets the forecast fall below zero: what it has not got is asked before, and refused line by line. A sale is made,
quoted and confirmed by three calls; from "processing" on the forecast quantity is without its units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers, because, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.tryton import Tryton, decimal, stamp

SALE = [
    *("reference", "number", "state", "shipment_state", "write_date", "lines.product.code"),
    *("lines.quantity", "lines.product.forecast_quantity", "lines.moves.quantity", "lines.moves.state"),
    "lines.moves_recreated.quantity",
    *("shipments.number", "shipments.reference", "shipments.state", "shipments.outgoing_moves.product.code"),
    *("shipments.outgoing_moves.quantity", "shipments.outgoing_moves.state"),
]
NEXT = {"draft": "quote", "quotation": "confirm"}  # from each state the button that leads on
BOOKED, GONE = {"processing", "done"}, "cancelled"
ENDED = {"done", "cancelled"}


class TrytonChannel(SystemChannel):
    kind = "tryton"

    def find(self, client: Tryton, number: str) -> dict[str, Any] | None:
        found = client.search("sale.sale", [["reference", "=", number], _ours(client)], SALE, client.context, 2)
        return found[0] if found else None

    def free(self, client: Tryton, lines: list[ShopOrderLine]) -> dict[str, int]:
        products = self._products(client, lines)
        late = client.late(product["id"] for product in products.values()) if products else {}
        return {sku: int(each["forecast_quantity"]) - late.get(each["id"], 0) for sku, each in products.items()}

    def enter(self, client: Tryton, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        products, options = self._products(client, lines), client.options
        sold = [_sold(line, products[line.sku], shop_order.currency) for line in lines]
        sale = {
            "reference": shop_order.number,
            "party": options["party_id"],
            "invoice_address": options["party_address_id"],
            "shipment_address": options["party_address_id"],
            "company": options["company_id"],
            "warehouse": options["warehouse_id"],
            "currency": options["currency_id"],
            "invoice_method": "manual",  # the reader pays the network
            "shipment_method": "order",
            "comment": "\n".join(delivery_lines(shop_order)),
            "lines": [["create", sold]],
        }
        return client.call("POST", "sale.sale", sale, client.context, tuple(SALE))

    def finish(self, client: Tryton, order: dict[str, Any]) -> dict[str, Any]:
        state = order["state"]
        while button := NEXT.get(state):
            state = client.call("POST", f"sale.sale/{order['id']}/{button}", {}, client.context, ("state",))["state"]
        return order if state == order["state"] else self.find(client, order["reference"]) or order

    def number(self, client: Tryton, order: dict[str, Any]) -> str:
        return str(order["reference"])

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((_sku(line["product"]), line["quantity"]) for line in order["lines"])

    def said(self, client: Tryton, order: dict[str, Any]) -> OrderState:
        is_booked = order["state"] in BOOKED and self.books_here(client)
        shipments = order["shipments"] or []
        sold = [line for line in order["lines"] if line["product"] and line["product"]["code"]]
        lines: list[LineSaid] = []
        if order["state"] in BOOKED or order["state"] == GONE:
            lines = [said for line in sold for said in _answers(line, order["state"])]
        parcels = tuple(
            ParcelSaid(shipment["number"], _moved(shipment), tracking=shipment["reference"] or "")
            for shipment in shipments
            if shipment["state"] == "done"
        )
        receipt = Receipt(order["number"] or "", is_booked, lines=tuple(lines))
        return OrderState(self.number(client, order), receipt, parcels)

    def changed(self, client: Tryton, since: datetime) -> Iterable[dict[str, Any]]:
        moment = stamp(since)
        where = ("", "shipments.", "line_lines.moves.")
        stamps = [["OR", [f"{at}write_date", ">=", moment], [f"{at}create_date", ">=", moment]] for at in where]
        for page in client.each("sale.sale", [_ours(client), ["OR", *stamps]], SALE, client.context):
            yield from page

    def _products(self, client: Tryton, lines: list[ShopOrderLine]) -> dict[str, dict[str, Any]]:
        fields = ["code", "forecast_quantity", "sale_uom"]
        wanted = [["code", "in", sorted({line.sku for line in lines})], ["salable", "=", True]]
        found = client.search("product.product", wanted, fields, client.context)
        return {product["code"]: product for product in found}


def _ours(client: Tryton) -> list[Any]:
    """Sales of the customer that stands for the network."""
    if not client.options.get("party_id"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return ["party", "=", client.options["party_id"]]


def _sold(line: ShopOrderLine, product: dict[str, Any], currency: str) -> dict[str, Any]:
    price = to_decimal(line.unit_price_minor, currency)
    return {
        "product": product["id"],
        "quantity": line.left_units,
        "unit": product["sale_uom"],
        "unit_price": decimal(f"{price:f}"),
    }


def _answers(line: dict[str, Any], state: str) -> list[LineSaid]:
    """Of a sale that is cancelled all is declined, of another one what was to be moved and is dropped: between a
    shipment that is done and the next one, which is for its rest, Tryton has less to move than is sold. Promised beyond
    what is there is what somebody else was quicker for since it was asked."""
    sku, units, moves = line["product"]["code"], int(line["quantity"]), line["moves"] or []
    sent, coming, dropped = (
        int(sum(move["quantity"] for move in moves if is_one(move["state"])))
        for is_one in (lambda state: state == "done", lambda state: state not in ENDED, lambda state: state == GONE)
    )
    dropped -= int(sum(move["quantity"] for move in line["moves_recreated"] or []))
    back = units if state == GONE else max(0, min(units - sent - coming, dropped))
    stays = units - back
    short = min(max(0, stays - sent), max(0, -int(line["product"]["forecast_quantity"] or 0)))
    said = answers(sku, stays, short=short, back=back)
    return said if state == GONE else because(said, _("Its shipment was cancelled in our system."))


def _moved(shipment: dict[str, Any]) -> dict[str, int]:
    done = (move for move in shipment["outgoing_moves"] if move["state"] == "done")
    return summed((_sku(move["product"]), move["quantity"]) for move in done)


def _sku(product: dict[str, Any] | None) -> Any:
    return product and product["code"]
