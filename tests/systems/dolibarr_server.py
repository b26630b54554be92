"""Dolibarr as a system under test: a contract server of our own, written from its documents and its source, with
nothing of the adapter's code. No real Dolibarr was asked.

- `DOLAPIKEY`, `/api/index.php`; 401 for a key that is none, 403 (before version 17: 401) for a right that is lacking
  (Dolibarr#22836); {"error": {"code", "message"}}: https://wiki.dolibarr.org/index.php/Module_Web_Services_API_REST_(developer)
- `sqlfilters`, of whose values only what stands before a further colon is taken (dolForgeCriteriaCallback in
  htdocs/core/lib/functions.lib.php), `limit` (100; 0 is all), `sortfield`, `sortorder`; a list of nothing is 404 in
  older versions: htdocs/product/class/api_products.class.php, …/stock/class/api_stockmovements.class.php,
  htdocs/expedition/class/api_shipments.class.php
- A request's first line of more than 8190 bytes is refused: https://httpd.apache.org/docs/2.4/mod/core.html#limitrequestline
- `includestockdata` gives `stock_warehouse`, by the warehouse's number, `[]` where there is none, and only to a user
  who may read stocks: https://github.com/Dolibarr/dolibarr/issues/19531, Product::load_stock
- One setting, for an administrator or the login in API_LOGINS_ALLOWED_FOR_CONST_READ; 400 or 404 where it is not set:
  Setup::getConf in htdocs/api/class/api_setup.class.php
- An order is made as a draft, whose number is answered; `validate` takes its units off the warehouse that is named,
  where STOCK_CALCULATE_ON_VALIDATE_ORDER is 1, and again for one that is on its way; 304 for one that is validated;
  `cancel` puts them back: htdocs/commande/class/commande.class.php, api_orders.class.php
- `GET /products/ref/{ref}` gives one product by its reference, since version 11: getByRef in
  htdocs/product/class/api_products.class.php
- A movement has its `product_id`, `warehouse_id` and `tms` in seconds: MouvementStock::fetch
Assumed: that more than there is is taken, that a movement moves no product's stamp, that a second shipment moves the
stamp of the shipment alone, and that `ref_client` may be there twice."""

from __future__ import annotations

import itertools
import re
from typing import Any
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from shops.systems import dolibarr
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
    SETS_CLOCK,
    SHIPS,
    Seen,
)

KEY, OLD, TIMEZONE = "0123456789abcdefABCDEF", "2020-01-01 00:00:00", "Pacific/Auckland"
HOUSE, OTHER, SHUT, CUSTOMER, SOMEBODY = 3, 4, 5, 21, 22
LONG_AGO = 1_600_000_000
LONGEST_LINE = 8190  # bytes of a request's first line
Row = dict[str, Any]
FIELDS = {"rowid": "id", "tosell": "status"}
CRITERION = re.compile(r"\(([a-zA-Z0-9_.]+):([<>!=a-z]+):([^()]+)\)")


