"""The tables of a shop's export, for a program that opens CSV: the same rows as in its JSON Lines, flat."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from zipfile import ZipFile

from oscar.apps.partner.models import StockRecord

from shops.models import Shop
from shops.onboarding import exported_rest, exporting

_STOCK = ("sku", "gtin", "title", "price", "currency", "number")
_OF_ORDER = ("number", "created_at", "status")
_OF_LINE = ("sku", "gtin", "title", "quantity", "accepted", "declined", "unit_price_minor")
_ORDERS = ("number", "ordered_at", "status", "sku", "gtin", "title", "ordered", "accepted", "declined",
           "unit_price_minor", "currency", "network")  # fmt: skip


def write(shop: Shop, archive: ZipFile) -> None:
    archive.writestr("stock.csv", _csv(_STOCK, _stock(shop)))
    archive.writestr("orders.csv", _csv(_ORDERS, _orders(shop)))
    archive.writestr("pictures.csv", _csv(exported_rest.PICTURES, exported_rest.pictures(shop)))
    archive.writestr("statements.csv", _csv((*exporting.STATEMENT, "network"), _statements(shop)))


def _stock(shop: Shop) -> Iterable[tuple[object, ...]]:
    columns = ("partner_sku", "product__facts__gtin", "product__title", "price", "price_currency", "num_in_stock")
    return StockRecord.objects.filter(partner=shop.partner_id).order_by("pk").values_list(*columns).iterator()


def _orders(shop: Shop) -> Iterator[list[object]]:
    for row in exporting.orders(shop):
        for line in row["lines"]:
            cells = [*(row[name] for name in _OF_ORDER), *(line[name] for name in _OF_LINE)]
            yield [*cells, row["currency"], row["network"]]


def _statements(shop: Shop) -> Iterator[list[object]]:
    for row in exporting.settlements(shop):
        yield [row[name] for name in (*exporting.STATEMENT, "network")]


def _csv(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return "\ufeff" + text.getvalue()


def _plain(value: object) -> object:
    """What a table program would take for a formula is a text (CWE-1236)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
