"""Orders into WooCommerce, over REST (`shops.systems.woocommerce`).

Orders cannot be searched by their meta data (woocommerce#31016, open), but by the company they are billed to: our
number stands there, and in the meta data, by which what was found is held against it. `set_paid` makes an order
“processing”, which takes its units off the stock. WooCommerce takes more than there is without a word: what is not
there is asked before, and refused line by line. WooCommerce itself knows no parcels; of a plug-in for tracking the
first number is read.

https://woocommerce.github.io/woocommerce-rest-api-docs/#orders"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers_of, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine, Transmission
from shops.systems.numbers import number
from shops.systems.woocommerce import SEPARATOR, WooCommerce

META, TRACKING, REFUNDED = "halles_number", "_wc_shipment_tracking_items", "_refunded_item_id"
SKU = "_halles_sku"  # of a line: our article number; WordPress shows nobody what begins so
TAKES_OFF = {"processing", "completed", "on-hold"}  # the states in which its units are off the stock
GONE = {"cancelled", "refunded", "failed", "trash"}
DONE = "completed"
NOT_GONE = {"pending", "on-hold", "processing"}  # of its own states; what a plug-in's mean ("shipped") nobody knows
NUMBERS = ("_fields", "id,type,status,sku,parent_id,manage_stock,stock_quantity,stock_status")


class WooCommerceChannel(SystemChannel):
    kind = "woocommerce"
    cancels = True

    def find(self, client: WooCommerce, number: str) -> dict[str, Any] | None:
        """A search finds parts of words, too; where it finds nothing the latest orders are looked at, for a plug-in may
        have put another search in its place."""
        for query in ([("search", number)], [("orderby", "date"), ("order", "desc")]):
            for order in client.rows("orders", [*query, ("status", "any")]):
                if _number(order) == number:
                    return order
        return None

    def free(self, client: WooCommerce, lines: list[ShopOrderLine]) -> dict[str, Decimal | None]:
        products = self._products(client, [line.sku for line in lines])
        return {sku: _left(product) for sku, product in products.items()}

    def enter(self, client: WooCommerce, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        products = self._products(client, [line.sku for line in lines])
        order = {
            "set_paid": True,
            "payment_method": "halles",
            "payment_method_title": "Halles",
            "transaction_id": shop_order.number,
            "currency": shop_order.currency,
            "billing": {"first_name": "Halles", "company": shop_order.number},
            "customer_note": "\n".join(delivery_lines(shop_order)),
            "meta_data": [{"key": META, "value": shop_order.number}],
            "line_items": [_sold(line, products[line.sku], shop_order.currency) for line in lines],
        }
        return client.make("orders", order)

    def number(self, client: WooCommerce, order: dict[str, Any]) -> str:
        return _number(order)

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((_sku(line), line["quantity"]) for line in order["line_items"])

    def said(self, client: WooCommerce, order: dict[str, Any]) -> OrderState:
        is_booked = order["status"] in TAKES_OFF and self.books_here(client)
        units = self.units(order)
        back = dict(units) if order["status"] in GONE else self._refunded(client, order)
        lines: list[LineSaid] = []
        if order["status"] in TAKES_OFF | GONE:
            is_open = order["status"] in TAKES_OFF - {DONE}
            products = self._products(client, sorted(units)) if is_open and units else {}
            lines = answers_of(units, back, {sku: _left(product) for sku, product in products.items()})
        parcels = _parcels(order, {sku: count - back.get(sku, 0) for sku, count in units.items()})
        return OrderState(
            self.number(client, order), Receipt(_reference(order), is_booked, lines=tuple(lines)), parcels
        )

    def take_out(self, client: WooCommerce, order: dict[str, Any]) -> None:
        """What it took off the stock it puts back by that state, whatever the order was in before. Of an order in a
        state of a plug-in's own, or with a tracking number, a parcel may have left: a person does it."""
        if order["status"] not in NOT_GONE or any(
            meta["key"] == TRACKING and meta["value"] for meta in order["meta_data"]
        ):
            raise client.caller.refused(_("a parcel of it may have left"))
        client.change(f"orders/{order['id']}", {"status": "cancelled"})

    def changed(self, client: WooCommerce, since: datetime) -> Iterable[dict[str, Any]]:
        moment = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        query = [("modified_after", moment), ("dates_are_gmt", "true"), ("status", "any")]
        for page in client.each("orders", query):
            yield from (order for order in page if _number(order))

    def unsaid(self, client: WooCommerce) -> Iterable[dict[str, Any]]:
        """What is taken out of an order moves no stamp (woocommerce#34798), and one in the bin is in no list but its
        own: those that are open here are asked for by their keys, a hundred at once."""
        ours = {key: row for row in self.open_ones() if (key := _key(row.reference))}
        found = {order["id"]: order for order in client.of("orders", ours, "any")}
        for key, order in found.items():
            if _number(order) == ours[key].shop_order.number and self.lacks(order, ours[key]):
                yield order
        missing = {key: row for key, row in ours.items() if key not in found}
        if missing:
            yield from self._put_away(client, missing)

    def _put_away(self, client: WooCommerce, ours: dict[int, Transmission]) -> Iterable[dict[str, Any]]:
        """Those in the bin, and those that are deleted for good, of which nothing is told but that."""
        binned = {order["id"]: order for order in client.of("orders", ours, "trash")}
        for key, row in ours.items():
            if key in binned:
                yield from [binned[key]] if _number(binned[key]) == row.shop_order.number else []
            elif client.is_deleted(f"orders/{key}") and self.find(client, row.shop_order.number) is None:
                lines = [
                    line for line in row.shop_order.lines.all() if line.left_units and line.sku not in row.unbooked
                ]
                meta = [{"key": META, "value": row.shop_order.number}]
                gone = {"id": key, "number": row.reference, "status": "trash", "refunds": [], "meta_data": meta}
                yield {**gone, "line_items": [{"sku": line.sku, "quantity": line.left_units} for line in lines]}

    def _products(self, client: WooCommerce, skus: list[str]) -> dict[str, dict[str, Any]]:
        """Articles and variations by their numbers, which are searched exactly."""
        found = client.rows("products", [("sku", SEPARATOR.join(skus)), ("status", "publish"), NUMBERS])
        return {product["sku"]: product for product in found if product["type"] in ("simple", "variation")}

    def _refunded(self, client: WooCommerce, order: dict[str, Any]) -> dict[str, int]:
        """Units by article that the shop has paid back, as negative ones of a line."""
        if not order.get("refunds"):
            return {}
        skus = {str(line["id"]): _sku(line) for line in order["line_items"]}
        back: dict[str, int] = {}
        for refund in client.rows(f"orders/{order['id']}/refunds"):
            for line in refund["line_items"]:
                of = next((str(meta["value"]) for meta in line["meta_data"] if meta["key"] == REFUNDED), "")
                if sku := skus.get(of):
                    back[sku] = back.get(sku, 0) + abs(int(line["quantity"]))
        return back


