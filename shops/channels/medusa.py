"""Orders into Medusa 2 as drafts that are made orders, over its Admin API (`shops.systems.medusa`).

Medusa numbers orders itself and does not search in metadata, where our number stands. It searches in e-mail addresses:
an order's is the one for our orders, with our number after a plus sign. From the moment at which the draft is an order
its units are reserved. What is not there Medusa refuses as a whole: it is asked before, and refused line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from marketplace.foundation.money import exponent
from shops.channels.base import LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers, summed
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, SystemCallError, Trouble
from shops.systems.medusa import STOCK, Medusa, stamp

KEY = "halles"  # of the metadata
SHORT = ("inventory", "stock")  # in the words of a refusal
DRAFT, GONE = "draft", "canceled"
ITEMS = "items.id,items.variant_sku,items.detail.quantity"
PARCELS = ",".join(
    f"fulfillments.{name}"
    for name in ("shipped_at", "canceled_at", "items.line_item_id", "items.quantity", "labels.tracking_number")
)
ORDER = f"id,display_id,status,metadata,{ITEMS},{PARCELS}"


class MedusaChannel(SystemChannel):
    kind = "medusa"
    promises_beyond = False
    cancels = True

    def find(self, client: Medusa, number: str) -> dict[str, Any] | None:
        """Among orders, then among drafts, whose list is another."""
        for kind, name in (("orders", "order"), ("draft-orders", "draft_order")):
            told = client.get(f"/{kind}", q=_email(client, number), fields="id,metadata", limit="100")
            for found in told[f"{name}s"]:
                if _number(found) == number:
                    order: dict[str, Any] = client.get(f"/{kind}/{found['id']}", fields=ORDER)[name]
                    return order
        return None

    def free(self, client: Medusa, lines: list[ShopOrderLine]) -> dict[str, int | None]:
        variants = self._variants(client, {line.sku for line in lines})
        counts = {sku: (variant["manage_inventory"], client.counts(variant)) for sku, variant in variants.items()}
        return {sku: (counted[1] if counted else 0) if managed else None for sku, (managed, counted) in counts.items()}

    def enter(self, client: Medusa, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> dict[str, Any]:
        variants, options = self._variants(client, {line.sku for line in lines}), client.options
        scale = 10 ** exponent(shop_order.currency)
        items = [
            {
                "variant_id": variants[line.sku]["id"],
                "quantity": line.left_units,
                "unit_price": line.unit_price_minor / scale,
            }
            for line in lines
        ]
        draft = {
            "email": _email(client, shop_order.number),
            "region_id": options["region_id"],
            "sales_channel_id": options["channel_id"],
            "items": items,
            "shipping_methods": [{"name": "Halles", "shipping_option_id": options["option_id"], "amount": 0}],
            "metadata": {KEY: shop_order.number, "delivery": "\n".join(delivery_lines(shop_order))},
            "no_notification_order": True,
        }
        made: dict[str, Any] = _writing(client, "POST", "/draft-orders", draft)["draft_order"]
        return made

    def finish(self, client: Medusa, order: dict[str, Any]) -> dict[str, Any]:
        if order["status"] != DRAFT:
            return order
        try:
            _writing(client, "POST", f"/draft-orders/{order['id']}/convert-to-order", {})
        except SystemCallError as error:
            if error.status == 400:  # somebody was quicker: what is left is asked again, for another draft
                client.caller.call("DELETE", f"/draft-orders/{order['id']}", (), None)
            raise
        found: dict[str, Any] = client.get(f"/orders/{order['id']}", fields=ORDER)["order"]
        return found

    def number(self, client: Medusa, order: dict[str, Any]) -> str:
        return _number(order)

    def units(self, order: dict[str, Any]) -> dict[str, int]:
        return summed((item["variant_sku"], item["detail"]["quantity"]) for item in order["items"])

    def said(self, client: Medusa, order: dict[str, Any]) -> OrderState:
        skus = {item["id"]: item["variant_sku"] for item in order["items"]}
        sent = [each for each in order["fulfillments"] or [] if each["shipped_at"] and not each["canceled_at"]]
        parcels = tuple(_parcel(each, skus) for each in sent)
        is_booked = order["status"] not in (DRAFT, GONE) and self.books_here(client)
        units = self.units(order)
        variants = self._variants(client, set(units))
        lines = [
            said
            for sku, count in units.items()
            for said in _answers(sku, count, parcels, order["status"] == GONE, _beyond(client, variants.get(sku)))
        ]
        return OrderState(
            self.number(client, order), Receipt(f"#{order['display_id']}", is_booked, lines=tuple(lines)), parcels
        )

    def take_out(self, client: Medusa, order: dict[str, Any]) -> None:
        """Medusa refuses where a fulfilment was begun that is not cancelled."""
        client.caller.call("POST", f"/orders/{order['id']}/cancel", (), {})

    def changed(self, client: Medusa, since: datetime) -> Iterator[dict[str, Any]]:
        ours = {"sales_channel_id[]": _channel(client), "updated_at[$gte]": stamp(since)}
        for page in client.each("orders", fields="id,metadata", **ours):
            for found in page:
                if _number(found):
                    yield client.get(f"/orders/{found['id']}", fields=ORDER)["order"]

    def _variants(self, client: Medusa, skus: set[str]) -> dict[str, dict[str, Any]]:
        pages = client.named("sku", sorted(skus), STOCK)
        found = (each for page in pages for each in page)
        return {each["sku"]: each for each in found if (each["product"] or {}).get("status") == "published"}


def _channel(client: Medusa) -> str:
    """The sales channel of our orders."""
    if not client.options.get("channel_id") or "@" not in str(client.options.get("email") or ""):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return str(client.options["channel_id"])


def _email(client: Medusa, number: str) -> str:
    _channel(client)
    name, _at, domain = str(client.options["email"]).partition("@")
    return f"{name}+{number}@{domain}"


def _number(order: dict[str, Any]) -> str:
    return str((order["metadata"] or {}).get(KEY) or "")


def _writing(client: Medusa, method: str, path: str, body: object) -> Any:
    """Somebody may be quicker between the question what is there and the order: that is asked again."""
    try:
        return client.caller.call(method, path, (), body)
    except SystemCallError as error:
        if error.status == 400 and any(word in str(error.values["detail"]) for word in SHORT):
            raise client.caller.refused(error.values["detail"], Trouble.UNCLEAR, status=400) from None
        raise


def _beyond(client: Medusa, variant: dict[str, Any] | None) -> int:
    """How many more are promised than there are."""
    counts = client.counts(variant) if variant else None
    return max(0, -counts[1]) if counts else 0


def _answers(sku: str, units: int, parcels: tuple[ParcelSaid, ...], gone: bool, beyond: int) -> list[LineSaid]:
    sent = min(units, sum(parcel.units.get(sku, 0) for parcel in parcels))
    stays = sent if gone else units
    short = min(stays - sent, beyond)
    return answers(sku, stays, short=short, back=units - stays)


def _parcel(fulfillment: dict[str, Any], skus: dict[str, str]) -> ParcelSaid:
    units = summed((skus.get(each["line_item_id"]), each["quantity"]) for each in fulfillment["items"])
    tracking = next((label["tracking_number"] for label in fulfillment["labels"] or ()), "")
    return ParcelSaid(fulfillment["id"], units, tracking=tracking or "")