class DolibarrUnderTest(JsonServer):
    kind = "dolibarr"
    can = frozenset({EDITS, CANCELS_REST, KEEPS_CONTEXT, KNOWS_STOCK_CHANGES, LOOKS_UP, SHIPS, SETS_CLOCK})

    def reset(self) -> None:
        self.keys, self.forbidden, self.old_version = {KEY}, set[str](), True
        self.ids = itertools.count(100)
        self.settings = {"STOCK_CALCULATE_ON_VALIDATE_ORDER": "1", "MAIN_MONNAIE": CURRENCY}
        self.settings |= {"MAIN_INFO_SOCIETE_NOM": "Librairie d’essai"}
        houses = {f"H{HOUSE}": "1", f"H{OTHER}": "1", f"H{SHUT}": "0"}
        people = {"CU-HALLES": CUSTOMER, "CU-2": SOMEBODY}
        self.tables: dict[str, list[Row]] = {
            "warehouses": [{"id": name[1:], "ref": name, "label": name, "statut": n} for name, n in houses.items()],
            "thirdparties": [{"id": str(key), "code_client": code} for code, key in people.items()],
            **{name: [] for name in ("products", "orders", "shipments", "stockmovements")},
        }
        for known in KNOWN:
            self.product_of(known.sku, known.title, known.gtin, known.price, known.quantity)
        self.product_of("SHELF", "Not sold any more", "", 100, 3, status="0")
        self.product_of("WORK", "An hour of advice", "", 9000, 0, type="1")
        for row in [row for rows in self.tables.values() for row in rows]:
            row["tms"] = OLD

    def product_of(self, sku: str, title: str, gtin: str, price: int, units: int, **values: Any) -> Row:
        places = {str(HOUSE): {"real": str(units)}, str(OTHER): {"real": "40"}}
        words = {"status": "1", "type": "0", "barcode": gtin or None}
        row = {"id": str(next(self.ids)), "ref": sku, "label": title, **words}
        self.tables["products"].append({**row, "stock_warehouse": places, "tms": _now(), **values})
        self.set_price(sku, price)
        return self.tables["products"][-1]

    def grow(self, skus: list[str]) -> None:
        for sku in skus:
            self.product_of(sku, f"Title {sku}", "", 1200, 5)["tms"] = OLD

    # what the shop enters, and does

    def entered(self, address: str) -> Access:
        return Access("dolibarr", address, {"warehouse": f"H{HOUSE}", "customer": "CU-HALLES"}, {"key": KEY})

    def access(self, address: str) -> Access:
        entered = self.entered(address)
        found = {"warehouse_id": str(HOUSE), "currency": CURRENCY, "customer_id": str(CUSTOMER)}
        return Access("dolibarr", address, {**entered.options, **found}, entered.secrets)

    def without_context(self, address: str) -> list[Access]:
        whole = self.access(address)
        changes: list[Row] = [{"warehouse_id": key} for key in (None, SHUT, 999)]
        return [Access("dolibarr", address, {**whole.options, **change}, whole.secrets) for change in changes]

    def small_pages(self, monkeypatch) -> int:
        monkeypatch.setattr(dolibarr, "PAGE", 7)
        monkeypatch.setattr(dolibarr, "MOVEMENTS", 7)
        monkeypatch.setattr(dolibarr, "FEW", 3)
        return 7

    def set_price(self, sku: str, minor: int) -> None:
        with_tax = f"{round(minor * 1.055) / 100:.8f}"
        self.product(sku).update(price=f"{minor / 100:.8f}", price_ttc=with_tax, tva_tx="5.5000", tms=_now())

    def set_stock(self, sku: str, units: int) -> None:
        self.move(sku, units - self.there(sku))

    def sell(self, sku: str, units: int) -> None:
        line = {"fk_product": self.product(sku)["id"], "qty": units}
        key = self._order({"socid": SOMEBODY, "date": 0, "ref_client": "", "lines": [line]})
        self._validate(self._one("orders", str(key)), {"idwarehouse": HOUSE})

    def archive(self, sku: str) -> None:
        self.product(sku).update(status="0", tms=_now())

    def revoke_key(self) -> None:
        self.keys.clear()

    def expire_token(self) -> None:
        raise NotImplementedError

    def orders(self, number: str) -> list[Seen]:
        found = [row for row in self.tables["orders"] if row["ref_client"] == number]
        units = [{line["product_ref"]: int(line["qty"]) for line in row["lines"]} for row in found]
        return [Seen(number, has, row["statut"] in ("1", "2", "3")) for row, has in zip(found, units, strict=True)]

    def order(self, number: str) -> Row:
        return next(row for row in self.tables["orders"] if row["ref_client"] == number)

    def ship(self, number: str, units: dict[str, int], tracking: str, *, status: str = "1") -> None:
        order = self.order(number)
        lines = [{"fk_product": self.product(sku)["id"], "qty": str(count)} for sku, count in units.items()]
        more = {"tracking_number": tracking, "shipping_method": "Poste", "statut": status, "socid": order["socid"]}
        key = str(next(self.ids))
        self.tables["shipments"].append({"id": key, "origin_id": order["id"], "lines": lines, "tms": _now(), **more})
        order["statut"] = "2"

    def close(self, number: str) -> None:
        self.order(number).update(statut="3", tms=_now())

    def cancel(self, number: str) -> None:
        self.order(number).update(statut="-1", tms=_now())
        for line in self.order(number)["lines"]:
            self.move(line["product_ref"], int(line["qty"]))

    def edit(self, number: str, sku: str, units: int) -> None:
        """Opened again, changed and validated, which moves what is the difference."""
        order = self.order(number)
        (line,) = [line for line in order["lines"] if line["product_ref"] == sku]
        self.move(sku, int(float(line["qty"])) - units)
        line["qty"] = str(units)
        order["lines"] = [line for line in order["lines"] if line["qty"] != "0"]
        order["tms"] = _now()

    def cancel_rest(self, number: str) -> None:
        self.close(number)

    def move(self, sku: str, units: int, house: int = HOUSE) -> None:
        product = self.product(sku)
        places = product["stock_warehouse"] or {}
        there = float(places.get(str(house), {"real": 0})["real"])
        product["stock_warehouse"] = {**places, str(house): {"real": str(there + units)}}
        keys = {"id": str(next(self.ids)), "product_id": product["id"], "warehouse_id": str(house)}
        self.tables["stockmovements"].append({**keys, "qty": str(units), "tms": int(clock.now().timestamp())})

    def there(self, sku: str) -> int:
        return int(float(self.product(sku)["stock_warehouse"][str(HOUSE)]["real"]))

    def product(self, sku: str) -> Row:
        return next(row for row in self.tables["products"] if row["ref"] == sku)

    # the interface

    def answer(self, asked: Asked) -> object:
        if asked.headers.get("DOLAPIKEY") not in self.keys:
            raise _refusal(401, "Unauthorized: Error user not valid (not found with api key or bad status)")
        if len(f"{asked.method} {asked.path}?{urlencode(asked.query)} HTTP/1.1") > LONGEST_LINE:
            raise Refusal(414)
        what, *rest = asked.path.removeprefix("/api/index.php/").split("/")
        if what in self.forbidden or f"{asked.method} {what}" in self.forbidden:
            raise _refusal(403, "Forbidden")
        if what == "setup":
            if rest[-1] not in self.settings:
                raise _refusal(404 if self.old_version else 400, "Error Bad or unknown value for constantname")
            return self.settings[rest[-1]]
        if asked.method == "POST":
            return self._order(asked.json) if not rest else self._validate(self._one(what, rest[0]), asked.json)
        if rest[1:] == ["shipment"]:
            return self._none_or([row for row in self.tables["shipments"] if row["origin_id"] == rest[0]])
        if rest[:1] == ["ref"] and what == "products":
            return self._of_reference(unquote(rest[1]), asked.query)
        return self._shown(self._one(what, rest[0]), {}) if rest else self._listed(what, asked.query)

    def _of_reference(self, ref: str, query: dict[str, str]) -> Row:
        """As the database compares it."""
        found = next((row for row in self.tables["products"] if row["ref"].casefold() == ref.casefold()), None)
        if found is None:
            raise _refusal(404, "Not Found: Product not found")
        return self._shown(found, query)

    def _one(self, what: str, key: str) -> Row:
        found = next((row for row in self.tables[what] if row["id"] == key), None)
        if found is None:
            raise _refusal(404, f"Not Found: {what} not found")
        return found

    def _listed(self, what: str, query: dict[str, str]) -> list[Row]:
        rows = self.tables[what]
        if query.get("mode") == "1":
            rows = [row for row in rows if row["type"] == "0"]
        if ids := query.get("thirdparty_ids"):
            rows = [row for row in rows if str(row["socid"]) in ids.split(",")]
        if filters := query.get("sqlfilters"):
            rows = [row for row in rows if _true(row, filters)]
        down = query.get("sortorder", "ASC") == "DESC"
        rows = sorted(rows, key=lambda row: int(row["id"]), reverse=down)
        size = int(query.get("limit", 100))
        return self._none_or([self._shown(row, query) for row in (rows[:size] if size else rows)])

    def _none_or(self, rows: list[Row]) -> list[Row]:
        if not rows and self.old_version:
            raise _refusal(404, "Not Found: none found")
        return rows

    def _shown(self, row: Row, query: dict[str, str]) -> Row:
        shown = {name: value for name, value in row.items() if name != "tms" or isinstance(value, int)}
        if "stock_warehouse" in shown:
            may = query.get("includestockdata") == "1" and "stock" not in self.forbidden
            shown["stock_warehouse"] = row["stock_warehouse"] if may and row["stock_warehouse"] else []
        return shown

    def _order(self, sent: Row) -> int:
        for name in ("socid", "date"):
            if name not in sent:
                raise _refusal(400, f"Bad Request: {name} field missing")
        products = {row["id"]: row["ref"] for row in self.tables["products"]}
        lines = [
            {**line, "product_ref": products[str(line["fk_product"])], "qty": str(line["qty"])}
            for line in sent["lines"]
        ]
        key = next(self.ids)
        facts = {"id": str(key), "ref": f"(PROV{key})", "statut": "0", "tms": _now()}
        self.tables["orders"].append({**sent, **facts, "socid": str(sent["socid"]), "lines": lines})
        return key

    def _validate(self, order: Row, sent: Row) -> Row:
        if order["statut"] == "1":
            raise Refusal(304)
        order.update(statut="1", ref=f"CO{order['id']}", tms=_now())
        if self.settings.get("STOCK_CALCULATE_ON_VALIDATE_ORDER") == "1":
            for line in order["lines"]:
                self.move(line["product_ref"], -int(line["qty"]), sent["idwarehouse"])
        return self._shown(order, {})