def _reference(order: dict[str, Any]) -> str:
    """Its number as the shop sees it, with the key where a plug-in numbers orders in its own way."""
    number, key = str(order["number"]), str(order["id"])
    return number if number == key else f"{number} ({key})"


def _key(reference: str) -> int | None:
    """Of an order, from its `_reference`."""
    found = re.search(r"(?:^|\()(\d+)\)?$", reference)
    return int(found[1]) if found else None


def _number(order: dict[str, Any]) -> str:
    return next((str(meta["value"]) for meta in order["meta_data"] if meta["key"] == META), "")


def _sku(line: dict[str, Any]) -> str:
    """Our article number: where we wrote it, since WooCommerce gives that of the article as it is now, and none once
    that is deleted for good."""
    told = next((meta["value"] for meta in line.get("meta_data") or () if meta["key"] == SKU), None)
    return str(told or line["sku"] or "")


def _left(product: dict[str, Any]) -> Decimal | None:
    """How many can be promised; None where nobody counts, unless the shop says that there are none."""
    units = number(product["stock_quantity"]) if product["manage_stock"] else None
    return Decimal(0) if units is None and product["stock_status"] == "outofstock" else units


def _parcels(order: dict[str, Any], units: dict[str, int]) -> tuple[ParcelSaid, ...]:
    """All of it, once the order is completed."""
    sent = {sku: count for sku, count in units.items() if count > 0}
    if order["status"] != DONE or not sent:
        return ()
    told = next((meta["value"] for meta in order["meta_data"] if meta["key"] == TRACKING), None)
    first = told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else {}
    carrier = first.get("tracking_provider") or first.get("custom_tracking_provider") or ""
    tracking = str(first.get("tracking_number") or "")
    return (ParcelSaid(str(order["id"]), sent, str(carrier), tracking, is_counted=False),)


def _sold(line: ShopOrderLine, product: dict[str, Any], currency: str) -> dict[str, Any]:
    price = to_decimal(line.unit_price_minor * line.left_units, currency)
    is_variation = product["type"] == "variation"
    which = (
        {"product_id": product["parent_id"], "variation_id": product["id"]}
        if is_variation
        else {"product_id": product["id"]}
    )
    ours = [{"key": SKU, "value": line.sku}]
    return {**which, "quantity": line.left_units, "subtotal": f"{price:f}", "total": f"{price:f}", "meta_data": ours}
