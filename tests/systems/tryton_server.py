"""Tryton 8 as a system under test: the real server, on a copy of the prepared database (`scripts/tryton prepare`).

The shop's own hands are Tryton's REST interface under another key, written here a second time."""

from __future__ import annotations

import base64
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
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings

from shops.systems import tryton
from shops.systems.access import Access
from tests.systems.faketime import FakeTime
from tests.systems.known import KNOWN
from tests.systems.real_servers import multiply
from tests.systems.under_test import (
    CANCELS_REST,
    COUNTS_ON_HAND,
    KEEPS_CONTEXT,
    KNOWS_STOCK_CHANGES,
    LOOKS_UP,
    SETS_CLOCK,
    SHIPS,
    Seen,
)

SCRIPT = Path(settings.BASE_DIR) / "scripts" / "tryton"
MISSING = "no Tryton: scripts/tryton prepare brings one"
OUR_KEY, ADMIN_KEY = "k" * 64, "a" * 64  # as tryton_seed.py makes them
SECONDS_TO_START = 60
PRODUCTS = 22  # of the seed, two of which are not for sale
GROWS = {
    "product_template": ({"id"}, set[str]()),
    "product_product": ({"id", "template"}, {"code", "suffix_code"}),
    "product_list_price": ({"product", "template"}, set[str]()),
    "product_cost_price": ({"product"}, set[str]()),
    "product_cost_price_method": ({"template"}, set[str]()),
    "product_identifier": ({"product"}, {"code"}),
    "stock_move": ({"product"}, set[str]()),
}
COMPANY, HOUSE, STORAGE, LOST_AND_FOUND = 1, 5, 3, 4


def prepared() -> Path | None:
    """The database to copy; made where tests must not be skipped."""
    word = "prepare" if os.environ.get("CI") else "where"
    found = subprocess.run([SCRIPT, word], capture_output=True, text=True, check=False)
    if found.returncode and word == "prepare":
        raise RuntimeError(found.stderr)
    return Path(found.stdout.strip()) if not found.returncode else None


