"""Vendure 3 as a system under test: the real server, on a copy of the prepared database (`scripts/vendure prepare`).

The shop's own hands are its Admin API as its owner signs in, written here a second time."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from shops.systems import vendure
from shops.systems.access import Access
from tests.systems.faketime import FakeTime
from tests.systems.known import KNOWN
from tests.systems.real_servers import multiply
from tests.systems.under_test import (
    COUNTS_ON_HAND,
    EDITS,
    HAS_PLACES,
    KEEPS_CONTEXT,
    LOOKS_UP,
    SHARES_NUMBERS,
    SHIPS,
    Seen,
)

PROGRAM = Path(__file__).with_name("vendure_shop.js")
SECONDS_TO_START = 60
OURS, COUNTER = "orders@halles.example", "counter@shop.example"
PLACED = {"PaymentSettled", "PartiallyShipped", "Shipped", "Delivered"}
# {table: (columns of keys that count on, columns that must differ)}
GROWS = {
    "product": ({"id"}, set[str]()),
    "product_translation": ({"baseId"}, {"slug"}),
    "product_channels_channel": ({"productId"}, set[str]()),
    "product_variant": ({"id", "productId"}, {"sku"}),
    "product_variant_translation": ({"baseId"}, set[str]()),
    "product_variant_price": ({"variantId"}, set[str]()),
    "product_variant_channels_channel": ({"productVariantId"}, set[str]()),
    "stock_level": ({"productVariantId"}, set[str]()),
}
LINES = "lines { id quantity orderPlacedQuantity productVariant { sku } }"


class VendureUnderTest:
    kind = "vendure"
    can = frozenset({EDITS, COUNTS_ON_HAND, HAS_PLACES, KEEPS_CONTEXT, SHIPS, LOOKS_UP, SHARES_NUMBERS})

    def __init__(self, kept: Path) -> None:
        self.kept, self.key = kept, (kept / "key").read_text()
        self.folder = Path(tempfile.mkdtemp(prefix="halles-vendure-"))
        self.clock = FakeTime(self.folder)
        self.can = VendureUnderTest.can | self.clock.can
        self.token = ""

    def start(self) -> str:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        shutil.copy(self.kept / "shop.sqlite", self.folder)
        program = ["node", PROGRAM, "serve", self.folder, str(port)]
        packages = {**os.environ, "NODE_PATH": str(self.kept.parent / "node_modules")}
        packages |= self.clock.environment
        with (self.folder / "log").open("wb") as log:
            self.server = subprocess.Popen(program, stdout=log, stderr=log, cwd=self.folder, env=packages)
        self.address, until = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS_TO_START
        while not self._answers():
            if self.server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.1)
        self._sign_in()
        with closing(sqlite3.connect(self._at)) as live, closing(sqlite3.connect(self._fresh)) as fresh:
            live.backup(fresh)  # with who is signed in
        return self.address

    def stop(self) -> None:
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def reset(self) -> None:
        with closing(sqlite3.connect(self._fresh)) as fresh, closing(sqlite3.connect(self._at)) as live:
            fresh.backup(live)  # by SQLite's own locks, under the running server

    def set_clock(self, ahead: timedelta) -> None:
        self.clock.set_for(self.address, ahead)

    def grow(self, articles: int) -> None:
        """As many articles as that: the known ones over and over, with numbers of their own."""
        multiply(self._at, GROWS, rows=len(KNOWN), times=articles // len(KNOWN))

    @property
    def _at(self) -> Path:
        return self.folder / "shop.sqlite"

    @property
    def _fresh(self) -> Path:
        return self.folder / "fresh.sqlite"

    def entered(self, address: str) -> Access:
        options = {"location": "Default Stock Location", "gtin_field": "isbn", "customer": OURS, "shipping": "halles"}
        return Access("vendure", address, options, {"key": self.key})

    def access(self, address: str) -> Access:
        entered = self.entered(address)
        found = {"channel_code": "__default_channel__", "currency": "CAD", "location_id": "1", "shipping_id": "1"}
        address_ = {"streetLine1": "1 rue X", "city": "Montréal", "postalCode": "H2X 1Y1", "countryCode": "CA"}
        customer = {"customer_id": "1", "customer_name": "Halles", "address": address_}
        return Access("vendure", address, {**entered.options, **found, **customer}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [
            {"channel_code": None},
            {"channel_code": "another"},
            {"location_id": "999"},
            {"currency": "EUR"},
        ]
        return [Access("vendure", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(vendure, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        self._update(sku, {"price": minor})

    def renumber(self, sku: str, new: str) -> None:
        self._update(sku, {"sku": new})

    def open_place(self) -> None:
        made = 'mutation { createStockLocation(input: { name: "Warehouse" }) { id } }'
        self._ask(made)

    def set_stock(self, sku: str, units: int) -> None:
        self._update(sku, {"stockOnHand": units})

    def sell(self, sku: str, units: int) -> None:
        (customer,) = self._ask(
            "query ($e: String!) { customers(options: { filter: { emailAddress: { eq: $e } } }) { items { id } } }",
            e=COUNTER,
        )["customers"]["items"]
        order = self._ask("mutation { createDraftOrder { id } }")["createDraftOrder"]["id"]
        variant = self._variant(sku)["id"]
        steps = [
            f'addItemToDraftOrder(orderId: $o, input: {{ productVariantId: "{variant}", quantity: {units} }})',
            f'setCustomerForDraftOrder(orderId: $o, customerId: "{customer["id"]}")',
            'setDraftOrderShippingMethod(orderId: $o, shippingMethodId: "1")',
            'transitionOrderToState(id: $o, state: "ArrangingPayment")',
            'addManualPaymentToOrder(input: { orderId: $o, method: "till", transactionId: "till", metadata: {} })',
        ]
        for step in steps:
            self._change(step, o=order)

    def archive(self, sku: str) -> None:
        product = self._variant(sku)["product"]["id"]
        self._ask(
            "mutation ($i: UpdateProductInput!) { updateProduct(input: $i) { id } }",
            i={"id": product, "enabled": False},
        )

    def delete(self, sku: str) -> None:
        self._ask("mutation ($i: ID!) { deleteProduct(id: $i) { result } }", i=self._variant(sku)["product"]["id"])

    def revoke_key(self) -> None:
        (key,) = self._ask("{ apiKeys { items { id } } }")["apiKeys"]["items"]
        self._ask("mutation ($i: [ID!]!) { deleteApiKeys(ids: $i) { result } }", i=[key["id"]])

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        return [
            Seen(
                number,
                {
                    line["productVariant"]["sku"]: line["quantity"] or line["orderPlacedQuantity"]
                    for line in order["lines"]
                },
                order["state"] in PLACED,
            )
            for order in self._orders(number)
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        (order,) = self._orders(number)
        lines = [
            {"orderLineId": line["id"], "quantity": units[line["productVariant"]["sku"]]}
            for line in order["lines"]
            if units.get(line["productVariant"]["sku"])
        ]
        post = [{"name": "method", "value": "Post"}, {"name": "trackingCode", "value": tracking}]
        made = self._ask(
            """mutation ($i: FulfillOrderInput!) { addFulfillmentToOrder(input: $i) {
              ... on Fulfillment { id } ... on ErrorResult { errorCode message } } }""",
            i={"lines": lines, "handler": {"code": "manual-fulfillment", "arguments": post}},
        )
        self._change('transitionFulfillmentToState(id: $o, state: "Shipped")', o=made["addFulfillmentToOrder"]["id"])

    def cancel(self, number: str, reason: str = "Broken") -> None:
        (order,) = self._orders(number)
        self._change(f'cancelOrder(input: {{ orderId: $o, reason: "{reason}" }})', o=order["id"])

    def edit(self, number: str, sku: str, units: int) -> None:
        (order,) = self._orders(number)
        has = sum(line["quantity"] for line in order["lines"] if line["productVariant"]["sku"] == sku)
        self.cancel_some(number, sku, has - units)

    def cancel_some(self, number: str, sku: str, units: int) -> None:
        (order,) = self._orders(number)
        (line,) = [each["id"] for each in order["lines"] if each["productVariant"]["sku"] == sku]
        lines = f'[{{ orderLineId: "{line}", quantity: {units} }}]'
        self._change(f'cancelOrder(input: {{ orderId: $o, lines: {lines}, reason: "Broken" }})', o=order["id"])

    def take_permission(self, name: str) -> None:
        roles = self._ask("{ roles { items { id code permissions } } }")["roles"]["items"]
        (role,) = [each for each in roles if each["code"] == "halles"]
        left = [each for each in role["permissions"] if each not in (name, "Authenticated")]
        self._ask(
            "mutation ($i: UpdateRoleInput!) { updateRole(input: $i) { id } }",
            i={"id": role["id"], "permissions": left},
        )

    def _orders(self, number: str) -> list[dict[str, Any]]:
        found = self._ask(f"{{ orders {{ items {{ id state shippingAddress {{ company }} {LINES} }} }} }}")
        return [
            order for order in found["orders"]["items"] if (order["shippingAddress"] or {}).get("company") == number
        ]

    def _variant(self, sku: str) -> dict[str, Any]:
        (found,) = self._ask(
            """query ($s: String!) { productVariants(options: { filter: { sku: { eq: $s } } }) {
              items { id product { id } } } }""",
            s=sku,
        )["productVariants"]["items"]
        return found

    def _update(self, sku: str, values: dict[str, Any]) -> None:
        self._ask(
            "mutation ($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }",
            i=[{"id": self._variant(sku)["id"], **values}],
        )

    def _change(self, step: str, **variables: Any) -> None:
        self._ask(f"mutation ($o: ID!) {{ {step} {{ ... on ErrorResult {{ errorCode message }} }} }}", **variables)

    def _sign_in(self) -> None:
        self._ask('mutation { login(username: "owner", password: "owner") { __typename } }')

    def _ask(self, query: str, **variables: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        asked = urllib.request.Request(f"{self.address}/admin-api", body, headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self.token = answer.headers.get("vendure-auth-token") or self.token
            found = json.loads(answer.read())
        refused = [each for each in (found["data"] or {}).values() if isinstance(each, dict) and each.get("errorCode")]
        if found.get("errors") or refused:
            raise RuntimeError(str(found))
        return found["data"]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
