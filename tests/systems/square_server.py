"""Square as its documents describe it, as a system under test: nobody has tried this against a real shop.

Catalog: https://developer.squareup.com/reference/square/catalog-api/search-catalog-objects (`begin_time` exclusive,
`cursor`, `limit` up to 1000, `include_deleted_objects`; with `begin_time` deleted objects come even where they were not
asked for: https://developer.squareup.com/forums/t/catalog-search-api-ignores-include-deleted-objects-false-when-begin-time-is-set/23637),
…/batch-retrieve-catalog-objects, of at most 1000 ids (…/reference/square/objects/CatalogInfoResponseLimits, and what
`catalog/info` is shown to answer), a set query of at most 250 values (…/reference/square/objects/CatalogQuerySet); an
object that changes gets a stamp, those about it do not:
https://developer.squareup.com/docs/catalog-api/webhooks. Counts, newest first, `updated_after`, up to 1000:
https://developer.squareup.com/reference/square/inventory-api/batch-retrieve-inventory-counts. A count falls when an
order is fully paid: https://developer.squareup.com/docs/app-marketplace/requirements/inventory-api.
Orders: https://developer.squareup.com/docs/orders-api/manage-orders/search-orders (no filter by reference; a date
filter asks for the same sort field), at most one fulfilment by the API, several by the dashboard:
https://github.com/square/square-nodejs-sdk/blob/master/doc/models/fulfillment.md.
Payments: https://developer.squareup.com/docs/payments-api/take-payments/external-payments.
Webhooks: https://developer.squareup.com/docs/webhooks/step3validate and …/docs/inventory-api/webhooks.
Errors: https://developer.squareup.com/docs/build-basics/handling-errors.
Not found in the documents, and assumed: that `cursor` is a place in a fixed order of objects; that a deleted object
keeps its data; that a search shows an order at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from typing import Any

from django.conf import settings

from catalog_sync.models import Webhook
from shops.systems import square
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.json_server import Asked, JsonServer, Refusal
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import (
    CANCELS_REST,
    EDITS,
    KEEPS_CONTEXT,
    KNOWS_STOCK_CHANGES,
    LOOKS_UP,
    NAMES_EVENTS,
    POSTS_NEWS,
    SETS_CLOCK,
    SHARES_NUMBERS,
    SHIPS,
    Seen,
)

KEY, PLACE, OTHER_PLACE = "sq-" + "k" * 40, "L1MAIN", "L2CLOSED"
MOST_IDS, MOST_VALUES = 1000, 250
LONG_AGO = "2026-01-01T00:00:00.000Z"


class SquareUnderTest(JsonServer):
    kind = "square"
    can = frozenset(
        {KEEPS_CONTEXT, SHIPS, LOOKS_UP, KNOWS_STOCK_CHANGES, POSTS_NEWS, SETS_CLOCK, SHARES_NUMBERS}
        | {EDITS, CANCELS_REST, NAMES_EVENTS}
    )
    hook_form, hook_secret = "square", "sq-signature-key-" + "s" * 8

    # the shop

    def reset(self) -> None:
        self.numbers = itertools.count(1)
        self.keys, self.ids = {KEY}, {}
        self.objects: dict[str, dict[str, Any]] = {}
        self.counts: dict[str, dict[str, Any]] = {}
        self.made: dict[str, dict[str, Any]] = {}  # orders
        self.done: dict[tuple[str, str], tuple[object, object]] = {}  # by idempotency key: what was asked, and answered
        for known in KNOWN:
            self.ids[known.sku] = self._article(known.title, known.sku, known.gtin, known.price, known.quantity)
        service = self._article("Wrapping", "WRAP", "", 300, 5)
        self.objects[f"I-{service}"]["item_data"]["product_type"] = "APPOINTMENTS_SERVICE"
        elsewhere = self._article("Only in the other place", "ELSE", "", 900, 5)
        self.objects[elsewhere] |= {"present_at_all_locations": False, "present_at_location_ids": [OTHER_PLACE]}

    def grow(self, skus: list[str]) -> None:
        for sku in skus:
            self.ids[sku] = self._article(f"Title {sku}", sku, "", 1200, 5)

    def _article(self, title: str, sku: str, gtin: str, price: int, units: int) -> str:
        key = f"V{next(self.numbers):04}"
        stamped = {"updated_at": LONG_AGO, "version": 1, "is_deleted": False, "present_at_all_locations": True}
        item = {"name": title, "product_type": "REGULAR", "is_archived": False, "tax_ids": []}
        money = {"amount": price, "currency": CURRENCY}
        facts = {"item_id": f"I-{key}", "name": "Regular", "sku": sku, "price_money": money, "track_inventory": True}
        if gtin:
            facts["upc"] = gtin
        self.objects[f"I-{key}"] = {"type": "ITEM", "id": f"I-{key}", **stamped, "item_data": item}
        self.objects[key] = {"type": "ITEM_VARIATION", "id": key, **stamped, "item_variation_data": facts}
        self._count(key, units, LONG_AGO)
        self.counts[f"{key}@{OTHER_PLACE}"] = {**self.counts[key], "location_id": OTHER_PLACE, "quantity": "40"}
        return key

    def _count(self, key: str, units: int, at: str = "") -> None:
        self.counts[key] = {
            "catalog_object_id": key,
            "catalog_object_type": "ITEM_VARIATION",
            "state": "IN_STOCK",
            "location_id": PLACE,
            "quantity": str(units),
            "calculated_at": at or _now(),
        }

    def _touch(self, key: str) -> None:
        self.objects[key]["updated_at"] = _now()
        self.objects[key]["version"] += 1

    def entered(self, address: str) -> Access:
        return Access("square", address, {}, {"key": KEY})

    def access(self, address: str) -> Access:
        return Access("square", address, {"location_id": PLACE, "currency": CURRENCY}, {"key": KEY})

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [
            {"location_id": None},
            {"location_id": "L999"},
            {"location_id": OTHER_PLACE},
            {"currency": "EUR"},
        ]
        return [Access("square", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(square, "PAGE", 8)  # two of them are not for sale here
        return 8

    def set_price(self, sku: str, minor: int) -> None:
        self.objects[self.ids[sku]]["item_variation_data"]["price_money"]["amount"] = minor
        self._touch(self.ids[sku])

    def renumber(self, sku: str, new: str) -> None:
        self.objects[self.ids[sku]]["item_variation_data"]["sku"] = new
        self._touch(self.ids[sku])

    def set_stock(self, sku: str, units: int) -> None:
        self._count(self.ids[sku], units)

    def sell(self, sku: str, units: int) -> None:
        self._take(self.ids[sku], units)

    def _take(self, key: str, units: int) -> None:
        self._count(key, int(self.counts[key]["quantity"]) - units)

    def archive(self, sku: str) -> None:
        item = f"I-{self.ids[sku]}"
        self.objects[item]["item_data"]["is_archived"] = True
        self._touch(item)

    def delete(self, sku: str) -> None:
        for key in (self.ids[sku], f"I-{self.ids[sku]}"):
            self.objects[key]["is_deleted"] = True
            self._touch(key)

    def add_tax(self, key: str, percentage: str, inclusion: str, skus: list[str]) -> None:
        data = {"name": key, "percentage": percentage, "inclusion_type": inclusion, "enabled": True}
        stamped = {"updated_at": LONG_AGO, "version": 1, "is_deleted": False}
        self.objects[key] = {"type": "TAX", "id": key, **stamped, "tax_data": data}
        for sku in skus:
            self.objects[f"I-{self.ids[sku]}"]["item_data"]["tax_ids"].append(key)

    def revoke_key(self) -> None:
        self.keys.clear()

    def news(self, sku: str, secret: str) -> tuple[bytes, dict[str, str]]:
        """Signed over the address that the shop entered there, and the body."""
        count = {"catalog_object_id": self.ids[sku], "location_id": PLACE, "quantity": "1", "state": "IN_STOCK"}
        told = {"type": "inventory_counts", "id": "e1", "object": {"inventory_counts": [count]}}
        body = json.dumps({"type": "inventory.count.updated", "event_id": "e1", "data": told}).encode()
        address = f"{settings.SITE_URL}/hooks/{Webhook.objects.get().slug}/".encode()
        signature = base64.b64encode(hmac.new(secret.encode(), address + body, hashlib.sha256).digest()).decode()
        return body, {"x-square-hmacsha256-signature": signature, "square-environment": "Production"}

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = [order for order in self.made.values() if order.get("reference_id") == number]
        return [Seen(number, self._units(order), bool(order.get("tenders"))) for order in found]

    def _units(self, order: dict[str, Any]) -> dict[str, int]:
        names = {key: sku for sku, key in self.ids.items()}
        return {names[line["catalog_object_id"]]: int(line["quantity"]) for line in order["line_items"]}

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        """In the dashboard, where a fulfilment may be split."""
        (order,) = [each for each in self.made.values() if each["reference_id"] == number]
        uids = {line["catalog_object_id"]: line["uid"] for line in order["line_items"]}
        entries = [{"line_item_uid": uids[self.ids[sku]], "quantity": str(count)} for sku, count in units.items()]
        details = {"carrier": "Canada Post", "tracking_number": tracking, "shipped_at": _now()}
        sent = {"uid": f"F{next(self.numbers)}", "type": "SHIPMENT", "state": "COMPLETED", "shipment_details": details}
        sent |= {"line_item_application": "ENTRY_LIST", "entries": entries}
        order["fulfillments"].insert(0, sent)
        gone = sum(int(e["quantity"]) for f in order["fulfillments"] for e in f.get("entries", []))
        if gone == sum(int(line["quantity"]) for line in order["line_items"]):
            order["fulfillments"] = [each for each in order["fulfillments"] if each["state"] == "COMPLETED"]
            order["state"] = "COMPLETED"
        order["updated_at"] = _now()

    def cancel(self, number: str) -> None:
        (order,) = [each for each in self.made.values() if each["reference_id"] == number]
        for each in order["fulfillments"]:
            each["state"] = "CANCELED"
        order["updated_at"] = _now()

    def edit(self, number: str, sku: str, units: int) -> None:
        (order,) = [each for each in self.made.values() if each["reference_id"] == number]
        (line,) = [each for each in order["line_items"] if each["catalog_object_id"] == self.ids[sku]]
        self._take(self.ids[sku], units - int(line["quantity"]))
        line["quantity"] = str(units)
        order["line_items"] = [each for each in order["line_items"] if each["quantity"] != "0"]
        order["updated_at"] = _now()

    def cancel_rest(self, number: str) -> None:
        """The fulfilment that is left when another one was split off."""
        (order,) = [each for each in self.made.values() if each["reference_id"] == number]
        for each in order["fulfillments"]:
            each["state"] = "CANCELED" if each["state"] != "COMPLETED" else "COMPLETED"
        order["updated_at"] = _now()

    # its API

    def answer(self, asked: Asked) -> object:
        given = asked.headers.get("Authorization", "")
        if given.removeprefix("Bearer ") not in self.keys:
            raise _refusal(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized.")
        if not asked.headers.get("Square-Version"):
            raise _refusal(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "No version.")
        parts = asked.path.strip("/").split("/")
        calls = {
            ("GET", "/v2/locations"): lambda: {"locations": list(_places().values())},
            ("POST", "/v2/catalog/search"): lambda: self._search(asked.json),
            ("POST", "/v2/catalog/batch-retrieve"): lambda: self._retrieve(asked.json),
            ("POST", "/v2/inventory/counts/batch-retrieve"): lambda: self._counts(asked.json),
            ("POST", "/v2/orders/search"): lambda: self._search_orders(asked.json),
            ("POST", "/v2/orders"): lambda: self._once("order", asked.json, self._create),
            ("POST", "/v2/payments"): lambda: self._once("payment", asked.json, self._pay),
        }
        call = calls.get((asked.method, asked.path))
        if call is not None:
            return call()
        one: dict[str, dict[str, Any]] = {"locations": _places(), "orders": self.made}.get(parts[1], {})
        if asked.method == "GET" and len(parts) == 3 and parts[2] in one:
            return {parts[1].removesuffix("s"): one[parts[2]]}
        raise _refusal(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Resource not found.")

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        since, wanted = body.get("begin_time", ""), body.get("query", {}).get("set_query")
        found = [each for each in self.objects.values() if each["type"] in body["object_types"]]
        found = [each for each in found if each["updated_at"] > since]
        if not (body.get("include_deleted_objects") or since):
            found = [each for each in found if not each["is_deleted"]]
        if wanted:
            if len(wanted["attribute_values"]) > MOST_VALUES:
                raise _refusal(400, "INVALID_REQUEST_ERROR", "ARRAY_LENGTH_TOO_LONG", "attribute_values")
            values = {value.lower() for value in wanted["attribute_values"]}
            name = wanted["attribute_name"]
            found = [each for each in found if str(each["item_variation_data"].get(name)).lower() in values]
        answer = _page(sorted(found, key=lambda each: each["id"]), "id", body, "objects")
        return self._with_related(answer, body) | {"latest_time": max(o["updated_at"] for o in self.objects.values())}

    def _retrieve(self, body: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= len(body["object_ids"]) <= MOST_IDS:
            raise _refusal(400, "INVALID_REQUEST_ERROR", "ARRAY_LENGTH_TOO_LONG", "object_ids")
        there = (self.objects.get(key) for key in body["object_ids"])
        return self._with_related({"objects": [each for each in there if each and not each["is_deleted"]]}, body)

    def _with_related(self, answer: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        answer["objects"] = [self._whole(each) for each in answer["objects"]]
        if body.get("include_related_objects"):
            keys = {each["item_variation_data"]["item_id"] for each in answer["objects"] if each["type"] != "ITEM"}
            answer["related_objects"] = [self._whole(self.objects[key]) for key in sorted(keys)]
        return {name: value for name, value in answer.items() if value}

    def _whole(self, found: dict[str, Any]) -> dict[str, Any]:
        if found["type"] != "ITEM":
            return found
        nested = [self.objects[found["id"].removeprefix("I-")]]
        return {**found, "item_data": {**found["item_data"], "variations": nested}}

    def _counts(self, body: dict[str, Any]) -> dict[str, Any]:
        since, keys = body.get("updated_after", ""), body.get("catalog_object_ids")
        found = [
            {**count, "key": f"{count['calculated_at']} {key}"}
            for key, count in self.counts.items()
            if count["location_id"] in body.get("location_ids", [PLACE, OTHER_PLACE])
            and count["calculated_at"] > since
            and (keys is None or count["catalog_object_id"] in keys)
        ]
        return _page(sorted(found, key=lambda each: each["key"], reverse=True), "key", body, "counts")

    def _search_orders(self, body: dict[str, Any]) -> dict[str, Any]:
        query = body.get("query", {})
        found = [order for order in self.made.values() if order["location_id"] in body["location_ids"]]
        names = query.get("filter", {}).get("source_filter", {}).get("source_names")
        if names:
            found = [order for order in found if order["source"]["name"] in names]
        field = query.get("sort", {}).get("sort_field", "CREATED_AT").lower()
        for name, span in query.get("filter", {}).get("date_time_filter", {}).items():
            if name != field:
                raise _refusal(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "sort_field must match the filter.")
            found = [order for order in found if order[name] >= span["start_at"]]
        down = query.get("sort", {}).get("sort_order", "DESC") == "DESC"
        found = [{**order, "key": f"{order[field]} {order['id']}"} for order in found]
        return _page(sorted(found, key=lambda each: each["key"], reverse=down), "key", body, "orders")

    def _once(self, what: str, body: dict[str, Any], do) -> object:
        key = (what, body["idempotency_key"])
        if key in self.done and self.done[key][0] != body:
            detail = "The idempotency key can only be retried with the same request data."
            raise _refusal(400, "INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED", detail)
        if key not in self.done:
            self.done[key] = (body, do(body))
        return self.done[key][1]

    def _create(self, body: dict[str, Any]) -> object:
        order = body["order"]
        if len(order.get("fulfillments", [])) > 1:
            raise _refusal(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "Orders cannot have more than one fulfillment.")
        lines = [{**line, "uid": f"L{next(self.numbers)}"} for line in order["line_items"]]
        for line in lines:
            if line["catalog_object_id"] not in self.objects:
                raise _refusal(404, "INVALID_REQUEST_ERROR", "NOT_FOUND", "Item variation not found.")
        total = sum(line["base_price_money"]["amount"] * int(line["quantity"]) for line in lines)
        sendings = [
            {"line_item_application": "ALL", **each, "uid": f"F{next(self.numbers)}"} for each in order["fulfillments"]
        ]
        made = {"id": f"O{next(self.numbers):04}", "state": "OPEN", "version": 1, "created_at": _now()}
        money = {"total_money": {"amount": total, "currency": CURRENCY}, "updated_at": _now()}
        self.made[made["id"]] = {**order, **made, **money, "line_items": lines, "fulfillments": sendings}
        return {"order": dict(self.made[made["id"]])}

    def _pay(self, body: dict[str, Any]) -> object:
        order = self.made[body["order_id"]]
        if body["source_id"] != "EXTERNAL" or not {"type", "source"} <= set(body["external_details"]):
            raise _refusal(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "external_details")
        if body["amount_money"] != order["total_money"] or order.get("tenders"):
            raise _refusal(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "The amount is not the order's.")
        order["tenders"] = [{"id": f"T{next(self.numbers)}", "type": "OTHER", "amount_money": body["amount_money"]}]
        order["updated_at"], order["version"] = _now(), order["version"] + 1
        for line in order["line_items"]:
            self._take(line["catalog_object_id"], int(line["quantity"]))
        return {"payment": {"id": f"P{next(self.numbers)}", "status": "COMPLETED", "order_id": order["id"]}}


def _places() -> dict[str, dict[str, Any]]:
    open_one = {"id": PLACE, "name": "Main street", "business_name": "Librairie Carrée", "status": "ACTIVE"}
    closed = {"id": OTHER_PLACE, "name": "Old", "status": "INACTIVE", "currency": CURRENCY}
    return {PLACE: {**open_one, "currency": CURRENCY}, OTHER_PLACE: closed}


def _page(found: list[dict[str, Any]], key: str, body: dict[str, Any], name: str) -> dict[str, Any]:
    """From the place that the cursor names, in the order of the list as it is now."""
    limit = body.get("limit", 100)
    if not 1 <= limit <= 1000:
        raise _refusal(400, "INVALID_REQUEST_ERROR", "VALUE_TOO_HIGH", "limit")
    start, down = body.get("cursor"), len(found) > 1 and found[0][key] > found[-1][key]
    if start is not None:
        found = [each for each in found if (each[key] < start if down else each[key] > start)]
    page = found[:limit]
    more = {"cursor": page[-1][key]} if len(found) > limit else {}
    return {name: page, **more}


def _refusal(status: int, category: str, code: str, detail: str) -> Refusal:
    return Refusal(status, {"errors": [{"category": category, "code": code, "detail": detail}]})


def _now() -> str:
    return f"{clock.now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
