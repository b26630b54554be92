"""Orders into Shopify by `orderCreate`, over Admin GraphQL (`shops.systems.shopify`).

Our number is the order's source identifier, by which Shopify searches and which it does not keep unique; it is a tag
and an attribute as well, for people. Made so, an order takes its units off what is available at once, and Shopify is
told to refuse what a variant's own rule does not let be sold beyond its stock; what is not there is asked before, and
refused line by line. The reader pays the network: the order is paid, and Shopify sends nobody a mail.

https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderCreate
https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderCancel
https://shopify.dev/docs/api/admin-graphql/latest/queries/orders"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation.money import to_decimal
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers, because, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.systems.calling import SystemCallError, Trouble
from shops.systems.shopify import Shopify, quoted

MOST_LINES = 50  # of an order, so that a query for it stays below 1000 points
TAG = "Halles"
LEVEL = """tracked inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } }"""
ORDER = f"""id name sourceIdentifier cancelledAt cancelReason
  lineItems(first: {MOST_LINES}) {{ nodes {{ id sku quantity currentQuantity
    variant {{ legacyResourceId inventoryItem {{ {LEVEL} }} }} }} }}"""
# Asked for by itself: with the lines it would cost more than a query may.
PARCELS = f"""query ($id: ID!) {{ order(id: $id) {{ fulfillments(first: 9) {{ name status
  trackingInfo(first: 1) {{ company number }}
  fulfillmentLineItems(first: {MOST_LINES}) {{ nodes {{ quantity lineItem {{ id }} }} }} }} }} }}"""
BY_NUMBER = """query ($query: String) {
  orders(first: 100, query: $query, sortKey: CREATED_AT, reverse: true) { nodes { id sourceIdentifier } } }"""
BY_ID = f"""query ($id: ID!, $location: ID!) {{ order(id: $id) {{ {ORDER} }} }}"""
CHANGED = """query ($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
SOLD = f"""query ($query: String!, $location: ID!) {{ productVariants(first: 100, query: $query) {{ nodes {{
  id legacyResourceId sku product {{ status }} inventoryItem {{ {LEVEL} }} }} }} }}"""
CREATE = f"""mutation ($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput, $location: ID!) {{
  orderCreate(order: $order, options: $options) {{ userErrors {{ field message }} order {{ {ORDER} }} }} }}"""
# By a job of its own: that it is done is seen by the order. The reader paid the network, so that nothing is refunded.
CANCEL = """mutation ($id: ID!, $refund: OrderCancelRefundMethodInput!, $note: String) { orderCancel(orderId: $id,
  reason: CUSTOMER, restock: true, notifyCustomer: false, refundMethod: $refund, staffNote: $note) {
  orderCancelUserErrors { code message } } }"""
OPTIONS = {"inventoryBehaviour": "DECREMENT_OBEYING_POLICY", "sendReceipt": False, "sendFulfillmentReceipt": False}
TO_ORDER = {**OPTIONS, "inventoryBehaviour": "DECREMENT_IGNORING_POLICY"}  # beyond what is there


# What its shop chose as it cancelled an order: https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderCancelReason.
# What was not there after all is back on its number by that, and is not for sale here until that is told apart.
WHY = {
    "CUSTOMER": (gettext_lazy("Cancelled in our system: the customer wanted it so."), ""),
    "DECLINED": (gettext_lazy("Cancelled in our system: the payment was refused."), ""),
    "FRAUD": (gettext_lazy("Cancelled in our system: taken for a fraud."), ""),
    "INVENTORY": (gettext_lazy("Cancelled in our system: not enough copies."), ShopOrderLine.Reason.NOT_FOUND),
    "STAFF": (gettext_lazy("Cancelled in our system: a mistake of staff."), ""),
}


class ShopifyChannel(SystemChannel):
    kind = "shopify"
    cancels = True

    def find(self, client: Shopify, number: str) -> dict[str, Any] | None:
        """A search may find more than what is exactly that number, and a new order only after a while: then it is among
        the latest ones."""
        for asked in ({"query": f"source_identifier:{quoted(number)}"}, {}):
            for order in client.ask(BY_NUMBER, **asked)["orders"]["nodes"]:
                if order["sourceIdentifier"] == number:
                    return self._order(client, order["id"])
        return None

    def free(self, client: Shopify, lines: list[ShopOrderLine]) -> dict[str, int]:
        variants = self._variants(client, lines)
        return {line.sku: _left(variants[line.sku], line.left_units) for line in lines if line.sku in variants}

    def enter(self, client: Shopify, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        variants = self._variants(client, lines)
        order = {
            "sourceIdentifier": shop_order.number,
            "tags": [TAG, shop_order.number],
            "customAttributes": [{"key": TAG, "value": shop_order.number}],
            "note": "\n".join(delivery_lines(shop_order)),
            "currency": shop_order.currency,
            "financialStatus": "PAID",
            "lineItems": [_sold(line, variants[line.sku]["id"], shop_order.currency) for line in lines],
        }
        options = OPTIONS if all(line.supply == Supply.STOCK for line in lines) else TO_ORDER
        made = client.ask(CREATE, order=order, options=options, location=client.location)["orderCreate"]
        if made["userErrors"]:
            raise _refused(client, made["userErrors"][0]["message"])
        return {**made["order"], "fulfillments": []}

    def number(self, client: Shopify, order: dict[str, Any]) -> str:
        return str(order["sourceIdentifier"])

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((_sku(line), line["quantity"]) for line in order["lineItems"]["nodes"])

    def said(self, client: Shopify, order: dict[str, Any]) -> OrderState:
        skus = {line["id"]: _sku(line) for line in order["lineItems"]["nodes"]}
        parcels = [_parcel(each, skus) for each in order["fulfillments"] if each["status"] == "SUCCESS"]
        gone = order["cancelledAt"] is not None
        is_booked = not gone and self.books_here(client)
        lines = [said for line in order["lineItems"]["nodes"] for said in _answers(line, parcels, gone)]
        if why := WHY.get(order["cancelReason"] or "") if gone else None:
            lines = because(lines, str(why[0]), why[1])
        return OrderState(
            self.number(client, order), Receipt(order["name"], is_booked, lines=tuple(lines)), (*parcels,)
        )

    def take_out(self, client: Shopify, order: dict[str, Any]) -> None:
        refund = {"originalPaymentMethodsRefund": False}
        told = client.ask(CANCEL, id=order["id"], refund=refund, note=_("The reader took it back."))["orderCancel"]
        if errors := told["orderCancelUserErrors"]:
            raise client.caller.refused(errors[0]["message"])

    def changed(self, client: Shopify, since: datetime) -> Iterable[dict[str, Any]]:
        moment = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for page in client.each(CHANGED, "orders", query=f"tag:{TAG} AND updated_at:>='{moment}'"):
            for found in page:
                order = self._order(client, found["id"])
                if order and order["sourceIdentifier"]:
                    yield order

    def _order(self, client: Shopify, key: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = client.ask(BY_ID, id=key, location=client.location)["order"]
        sent = client.ask(PARCELS, id=key)["order"] if found else None
        return {**found, "fulfillments": sent["fulfillments"]} if found and sent else None

    def _variants(self, client: Shopify, lines: list[ShopOrderLine]) -> dict[str, dict[str, Any]]:
        """By our article number, which is the SKU, and of a variant without one its own number."""
        if len(lines) > MOST_LINES:
            raise client.caller.refused(_("An order of more than %(count)s lines.") % {"count": MOST_LINES})
        wanted = [f"sku:{quoted(line.sku)}" for line in lines]
        wanted += [f"id:{line.sku}" for line in lines if line.sku.isdecimal() and line.sku.isascii()]
        told = client.ask(SOLD, query=" OR ".join(wanted), location=client.location)["productVariants"]["nodes"]
        found: dict[str, dict[str, Any]] = {}
        for variant in told:
            if variant["product"]["status"] == "ACTIVE":
                found.setdefault(_sku({"sku": variant["sku"], "variant": variant}), variant)
        return found


def _sku(line: dict[str, Any]) -> str:
    return str(line["sku"] or (line["variant"] or {}).get("legacyResourceId") or "")


def _left(variant: dict[str, Any] | None, wanted: int) -> int:
    """How many can be promised; as many as are wanted where nobody counts."""
    item = (variant or {}).get("inventoryItem") or {"tracked": False}
    if not item["tracked"]:
        return wanted
    level = item["inventoryLevel"] or {"quantities": []}
    return next((int(each["quantity"]) for each in level["quantities"] if each["name"] == "available"), 0)


def _answers(line: dict[str, Any], parcels: list[ParcelSaid], gone: bool) -> list[LineSaid]:
    """Declined is what was cancelled or taken out and not sent; what was sent stays so, returned or not. Promised
    beyond what is there is what somebody else was quicker for since it was asked."""
    sku, units = _sku(line), line["quantity"]
    sent = sum(parcel.units.get(sku, 0) for parcel in parcels)
    stays = max(sent, 0 if gone else line["currentQuantity"])
    short = min(stays - sent, max(0, -_left(line["variant"], 0))) if stays > sent else 0
    return answers(sku, stays, short=short, back=units - stays)


def _parcel(fulfillment: dict[str, Any], skus: dict[str, str]) -> ParcelSaid:
    units: dict[str, int] = {}
    for each in fulfillment["fulfillmentLineItems"]["nodes"]:
        sku = skus.get(each["lineItem"]["id"], "")
        units[sku] = units.get(sku, 0) + each["quantity"]
    tracking = (fulfillment["trackingInfo"] or [{}])[0]
    return ParcelSaid(fulfillment["name"], units, tracking.get("company") or "", tracking.get("number") or "")


def _sold(line: ShopOrderLine, variant: str, currency: str) -> dict[str, Any]:
    price = to_decimal(line.unit_price_minor, currency)
    money = {"shopMoney": {"amount": f"{price:f}", "currencyCode": currency}}
    return {"variantId": variant, "quantity": line.left_units, "priceSet": money}


def _refused(client: Shopify, message: str) -> SystemCallError:
    """Somebody was quicker since it was asked what is there: it is asked again."""
    return client.caller.refused(message, Trouble.UNCLEAR if "inventory" in message.casefold() else Trouble.REFUSED)
