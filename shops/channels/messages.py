"""What a shop's system is told, as JSON of a version. Every message says the state of the order as it is then, so that
one that comes late or again does no harm. `docs/order-webhook.md` says it to those who write the other side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marketplace.foundation import links
from shops import channels
from shops.models import Cancellation, ShopOrder, ShopOrderLine

VERSION = 1


def new_order(shop_order: ShopOrder) -> dict[str, Any]:
    told = order_as_told(shop_order)
    if before := came_otherwise(shop_order):
        told |= {"instead_of": before, "perhaps_there": perhaps_there(shop_order)}
    return _message("shop_order.new", shop_order.created_at, told)


def came_otherwise(shop_order: ShopOrder) -> str:
    """The name of the way that the order was to go and that did not take it; empty where none failed."""
    row = getattr(shop_order, "transmission", None)
    kind = row.fell_back_from if row is not None else ""
    return str(channels.CHANNELS[kind][0]) if kind in channels.CHANNELS else kind


def perhaps_there(shop_order: ShopOrder) -> bool:
    """Whether it may have got there all the same."""
    row = getattr(shop_order, "transmission", None)
    return row is not None and row.perhaps_there


def taken_back(cancellation: Cancellation) -> dict[str, Any]:
    """Units that left the order: which and why, and what is left of it."""
    line = cancellation.line
    gone = {"line": line.pk, "sku": line.sku, "units": cancellation.units, "because": cancellation.cause}
    told = order_as_told(line.shop_order) | {"taken_back": gone}
    return _message("shop_order.taken_back", cancellation.cancelled_at, told)


def sample(shop_slug: str, *, now: datetime) -> dict[str, Any]:
    """A test order: the form of a real one, of something that nobody sells."""
    line = {"line": 0, "sku": "TEST", "gtin": "9780000000002", "title": "Test", "condition": "new", "supply": "stock"}
    units = {"ordered": 1, "units": 1, "unit_price_minor": 100, "total_minor": 100}
    order = {"number": "0-TEST", "order": "0", "shop": shop_slug, "currency": "CAD", "total_minor": 100}
    times = {"created_at": _time(now), "answer_due_at": _time(now), "url": links.absolute("/portal/")}
    delivery = {"kind": "pickup", "name": "Test", "address": None}
    return _message("shop_order.test", now, {**order, **times, "delivery": delivery, "lines": [line | units]})


def _message(kind: str, at: datetime, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "timestamp": _time(at), "version": VERSION, "data": content}


def order_as_told(shop_order: ShopOrder) -> dict[str, Any]:
    """A shop order as it is now."""
    lines = list(shop_order.lines.all())
    return {
        "number": shop_order.number,
        "order": shop_order.order.number,
        "shop": shop_order.shop.slug,
        "created_at": _time(shop_order.created_at),
        "answer_due_at": _time(shop_order.answer_due_at),
        "currency": shop_order.currency,
        "total_minor": sum(line.left_minor for line in lines),
        "delivery": _delivery(shop_order),
        "lines": [_line(line) for line in lines],
        "url": links.absolute(f"/portal/orders/{shop_order.number}/"),
    }


def delivery_lines(shop_order: ShopOrder) -> list[str]:
    """How it is handed over, to whom it is sent where it is, and its page here: for the note of an order."""
    told = order_as_told(shop_order)
    return [told["delivery"]["name"], *(told["delivery"]["address"] or []), told["url"]]


def _delivery(shop_order: ShopOrder) -> dict[str, Any]:
    """The address only where something is sent to it; the pick-up code is the reader's to show, and never told."""
    option, address = shop_order.delivery_option, shop_order.order.shipping_address
    goes_out = option is not None and not option.is_collected and address is not None
    return {
        "kind": shop_order.delivery_kind,
        "name": shop_order.delivery_name,
        "address": list(address.active_address_fields()) if goes_out else None,
    }


def _line(line: ShopOrderLine) -> dict[str, Any]:
    return {
        "line": line.pk,
        "sku": line.sku,
        "gtin": str(line.gtin) if line.gtin else None,
        "title": line.title,
        "condition": line.condition,
        "supply": line.supply,
        "ordered": line.quantity,
        "units": line.left_units,
        "unit_price_minor": line.unit_price_minor,
        "total_minor": line.left_minor,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
