"""Shopify as a system under test: a contract server of our own, written from what Shopify documents and what others
have met, with nothing of the adapter's code. No real shop was asked.

- Everything is POST and status 200; errors stand in `errors` with `extensions.code`, and cost in `extensions.cost`; a
  query of more than 1000 points is refused, the bucket fills again: https://shopify.dev/docs/api/usage/limits
- Throttled: `errors` and `extensions`, no data: https://community.shopify.com/t/throttled/254776
- Bulk operations: one connection of `edges`/`node` without variables, a file of JSON lines at an address that is signed
  itself; `OPERATION_IN_PROGRESS`: https://shopify.dev/docs/api/usage/bulk-operations/queries
- Tokens for client id and secret, a day long, asked as a form:
  https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant
- Searches (a value may match more than is exactly it; `product_ids`, `source_identifier`, `tag`, `updated_at`):
  https://shopify.dev/docs/api/admin-graphql/latest/queries/orders and …/productVariants, …/usage/search-syntax
- A product's stamp does not move with its stock: https://github.com/craftcms/shopify/issues/61
- `orderCreate` claims no stock unless it is told to, and its field is spelt `inventoryBehaviour`:
  https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderCreateInputsInventoryBehavior
  https://community.shopify.com/t/cannot-set-ordercreateoptionsinput-inventorybehaviour-in-ordercreate-mutation/396041
- On hand is available and committed: https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
- Signed webhooks: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from shops.systems import shopify
from shops.systems.access import Access
from tests.systems import clock
from tests.systems.clock import Clocked, DatedHandler
from tests.systems.graphql_small import GraphqlError, Schema, read
from tests.systems.known import CURRENCY, KNOWN
from tests.systems.under_test import (
    CANCELS_REST,
    COUNTS_ON_HAND,
    EDITS,
    HAS_PLACES,
    KEEPS_CONTEXT,
    KNOWS_STOCK_CHANGES,
    LOOKS_UP,
    POSTS_NEWS,
    RENEWS,
    SAYS_TAX,
    SETS_CLOCK,
    SHARES_NUMBERS,
    SHIPS,
    Seen,
)

TOKEN, CLIENT, SECRET = "shpat_0123456789abcdef", "0a1b2c3d4e5f", "shpss_fedcba9876543210"
MOST, FULL, PER_SECOND, DAY = 1000, 2000.0, 100.0, 86399
SHELF, CLOSED, NOWHERE = (f"gid://shopify/Location/{number}" for number in (7, 8, 9))
OLD = "2020-01-01T00:00:00Z"
SCHEMA = Schema("""
Query: shop=Shop location(id)=Location locations(first after)=<Location> order(id!)=Order \
orders(first after query sortKey reverse)=<Order> products(first after query)=<Product> node(id!)=BulkOperation \
productVariants(first after query)=<ProductVariant> productVariantsCount=Count currentAppInstallation=AppInstallation
Mutation: bulkOperationRunQuery(query!)=RunPayload orderCreate(order! options)=OrderCreatePayload \
orderCancel(orderId! reason! restock! refundMethod! notifyCustomer staffNote)=OrderCancelPayload
Shop: id name currencyCode taxesIncluded
Count: count precision
AppInstallation: id accessScopes=[AccessScope]
AccessScope: handle description
Location: id name isActive fulfillsOnlineOrders inventoryLevels(first after query)=<InventoryLevel>
Product: id title status vendor updatedAt
ProductVariant: id legacyResourceId sku barcode title price updatedAt inventoryPolicy \
product=Product inventoryItem=InventoryItem
InventoryItem: id sku tracked updatedAt variant=ProductVariant inventoryLevel(locationId!)=InventoryLevel
InventoryLevel: id updatedAt quantities(names!)=[InventoryQuantity] item=InventoryItem
InventoryQuantity: id name quantity updatedAt
Order: id name sourceIdentifier note tags cancelledAt cancelReason createdAt updatedAt displayFinancialStatus \
lineItems(first after)=<LineItem> fulfillments(first)=[Fulfillment]
LineItem: id sku title quantity currentQuantity variant=ProductVariant
Fulfillment: id name status trackingInfo(first)=[TrackingInfo] fulfillmentLineItems(first after)=<FulfillmentLineItem>
TrackingInfo: company number url
FulfillmentLineItem: id quantity lineItem=LineItem
BulkOperation: id status errorCode objectCount url
RunPayload: bulkOperation=BulkOperation userErrors=[UserError]
OrderCancelPayload: job=Job orderCancelUserErrors=[UserError]
Job: id done
OrderCreatePayload: order=Order userErrors=[UserError]
UserError: code field message""")
ORDER_INPUT = {
    *("lineItems", "currency", "sourceIdentifier", "sourceName", "tags", "note", "customAttributes", "financialStatus"),
    *("email", "phone", "shippingAddress", "processedAt", "test", "name", "transactions"),
}
OPTIONS_INPUT = {"inventoryBehaviour", "sendReceipt", "sendFulfillmentReceipt"}
LINE_INPUT = {"variantId", "quantity", "priceSet", "title", "sku", "requiresShipping", "taxLines"}
Row = dict[str, Any]


class ShopifyUnderTest(Clocked):
    kind = "shopify"
    hook_form, hook_secret = "shopify", "a-secret-that-shopify-makes-0001"
    can = frozenset(
        {
            EDITS,
            CANCELS_REST,
            COUNTS_ON_HAND,
            HAS_PLACES,
            KEEPS_CONTEXT,
            SHIPS,
            LOOKS_UP,
            POSTS_NEWS,
            RENEWS,
            KNOWS_STOCK_CHANGES,
            SAYS_TAX,
            SETS_CLOCK,
            SHARES_NUMBERS,
        }
    )

    def start(self) -> str:
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=lambda: self.server.serve_forever(poll_interval=0.02), daemon=True).start()
        self.public = f"http://127.0.0.1:{self.server.server_address[1]}"  # where files are fetched from
        return self.public

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        self.more_locations: list[Row] = []
        self.with_tax = False
        self.tokens, self.given, self.scopes = {TOKEN}, 0, {"read_products", "read_inventory", "read_locations"}
        self.scopes |= {"read_orders", "write_orders"}
        self.bucket, self.filled_at, self.at_once, self.policy = FULL, time.monotonic(), 5, "DENY"
        self.variants: list[Row] = []
        self.orders_made: list[Row] = []
        self.bulks: list[Row] = []
        self.leaked: list[str] = []
        self.index_lags = False
        self.jobs_wait = False  # what a job is to do is done later, or never
        for number, known in enumerate(KNOWN, start=1):
            price = f"{known.price // 100}.{known.price % 100:02}"
            self.add_variant(number, known.sku, known.title, price, known.gtin, known.quantity)

    def add_variant(
        self, number: int, sku: str, title: str = "More", price: str = "20.00", gtin: str = "", quantity: int = 9
    ) -> None:
        product = _node("Product", 100 + number, title=title, status="ACTIVE", vendor="", updatedAt=OLD)
        more = {"barcode": gtin, "title": "Default Title", "price": price, "inventoryPolicy": "DENY"}
        variant = _node("ProductVariant", 500 + number, sku=sku, product=product, updatedAt=OLD, **more)
        item = _node("InventoryItem", 900 + number, sku=sku, tracked=True, updatedAt=OLD, variant=variant)
        level = _node("InventoryLevel", 900 + number, available=quantity, committed=0, updatedAt=OLD)
        variant["inventoryItem"], item["level"], level["item"] = item, level, item
        self.variants.append(variant)

    def grow(self, skus: list[str]) -> None:
        for number, sku in enumerate(skus, start=1000):
            self.add_variant(number, sku)

    # what the shop enters, and does

    def entered(self, address: str) -> Access:
        self.public = address
        return Access("shopify", address, {"location": "Rue Saint-Denis"}, {"key": TOKEN})

    def open_place(self) -> None:
        self.more_locations.append(_node("Location", 10, name="Entrepôt", isActive=True, fulfillsOnlineOrders=True))

    def access(self, address: str) -> Access:
        return Access(
            "shopify", self.entered(address).address, {"location_id": SHELF, "currency": CURRENCY}, {"key": TOKEN}
        )

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[Row] = [
            {"location_id": None},
            {"location_id": NOWHERE},
            {"location_id": CLOSED},
            {"currency": "EUR"},
        ]
        return [Access("shopify", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(shopify, "PAGE", 7)
        return 7

    def enter_with_tax(self) -> None:
        self.with_tax = True

    def set_price(self, sku: str, minor: int) -> None:
        variant = self.variant(sku)
        variant["price"] = f"{minor // 100}.{minor % 100:02}"
        variant["updatedAt"] = variant["product"]["updatedAt"] = _now()

    def renumber(self, sku: str, new: str) -> None:
        variant = self.variant(sku)
        variant["sku"] = new
        variant["updatedAt"] = variant["product"]["updatedAt"] = _now()

    def set_stock(self, sku: str, units: int) -> None:
        level = self.variant(sku)["inventoryItem"]["level"]
        level.update(available=units - level["committed"], updatedAt=_now())

    def sell(self, sku: str, units: int) -> None:
        self.make_order({"lineItems": [{"variantId": self.variant(sku)["id"], "quantity": units}]}, is_claimed=True)

    def archive(self, sku: str) -> None:
        self.variant(sku)["product"].update(status="ARCHIVED", updatedAt=_now())

    def revoke_key(self) -> None:
        self.tokens.clear()

    def expire_token(self) -> None:
        self.tokens -= {token for token in self.tokens if token != TOKEN}

    def orders(self, number: str) -> list[Seen]:
        return [
            Seen(number, {line["sku"]: line["quantity"] for line in order["lineItems"]}, order["is_claimed"])
            for order in self.orders_made
            if order["sourceIdentifier"] == number
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        (order,) = [each for each in self.orders_made if each["sourceIdentifier"] == number]
        parts = []
        for line in order["lineItems"]:
            if count := units.get(line["sku"], 0):
                line["variant"]["inventoryItem"]["level"]["committed"] -= count
                parts.append(_node("FulfillmentLineItem", len(parts) + 1, quantity=count, lineItem=line))
        made = order["fulfillments"]
        info = [{"company": "Canada Post", "number": tracking, "url": None}]
        more = {"status": "SUCCESS", "trackingInfo": info, "fulfillmentLineItems": parts}
        made.append(_node("Fulfillment", len(made) + 1, name=f"{order['name']}.{len(made) + 1}", **more))
        order["updatedAt"] = _now()

    def cancel(self, number: str, reason: str = "OTHER") -> None:
        (order,) = [each for each in self.orders_made if each["sourceIdentifier"] == number]
        self._cancelled(order, reason)

    def edit(self, number: str, sku: str, units: int) -> None:
        (order,) = [each for each in self.orders_made if each["sourceIdentifier"] == number]
        for line in (line for line in order["lineItems"] if line["sku"] == sku):
            self._left(line, units)
        order["updatedAt"] = _now()

    def cancel_rest(self, number: str) -> None:
        (order,) = [each for each in self.orders_made if each["sourceIdentifier"] == number]
        sent = [part for each in order["fulfillments"] for part in each["fulfillmentLineItems"]]
        for line in order["lineItems"]:
            self._left(line, sum(part["quantity"] for part in sent if part["lineItem"] is line))
        order["updatedAt"] = _now()

    def _left(self, line: Row, units: int) -> None:
        """So many stay of a line, of which `quantity` always says how many were ordered."""
        level, back = line["variant"]["inventoryItem"]["level"], line["currentQuantity"] - units
        level["available"] += back
        level["committed"] -= back
        line["currentQuantity"] = units

    def _cancelled(self, order: Row, reason: str = "OTHER") -> None:
        order.update(cancelledAt=_now(), updatedAt=_now(), cancelReason=reason)
        for line in order["lineItems"]:
            level = line["variant"]["inventoryItem"]["level"]
            level["available"] += line["quantity"]
            level["committed"] -= line["quantity"]
            line["currentQuantity"] = 0

    def news(self, sku: str, secret: str) -> tuple[bytes, dict[str, str]]:
        """Of `inventory_levels/update`; a sale sends no `products/update`."""
        level = self.variant(sku)["inventoryItem"]["level"]
        told = {
            "inventory_item_id": level["key"],
            "location_id": 7,
            "available": level["available"],
            "updated_at": _now(),
        }
        body = json.dumps(told).encode()
        digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        named = {
            "X-Shopify-Topic": "inventory_levels/update",
            "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        }
        return body, {**named, "X-Shopify-Hmac-Sha256": digest, "X-Shopify-Shop-Domain": "librairie.myshopify.com"}

    def variant(self, sku: str) -> Row:
        return next(variant for variant in self.variants if variant["sku"] == sku)

    # the interface

    def token(self, form: dict[str, list[str]]) -> tuple[int, Row]:
        """None is had by JSON: a form is what is documented."""
        if {name: value[0] for name, value in form.items()} != {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": SECRET,
        }:
            return 400, {"error": "invalid_client"}
        self.given += 1
        self.tokens.add(f"shpat_of_a_day_{self.given}")
        return 200, {"access_token": f"shpat_of_a_day_{self.given}", "scope": "", "expires_in": DAY}

    def graphql(self, body: Row) -> Row:
        try:
            kind, picked = read(body["query"], body.get("variables") or {})
            root = kind.title()
            cost = SCHEMA.checked(root, picked) + (10 if kind == "mutation" else 0)
        except GraphqlError as error:
            return {"errors": [{"message": str(error), "locations": []}]}
        now = time.monotonic()
        self.bucket, self.filled_at = min(FULL, self.bucket + (now - self.filled_at) * PER_SECOND), now
        if cost > MOST:
            code = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MOST}
            return {"errors": [{"message": f"Query cost is {cost}", "extensions": code}]}
        if cost > self.bucket:
            throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [throttled], "extensions": self._cost(cost, None)}
        try:
            data = SCHEMA.carried_out(root, {}, picked, self.resolve)
        except GraphqlError as error:
            return {"errors": [{"message": str(error)}]}
        self.bucket -= (actual := min(cost, 1 + json.dumps(data).count("{")))
        return {"data": data, "extensions": self._cost(cost, actual)}

    def _cost(self, asked: int, actual: int | None) -> Row:
        bucket = {"maximumAvailable": FULL, "currentlyAvailable": int(self.bucket), "restoreRate": PER_SECOND}
        return {"cost": {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": bucket}}

    def resolve(self, kind: str, value: Row, name: str, arguments: Row) -> Any:
        if kind in ("Query", "Mutation"):
            return getattr(self, f"_{name}")(**arguments)
        if kind == "InventoryItem" and name == "inventoryLevel":
            return value["level"] if arguments["locationId"] == SHELF else None
        if kind == "Location" and name == "inventoryLevels":
            levels = [variant["inventoryItem"]["level"] for variant in self.variants] if value["id"] == SHELF else []
            return _found(levels, arguments.get("query"))
        if name == "quantities":
            numbers = {"available": value["available"], "committed": value["committed"]}
            numbers["on_hand"] = value["available"] + value["committed"]
            return [{"name": each, "quantity": numbers[each]} for each in arguments["names"]]
        found = value[name]
        return found[: arguments["first"]] if kind != "Order" and name == "trackingInfo" else found

    def _shop(self) -> Row:
        return {
            "id": "gid://shopify/Shop/1",
            "name": "Librairie d’essai",
            "currencyCode": CURRENCY,
            "taxesIncluded": self.with_tax,
        }

    def _locations(self, **_arguments: Any) -> list[Row]:
        """Those that are closed are not listed."""
        first = _node("Location", 7, name="Rue Saint-Denis", isActive=True, fulfillsOnlineOrders=True)
        return [first, *self.more_locations]

    def _location(self, id: str) -> Row | None:
        closed = _node("Location", 8, name="Ancien", isActive=False)
        return next((each for each in [*self._locations(), closed] if each["id"] == id), None)

    def _currentAppInstallation(self) -> Row:
        return {"id": "1", "accessScopes": [{"handle": scope, "description": ""} for scope in sorted(self.scopes)]}

    def _productVariantsCount(self) -> Row:
        return {"count": len(self.variants), "precision": "EXACT"}

    def _products(self, query: str | None = None, **_paging: Any) -> list[Row]:
        return _found([variant["product"] for variant in self.variants], query)

    def _productVariants(self, query: str | None = None, **_paging: Any) -> list[Row]:
        return _found(self.variants, query)

    def _orders(self, query: str | None = None, reverse: str = "false", **_paging: Any) -> list[Row]:
        """A search knows nothing of new orders while its index lags."""
        if query and "source_identifier" in query and self.index_lags:
            return []
        return _found(self.orders_made, query)[:: -1 if reverse == "true" else 1]

    def _order(self, id: str) -> Row | None:
        return next((order for order in self.orders_made if order["id"] == id), None)

    def _bulkOperationRunQuery(self, query: str) -> Row:
        if sum(bulk["status"] == "RUNNING" for bulk in self.bulks) >= self.at_once:
            message = (
                "A bulk query operation for this app and shop is already in progress: gid://shopify/BulkOperation/1."
            )
            return {
                "bulkOperation": None,
                "userErrors": [{"code": "OPERATION_IN_PROGRESS", "field": None, "message": message}],
            }
        _kind, picked = read(query, {})
        SCHEMA.checked("Query", picked)
        if len(picked) != 1 or [part.name for part in picked[0].picked] != ["edges"]:
            raise GraphqlError("A bulk query has one connection, by its edges")
        bulk = _node("BulkOperation", len(self.bulks) + 1, status="RUNNING", errorCode=None, objectCount="0", url=None)
        bulk.update(picked=picked, asked=0, lines=self._exported(picked)[: len(self.variants) // 2])
        self.bulks.append(bulk)
        return {"bulkOperation": bulk, "userErrors": []}

    def _exported(self, picked: list[Any]) -> list[Row]:
        data = SCHEMA.carried_out("Query", {}, picked, self.resolve)
        return [edge["node"] for edge in data[picked[0].name]["edges"]]

    def _node(self, id: str) -> Row | None:
        """Half of it is read as it begins, the rest as it ends: meanwhile the shop goes on."""
        bulk = next((each for each in self.bulks if each["id"] == id), None)
        if bulk is not None and bulk["status"] == "RUNNING":
            bulk["asked"] += 1
            if bulk["asked"] > 1:
                bulk["lines"] += self._exported(bulk["picked"])[len(bulk["lines"]) :]
                url = f"{self.public}/files/{bulk['key']}.jsonl?Signature=abc" if bulk["lines"] else None
                bulk.update(status="COMPLETED", objectCount=str(len(bulk["lines"])), url=url)
        return bulk

    def file(self, number: int) -> bytes:
        return b"".join(json.dumps(line).encode() + b"\n" for line in self.bulks[number - 1]["lines"])

    def _orderCreate(self, order: Row, options: Row | None = None) -> Row:
        for given, known in [
            (order, ORDER_INPUT),
            (options or {}, OPTIONS_INPUT),
            *((each, LINE_INPUT) for each in order["lineItems"]),
        ]:
            for name in given.keys() - known:
                raise GraphqlError(f"Variable was provided invalid value for {name} (Field is not defined)")
        behaviour = (options or {}).get("inventoryBehaviour", "BYPASS")
        if behaviour == "DECREMENT_OBEYING_POLICY" and self.policy == "DENY":
            for line in order["lineItems"]:
                level = self._by_id(line["variantId"])["inventoryItem"]["level"]
                if level["available"] < line["quantity"]:
                    error = {
                        "code": "INVALID",
                        "field": ["order", "lineItems"],
                        "message": "Unable to reserve inventory",
                    }
                    return {"order": None, "userErrors": [error]}
        return {"order": self.make_order(order, is_claimed=behaviour != "BYPASS"), "userErrors": []}

    def _orderCancel(self, orderId: str, reason: str, restock: str, refundMethod: Row, **more: Any) -> Row:
        """Not twice, and not once something was sent. It is done by a job."""
        order = next((each for each in self.orders_made if each["id"] == orderId), None)
        why = "Order not found" if order is None else "Order already cancelled" if order["cancelledAt"] else ""
        if order and order["fulfillments"]:
            why = "Cannot cancel an order that has fulfillments"
        if order is None or why:
            error = {"code": "INVALID", "field": ["orderId"], "message": why}
            return {"job": None, "orderCancelUserErrors": [error]}
        assert (reason, restock, refundMethod) == ("CUSTOMER", "true", {"originalPaymentMethodsRefund": False})
        if not self.jobs_wait:
            self._cancelled(order, reason)
        return {"job": _node("Job", 1, done=False), "orderCancelUserErrors": []}

    def make_order(self, order: Row, *, is_claimed: bool) -> Row:
        """There may be two of the same source identifier."""
        number, lines = len(self.orders_made) + 1, list[Row]()
        for place, line in enumerate(order["lineItems"], start=1):
            variant, units = self._by_id(line["variantId"]), line["quantity"]
            if is_claimed:
                level = variant["inventoryItem"]["level"]
                level.update(
                    available=level["available"] - units, committed=level["committed"] + units, updatedAt=_now()
                )
            more = {"sku": variant["sku"], "title": "", "quantity": units, "currentQuantity": units}
            lines.append(_node("LineItem", 100 * number + place, variant=variant, **more))
        more = {
            "sourceIdentifier": order.get("sourceIdentifier"),
            "tags": order.get("tags", []),
            "note": order.get("note"),
        }
        stamps = {
            "cancelledAt": None,
            "cancelReason": None,
            "createdAt": _now(),
            "updatedAt": _now(),
            "is_claimed": is_claimed,
        }
        made = _node("Order", number, name=f"#{1000 + number}", lineItems=lines, fulfillments=[], **more, **stamps)
        self.orders_made.append(made)
        return made

    def _by_id(self, key: str) -> Row:
        return next(variant for variant in self.variants if variant["id"] == key)


def _handler(system: ShopifyUnderTest) -> type[DatedHandler]:
    class Handler(DatedHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with system.lock:
                if self.path == "/admin/oauth/access_token":
                    is_form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
                    self._answer(*system.token(parse_qs(body.decode()) if is_form else {}))
                elif self.headers.get("X-Shopify-Access-Token") not in system.tokens:
                    self._answer(401, {"errors": "[API] Invalid API key or access token"})
                elif re.fullmatch(r"/admin/api/20\d\d-(01|04|07|10)/graphql\.json", self.path):
                    self._answer(200, system.graphql(json.loads(body)))
                else:
                    self._answer(404, {"errors": "Not Found"})

        def do_GET(self) -> None:
            system.leaked += [value for name, value in self.headers.items() if "token" in name.lower()]
            number = re.fullmatch(r"/files/(\d+)\.jsonl\?Signature=abc", self.path)
            with system.lock:
                self._send(200, system.file(int(number[1]))) if number else self._answer(403, {})

        def _answer(self, status: int, told: Row) -> None:
            self._send(status, json.dumps(told).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def _found(rows: list[Row], query: str | None) -> list[Row]:
    """Terms joined by AND or by OR, with a backslash before a sign that is meant as it is, as
    https://shopify.dev/docs/api/usage/search-syntax has it. Of words it finds what begins so, too, and whatever their
    case."""
    if not query:
        return rows
    term = r"""(\w+):(>=)?(?:"((?:\\.|[^"\\])*)"|'([^']*)'|(\S+))"""
    ways = [re.findall(term, way) for way in query.split(" OR ")]
    return [row for row in rows if any(way and all(_fits(row, *term) for term in way) for way in ways)]


def _fits(row: Row, name: str, compared: str, *values: str) -> bool:
    value = re.sub(r"\\(.)", r"\1", "".join(values))
    if name == "updated_at":
        return bool(compared) and row["updatedAt"] >= value
    if name == "product_ids":
        return str(row["product"]["key"]) in value.split(",")
    if name == "id":
        return str(row["key"]) == value
    if name == "tag":
        return value.casefold() in [tag.casefold() for tag in row["tags"]]
    if name in ("sku", "source_identifier"):
        has = row["sku" if name == "sku" else "sourceIdentifier"] or ""
        return bool(has.casefold().startswith(value.casefold()))
    raise GraphqlError(f"no such filter in the documents: {name}")


def _node(kind: str, number: int, **values: Any) -> Row:
    return {"id": f"gid://shopify/{kind}/{number}", "legacyResourceId": str(number), "key": number, **values}


def _now() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
