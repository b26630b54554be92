"""Orders into PrestaShop, by its webservice (`shops.systems.prestashop`).

An order is made of a cart, in a state of PrestaShop's own choice and under a reference of its own: our number is the
name of its payment, which is searched, and begins the cart's message. Of one cart there is never a second order, so
that a cart that is there is used again. Where the amount is not what PrestaShop works out itself, the order is in
“payment error”, and its units are not off the stock: it is moved on. PrestaShop takes more than there is without a word
(PrestaShop#34411, open): what is not there is asked before, and refused line by line. Where somebody was quicker still,
PrestaShop makes a “payment error” an order that waits for stock and payment, whose units nothing takes off any more:
they stay ours to keep back. It may split a cart into several orders, by carriers: all of them are ours. An order
without a state is one that PrestaShop is still busy with.

Classes Order::addWs, PaymentModule::validateOrder, OrderDetail::checkProductStock, OrderHistory::changeIdOrderState"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers_of, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.prestashop import PAYMENT_MODULE, PrestaShop
from shops.systems.prestashop_shelf import Place, levels_of, places_of

PAYMENT = "Halles "
CART = "id,gift_message,cart_rows[id_product,id_product_attribute,quantity]"
ORDER = "id,reference,payment,current_state,shipping_number"
ORDERED, REFUNDED = "product_quantity", "product_quantity_refunded"
DETAIL = f"id,id_order,product_reference,{ORDERED},{REFUNDED}"
UNMADE = ("0", "", "None")
_NOT_IN_A_MESSAGE = re.compile(r"[<>{}\[\]]")
Row = dict[str, Any]


class PrestaShopChannel(SystemChannel):
    """An order is {"number": ours, "parts": PrestaShop's orders, each with its details}."""

    kind = "prestashop"
    cancels = True

    def find(self, client: PrestaShop, number: str) -> Row | None:
        order = _orders(client, [number]).get(number)
        if order is not None and any(_state(part) in UNMADE for part in order["parts"]):
            raise client.caller.refused("an order without a state", Trouble.UNCLEAR, unknown_outcome=True)
        return order

    def free(self, client: PrestaShop, lines: list[ShopOrderLine]) -> dict[str, int]:
        places = places_of(client, [line.sku for line in lines])
        levels = levels_of(client, places.values())
        return {sku: levels[place] for sku, place in places.items() if place in levels}

    def enter(self, client: PrestaShop, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Row:
        options, carrier = client.options, client.carrier_id()
        if not options.get("customer_id"):
            raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
        places = places_of(client, [line.sku for line in lines])
        units = {places[line.sku]: line.left_units for line in lines}
        common = {
            "id_address_delivery": options["address_id"],
            "id_address_invoice": options["address_id"],
            "id_currency": options["currency_id"],
            "id_lang": options["language_id"],
            "id_customer": options["customer_id"],
            "id_carrier": carrier,
        }
        cart = _cart(client, shop_order.number, units) or client.make(
            "carts", "cart", {**common, **_content(units, options), "gift_message": _message(shop_order)}
        )
        minor = sum(line.unit_price_minor * line.left_units for line in lines)
        paid = f"{to_decimal(minor, shop_order.currency):f}"
        amounts = ("total_paid", "total_paid_real", "total_products", "total_products_wt")
        order = {
            "id_cart": cart["id"],
            "module": options.get("module") or PAYMENT_MODULE,
            "payment": f"{PAYMENT}{shop_order.number}",
            "conversion_rate": 1,
            **dict.fromkeys(amounts, paid),
        }
        client.make("orders", "order", {**common, **order})
        return self._found(client, shop_order.number)

    def finish(self, client: PrestaShop, order: Row) -> Row:
        stuck = [part for part in order["parts"] if _state(part) == client.options["error_state"]]
        for part in stuck:
            moved = {"id_order": part["id"], "id_order_state": client.options["paid_state"]}
            client.make("order_histories", "order_history", moved)
        return self._found(client, order["number"]) if stuck else order

    def number(self, client: PrestaShop, order: Row) -> str:
        return str(order["number"])

    def units(self, order: Row) -> dict[str, int]:
        return _units(order["parts"], ORDERED)

    def said(self, client: PrestaShop, order: Row) -> OrderState:
        options, parts = client.options, order["parts"]
        gone, states = {options["cancelled_state"], options["refunded_state"]}, {_state(part) for part in parts}
        back: dict[str, int] = {}
        for part in parts:
            for sku, count in _units([part], ORDERED if _state(part) in gone else REFUNDED).items():
                back[sku] = back.get(sku, 0) + count
        counts = not states & {options["cancelled_state"], options["error_state"]}
        waiting = _units([part for part in parts if _state(part) == options["waiting_state"]], ORDERED)
        lines: list[LineSaid] = []
        if options["error_state"] not in states:
            units = self.units(order)
            places = places_of(client, units, sold=False) if counts else {}
            levels = levels_of(client, places.values())
            left = {sku: levels.get(places.get(sku, (0, 0)), 0) - waiting.get(sku, 0) for sku in units}
            lines = answers_of(units, back, left)
        is_booked = counts and not waiting and self.books_here(client)
        reference = str(parts[0].get("reference") or parts[0]["id"])
        return OrderState(
            self.number(client, order), Receipt(reference, is_booked, lines=tuple(lines)), self._parcels(client, order)
        )

    def take_out(self, client: PrestaShop, order: Row) -> None:
        """Part by part: those that a try before has left. One that never took its units would put them back all the
        same, so that a person does it."""
        options = client.options
        gone = {options["cancelled_state"], options["refunded_state"]}
        parts = [part for part in order["parts"] if _state(part) not in gone]
        if any(_state(part) in {options["waiting_state"], options["error_state"]} for part in parts):
            raise client.caller.refused(_("it waits there for its payment"))
        if any(part.get("shipping_number") for part in parts):  # in a state of the shop's own, which may mean anything
            raise client.caller.refused(_("a parcel of it may have left"))
        for part in parts:
            moved = {"id_order": part["id"], "id_order_state": options["cancelled_state"]}
            client.make("order_histories", "order_history", moved)

    def is_given_back(self, order: Row, said: OrderState) -> bool:
        """A state of its own puts back all that was ordered, also what was paid back and put back before. Not of the
        parts that a try before has cancelled."""
        return any(int(row[REFUNDED] or 0) for part in order["parts"] for row in part["details"])

    def changed(self, client: PrestaShop, since: datetime) -> Iterator[Row]:
        if not client.options.get("customer_id"):
            raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
        ours = [*client.changed_since(since), ("filter[id_customer]", f"[{client.options['customer_id']}]")]
        rows = [row for page in client.each("orders", "id,payment,current_state", ours) for row in page]
        unmade = {str(row["payment"]) for row in rows if _state(row) in UNMADE}
        for payment in sorted({str(row["payment"]) for row in rows} - unmade):
            if payment.startswith(PAYMENT):
                yield self._found(client, payment.removeprefix(PAYMENT))

    def unsaid(self, client: PrestaShop) -> Iterator[Row]:
        """Whether an order's stamp moves by what is taken out of it alone is not said: those that are open here are
        asked for by their numbers, a hundred at once."""
        rows = {row.shop_order.number: row for row in self.open_ones()}
        for number, order in _orders(client, rows).items():
            made = all(_state(part) not in UNMADE for part in order["parts"])
            if made and self.lacks(order, rows[number], _units(order["parts"], REFUNDED)):
                yield order

    def _found(self, client: PrestaShop, number: str) -> Row:
        found = self.find(client, number)
        if found is None:
            raise client.caller.refused("no order", Trouble.UNCLEAR, unknown_outcome=True)
        return found

    def _parcels(self, client: PrestaShop, order: Row) -> tuple[ParcelSaid, ...]:
        """All of a part, once it is in a state that means that it is sent."""
        states = {str(row["id"]) for row in client.rows("order_states", "id,shipped", [("filter[shipped]", "[1]")])}
        parcels: list[ParcelSaid] = []
        for part in order["parts"]:
            if _state(part) in states:
                units, back = _units([part], ORDERED), _units([part], REFUNDED)
                sent = {sku: count - back.get(sku, 0) for sku, count in units.items() if count > back.get(sku, 0)}
                tracking = str(part.get("shipping_number") or "")
                parcels.append(ParcelSaid(str(part["id"]), sent, tracking=tracking, is_counted=False))
        return tuple(parcel for parcel in parcels if parcel.units)


def _orders(client: PrestaShop, numbers: Iterable[str]) -> dict[str, Row]:
    """Those under our numbers, as the channel has them."""
    payments = {f"{PAYMENT}{number}": number for number in numbers}
    found = client.of("orders", "payment", payments, ORDER) if payments else []
    parts = {int(row["id"]): {**row, "details": []} for row in found if str(row["payment"]) in payments}
    for row in client.of("order_details", "id_order", parts, DETAIL) if parts else ():
        parts[int(row["id_order"])]["details"].append(row)
    orders: dict[str, Row] = {}
    for key in sorted(parts):
        number = payments[str(parts[key]["payment"])]
        orders.setdefault(number, {"number": number, "parts": []})["parts"].append(parts[key])
    return orders


def _state(part: Row) -> str:
    return str(part["current_state"])


def _cart(client: PrestaShop, number: str, units: dict[Place, int]) -> Row | None:
    """One that a try before this one has made, of the same units."""
    begins = ("filter[gift_message]", f"[{PAYMENT}{number}]%")
    for cart in client.rows("carts", CART, [begins]):
        rows = (cart.get("associations") or {}).get("cart_rows") or []
        has = {(int(row["id_product"]), int(row["id_product_attribute"])): int(row["quantity"]) for row in rows}
        if has == units and str(cart["gift_message"]).split("\n")[0].strip() == f"{PAYMENT}{number}":
            return cart
    return None


def _content(units: dict[Place, int], options: dict[str, Any]) -> Row:
    rows = [
        {
            "id_product": product,
            "id_product_attribute": combination,
            "id_address_delivery": options["address_id"],
            "quantity": count,
        }
        for (product, combination), count in units.items()
    ]
    return {"secure_key": options["secure_key"], "associations": {"cart_rows": rows}}


def _message(shop_order: ShopOrder) -> str:
    """Our number, how it is handed over, and to whom it is sent where it is."""
    lines = [f"{PAYMENT}{shop_order.number}", *delivery_lines(shop_order)]
    return "\n".join(_NOT_IN_A_MESSAGE.sub(" ", line) for line in lines)


def _units(parts: Iterable[Row], what: str) -> dict[str, int]:
    """`what`: so many that were ordered, or that the shop has paid back."""
    return summed((row["product_reference"], row[what]) for part in parts for row in part["details"])
