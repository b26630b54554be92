"""Medusa 2 as a system under test: the real server, on the prepared database (`scripts/medusa prepare`) in a PostgreSQL
of its own.

The shop's own hands are its Admin API as its owner signs in, and here and there its
database."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings

from shops.systems import medusa
from shops.systems.access import Access
from tests.systems.faketime import FakeTime
from tests.systems.known import KNOWN
from tests.systems.medusa_admin import Admin
from tests.systems.under_test import COUNTS_ON_HAND, EDITS, HAS_PLACES, KEEPS_CONTEXT, LOOKS_UP, SHIPS, Seen

SCRIPTS = Path(settings.BASE_DIR) / "scripts"
RESTORE = "/usr/lib/postgresql/15/bin/pg_restore"
SECONDS_TO_START = 90
EMAIL = "orders@halles.example"
# What the tests change; each is kept beside, and put back before each test.
CHANGED = (
    *("product", "product_variant", "price", "price_rule", "inventory_level", "reservation_item", "api_key"),
    *('"order"', "order_item", "order_line_item", "stock_location", "sales_channel_stock_location"),
    *("product_variant_price_set", "product_variant_inventory_item", "price_set", "inventory_item"),
    *("tax_region", "tax_rate", "price_preference"),
)
# {table: columns that name a row of the same article}; what must differ, or be none.
GROWS = {
    "product": {"id"},
    "product_variant": {"id", "product_id"},
    "price_set": {"id"},
    "price": {"id", "price_set_id"},
    "product_variant_price_set": {"id", "variant_id", "price_set_id"},
    "inventory_item": {"id"},
    "product_variant_inventory_item": {"id", "variant_id", "inventory_item_id"},
    "inventory_level": {"id", "inventory_item_id"},
    "product_sales_channel": {"id", "product_id"},
    "product_shipping_profile": {"id", "product_id"},
}
DIFFERS, NONE = {"handle", "sku"}, {"barcode", "ean", "upc"}
ORDER = "id,status,metadata,items.id,items.variant_sku,items.detail.quantity,fulfillments.id,fulfillments.shipped_at"


class MedusaUnderTest:
    kind = "medusa"
    can = frozenset({EDITS, COUNTS_ON_HAND, HAS_PLACES, KEEPS_CONTEXT, SHIPS, LOOKS_UP})

    def __init__(self, kept: Path) -> None:
        self.kept, self.told = kept, json.loads((kept / "told.json").read_text())
        self.folder = Path(tempfile.mkdtemp(prefix="halles-medusa-"))
        self.clock = FakeTime(self.folder)
        self.can = MedusaUnderTest.can | self.clock.can

    def start(self) -> str:
        self.cluster = subprocess.Popen(
            [SCRIPTS / "with-postgres", "sh", "-c", 'echo "$DATABASE_URL"; exec cat'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.cluster.stdout is not None
        server = self.cluster.stdout.readline().strip().rpartition("/")[0]
        self.database = f"{server}/shop"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        subprocess.run([RESTORE, "-d", self.database, "--no-owner", self.kept / "shop.dump"], check=True)
        with psycopg.connect(self.database) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in CHANGED:
                connection.execute(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
        self._serve()
        return self.address

    def _serve(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        packages = self.kept.parent
        program = packages / "node_modules" / "@medusajs" / "cli" / "cli.js"
        values = {**os.environ, "DATABASE_URL": self.database, "MEDUSA_DISABLE_TELEMETRY": "1"}
        values |= self.clock.environment
        command = ["node", program, "start", "-p", str(port), "-H", "127.0.0.1"]
        with (self.folder / "log").open("wb") as log:
            self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd=packages, env=values)
        self.address, until = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.shop = Admin(self.address)
                return
            except (OSError, RuntimeError):
                if self.server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.2)

    def stop(self) -> None:
        if hasattr(self, "server"):
            self.server.terminate()
            self.server.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.cluster.communicate("", timeout=60)  # its end is that of the cluster

    def reset(self) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute("SET session_replication_role = replica")  # no rule looks at what refers to what
            for table in CHANGED:
                connection.execute(f"DELETE FROM public.{table}")
                connection.execute(f"INSERT INTO public.{table} SELECT * FROM kept.{table}")

    def set_clock(self, ahead: timedelta) -> None:
        self.clock.set_for(self.address, ahead)
        self.shop = Admin(self.address)  # who signed in is signed in for a day

    def grow(self, articles: int) -> None:
        """As many articles as that: the known ones over and over, with numbers of their own."""
        columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
        with psycopg.connect(self.database) as connection:
            for table, keys in GROWS.items():
                names = [name for (name,) in connection.execute(columns, [table])]
                values = [
                    f"{name} || '-' || n" if name in keys | DIFFERS else "NULL" if name in NONE else name
                    for name in names
                ]
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
                    f"FROM {table}, generate_series(1, %s) AS n",
                    [articles // len(KNOWN) - 1],
                )
            connection.execute("ANALYZE")

    def entered(self, address: str) -> Access:
        options = {"location": "Shelf", "channel": "Halles", "email": EMAIL, "shipping": "Halles"}
        return Access("medusa", address, options, {"key": self.told["key"]})

    def access(self, address: str) -> Access:
        entered = self.entered(address)
        found = {"location_id": self.told["location"], "currency": "CAD"}
        orders = {"channel_id": self.told["channel"], "region_id": self.told["region"]}
        options = {**entered.options, **found, **orders, "option_id": self.told["option"]}
        return Access("medusa", address, options, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [{"location_id": None}, {"location_id": "sloc_gone"}]
        return [Access("medusa", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(medusa, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        variant = self._variant(sku)
        prices = {"prices": [{"currency_code": "cad", "amount": minor / 100}]}
        self.shop.post(f"/admin/products/{variant['product']['id']}/variants/{variant['id']}", prices)

    def set_price_there(self, sku: str, minor: int, *, beside: int, first: bool) -> None:
        """In one region alone, beside the one for everybody."""
        variant = self._variant(sku)
        there = {"currency_code": "cad", "amount": minor / 100, "rules": {"region_id": self.told["region"]}}
        both = [there, {"currency_code": "cad", "amount": beside / 100}]
        at = f"/admin/products/{variant['product']['id']}/variants/{variant['id']}"
        self.shop.post(at, {"prices": both if first else both[::-1]})

    def tax(self, rate: float, *, province: str = "", above: str | None = None) -> str:
        """On what is sold in the country, or in one province of it beside; the key of what was made."""
        of_it = {"province_code": province, "parent_id": above} if province else {"provider_id": "tp_system"}
        default = {"name": "Tax", "code": f"tax-{province or 'ca'}", "rate": rate}
        found = self.shop.post("/admin/tax-regions", {"country_code": "ca", **of_it, "default_tax_rate": default})
        return str(found["tax_region"]["id"])

    def enter_with_tax(self) -> None:
        (row,) = self.shop.get("/admin/price-preferences?attribute=currency_code&value=cad")["price_preferences"]
        self.shop.post(f"/admin/price-preferences/{row['id']}", {"is_tax_inclusive": True})

    def open_place(self) -> None:
        place = self.shop.post("/admin/stock-locations", {"name": "Warehouse"})["stock_location"]["id"]
        self.shop.post(f"/admin/stock-locations/{place}/sales-channels", {"add": [self.told["channel"]]})

    def set_stock(self, sku: str, units: int) -> None:
        (item,) = self.shop.get(f"/admin/inventory-items?sku={sku}")["inventory_items"]
        level = f"/admin/inventory-items/{item['id']}/location-levels/{self.told['location']}"
        self.shop.post(level, {"stocked_quantity": units})

    def sell(self, sku: str, units: int) -> None:
        item = {"variant_id": self._variant(sku)["id"], "quantity": units, "unit_price": 10}
        order = {"email": "a@example.org", "region_id": self.told["region"], "sales_channel_id": self.told["other"]}
        way = {"name": "Counter", "shipping_option_id": self.told["option"], "amount": 0}
        made = self.shop.post("/admin/draft-orders", {**order, "items": [item], "shipping_methods": [way]})
        self.shop.post(f"/admin/draft-orders/{made['draft_order']['id']}/convert-to-order")

    def archive(self, sku: str) -> None:
        self.shop.post(f"/admin/products/{self._variant(sku)['product']['id']}", {"status": "draft"})

    def delete(self, sku: str) -> None:
        self.shop.call("DELETE", f"/admin/products/{self._variant(sku)['product']['id']}")

    def retitle(self, sku: str, title: str) -> None:
        self.shop.post(f"/admin/products/{self._variant(sku)['product']['id']}", {"title": title})

    def unstock(self, sku: str) -> None:
        """It is not kept at the location any more."""
        with psycopg.connect(self.database) as connection:
            connection.execute(
                """UPDATE inventory_level SET deleted_at = now() WHERE inventory_item_id =
                (SELECT id FROM inventory_item WHERE sku = %s)""",
                [sku],
            )

    def revoke_key(self) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute("UPDATE api_key SET revoked_at = now(), revoked_by = 'owner' WHERE type = 'secret'")

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        return [
            Seen(
                number,
                {item["variant_sku"]: item["detail"]["quantity"] for item in order["items"]},
                order["status"] == "pending",
            )
            for order in self._orders(number)
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        (order,) = self._orders(number)
        before = {each["id"] for each in order["fulfillments"]}
        wanted = {item["id"]: units.get(item["variant_sku"], 0) for item in order["items"]}
        items = [{"id": key, "quantity": count} for key, count in wanted.items() if count]
        at = f"/admin/orders/{order['id']}/fulfillments"
        packed = self.shop.post(f"{at}?fields=*fulfillments", {"items": items, "location_id": self.told["location"]})
        (made,) = {each["id"] for each in packed["order"]["fulfillments"]} - before
        label = {"tracking_number": tracking, "tracking_url": "#", "label_url": "#"}
        self.shop.post(f"{at}/{made}/shipments", {"items": items, "labels": [label]})

    def cancel(self, number: str) -> None:
        (order,) = self._orders(number)
        self.shop.post(f"/admin/orders/{order['id']}/cancel")

    def edit(self, number: str, sku: str, units: int) -> None:
        (order,) = self._orders(number)
        (item,) = [each["id"] for each in order["items"] if each["variant_sku"] == sku]
        self.shop.post("/admin/order-edits", {"order_id": order["id"]})
        at = f"/admin/order-edits/{order['id']}"
        self.shop.post(f"{at}/items/item/{item}", {"quantity": units})
        for step in ("request", "confirm"):
            self.shop.post(f"{at}/{step}", {})

    def _orders(self, number: str) -> list[dict[str, Any]]:
        found = self.shop.get("/admin/orders?limit=1000&fields=id,metadata")["orders"]
        ours = [order["id"] for order in found if (order["metadata"] or {}).get("halles") == number]
        return [self.shop.get(f"/admin/orders/{key}?fields={ORDER}")["order"] for key in ours]

    def _variant(self, sku: str) -> dict[str, Any]:
        (found,) = self.shop.get(f"/admin/product-variants?sku={quote(sku)}&fields=id,product.id")["variants"]
        return found
