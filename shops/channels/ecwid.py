"""Orders into Ecwid (`shops.systems.ecwid`), as paid ones: only such take their units off the stock.

https://docs.ecwid.com/build-apps/orders/create-orders-with-api/place-new-order-with-api. Our number is the external
transaction, in which orders are searched. More than there is is taken without a word: what is not there is asked
before. https://support.ecwid.com/hc/en-us/articles/115005862165: one that is cancelled is put back on the shelf."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from marketplace.foundation.money import to_decimal
from shops.channels.base import OrderState, ParcelSaid
from shops.channels.lines import answers_of, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.ecwid import Ecwid, Row

SOURCE = "Halles"  # the payment method of our orders
BOOKED, GONE = {"PAID", "PARTIALLY_REFUNDED"}, {"CANCELLED", "REFUNDED"}
OPEN, GIVEN_UP = {"AWAITING_PROCESSING", "PROCESSING"}, "WILL_NOT_DELIVER"
SENT = {"SHIPPED", "OUT_FOR_DELIVERY", "DELIVERED"}


class EcwidChannel(SystemChannel):
    kind = "ecwid"
    cancels = True

    def find(self, client: Ecwid, number: str) -> Row | None:
        """Where the search finds nothing, among the latest of ours: it may be behind."""
        queries = ([("keywords", number)], [("paymentMethod", SOURCE)])
        orders = (order for query in queries for order in client.page("orders", query)[0])
        return next((order for order in orders if self.number(client, order) == number), None)

    def free(self, client: Ecwid, lines: list[ShopOrderLine]) -> Row:
        return {sku: each["units"] for sku, each in client.sold(line.sku for line in lines).items()}

    def enter(self, client: Ecwid, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Row:
        sold, currency = client.sold(line.sku for line in lines), shop_order.currency
        prices = {line.pk: float(to_decimal(line.unit_price_minor, currency)) for line in lines}
        items = [{**sold[line.sku]["line"], "quantity": line.left_units, "price": prices[line.pk]} for line in lines]
        total = float(to_decimal(sum(line.unit_price_minor * line.left_units for line in lines), currency))
        order = {
            "externalTransactionId": shop_order.number,
            "paymentMethod": SOURCE,
            "paymentStatus": "PAID",
            "fulfillmentStatus": "AWAITING_PROCESSING",
            "disableAllCustomerNotifications": True,
            "privateAdminNotes": "\n".join(delivery_lines(shop_order)),
            **dict.fromkeys(("subtotal", "total"), total),
            "items": items,
        }
        made = client.caller.a(dict, client.caller.post("/orders", order), writes=True)
        return client.caller.a(dict, client.caller.get(f"/orders/{made.get('orderid') or made['id']}"))

    def number(self, client: Ecwid, order: Row) -> str:
        return str(order.get("externalTransactionId") or "") if order.get("paymentMethod") == SOURCE else ""

    def units(self, order: Row) -> dict[str, int]:
        return summed((item.get("sku"), item["quantity"]) for item in order["items"])

    def said(self, client: Ecwid, order: Row) -> OrderState:
        units, paid, stands = self.units(order), order["paymentStatus"], order["fulfillmentStatus"]
        back = units if paid in GONE or stands == GIVEN_UP else {}
        left = {sku: each["units"] for sku, each in client.sold(units if stands in OPEN else ()).items()}
        lines = answers_of(units, back, left) if paid in BOOKED | GONE else []
        parcel = ParcelSaid(str(order["id"]), units, tracking=order.get("trackingNumber") or "", is_counted=False)
        parcels = [parcel] if stands in SENT else []
        return self.state(client, order, order["id"], lines, is_booked=paid in BOOKED, parcels=parcels)

    def take_out(self, client: Ecwid, order: Row) -> None:
        if order["fulfillmentStatus"] not in OPEN:
            raise client.caller.refused(_("a parcel of it may have left"))
        client.caller.call("PUT", f"/orders/{order['id']}", (), {"paymentStatus": "CANCELLED"})

    def changed(self, client: Ecwid, since: datetime) -> Iterator[Row]:
        for page in client.each("orders", [("updatedFrom", str(int(since.timestamp()))), ("paymentMethod", SOURCE)]):
            yield from (order for order in page if self.number(client, order))
