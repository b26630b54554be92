"""PrestaShop's webservice, 1.7 to 9: the part that adapter and channel share.

Signed in by a key, as the name of basic authentication. It answers in JSON where it is asked to, and takes XML alone;
a list of nothing is `[]`. Lists are filtered by intervals of ids, so that they are read by key. Stamps are times of
day at the shop, without a zone.

https://devdocs.prestashop-project.org/9/webservice/ (cheat sheet, additional list parameters, specific prices)"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from lxml import etree

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, Trouble
from shops.systems.clocks import wall

PRODUCT = "id,reference,active,available_for_order,type"
PAGE, SMALL_PAGE = 400, 4000  # rows of an answer; of a stretch, whose rows are numbers alone
FEW = 100  # so many ids are named in a filter, which stands in an address
LAST_ID, LAST_MOMENT = 2_147_483_647, "2199-12-31 23:59:59"
JSON = ("output_format", "JSON")
PAYMENT_MODULE = "ps_wirepayment"
Query = Iterable[tuple[str, str]]
Row = dict[str, Any]
_XML = {"Content-Type": "text/xml"}
_SETTINGS = {
    "PS_CURRENCY_DEFAULT": "currency_id",
    "PS_LANG_DEFAULT": "language_id",
    "PS_TIMEZONE": "timezone",
    "PS_OS_WS_PAYMENT": "paid_state",
    "PS_OS_ERROR": "error_state",
    "PS_OS_OUTOFSTOCK_UNPAID": "waiting_state",
    "PS_OS_CANCELED": "cancelled_state",
    "PS_OS_REFUND": "refunded_state",
}
_COUNTS, _SHOP, _VERSION = "PS_STOCK_MANAGEMENT", "PS_SHOP_NAME", "PS_VERSION_DB"
TAKES_NOTHING = "1.7.5.1"  # of an order by webservice: PrestaShop#13395

_MEANS_SOMETHING_ELSE = re.compile(r".*[|\[].*|[\d.:\-\s]+,[\d.:\-\s]+")


def can_be_asked_for(reference: str) -> bool:
    """In a filter: not what looks like several words, or like an interval (classes/webservice/SQLUtils.php)."""
    return not _MEANS_SOMETHING_ELSE.fullmatch(reference)


def is_sold(row: Row) -> bool:
    """As `PRODUCT` gives it."""
    return (str(row["active"]), str(row["available_for_order"]), row.get("type", "simple")) == ("1", "1", "simple")


class PrestaShop:
    """`options`: currency, what `_SETTINGS` names; for orders customer_id, address_id, secure_key, carrier, module."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        login = base64.b64encode(f"{key}:".encode()).decode()
        self.options = access.options
        address = f"{access.address.rstrip('/')}/api"
        self.caller = Caller("PrestaShop", address, {"Authorization": f"Basic {login}"}, [key, login])

    def check(self) -> Found:
        known = self._settings([*_SETTINGS, _COUNTS, _SHOP, _VERSION])
        self._refuse_version(known)
        options = {name: str(known.get(there) or "") for there, name in _SETTINGS.items()}
        self.options = {**self.options, **options}
        with self.caller.needing("currencies"):
            currencies = self.rows("currencies", "id,iso_code", [("filter[id]", f"[{options['currency_id']}]")])
        if known.get(_COUNTS) != "1" or not currencies:
            raise self.caller.refused(calling.NOT_COUNTED, Trouble.CONTEXT)
        currency = str(currencies[0]["iso_code"])
        options["currency"] = currency
        for resource in ("products", "stock_availables", "combinations", "product_option_values"):
            with self.caller.needing(resource):
                self.rows(resource, "id", [("limit", "1")])
        if self.options.get("customer"):
            options |= self._for_orders(str(self.options["customer"]))
        name = str(known.get(_SHOP) or "PrestaShop")
        return Found(name, currency, None, options, takes_orders="customer_id" in options)

    def check_context(self) -> None:
        """Numbers are kept, and prices in the currency that they were. Raises SystemCallError."""
        known = self._settings([_COUNTS, "PS_CURRENCY_DEFAULT", _VERSION])
        self._refuse_version(known)
        if known.get(_COUNTS) != "1":
            raise self.caller.refused(calling.NOT_COUNTED, Trouble.CONTEXT)
        self.caller.same_currency(str(known.get("PS_CURRENCY_DEFAULT")), self.options.get("currency_id"))

    def rows(self, resource: str, fields: str, query: Query = ()) -> list[Row]:
        """One page of a list. `fields`: their names, or "full". Raises SystemCallError."""
        display = fields if fields == "full" else f"[{fields}]"
        found = self.caller.get(f"/{resource}", [*query, ("display", display), JSON])
        if isinstance(found, dict) and isinstance(found.get(resource), list):
            return list(found[resource])
        if found == []:
            return []
        raise self._refused(found)

    def each(self, resource: str, fields: str, query: Query = (), size: int = 0) -> Iterator[list[Row]]:
        """Page after page of a list, each from the last id of the one before on."""
        last, more, size = 0, list(query), size or PAGE
        while True:
            after = [("filter[id]", f"[{last + 1},{LAST_ID}]"), ("sort", "[id_ASC]"), ("limit", str(size))]
            page = self.rows(resource, fields, [*more, *after])
            if page:
                yield page
                last = int(page[-1]["id"])
            if len(page) < size:
                return

    def of(self, resource: str, field: str, keys: Iterable[Any], fields: str, query: Query = ()) -> list[Row]:
        """All rows whose `field` is one of `keys`."""
        wanted, found = sorted({str(key) for key in keys}), list[Row]()
        for start in range(0, len(wanted), FEW):
            some = "|".join(wanted[start : start + FEW])
            found += self.rows(resource, fields, [*query, (f"filter[{field}]", f"[{some}]")])
        return found

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its reference) of each article that is sold and has one of these; of one with combinations these
        are what is sold."""
        products = self.of("products", "reference", skus, PRODUCT)
        combined = self.of("combinations", "reference", skus, "id,id_product,reference")
        keys = {row["id"] for row in products}
        parts = self.of("combinations", "id_product", keys, "id,id_product") if keys else []
        in_parts = {str(row["id_product"]) for row in parts}
        whole = (row for row in products if is_sold(row) and str(row["id"]) not in in_parts)
        yield from ((row["id"], row["reference"]) for row in whole)
        parents = {row["id_product"] for row in combined}
        wholes = self.of("products", "id", parents, PRODUCT) if parents else []
        sold = {str(row["id"]) for row in wholes if is_sold(row)}
        yield from (((row["id"],), row["reference"]) for row in combined if str(row["id_product"]) in sold)

    def between(
        self, resource: str, field: str, low: int, high: int, fields: str, query: Query = ()
    ) -> Iterator[list[Row]]:
        """Pages of all rows whose `field`, a number, is none lower and none higher."""
        yield from self.each(resource, fields, [*query, (f"filter[{field}]", f"[{low},{high}]")], SMALL_PAGE)

    def make(self, resource: str, name: str, values: Row) -> Row:
        """What a POST has made. Raises SystemCallError."""
        root = etree.Element("prestashop")
        _write(etree.SubElement(root, name), values)
        made = self.caller.call("POST", f"/{resource}", [JSON], etree.tostring(root), **_XML)
        if not isinstance(made, dict) or not isinstance(made.get(name), dict):
            raise self._refused(made, writes=True)
        return dict(made[name])

    def changed_since(self, moment: datetime) -> list[tuple[str, str]]:
        """As a filter."""
        since = wall(self.caller, moment, self.options.get("timezone") or "UTC")
        return [("date", "1"), ("filter[date_upd]", f"[{since},{LAST_MOMENT}]")]

    def carrier_id(self) -> str:
        """Each edit of a carrier gives it another id: it is known by its name. Raises SystemCallError."""
        wanted = str(self.options.get("carrier") or "")
        found = [
            row
            for row in self.rows("carriers", "id,name,active,deleted")
            if (str(row["active"]), str(row["deleted"])) == ("1", "0") and wanted in ("", str(row["name"]))
        ]
        if len(found) != 1:
            raise self.caller.refused(calling.SEVERAL_CARRIERS if found else calling.NO_CARRIER, Trouble.CONTEXT)
        return str(found[0]["id"])

    def _for_orders(self, email: str) -> Row:
        for resource in ("carts", "orders", "order_details", "order_histories", "order_states"):
            with self.caller.needing(resource):
                self.rows(resource, "id", [("limit", "1")])
        with self.caller.needing("customers, addresses, carriers"):
            customers = self.rows("customers", "id,secure_key", [("filter[email]", f"[{email}]")])
            addresses = self.of("addresses", "id_customer", [row["id"] for row in customers], "id,deleted")
            self.carrier_id()
        addresses = [row for row in addresses if str(row["deleted"]) == "0"]
        if len(customers) != 1 or not addresses:
            raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
        known = {"customer_id": str(customers[0]["id"]), "secure_key": str(customers[0]["secure_key"])}
        return {**known, "address_id": str(addresses[0]["id"])}

    def _refuse_version(self, known: dict[str, str]) -> None:
        """Where our orders go there; what is only read of such a shop is right."""
        if self.options.get("customer") and known.get(_VERSION) == TAKES_NOTHING:
            raise self.caller.refused(calling.TAKES_NOTHING, Trouble.VERSION)

    def _settings(self, names: Iterable[str]) -> dict[str, str]:
        wanted = [("filter[name]", f"[{'|'.join(names)}]")]
        return {str(row["name"]): str(row["value"]) for row in self.rows("configurations", "name,value", wanted)}

    def _refused(self, found: Any, *, writes: bool = False) -> calling.SystemCallError:
        """What an answer that is none says."""
        errors = found.get("errors") if isinstance(found, dict) else None
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return self.caller.refused(f"{errors[0].get('code')}: {errors[0].get('message')}")
        return self.caller.refused("no list and no object", Trouble.UNCLEAR, unknown_outcome=writes)


def _write(node: Any, values: Row) -> None:
    """Fields, and of lists the rows of an association, whose name is that of the list without its "s"."""
    for name, value in values.items():
        child = etree.SubElement(node, name)
        if isinstance(value, dict):
            _write(child, value)
        elif isinstance(value, list):
            for row in value:
                _write(etree.SubElement(child, name.removesuffix("s")), row)
        else:
            child.text = str(value)
