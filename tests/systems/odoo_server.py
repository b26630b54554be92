"""Odoo 19 as a system under test: the real server, on the prepared database (`scripts/odoo prepare`) in a PostgreSQL of
its own.

The shop's own hands are Odoo's older JSON-RPC as its administrator, and here and there its database."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from shops.systems import odoo
from shops.systems.access import Access
from tests.systems.faketime import FakeTime
from tests.systems.known import KNOWN
from tests.systems.under_test import (
    CANCELS_REST,
    COUNTS_ON_HAND,
    EDITS,
    KEEPS_CONTEXT,
    KNOWS_STOCK_CHANGES,
    LOOKS_UP,
    SETS_CLOCK,
    SHARES_NUMBERS,
    SHIPS,
    Seen,
)

SCRIPTS = Path(settings.BASE_DIR) / "scripts"
RESTORE = "/usr/lib/postgresql/15/bin/pg_restore"
SECONDS_TO_START = 120
CONFIGURATION = """[options]
db_host = 127.0.0.1
db_port = {port}
db_user = halles
addons_path = {addons}
data_dir = {folder}
workers = 0
max_cron_threads = 0
http_interface = 127.0.0.1
http_port = {http}
list_db = False
"""
# What the tests change; each is kept beside, and put back before each test.
CHANGED = (
    *("product_template", "product_product", "stock_quant", "stock_picking", "stock_move", "stock_move_line"),
    *("sale_order", "sale_order_line", "res_users_apikeys"),
)
# Odoo's stamps are what its database calls now: that is ours first, then PostgreSQL's.
CLOCK = """
CREATE TABLE kept.clock AS SELECT interval '0' AS ahead;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.now() + ahead FROM kept.clock';
ALTER DATABASE shop SET search_path = public, pg_catalog"""
# Its `Date` is what Python calls now, in which libfaketime lets nobody sleep.
DATE = """import pathlib, time
clock, there = pathlib.Path(__file__).with_name("clock"), time.time
time.time = lambda: there() + float(clock.read_text())
"""
# {table: columns of keys that count on, by so many}; what must differ, or be none.
STEP = 1000
GROWS = {
    "product_template": {"id"},
    "product_product": {"id", "product_tmpl_id"},
    "product_taxes_rel": {"prod_id"},
    "stock_quant": {"product_id"},
}
OTHERWISE = {"default_code": "default_code || '-' || n", "barcode": "NULL"}


class OdooUnderTest:
    kind = "odoo"
    can = frozenset(
        {
            EDITS,
            CANCELS_REST,
            COUNTS_ON_HAND,
            KEEPS_CONTEXT,
            SHIPS,
            LOOKS_UP,
            KNOWS_STOCK_CHANGES,
            SETS_CLOCK,
            SHARES_NUMBERS,
        }
    )

    def __init__(self, kept: Path) -> None:
        self.kept, self.key = kept, (kept / "key").read_text()
        self.folder = Path(tempfile.mkdtemp(prefix="halles-odoo-"))
        self.clock = FakeTime(self.folder)

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
        with self._opened() as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in CHANGED:
                connection.execute(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
            connection.execute(CLOCK)
        self._serve(server.rpartition(":")[2])
        return self.address

    def _serve(self, port: str) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            http = probe.getsockname()[1]
        program, code = (
            self.kept.parent / "venv" / "bin" / "python",
            self.kept.parent / "root/usr/lib/python3/dist-packages",
        )
        conf = self.folder / "odoo.conf"
        values = {"port": port, "addons": code / "odoo" / "addons", "folder": self.folder, "http": http}
        conf.write_text(CONFIGURATION.format(**values))
        (self.folder / "sitecustomize.py").write_text(DATE)
        paths = {**os.environ, "PYTHONPATH": f"{code}:{self.folder}", "HOME": str(self.folder)}
        with (self.folder / "log").open("wb") as log:
            command = [program, "-m", "odoo", "server", "-c", conf, "-d", "shop"]
            self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=paths)
        self.address, until = f"http://127.0.0.1:{http}", time.monotonic() + SECONDS_TO_START
        while not self._signs_in():
            if self.server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.2)

    def stop(self) -> None:
        if hasattr(self, "server"):
            self.server.terminate()
            self.server.wait(30)
        self.cluster.communicate("", timeout=60)  # its end is that of the cluster
        shutil.rmtree(self.folder, ignore_errors=True)

    def reset(self) -> None:
        with self._opened() as connection:
            connection.execute("SET session_replication_role = replica")  # no rule looks at what refers to what
            for table in CHANGED:
                connection.execute(f"DELETE FROM public.{table}")
                connection.execute(f"INSERT INTO public.{table} SELECT * FROM kept.{table}")

    def set_clock(self, ahead: timedelta) -> None:
        with self._opened() as connection:
            connection.execute("UPDATE kept.clock SET ahead = %s", [ahead])
        self.clock.set_for(self.address, ahead)

    def grow(self, articles: int) -> None:
        """As many articles as that: the known ones over and over, with numbers of their own."""
        columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
        with self._opened() as connection:
            for table, keys in GROWS.items():
                names = [name for (name,) in connection.execute(columns, [table]) if name != "id" or "id" in keys]
                values = [f"{name} + {STEP} * n" if name in keys else OTHERWISE.get(name, name) for name in names]
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
                    f"FROM {table}, generate_series(1, %s) AS n",
                    [articles // len(KNOWN) - 1],
                )
            connection.execute("ANALYZE")

    def entered(self, address: str) -> Access:
        return Access("odoo", address, {"database": "shop", "customer": "HALLES"}, {"key": self.key})

    def access(self, address: str) -> Access:
        entered = self.entered(address)
        (house,) = self._call("stock.warehouse", "search", [])
        (partner,) = self._call("res.partner", "search", [["ref", "=", "HALLES"]])
        found = {"company_id": 1, "warehouse_id": house, "currency": "CAD", "has_tracking": True}
        return Access("odoo", address, {**entered.options, **found, "partner_id": partner}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [
            {"company_id": None},
            {"warehouse_id": None},
            {"warehouse_id": 999},
            {"company_id": 999},
            {"currency": "EUR"},
        ]
        return [Access("odoo", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(odoo, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        self._call("product.product", "write", self._product(sku), {"lst_price": minor / 100})

    def renumber(self, sku: str, new: str) -> None:
        self._call("product.product", "write", self._product(sku), {"default_code": new})

    def set_stock(self, sku: str, units: int) -> None:
        ours = [["product_id", "=", self._product(sku)], ["location_id.usage", "=", "internal"]]
        quants = self._call("stock.quant", "search", ours)
        self._call("stock.quant", "write", quants, {"inventory_quantity": units}, context={"inventory_mode": True})
        self._call("stock.quant", "action_apply_inventory", quants)

    def sell(self, sku: str, units: int) -> None:
        (partner,) = self._call("res.partner", "search", [["ref", "=", "COUNTER"]])
        line = {"product_id": self._product(sku), "product_uom_qty": units, "price_unit": 10}
        sale = self._call("sale.order", "create", {"partner_id": partner, "order_line": [(0, 0, line)]})
        self._call("sale.order", "action_confirm", [sale])

    def archive(self, sku: str) -> None:
        self._call("product.product", "write", self._product(sku), {"active": False})

    def revoke_key(self) -> None:
        with self._opened() as connection:
            connection.execute("DELETE FROM res_users_apikeys")

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = []
        for sale in self._call("sale.order", "search_read", [["client_order_ref", "=", number]], ["state"]):
            ours = [["order_id", "=", sale["id"]]]
            lines = self._call("sale.order.line", "search_read", ours, ["product_id", "product_uom_qty"])
            skus = self._call("product.product", "read", [line["product_id"][0] for line in lines], ["default_code"])
            named = {product["id"]: product["default_code"] for product in skus}
            units = {named[line["product_id"][0]]: int(line["product_uom_qty"]) for line in lines}
            found.append(Seen(number, units, sale["state"] == "sale"))
        return found

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        """What is not there yet goes with the next delivery."""
        waiting = [["sale_id.client_order_ref", "=", number], ["state", "=", "assigned"]]
        (picking,) = self._call("stock.picking", "search", waiting)
        for move in self._call("stock.move", "search_read", [["picking_id", "=", picking]], ["product_id"]):
            (product,) = self._call("product.product", "read", [move["product_id"][0]], ["default_code"])
            left = units.get(product["default_code"], 0)
            self._call("stock.move", "write", [move["id"]], {"quantity": left, "picked": bool(left)})
        self._call("stock.picking", "write", [picking], {"carrier_tracking_ref": tracking})
        self._call("stock.picking", "button_validate", [picking], context={"skip_backorder": True})

    def cancel(self, number: str) -> None:
        sales = self._call("sale.order", "search", [["client_order_ref", "=", number]])
        self._call("sale.order", "action_cancel", sales, context={"disable_cancel_warning": True})

    def cancel_rest(self, number: str) -> None:
        """What is still to be delivered."""
        waiting = [["sale_id.client_order_ref", "=", number], ["state", "not in", ["done", "cancel"]]]
        self._call("stock.picking", "action_cancel", self._call("stock.picking", "search", waiting))

    def edit(self, number: str, sku: str, units: int) -> None:
        mine = [["order_id.client_order_ref", "=", number], ["product_id", "=", self._product(sku)]]
        lines = self._call("sale.order.line", "search", mine)
        self._call("sale.order.line", "write", lines, {"product_uom_qty": units})

    def expect(self, sku: str, units: int, at: datetime) -> None:
        """The shop has ordered copies, which come in then."""
        (kind,) = self._call("stock.picking.type", "search", [["code", "=", "incoming"]])
        (there,) = self._call("stock.picking.type", "read", [kind], ["default_location_dest_id"])
        source, *_others = self._call("stock.location", "search", [["usage", "=", "supplier"]])
        ends = {"location_id": source, "location_dest_id": there["default_location_dest_id"][0]}
        stamp = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        move = {"product_id": self._product(sku), "product_uom_qty": units, "date": stamp, **ends}
        picking = {"picking_type_id": kind, "scheduled_date": stamp, "move_ids": [(0, 0, move)], **ends}
        self._call("stock.picking", "action_confirm", [self._call("stock.picking", "create", picking)])

    def reserve_by_hand(self) -> None:
        """Odoo does not reserve what is confirmed, until somebody does."""
        types = self._call("stock.picking.type", "search", [["code", "=", "outgoing"]])
        self._call("stock.picking.type", "write", types, {"reservation_method": "manual"})

    def reserve_at_once(self) -> None:
        types = self._call("stock.picking.type", "search", [["code", "=", "outgoing"]])
        self._call("stock.picking.type", "write", types, {"reservation_method": "at_confirm"})

    def include_taxes(self, included: bool) -> None:
        """Whether prices are entered with them."""
        taxes = self._call("account.tax", "search", [["type_tax_use", "=", "sale"]])
        how = "tax_included" if included else "tax_excluded"
        self._call("account.tax", "write", taxes, {"price_include_override": how})

    def _product(self, sku: str) -> int:
        (found,) = self._call("product.product", "search", [["default_code", "=", sku]])
        return int(found)

    def _opened(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.database)

    def _call(self, model: str, method: str, *arguments: Any, context: dict[str, Any] | None = None) -> Any:
        named = {} if context is None else {"context": context}
        return self._rpc("object", "execute_kw", "shop", 2, "admin", model, method, list(arguments), named)

    def _rpc(self, service: str, method: str, *arguments: Any) -> Any:
        asked = {"jsonrpc": "2.0", "method": "call", "id": 1}
        body = {**asked, "params": {"service": service, "method": method, "args": arguments}}
        request = urllib.request.Request(
            f"{self.address}/jsonrpc", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.loads(answer.read())
        if "error" in told:
            raise RuntimeError(told["error"]["data"]["debug"])
        return told.get("result")  # it is left out where it is None

    def _signs_in(self) -> bool:
        try:
            return bool(self._rpc("common", "login", "shop", "admin", "admin"))
        except OSError:
            return False
