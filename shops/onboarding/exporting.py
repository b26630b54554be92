"""All that a shop has here, in open forms: to take along at any time, and to bring in elsewhere (`bringing.py`).
`catalogue.jsonl` is a list that Halles itself reads (docs/formats.md)."""

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
from marketplace.foundation import links, money, network
from marketplace.payments.models import Settlement
from marketplace.payments.settlements import Line, statement_of
from marketplace.readers import brought, consents
from shops.models import (
    Availability,
    Condition,
    EarlierNetwork,
    EarlierOrder,
    EarlierStatement,
    Shop,
    ShopOrder,
)
from shops.onboarding import exported_rest

VERSION = 2
_AT_ONCE = 500
ORDER = ("number", "status", "delivery_kind", "currency", "goods_minor", "delivery_minor", "tax_minor", "total_minor",
         "created_at", "answered_at", "handed_over_at")  # fmt: skip
ORDER_LINE = ("sku", "gtin", "title", "condition", "quantity", "accepted", "declined", "cancelled", "handed_over",
              "unit_price_minor", "goods_minor", "tax_minor", "total_minor")  # fmt: skip
SUMS = ("goods_minor", "commission_minor", "tax_minor", "other_minor", "transferred_minor")
MOVED = ("at", "kind", "order", *SUMS)
STATEMENT = ("number", "begins_at", "ends_at", "currency", "opening_minor", *SUMS, "closing_minor")
Row = dict[str, Any]


def write(shop: Shop, archive: ZipFile, *, now: datetime) -> None:
    """Add the files to an open archive. Readers are named only where they let the shop keep them."""
    about = {"halles_shop": VERSION, "shop": shop.slug, "name": shop.name, "made_at": now.isoformat()}
    about |= {"networks": _networks(shop, now), "files": FILES}
    archive.writestr("about.json", json.dumps(about, ensure_ascii=False, indent=2))
    with _text(archive, "catalogue.jsonl") as file:
        write_jsonl(catalogue(shop, now=now), file, complete=True)
    archive.writestr("shop.json", json.dumps(exported_rest.settings(shop), ensure_ascii=False, indent=2))
    for name, rows in (
        ("orders", orders(shop)),
        ("settlements", settlements(shop)),
        ("customers", customers(shop)),
        ("threads", exported_rest.threads(shop)),
        ("returns", exported_rest.returns(shop)),
    ):
        with _text(archive, f"{name}.jsonl") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


FILES = {
    "catalogue.jsonl": "Every article on sale, one a line, as docs/formats.md says: a feed of kind jsonl reads it.",
    "orders.jsonl": "Every order with its lines, amounts in minor units, times in UTC; no reader is named.",
    "settlements.jsonl": "Closed months with their sums and lines.",
    "customers.jsonl": "Readers who let the shop keep them: name, e-mail address, since when, in which words.",
    "shop.json": "Address, texts, opening hours, rules of stock, prices, orders and returns, delivery, quick replies.",
    "threads.jsonl": "Conversations: who wrote when (the reader, the shop, the network) and what; no reader is named.",
    "returns.jsonl": "What readers sent back, with its lines and how it ended; no reader is named.",
    "pictures.csv": "Where the shop's pictures are: its logo, and the photos of used copies by article.",
    "stock.csv": "Article, price and number, for a table program.",
    "orders.csv": "The same orders, a row for each line.",
    "statements.csv": "Closed months, for a table program.",
}


def _networks(shop: Shop, now: datetime) -> list[Row]:
    """This one first; those that the shop was at before, as far as it brought what it had there."""
    here = {"site": links.absolute(""), "name": network.current().name, "until": now.isoformat()}
    before = EarlierNetwork.objects.filter(shop=shop).order_by("pk")
    return [here, *({"site": row.site, "name": row.name, "until": row.until.isoformat()} for row in before)]


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


def orders(shop: Shop) -> Iterator[Row]:
    """Those of earlier networks first, as they were brought."""
    for row in EarlierOrder.objects.filter(shop=shop).select_related("network").order_by("pk").iterator():
        known = row.said | {"number": row.number, "status": row.status, "currency": row.currency}
        known |= {"total_minor": row.total_minor, "created_at": _plain(row.ordered_at)}
        yield {
            "network": row.network.site,
            **{name: known[name] for name in ORDER},
            "lines": _in_order(known["lines"], ORDER_LINE),
        }
    here, found = links.absolute(""), ShopOrder.objects.filter(shop=shop).prefetch_related("lines").order_by("pk")
    for order in found.iterator(chunk_size=_AT_ONCE):
        lines = [{name: getattr(line, name) for name in ORDER_LINE} for line in order.lines.all()]
        yield {"network": here, **{name: _plain(getattr(order, name)) for name in ORDER}, "lines": lines}


def settlements(shop: Shop) -> Iterator[Row]:
    for kept in EarlierStatement.objects.filter(shop=shop).select_related("network").order_by("pk").iterator():
        columns = {name: _plain(getattr(kept, name)) for name in STATEMENT}
        yield {"network": kept.network.site, **columns, "lines": _in_order(kept.lines, MOVED)}
    here = links.absolute("")
    for row in Settlement.objects.filter(shop=shop).select_related("shop").order_by("pk"):
        lines = [_moved(line) for line in statement_of(row).lines]
        yield {"network": here, **{name: _plain(getattr(row, name)) for name in STATEMENT}, "lines": lines}


def _in_order(lines: list[Row], columns: Iterable[str]) -> list[Row]:
    """As they were brought: a database keeps the columns of a JSON value in an order of its own."""
    return [{name: line[name] for name in columns} for line in lines]


def _moved(line: Line) -> Row:
    order = line.shop_order.number if line.shop_order else ""
    return {"at": _plain(line.at), "kind": line.kind, "order": order} | {name: getattr(line, name) for name in SUMS}


def customers(shop: Shop) -> Iterator[Row]:
    """Those who said so here, then those whom the shop brought along."""
    told = set()
    for row in consents.customers_of(shop):
        if row.user:
            told.add(row.user.email.lower())
            yield _customer(row.user.get_full_name(), row.user.email, row.given_at, row.words)
    for held in brought.of_shop(shop).order_by("pk"):
        if held.email.lower() not in told:
            yield _customer(held.name, held.email, held.given_at, held.words)


def _customer(name: str, email: str, since: datetime | None, words: str) -> Row:
    return {"name": name, "email": email, "since": _plain(since), "words": words}


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
