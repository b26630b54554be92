"""Orders into Square as paid orders (Orders API, Payments API), over `shops.systems.square`.

Sources: https://developer.squareup.com/reference/square/orders-api/create-order, …/search-orders and
https://developer.squareup.com/docs/payments-api/take-payments/external-payments. An order without a payment is neither
seen at the till nor taken off the count: so it is paid from outside, by what the reader paid the network. Orders cannot
be searched by `reference_id`: those of our source are gone through, and the idempotency key is our number's, so that an
order which a search does not show yet is not made twice. One shipment is made; the shop may split it in its dashboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers_of, because, summed
from shops.channels.messages import order_as_told
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import SystemCallError, Trouble
from shops.systems.square import SOURCE, Square, articles, is_sold, is_sold_out, sku_of, stamp

LOOKED_BACK = timedelta(days=45)  # for an order under our number
GIVEN_UP = {"CANCELED", "FAILED"}
LISTED = "ENTRY_LIST"  # a fulfilment says which articles are in it
WAITS = {"PROPOSED", "RESERVED"}  # a fulfilment that nobody has made ready
SKU = "sku"  # our article number, among a line's metadata: Square's lines have none


class SquareChannel(SystemChannel):
    kind = "square"

    def find(self, client: Square, number: str) -> dict[str, Any] | None:
        since = client.caller.there(datetime.now(UTC)) - LOOKED_BACK
        return next((order for order in _orders(client, "CREATED_AT", since) if order["reference_id"] == number), None)

    def free(self, client: Square, lines: list[ShopOrderLine]) -> dict[str, Any]:
        there = _variations(client, lines)
        counts = client.counts([each["id"] for each in there.values()])
        return {
            sku: 0 if is_sold_out(variation, client.location) else counts.get(variation["id"])
            for sku, variation in there.items()
        }

    def enter(self, client: Square, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        there = _variations(client, lines)
        order = {
            "location_id": client.location,
            "reference_id": shop_order.number,
            "source": {"name": SOURCE},
            "pricing_options": {"auto_apply_taxes": False, "auto_apply_discounts": False},
            "line_items": [
                {
                    "catalog_object_id": there[line.sku]["id"],
                    "quantity": str(line.left_units),
                    "base_price_money": {"amount": line.unit_price_minor, "currency": shop_order.currency},
                    "metadata": {SKU: line.sku},
                }
                for line in lines
            ],
            "fulfillments": [_fulfillment(shop_order)],
        }
        try:
            made = client.post("/v2/orders", {"idempotency_key": f"halles-{shop_order.number}", "order": order})
        except SystemCallError as error:
            if "IDEMPOTENCY_KEY_REUSED" in str(error.values):  # it has one of other lines, and does not show it yet
                raise client.caller.refused(error.values["detail"], Trouble.AWAY, unknown_outcome=True) from None
            raise
        return dict(made["order"])

    def finish(self, client: Square, order: dict[str, Any]) -> dict[str, Any]:
        if _is_paid(order) or order["state"] == "CANCELED":
            return order
        key, total = f"halles-{order['reference_id']}", order["total_money"]
        if total["amount"]:
            paid = {"idempotency_key": key, "source_id": "EXTERNAL", "order_id": order["id"], "amount_money": total}
            details = {"type": "OTHER", "source": SOURCE, "source_id": order["reference_id"]}
            client.post("/v2/payments", {**paid, "location_id": order["location_id"], "external_details": details})
        else:
            client.post(f"/v2/orders/{order['id']}/pay", {"idempotency_key": key, "payment_ids": []})
        return dict(client.get(f"/v2/orders/{order['id']}")["order"])

    def number(self, client: Square, order: dict[str, Any]) -> str:
        return str(order["reference_id"])

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return _sum((line, line["quantity"]) for line in order.get("line_items", []))

    def said(self, client: Square, order: dict[str, Any]) -> OrderState:
        sendings = order.get("fulfillments", [])
        lines: list[LineSaid] = []
        if order["state"] == "CANCELED" or _is_paid(order) or _given_up(order):
            lines = self._answers(client, order)
        is_booked = _is_paid(order) and self.books_here(client)
        sent = [each for each in sendings if (each["type"], each["state"]) == ("SHIPMENT", "COMPLETED")]
        sent.sort(key=lambda each: str(_details(each).get("shipped_at") or ""))  # as they left
        parcels = tuple(_parcel(order, each) for each in sent)
        return OrderState(self.number(client, order), Receipt(order["id"], is_booked, lines=tuple(lines)), parcels)

    def _answers(self, client: Square, order: dict[str, Any]) -> list[LineSaid]:
        """Declined is what it has given up. Promised beyond what is there is what somebody else was quicker for since
        it was asked; not of what is ready, or has left."""
        sendings, units = order.get("fulfillments", []), self.units(order)
        why = next(filter(None, map(_why, sendings)), _("Cancelled in our system."))
        back = units if order["state"] == "CANCELED" else _given_up(order)
        is_open = order["state"] == "OPEN" and any(each["state"] in WAITS for each in sendings)
        keys = {line["metadata"][SKU]: str(line.get("catalog_object_id") or "") for line in _ours(order)}
        counts = client.counts(sorted({*keys.values()} - {""})) if is_open else {}
        return because(answers_of(units, back, {sku: counts.get(key) for sku, key in keys.items()}), why)

    def changed(self, client: Square, since: datetime) -> Iterable[dict[str, Any]]:
        return _orders(client, "UPDATED_AT", since)


def _orders(client: Square, field: str, since: datetime) -> Iterator[dict[str, Any]]:
    """Ours, the newest first. Square refuses a filter by one stamp with an order by another."""
    query = {
        "filter": {
            "source_filter": {"source_names": [SOURCE]},
            "date_time_filter": {field.lower(): {"start_at": stamp(since)}},
        },
        "sort": {"sort_field": field, "sort_order": "DESC"},
    }
    for answer in client.each("/v2/orders/search", {"location_ids": [client.location], "query": query}):
        yield from (order for order in answer.get("orders", []) if order.get("reference_id"))


def _variations(client: Square, lines: list[ShopOrderLine]) -> dict[str, dict[str, Any]]:
    """{sku: variation} of what is sold: by the shop's number, or by Square's where it has none."""
    wanted = sorted({line.sku for line in lines})
    pairs = client.numbered(wanted)
    left = sorted(set(wanted) - {sku_of(variation) for _item, variation in pairs})
    if left:
        body = {"object_ids": left, "include_related_objects": True}
        pairs += articles(client.post("/v2/catalog/batch-retrieve", body))
    return {
        sku_of(variation): variation
        for item, variation in pairs
        if sku_of(variation) in wanted and is_sold(item, variation, client.location)
    }


def _fulfillment(shop_order: ShopOrder) -> dict[str, Any]:
    told, address = order_as_told(shop_order), shop_order.order.shipping_address
    note = "\n".join([told["delivery"]["name"], told["url"]])[:500]
    if told["delivery"]["address"] is None:
        by_number = {"display_name": f"{SOURCE} {shop_order.number}"}
        pickup = {"recipient": by_number, "schedule_type": "ASAP", "note": note}
        return {"type": "PICKUP", "state": "PROPOSED", "pickup_details": pickup}
    where = {
        "address_line_1": address.line1,
        "address_line_2": address.line2,
        "locality": address.line4,
        "administrative_district_level_1": address.state,
        "postal_code": address.postcode,
        "country": address.country_id,
    }
    whom = {"display_name": address.name or shop_order.number, "address": {k: v for k, v in where.items() if v}}
    details = {"recipient": whom, "shipping_note": note}
    return {"type": "SHIPMENT", "state": "PROPOSED", "shipment_details": details}


def _is_paid(order: dict[str, Any]) -> bool:
    return bool(order.get("tenders")) or order["state"] == "COMPLETED"


def _details(sending: dict[str, Any]) -> dict[str, Any]:
    return sending.get("shipment_details") or sending.get("pickup_details") or {}


def _why(sending: dict[str, Any]) -> str:
    details = _details(sending)
    return str(details.get("cancel_reason") or details.get("failure_reason") or "")


def _parcel(order: dict[str, Any], sending: dict[str, Any]) -> ParcelSaid:
    details, units = _details(sending), _units(order, sending)
    carrier, tracking = details.get("carrier") or "", details.get("tracking_number") or ""
    is_counted = sending.get("line_item_application") == LISTED
    return ParcelSaid(sending["uid"], units, carrier, tracking, is_counted)


def _units(order: dict[str, Any], sending: dict[str, Any]) -> dict[str, int]:
    """In a fulfilment: what it lists, else all of the order."""
    lines = {line["uid"]: line for line in order.get("line_items", [])}
    parts = [(line, line["quantity"]) for line in lines.values()]
    if sending.get("line_item_application") == LISTED:
        listed = [each for each in sending.get("entries", []) if each["line_item_uid"] in lines]
        parts = [(lines[each["line_item_uid"]], each["quantity"]) for each in listed]
    return _sum(parts)


def _given_up(order: dict[str, Any]) -> dict[str, int]:
    """Where a fulfilment is given up, what is in none of the others."""
    sendings = order.get("fulfillments", [])
    kept = [_units(order, each) for each in sendings if each["state"] not in GIVEN_UP]
    if len(kept) == len(sendings):
        return {}
    units = _sum((line, line["quantity"]) for line in order.get("line_items", []))
    return {sku: max(0, count - sum(each.get(sku, 0) for each in kept)) for sku, count in units.items()}


def _ours(order: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in order.get("line_items", []) if (line.get("metadata") or {}).get(SKU)]


def _sum(parts: Iterable[tuple[dict[str, Any], str]]) -> dict[str, int]:
    """Units by article, of the lines that we have entered."""
    return summed(((line.get("metadata") or {}).get(SKU), quantity) for line, quantity in parts)