class TrytonUnderTest:
    kind = "tryton"
    can = frozenset({CANCELS_REST, COUNTS_ON_HAND, KEEPS_CONTEXT, SHIPS, LOOKS_UP, KNOWS_STOCK_CHANGES})

    def __init__(self, database: Path, *, has_clock: bool = False) -> None:
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="halles-tryton-"))
        self.clock = FakeTime(self.folder)
        self.can = TrytonUnderTest.can | (self.clock.can if has_clock else frozenset())

    def start(self) -> str:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port = probe.getsockname()[1]
        shutil.copy(self.database, self.folder / "shop.sqlite")
        web = f"[web]\nlisten = 127.0.0.1:{port}\n"
        conf = self.folder / "trytond.conf"
        conf.write_text(f"[database]\nuri = sqlite://\npath = {self.folder}\n{web}")
        log = (self.folder / "log").open("wb")
        program = [self.database.parent / "bin" / "trytond", "-c", conf, "-d", "shop"]
        values = {**os.environ, **(self.clock.environment if SETS_CLOCK in self.can else {})}
        self.server = subprocess.Popen(program, stdout=log, stderr=log, cwd=self.folder, env=values)
        log.close()
        self.address, until = f"http://127.0.0.1:{port}", time.monotonic() + SECONDS_TO_START
        while self._status() != 200:
            if self.server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)
        return self.address

    def stop(self) -> None:
        self.server.terminate()
        self.server.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def reset(self) -> None:
        with closing(sqlite3.connect(self.database)) as kept, closing(sqlite3.connect(self._at)) as live:
            kept.backup(live)  # by SQLite's own locks, under the running server

    def set_clock(self, ahead: timedelta) -> None:
        self.clock.set_for(self.address, ahead)

    def grow(self, articles: int) -> None:
        """As many articles as that: the known ones over and over, with numbers of their own."""
        multiply(self._at, GROWS, rows=PRODUCTS, times=articles // len(KNOWN))

    @property
    def _at(self) -> Path:
        return self.folder / "shop.sqlite"

    def entered(self, address: str) -> Access:
        return Access("tryton", address, {"database": "shop", "customer": "HALLES"}, {"key": OUR_KEY})

    def access(self, address: str) -> Access:
        found = {"company_id": COMPANY, "location_id": STORAGE, "warehouse_id": HOUSE, "currency": "CAD"}
        party = self._find("party.party", [["code", "=", "HALLES"]], "addresses")[0]
        customer = {"currency_id": 1, "party_id": party["id"], "party_address_id": party["addresses"][0]}
        entered = self.entered(address)
        return Access("tryton", address, {**entered.options, **found, **customer}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[dict[str, Any]] = [
            {"company_id": None},
            {"location_id": None},
            {"location_id": 999},
            {"company_id": 999},
            {"currency": "EUR"},
        ]
        return [Access("tryton", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(tryton, "PAGE", 7)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        price = {"list_price": _decimal(Decimal(minor) / 100)}
        self._call("PUT", f"product.template/{self._product(sku)['template']}", price)

    def tax(self, sku: str, *rates: str) -> None:
        """By the category that its accountant puts an article into, in the database: that they need a chart of accounts
        for it is nothing that is read."""
        template = self._product(sku)["template"]
        with closing(sqlite3.connect(self._at)) as live, live:
            category = live.execute("INSERT INTO product_category (name, accounting) VALUES ('Books', 1)").lastrowid
            for sequence, (kind, rate) in enumerate([("fixed", None), *(("percentage", rate) for rate in rates)]):
                columns = "name, description, company, type, rate, amount, sequence, active"
                values = (COMPANY, kind, rate, "0.50" if kind == "fixed" else None, sequence)
                made = f"INSERT INTO account_tax ({columns}) VALUES ('Tax', 'Tax', ?, ?, ?, ?, ?, 1)"
                tax = live.execute(made, values).lastrowid
                link = 'INSERT INTO "product_category-customer-account_tax" (category, tax) VALUES (?, ?)'
                live.execute(link, (category, tax))
            live.execute("UPDATE product_template SET account_category = ? WHERE id = ?", (category, template))

    def set_stock(self, sku: str, units: int) -> None:
        line = {"product": self._product(sku)["id"], "quantity": float(units)}
        place = {"location": STORAGE, "date": _today(self.clock.ahead), "lines": [["create", [line]]]}
        made = self._call("POST", "stock.inventory", place)
        self._call("POST", f"stock.inventory/{made['id']}/confirm", {})

    def sell(self, sku: str, units: int) -> None:
        party, product = self._find("party.party", [["code", "=", "COUNTER"]], "addresses")[0], self._product(sku)
        line = {"product": product["id"], "quantity": units, "unit": 1, "unit_price": _decimal(Decimal(10))}
        address = party["addresses"][0]
        sale = {"party": party["id"], "invoice_address": address, "shipment_address": address, "currency": 1}
        made = self._call("POST", "sale.sale", {**sale, "invoice_method": "manual", "lines": [["create", [line]]]})
        for button in ("quote", "confirm"):
            self._call("POST", f"sale.sale/{made['id']}/{button}", {})

    def be_late(self) -> None:
        """What is planned was planned for the day before yesterday."""
        with closing(sqlite3.connect(self._at)) as live, live:
            live.execute("UPDATE stock_move SET planned_date = date('now', '-2 days') WHERE state = 'draft'")

    def archive(self, sku: str) -> None:
        self._call("PUT", f"product.product/{self._product(sku)['id']}", {"active": False})

    def revoke_key(self) -> None:
        (key,) = self._find("res.user.application", [["key", "=", OUR_KEY]], "state")
        self._call("POST", f"res.user.application/{key['id']}/cancel", {})

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = self._find("sale.sale", [["reference", "=", number]], "state", "lines.product.code", "lines.quantity")
        return [
            Seen(
                number,
                {line["product"]["code"]: int(line["quantity"]) for line in sale["lines"]},
                sale["state"] in ("processing", "done"),
            )
            for sale in found
        ]

    def ship(self, number: str, units: dict[str, int], tracking: str) -> None:
        (shipment,) = [each for each in self._shipments(number) if each["state"] == "waiting"]
        at = f"stock.shipment.out/{shipment['id']}"
        for move in shipment["inventory_moves"]:  # what is not there yet goes with the next shipment
            left = units.get(move["product"]["code"], 0)
            if left:
                self._call("PUT", f"stock.move/{move['id']}", {"quantity": left})
            else:
                self._call("DELETE", f"stock.move/{move['id']}")
        self._call("PUT", at, {"reference": tracking})
        for button in ("assign_force", "pick", "pack", "do"):
            self._call("POST", f"{at}/{button}", {})

    def cancel(self, number: str) -> None:
        for shipment in self._shipments(number):
            self._call("POST", f"stock.shipment.out/{shipment['id']}/cancel", {})

    def cancel_rest(self, number: str) -> None:
        for shipment in self._shipments(number):
            if shipment["state"] not in ("done", "cancelled"):
                self._call("POST", f"stock.shipment.out/{shipment['id']}/cancel", {})

    def _shipments(self, number: str) -> list[dict[str, Any]]:
        moves = ("shipments.inventory_moves.product.code", "shipments.inventory_moves.quantity")
        (sale,) = self._find("sale.sale", [["reference", "=", number]], "shipments.state", *moves)
        return sale["shipments"]

    def _product(self, sku: str) -> dict[str, Any]:
        return self._find("product.product", [["code", "=", sku]], "template")[0]

    def _find(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        query = urlencode([("d", _b64(domain)), *(("f", name) for name in fields)])
        return self._call("GET", f"{model}?{query}")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        # It warns of copies that are left of what is archived; the shop says yes to that.
        context = _b64({"company": COMPANY, "locations": [STORAGE], "_skip_warnings": True})
        headers = {"Authorization": f"bearer {ADMIN_KEY}", "X-Tryton-Context": context}
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        asked = urllib.request.Request(f"{self.address}/shop/rest/model/{path}", sent, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found = answer.read()
        return json.loads(found) if found else None

    def _status(self) -> int:
        try:
            self._find("company.company", [], "id")
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
        return 200


def _b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decimal(value: Decimal) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(value)}


def _today(ahead: timedelta) -> dict[str, Any]:
    """At the shop: a count of a day that has not begun there is a plan."""
    now = datetime.now(ZoneInfo("America/Toronto")) + ahead
    return {"__class__": "date", "year": now.year, "month": now.month, "day": now.day}
