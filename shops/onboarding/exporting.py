"""All that a shop has here, in open forms: to take along at any time, and to bring in elsewhere. `catalogue.jsonl` is a
list that Halles itself reads (docs/formats.md)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO, TextIO
from zipfile import ZipFile

from oscar.apps.partner.models import StockRecord

from catalog_sync.exporting import write_jsonl
from catalog_sync.models import SourceRecord
from catalog_sync.records import FACT_FIELDS, CatalogRecord
from marketplace.foundation import money
from marketplace.payments.models import Settlement
from marketplace.readers import consents
from shops.models import Availability, Condition, Shop, ShopOrder

VERSION = 1
_AT_ONCE = 500


def write(shop: Shop, archive: ZipFile, *, now: datetime) -> None:
    """Add the files to an open archive. Readers are named only where they let the shop keep them."""
    about = {"halles_shop": VERSION, "shop": shop.slug, "name": shop.name, "made_at": now.isoformat()}
    archive.writestr("about.json", json.dumps(about | {"files": FILES}, ensure_ascii=False, indent=2))
    with _text(archive, "catalogue.jsonl") as file:
        write_jsonl(catalogue(shop, now=now), file, complete=True)
    for name, rows in (("orders", orders(shop)), ("settlements", settlements(shop)), ("customers", customers(shop))):
        with _text(archive, f"{name}.jsonl") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


FILES = {
    "catalogue.jsonl": "Every article on sale, one a line, as docs/formats.md says: a feed of kind jsonl reads it.",
    "orders.jsonl": "Every order with its lines, amounts in minor units, times in UTC; no reader is named.",
    "settlements.jsonl": "Closed months.",
    "customers.jsonl": "Readers who let the shop keep them: name, e-mail address, since when, in which words.",
    "stock.csv": "Article, price and number, for a table program.",
    "orders.csv": "The same orders, a row for each line.",
    "statements.csv": "Closed months, for a table program.",
}


def catalogue(shop: Shop, *, now: datetime) -> Iterator[CatalogRecord]:
    """Articles that are not retired, with the facts as the shop's own lists gave them."""
    rows = StockRecord.objects.filter(partner=shop.partner_id).exclude(terms__retired_at__isnull=False)
    related = rows.select_related("terms", "product__facts").order_by("pk")
    for some in _batches(related.iterator(chunk_size=_AT_ONCE)):
        skus = [row.partner_sku for row in some]
        told = {
            source.sku: source
            for source in SourceRecord.objects.filter(feed__shop=shop, sku__in=skus).order_by("as_of", "feed_id")
        }
        yield from (_record(row, told.get(row.partner_sku), shop, now) for row in some)


def _record(row: Any, source: SourceRecord | None, shop: Shop, now: datetime) -> CatalogRecord:
    terms, facts = getattr(row, "terms", None), getattr(row.product, "facts", None)
    told = source.facts if source else {}
    as_of = (terms and terms.as_of) or shop.complete_as_of or now
    listed = terms.listed_price if terms and terms.listed_price is not None else row.price
    return CatalogRecord(
        sku=row.partner_sku,
        gtin=source.gtin if source else facts and facts.gtin,
        title=source.title if source else row.product.title,
        price=None if listed is None else money.to_minor(listed, row.price_currency),
        currency=row.price_currency,
        price_kind=source.price_kind if source else "recommended",
        quantity=row.num_in_stock,
        contains_our_orders=False,
        availability=terms.availability if terms else Availability.IN_STOCK,
        condition=terms.condition if terms else Condition.NEW,
        as_of=as_of,
        signed=bool(terms and terms.signed),
        first_edition=bool(terms and terms.first_edition),
        days=terms.days if terms else None,
        available_from=terms.available_on.isoformat() if terms and terms.available_on else "",
        **{name: _deep(told[name]) for name in FACT_FIELDS if told.get(name)},
    )


def _deep(value: Any) -> Any:
    """Lists of JSON as the tuples of a record."""
    return tuple(_deep(part) for part in value) if isinstance(value, list) else value


def orders(shop: Shop) -> Iterator[dict[str, Any]]:
    found = ShopOrder.objects.filter(shop=shop).prefetch_related("lines").order_by("pk")
    columns = ("number", "status", "delivery_kind", "currency", "goods_minor", "delivery_minor", "tax_minor",
               "total_minor", "created_at", "answered_at", "handed_over_at")  # fmt: skip
    of_line = ("sku", "gtin", "title", "condition", "quantity", "accepted", "declined", "cancelled", "handed_over",
               "unit_price_minor", "goods_minor", "tax_minor", "total_minor")  # fmt: skip
    for row in found.iterator(chunk_size=_AT_ONCE):
        lines = [{name: getattr(line, name) for name in of_line} for line in row.lines.all()]
        yield {name: _plain(getattr(row, name)) for name in columns} | {"lines": lines}


def settlements(shop: Shop) -> Iterator[dict[str, Any]]:
    columns = ("number", "begins_at", "ends_at", "currency", "closing_minor")
    for row in Settlement.objects.filter(shop=shop).order_by("pk"):
        yield {name: _plain(getattr(row, name)) for name in columns}


def customers(shop: Shop) -> Iterator[dict[str, Any]]:
    for row in consents.customers_of(shop):
        if row.user:
            yield {
                "name": row.user.get_full_name(), "email": row.user.email, "since": row.given_at.isoformat(),
                "words": row.words,
            }  # fmt: skip


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _text(archive: ZipFile, name: str) -> TextIO:
    inner: BinaryIO = archive.open(name, "w")  # type: ignore[assignment]
    return io.TextIOWrapper(inner, encoding="utf-8", newline="\n")


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some
