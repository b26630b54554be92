"""Orders into Vendure 3 as draft orders that are paid from outside, over its Admin API (`shops.systems.vendure`).

Vendure makes an order's code itself. Our number is the company of the address to which a draft is sent, written last,
so that a draft under our number has all its lines; and the transaction of its payment, by which placed orders are
searched. From the payment on the units are off what is free. Vendure refuses what is beyond it, and puts in what there
is. The stamp of an order does not move as it is sent: those that are open here are asked after by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers, because
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.vendure import STOCK, Vendure

Reason = ShopOrderLine.Reason
METHOD = "halles"  # of the payment, as it stands in the order
AT_ONCE = 100  # orders of an answer
DRAFT, UNPAID, GONE = "Draft", "ArrangingPayment", "Cancelled"
SENT = {"Shipped", "Delivered"}
TOO_MANY = "INSUFFICIENT_STOCK_ERROR"
OPEN = (ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED)
ORDER = f"""id code state customer {{ id }} shippingAddress {{ company }}
  lines {{ id quantity orderPlacedQuantity productVariant {{ sku {STOCK} }} }}
  fulfillments {{ id state method trackingCode lines {{ orderLineId quantity }} }}
  history(options: {{ take: 20, sort: {{ createdAt: DESC }}, filter: {{ type: {{ eq: "ORDER_CANCELLATION" }} }} }}) {{
    items {{ data }} }}"""
FOUND = f"""query ($number: String!, $name: String!) {{
  placed: orders(options: {{ filter: {{ transactionId: {{ eq: $number }} }} }}) {{ items {{ {ORDER} }} }}
  begun: orders(options: {{ take: {AT_ONCE}, sort: {{ id: DESC }}, filter: {{ customerLastName: {{ eq: $name }},
    state: {{ in: ["{DRAFT}", "{UNPAID}"] }} }} }}) {{ items {{ {ORDER} }} }} }}"""
SELLABLE = f"""query ($skus: [String!]!) {{ productVariants(options: {{ take: 500, filter: {{ sku: {{ in: $skus }},
  enabled: {{ eq: true }} }} }}) {{ items {{ id sku product {{ enabled }} {STOCK} }} }} }}"""
BEGIN = """mutation { createDraftOrder { id } }"""
REFUSAL = """... on ErrorResult { errorCode message }"""
ADD = f"""line%s: addItemToDraftOrder(orderId: $id, input: $line%s) {{ {REFUSAL} }}"""
FILL = f"""mutation ($id: ID!, $customer: ID!, $address: CreateAddressInput!, $note: String!, %s) {{ %s
  customer: setCustomerForDraftOrder(orderId: $id, customerId: $customer) {{ {REFUSAL} }}
  addNoteToOrder(input: {{ id: $id, note: $note, isPublic: false }}) {{ id }}
  setDraftOrderShippingAddress(orderId: $id, input: $address) {{ {ORDER} }} }}"""
PLACE = f"""mutation ($id: ID!, $shipping: ID!) {{
  shipping: setDraftOrderShippingMethod(orderId: $id, shippingMethodId: $shipping) {{ {REFUSAL} }}
  transitionOrderToState(id: $id, state: "{UNPAID}") {{ {REFUSAL} }} }}"""
PAY = f"""mutation ($input: ManualPaymentInput!) {{
  addManualPaymentToOrder(input: $input) {{ {REFUSAL} ... on Order {{ {ORDER} }} }} }}"""
CANCEL = f"""mutation ($input: CancelOrderInput!) {{ cancelOrder(input: $input) {{ {REFUSAL} }} }}"""
CHANGED = f"""query ($skip: Int!, $take: Int!, $filter: OrderFilterParameter!) {{
  orders(options: {{ skip: $skip, take: $take, sort: {{ id: ASC }}, filter: $filter }}) {{
    totalItems items {{ {ORDER} }} }} }}"""


class VendureChannel(SystemChannel):
    kind = "vendure"
    promises_beyond = False
    cancels = True

    def find(self, client: Vendure, number: str) -> dict[str, Any] | None:
        """Placed, or only begun."""
        _customer(client)
        told = client.ask(FOUND, number=number, name=client.options["customer_name"])
        orders = [*told["placed"]["items"], *told["begun"]["items"]]
        return next((order for order in orders if _number(client, order) == number and order["lines"]), None)

    def free(self, client: Vendure, lines: list[ShopOrderLine]) -> dict[str, int]:
        counts = {sku: client.counts(variant) for sku, variant in self._variants(client, lines).items()}
        return {line.sku: (counts[line.sku] or (0, line.left_units))[1] for line in lines if line.sku in counts}

    def enter(self, client: Vendure, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        variants, customer = self._variants(client, lines), _customer(client)
        items = {
            f"line{n}": {"productVariantId": variants[line.sku]["id"], "quantity": line.left_units}
            for n, line in enumerate(lines)
        }
        asked = ", ".join(f"${name}: AddItemToDraftOrderInput!" for name in items)
        adding = " ".join(ADD % (n, n) for n in range(len(items)))
        draft = client.ask(BEGIN)["createDraftOrder"]["id"]
        told = client.ask(
            FILL % (asked, adding),
            **{"id": draft, "customer": customer, "note": "\n".join(delivery_lines(shop_order)), **items},
            address={**client.options["address"], "fullName": "Halles", "company": shop_order.number},
        )
        order: dict[str, Any] = told.pop("setDraftOrderShippingAddress")
        _look(client, told)
        return order

    def finish(self, client: Vendure, order: dict[str, Any]) -> dict[str, Any]:
        if order["state"] == DRAFT:
            _look(client, client.ask(PLACE, id=order["id"], shipping=client.options["shipping_id"]))
        elif order["state"] != UNPAID:
            return order
        paid = {"orderId": order["id"], "method": METHOD, "transactionId": _number(client, order), "metadata": {}}
        told = client.ask(PAY, input=paid)
        _look(client, told)
        placed: dict[str, Any] = told["addManualPaymentToOrder"]
        return placed

    def number(self, client: Vendure, order: dict[str, Any]) -> str:
        return _number(client, order)

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        has: dict[str, int] = {}
        for line in order["lines"]:
            sku = line["productVariant"]["sku"]
            has[sku] = has.get(sku, 0) + (line["orderPlacedQuantity"] or line["quantity"])
        return has

    def said(self, client: Vendure, order: dict[str, Any]) -> OrderState:
        if not client.settings:
            client.check_context()
        skus = {line["id"]: line["productVariant"]["sku"] for line in order["lines"]}
        parcels = [_parcel(each, skus) for each in order["fulfillments"] or [] if each["state"] in SENT]
        is_booked = order["state"] not in (DRAFT, UNPAID, GONE) and self.books_here(client)
        lines = [
            said
            for line in order["lines"]
            for said in because(_answers(client, line, parcels), *_why(order, line["id"]))
        ]
        return OrderState(
            self.number(client, order), Receipt(order["code"], is_booked, lines=tuple(lines)), tuple(parcels)
        )

    def take_out(self, client: Vendure, order: dict[str, Any]) -> None:
        why = {"orderId": order["id"], "reason": _("The reader took it back."), "cancelShipping": True}
        _look(client, client.ask(CANCEL, input=why))

    def changed(self, client: Vendure, since: datetime) -> Iterator[dict[str, Any]]:
        """Of which the stamp moved, and all that are open with us."""
        _customer(client)
        client.check_context()
        either: list[dict[str, Any]] = [{"updatedAt": {"after": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}}]
        here = self.shop.shop_orders.filter(status__in=OPEN).order_by("number").values_list("number", flat=True)
        if numbers := list(here):  # of an empty list Vendure makes an error
            either.append({"transactionId": {"in": numbers}})
        wanted = {"customerLastName": {"eq": client.options["customer_name"]}, "_or": either}
        for page in client.each(CHANGED, "orders", filter=wanted):
            yield from (order for order in page if _number(client, order) and order["state"] not in (DRAFT, UNPAID))

    def _variants(self, client: Vendure, lines: list[ShopOrderLine]) -> dict[str, dict[str, Any]]:
        if not client.settings:
            client.check_context()
        found = client.ask(SELLABLE, skus=sorted({line.sku for line in lines}))["productVariants"]["items"]
        return {variant["sku"]: variant for variant in found if variant["product"]["enabled"]}


def _customer(client: Vendure) -> str:
    """Under whom our orders are entered."""
    if not client.options.get("customer_id"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return str(client.options["customer_id"])


def _number(client: Vendure, order: dict[str, Any]) -> str:
    """Our number of an order of that customer; "": it is none of ours."""
    is_ours = (order["customer"] or {}).get("id") == client.options["customer_id"]
    return (order["shippingAddress"] or {}).get("company") or "" if is_ours else ""


def _look(client: Vendure, told: dict[str, Any]) -> None:
    """A refusal stands in the answer in the place of what was asked for. Where somebody was quicker since it was asked
    what is there, it is asked again: the draft has what there was."""
    for each in told.values():
        code = (each or {}).get("errorCode")
        if code:
            trouble = Trouble.UNCLEAR if code == TOO_MANY else Trouble.REFUSED
            raise client.caller.refused(each["message"], trouble)


def _answers(client: Vendure, line: dict[str, Any], parcels: list[ParcelSaid]) -> list[LineSaid]:
    """Declined is what was cancelled and not sent. Where the shop lets Vendure promise more than there is, that much is
    promised for later."""
    sku, counts = line["productVariant"]["sku"], client.counts(line["productVariant"])
    sent = sum(parcel.units.get(sku, 0) for parcel in parcels)
    stays = max(sent, line["quantity"])
    short = 0 if counts is None else min(stays - sent, max(0, -counts[1]))
    return answers(sku, stays, short=short, back=line["orderPlacedQuantity"] - stays)


def _why(order: dict[str, Any], line: str) -> tuple[str, str]:
    """What was chosen, or typed, as it was last cancelled of a line. The reasons that Vendure itself offers are names
    of its texts (`cancellationReasons`, https://docs.vendure.io/reference/typescript-api/common/admin-ui/admin-ui-config).
    What is not there after all is back on its number by that."""
    told = (each["data"] for each in order["history"]["items"])
    why = next((str(each.get("reason") or "") for each in told if _is_of(each, line)), "")
    offered = {
        "order.cancel-reason-not-available": (_("Cancelled in our system: not available."), Reason.NOT_FOUND),
        "order.cancel-reason-customer-request": (_("Cancelled in our system: the customer wanted it so."), ""),
    }
    return offered.get(why, (why or _("Cancelled in our system."), ""))


def _is_of(cancellation: dict[str, Any], line: str) -> bool:
    return any(str(each["orderLineId"]) == line for each in cancellation.get("lines") or ())


def _parcel(fulfillment: dict[str, Any], skus: dict[str, str]) -> ParcelSaid:
    units: dict[str, int] = {}
    for each in fulfillment["lines"]:
        sku = skus.get(each["orderLineId"], "")
        units[sku] = units.get(sku, 0) + each["quantity"]
    return ParcelSaid(fulfillment["id"], units, fulfillment["method"] or "", fulfillment["trackingCode"] or "")
