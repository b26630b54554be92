"""Orders into ERPNext as submitted sales orders, over REST (`shops.systems.erpnext`).

Our number is the customer's purchase order number (`po_no`). ERPNext refuses a second order of one customer under the
same number, but for a setting, and before version 13 it did not; it is looked for first. A document that is inserted as
submitted is both in one call; a draft that is there all the same is submitted. A submitted order is off what is free to
sell; ERPNext promises more than there is without a word: what is not there is asked before, and refused line by line.
Delivery notes are what leaves the shop, in as many parts as there are.

erpnext/selling/doctype/sales_order/sales_order.py; erpnext/stock/stock_balance.py; frappe/model/document.py"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape

from django.utils import timezone

from marketplace.foundation import network
from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers_of, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, SystemCallError, Trouble
from shops.systems.erpnext import ERPNext, Row
from shops.systems.erpnext_taxes import TAXED, Taxes

DRAFT, SUBMITTED, CANCELLED = 0, 1, 2  # docstatus
RANK = {SUBMITTED: 0, DRAFT: 1, CANCELLED: 2}  # an order that was amended is there twice, once cancelled
WAITS = "On Hold"
CLOSED = "Closed"  # what is not delivered yet will not be
DAYS = timedelta(days=2)  # until it is to be handed over, which ERPNext wants to know; not before its own today
SALE, NOTE = "Sales Order", "Delivery Note"


class ERPNextChannel(SystemChannel):
    kind = "erpnext"
    cancels = True

    def find(self, client: ERPNext, number: str) -> Row | None:
        ours = [("po_no", "=", number), ("customer", "=", _customer(client))]
        found = client.rows(SALE, ["name", "docstatus"], ours, order="creation desc")
        if not found:
            return None
        best = min(found, key=lambda row: RANK.get(int(row["docstatus"]), 3))
        return client.found(SALE, str(best["name"]))

    def free(self, client: ERPNext, lines: list[ShopOrderLine]) -> dict[str, int]:
        skus = sorted({line.sku for line in lines})
        sold = [("disabled", "=", 0), ("is_sales_item", "=", 1), ("has_variants", "=", 0), ("is_stock_item", "=", 1)]
        levels = _free(client, skus)
        return {str(row["name"]): levels.get(str(row["name"]), 0) for row in client.of("Item", "name", skus, [], sold)}

    def enter(self, client: ERPNext, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Row:
        options, due = client.options, f"{client.caller.there(timezone.now()) + DAYS:%Y-%m-%d}"
        rates = _rates(client, lines, shop_order.currency)
        order = {
            "customer": _customer(client),
            "company": options["company"],
            "po_no": shop_order.number,
            "order_type": "Sales",
            "currency": shop_order.currency,
            "selling_price_list": options["price_list"],
            "ignore_pricing_rule": 1,  # as the reader pays it
            "set_warehouse": options["warehouse"],
            "delivery_date": due,
            "terms": _terms(shop_order),
            "docstatus": SUBMITTED,
            "items": [
                {
                    "item_code": line.sku,
                    "qty": line.left_units,
                    "rate": round(float(rates[line.pk]), 6),
                    "warehouse": options["warehouse"],
                    "delivery_date": due,
                }
                for line in lines
            ],
        }
        try:
            made = client.write("POST", SALE, order)
        except SystemCallError as error:
            known = self.find(client, shop_order.number) if error.trouble == Trouble.REFUSED else None
            if known is None:
                raise
            return known  # it came meanwhile, and a second one is refused
        return self._read(client, str(made["name"]))

    def finish(self, client: ERPNext, order: Row) -> Row:
        if int(order["docstatus"]) != DRAFT:
            return order
        client.write("PUT", f"{SALE}/{order['name']}", {"docstatus": SUBMITTED})
        return self._read(client, str(order["name"]))

    def number(self, client: ERPNext, order: Row) -> str:
        return str(order["po_no"])

    def units(self, order: Row) -> dict[str, int]:
        return summed((row["item_code"], row["qty"]) for row in order["items"])

    def said(self, client: ERPNext, order: Row) -> OrderState:
        status, stands = str(order.get("status") or ""), int(order["docstatus"])
        units, sent = self.units(order), summed((row["item_code"], row.get("delivered_qty")) for row in order["items"])
        lines: list[LineSaid] = []
        if stands == CANCELLED:
            lines = answers_of(units, units, {})
        elif stands == SUBMITTED and status == CLOSED:
            lines = answers_of(units, {sku: max(0, count - sent.get(sku, 0)) for sku, count in units.items()}, {})
        elif stands == SUBMITTED and status != WAITS:
            open_ones = [sku for sku, count in units.items() if count > sent.get(sku, 0)]
            lines = answers_of(units, {}, _free(client, open_ones))
        is_booked = stands == SUBMITTED and status != WAITS and self.books_here(client)
        receipt = Receipt(str(order["name"]), is_booked, lines=tuple(lines))
        has_left = stands == SUBMITTED and float(order.get("per_delivered") or 0) > 0
        return OrderState(self.number(client, order), receipt, _parcels(client, order) if has_left else ())

    def take_out(self, client: ERPNext, order: Row) -> None:
        """Saved as cancelled, which cancels it. ERPNext refuses where something stands on it: a delivery note."""
        client.write("PUT", f"{SALE}/{order['name']}", {"docstatus": CANCELLED})

    def changed(self, client: ERPNext, since: datetime) -> Iterator[Row]:
        ours = [client.changed_since(since), ("customer", "=", _customer(client))]
        numbers = {str(row["po_no"]) for page in client.each(SALE, ["po_no"], ours) for row in page if row.get("po_no")}
        notes = [str(row["name"]) for page in client.each(NOTE, [], ours) for row in page]
        rows = client.of(f"{NOTE} Item", "parent", notes, ["against_sales_order"], parent=NOTE)
        names = sorted({str(row["against_sales_order"]) for row in rows if row.get("against_sales_order")})
        numbers |= {str(row["po_no"]) for row in client.of(SALE, "name", names, ["po_no"]) if row.get("po_no")}
        for number in sorted(numbers):
            if (found := self.find(client, number)) is not None:
                yield found

    def _read(self, client: ERPNext, name: str) -> Row:
        found = client.found(SALE, name)
        if found is None:
            raise client.caller.refused("no order", Trouble.UNCLEAR, unknown_outcome=True)
        return found


def _customer(client: ERPNext) -> str:
    """The one that stands for the network."""
    if not client.options.get("customer"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return str(client.options["customer"])


def _free(client: ERPNext, skus: list[str]) -> dict[str, int]:
    return {sku: int(level.free) for sku, level in client.levels(skus).items()}


def _parcels(client: ERPNext, order: Row) -> tuple[ParcelSaid, ...]:
    """Submitted delivery notes of the order; what came back by one, as units below zero, is not among them. A note is
    read whole: which fields for its carrier it has is the site's."""
    against = [("against_sales_order", "=", order["name"]), ("docstatus", "=", SUBMITTED)]
    rows = client.rows(f"{NOTE} Item", ["parent", "item_code", "qty"], against, parent=NOTE)
    parcels: list[ParcelSaid] = []
    for name in sorted({str(row["parent"]) for row in rows}):
        sent = summed((row["item_code"], row["qty"]) for row in rows if row["parent"] == name)
        note = client.found(NOTE, name) if all(count > 0 for count in sent.values()) else None
        if note is not None and not note.get("is_return"):
            carrier, tracking = str(note.get("transporter_name") or ""), str(note.get("lr_no") or "")
            parcels.append(ParcelSaid(name, sent, carrier, tracking))
    return tuple(parcels)


def _rates(client: ERPNext, lines: list[ShopOrderLine], currency: str) -> dict[int, Decimal]:
    """What each line's copy costs there, where ERPNext puts tax on top: what the reader pays is with it."""
    paid = {line.pk: to_decimal(line.unit_price_minor, currency) for line in lines}
    if not (client.options.get("adds_tax") and network.current().tax_included):
        return paid
    items = client.of("Item", "name", sorted({line.sku for line in lines}), TAXED)
    on_top = Taxes(client).on_top(items, {line.sku: paid[line.pk] for line in lines}, ours=True)
    return {line.pk: paid[line.pk] / (1 + on_top.get(line.sku, Decimal(0)) / 100) for line in lines}


def _terms(shop_order: ShopOrder) -> str:
    """How it is handed over, and to whom it is sent where it is, as HTML, which ERPNext shows."""
    return "<br>".join(escape(line) for line in delivery_lines(shop_order))
