"""Orders into Lightspeed Retail X-Series as sales on account (`shops.systems.lightspeed`).

Sources: https://x-series-api.lightspeedhq.com/docs/sales_101_date_versioned, …/sales_statuses and
…/sales_states_and_attributes: a sale that is pending and on account takes its units off the inventory, and what the
customer, who is the network, owes stands on the account. The sale's id is ours to choose: it is made of our number, so
that an order is found by it, and its `source.id` is our number. Sales of our customer are asked for by the search,
which knows the day of a sale and not that of a change: what changed is picked out here. A line that is returned is
in a sale of its own, below zero (…/sales_returns): it says which sale it is of in `return_for`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, Receipt
from shops.channels.lines import answers_of, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.lightspeed import Lightspeed

SOURCE = "Halles"
PENDING, CLOSED, GONE = "pending", "closed", "voided"
BOOKED = {PENDING, CLOSED}  # on account, or settled
LOOKED_BACK = timedelta(days=45)  # for sales that may have changed
FOUND = 1000  # sales of one answer of the search
NOTE = "line_note"  # of a line: our article number, which its lines have not


class LightspeedChannel(SystemChannel):
    kind = "lightspeed"
    _returns: list[tuple[str, str]] | None = None  # (of which sale, its own id)

    def find(self, client: Lightspeed, number: str) -> dict[str, Any] | None:
        return client.found(f"/sales/{_id(client, number)}")

    def free(self, client: Lightspeed, lines: list[ShopOrderLine]) -> dict[str, Any]:
        there = _products(client, lines)
        levels = client.levels_of(each["id"] for each in there.values())
        return {
            sku: levels.get(product["id"], 0) if product.get("has_inventory", True) else None
            for sku, product in there.items()
        }

    def enter(self, client: Lightspeed, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        there, options = _products(client, lines), client.options
        source = {"id": shop_order.number, "type": SOURCE}
        sale = {
            "id": _id(client, shop_order.number),
            "source": {**source, "author_id": options["author_id"], "register_id": options["register_id"]},
            "state": "pending",
            "attributes": ["onaccount"],
            "customer_id": options["customer_id"],
            "note": _note(shop_order),
            "line_items": [
                {
                    "product": {"id": there[line.sku]["id"]},
                    "quantity": line.left_units,
                    # As the reader pays it: which taxes are in it is told by the network's statement.
                    "pricing": {"price": str(to_decimal(line.unit_price_minor, shop_order.currency))},
                    "tax": {"id": options["no_tax_id"], "amount": "0"},
                    "attributes": [{"name": NOTE, "value": line.sku}],
                    "_metadata": {"is_price_override": True},
                }
                for line in lines
            ],
        }
        client.caller.post("/sales", sale)
        return dict(client.data(f"/sales/{sale['id']}"))

    def number(self, client: Lightspeed, order: dict[str, Any]) -> str:
        return str(order["source"]["id"])

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((line.get("note"), line["quantity"]) for line in order.get("line_items", []))

    def said(self, client: Lightspeed, order: dict[str, Any]) -> OrderState:
        state, units = order["state"], self.units(order)
        lines: list[LineSaid] = []
        if state in BOOKED or state == GONE:
            back = units if state == GONE else self._returned(client, order)
            keys = {line["note"]: line["product"]["id"] for line in order.get("line_items", []) if line.get("note")}
            levels = client.levels_of(sorted(set(keys.values()))) if state == PENDING and units else {}
            lines = answers_of(units, back, {sku: levels.get(key) for sku, key in keys.items()})
        is_booked = state in BOOKED and self.books_here(client)
        reference = order.get("receipt_number") or order.get("invoice_number") or order["id"]
        return OrderState(self.number(client, order), Receipt(str(reference), is_booked, lines=tuple(lines)))

    def changed(self, client: Lightspeed, since: datetime) -> Iterator[dict[str, Any]]:
        met: set[str] = set()
        for sale in self._sales(client, since - LOOKED_BACK):
            key = str(sale.get("return_for") or sale["id"])
            if _moment(sale["updated_at"]) >= since and key not in met:
                met.add(key)
                found = client.found(f"/sales/{key}")
                if found and (found.get("source") or {}).get("type") == SOURCE:
                    yield found

    def _returned(self, client: Lightspeed, order: dict[str, Any]) -> dict[str, int]:
        """Units by article that came back by returns of this sale, once these are done."""
        keys = {line["product"]["id"]: line["note"] for line in order.get("line_items", []) if line.get("note")}
        back: dict[str, int] = {}
        if self._returns is None:
            sales = self._sales(client, client.caller.there(datetime.now(UTC)) - LOOKED_BACK)
            self._returns = [(str(sale["return_for"]), str(sale["id"])) for sale in sales if sale.get("return_for")]
        for key in (key for of, key in self._returns if of == order["id"]):
            found = client.found(f"/sales/{key}")
            for line in (found or {}).get("line_items", []) if found and found["state"] in BOOKED else ():
                if sku := keys.get(line["product"]["id"]):
                    back[sku] = back.get(sku, 0) + max(0, -int(Decimal(str(line["quantity"]))))
        return back

    def _sales(self, client: Lightspeed, since: datetime) -> Iterator[dict[str, Any]]:
        """Those of our customer, and their returns, of that day and later."""
        day, offset = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", 0
        asked = [("type", "sales"), ("customer_id", _customer(client)), ("date_from", day), ("page_size", str(FOUND))]
        while True:
            page = client.data("/search", [*asked, ("offset", str(offset))])
            yield from page
            if len(page) < FOUND:
                return
            offset += FOUND


def _customer(client: Lightspeed) -> str:
    """The one that stands for the network."""
    if not client.options.get("customer_id"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return str(client.options["customer_id"])


def _id(client: Lightspeed, number: str) -> str:
    """Of the sale of an order: the same whenever it is asked."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{_customer(client)}:{number}"))


def _products(client: Lightspeed, lines: Iterable[ShopOrderLine]) -> dict[str, dict[str, Any]]:
    """{sku: product} of what is sold."""
    found = {sku: client.data("/products", [("sku", sku)]) for sku in sorted({line.sku for line in lines})}
    sold = {
        sku: next((each for each in products if each["sku"] == sku and each.get("active", True)), None)
        for sku, products in found.items()
    }
    return {sku: product for sku, product in sold.items() if product and not product.get("deleted_at")}


def _note(shop_order: ShopOrder) -> str:
    """How it is handed over, and to whom it is sent where it is."""
    return "\n".join([f"{SOURCE} {shop_order.number}", *delivery_lines(shop_order)])


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