def _true(row: Row, filters: str) -> bool:
    """Criteria in brackets, and what joins them."""
    text = CRITERION.sub(lambda of: "T" if _holds(row, *of.groups()) else "F", f"({filters})")
    while len(text) > 1:
        less = re.sub(r"\(([TF])\)", r"\1", text)
        less = re.sub(r"\(([TF](?: and [TF])+)\)", lambda of: "F" if "F" in of[1] else "T", less)
        less = re.sub(r"\(([TF](?: or [TF])+)\)", lambda of: "T" if "T" in of[1] else "F", less)
        if less == text:
            raise _refusal(503, f"Error when validating parameter sqlfilters {filters}")
        text = less
    return text == "T"


def _holds(row: Row, name: str, operator: str, stated: str) -> bool:
    field = name.removeprefix("t.")
    wanted, value = stated.split(":")[0].strip("'"), row.get(FIELDS.get(field, field))
    if field == "tms":
        digits = re.sub(r"\D", "", str(value))
        return {">=": digits >= re.sub(r"\D", "", wanted).ljust(14, "0")}[operator]
    if operator == "=":
        return str(value).casefold() == wanted.casefold()
    return {">": int(str(value)) > int(wanted), "<=": int(str(value)) <= int(wanted)}[operator]


def _refusal(status: int, words: str) -> Refusal:
    return Refusal(status, {"error": {"code": status, "message": words}})


def _now() -> str:
    """At the server."""
    return clock.now().astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m-%d %H:%M:%S")
