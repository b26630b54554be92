"""The peer of the large import: csv, COPY and one merge per table, of the same file into the same tables and indexes.

What it does: `csv.reader` over the file in its own charset; price, number and ISBN by our own cleaning with every
distinct text looked up once, so that both write the same values; COPY of these columns into a temporary table without
an index; one `INSERT … SELECT … ON CONFLICT DO UPDATE … WHERE changed` into `catalog_sync_sourcerecord` and one into
`partner_stockrecord`, each sorted by its key, in one transaction with `synchronous_commit = off`.

What it leaves out: everything else. It refuses nothing, compares with nobody, guards nothing, keeps no journal, writes
no terms, facts or marks for the index, no hashes, and drops articles without a usable ISBN where titles are looked up.

On SQLite the bare upsert of the rows that a sync has stored (`upserts.py`) is the peer instead.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import dirty_feeds
from django.db import transaction

from catalog_sync import cleaning
from catalog_sync.identifiers import identify_isbn
from catalog_sync.models import Feed
from catalog_sync.prices import read_price
from marketplace.foundation import bulk

_STAGE = "bench_stage"
_COLUMNS = {
    "sku": "text",
    "gtin": "bigint",
    "title": "text",
    "author": "text",
    "publisher": "text",
    "price_minor": "bigint",
    "quantity": "integer",
    "language": "text",
    "published": "text",
}


def first(feed: Feed, path: Path) -> int:
    """A first import of known titles. Returns the rows written."""
    return _merge(feed, path, (_INSERT_RECORDS, _INSERT_STOCK))


def again(feed: Feed, path: Path) -> int:
    """A later list, of which every row is there already. Returns the rows written."""
    return _merge(feed, path, (_MERGE_RECORDS, _MERGE_STOCK))


def _merge(feed: Feed, path: Path, statements: tuple[str, ...]) -> int:
    words = {"feed": feed.pk, "partner": feed.shop.partner_id}
    with transaction.atomic():
        bulk.execute("SET LOCAL synchronous_commit = off")
        bulk.execute(bulk.NO_JIT)
        bulk.create_temporary(_STAGE, _COLUMNS)
        bulk.load(_STAGE, list(_COLUMNS), _rows(path, dirty_feeds.CHARSETS[int(feed.name.split("-")[1]) % 3]))
        bulk.analyse(_STAGE, "sku", "gtin")
        return sum(bulk.execute(statement, words) for statement in statements)


def _rows(path: Path, charset: str) -> Iterator[tuple[Any, ...]]:
    prices: dict[str, int | None] = {}
    units: dict[str, int | None] = {}
    with path.open(encoding=charset, newline="") as file:
        for cells in islice(csv.reader(file, delimiter=dirty_feeds.DELIMITER), 1, None):
            sku, code, title, author, publisher, price, quantity, _, language, published, *_ = cells
            if price not in prices:
                prices[price] = read_price(price, "CAD", ",").price
            if quantity not in units:
                units[quantity] = cleaning.quantity(quantity).value
            gtin = identify_isbn(code).gtin
            yield sku, gtin, title, author, publisher, prices[price], units[quantity], language, published


_FACTS = """jsonb_build_object('contributors', jsonb_build_array(jsonb_build_array(s.author, 'author')),
    'publisher', s.publisher, 'language', s.language, 'publication_date', s.published)"""
_ONCE = f"SELECT DISTINCT ON (sku) * FROM {_STAGE} ORDER BY sku"

_INSERT_RECORDS = f"""
INSERT INTO catalog_sync_sourcerecord AS r (feed_id, sku, product_id, gtin, title, price_minor, currency, price_kind,
    quantity, availability, condition, offer_hash, stock_hash, facts_hash, facts, as_of, changed_run_id, missed,
    retired_at)
SELECT %(feed)s, s.sku, f.product_id, s.gtin, s.title, s.price_minor, 'CAD', 'retail', s.quantity, 'in_stock', 'new',
    1, 0, 1, {_FACTS}, now(), 1, 0, NULL
FROM ({_ONCE}) s JOIN titles_productfacts f ON f.gtin = s.gtin ORDER BY s.sku
ON CONFLICT (feed_id, sku) DO NOTHING
"""
_INSERT_STOCK = f"""
INSERT INTO partner_stockrecord AS k (partner_id, partner_sku, product_id, price_currency, price, num_in_stock,
    num_allocated, low_stock_threshold, date_created, date_updated)
SELECT %(partner)s, s.sku, f.product_id, 'CAD', s.price_minor / 100.0, s.quantity, 0, NULL, now(), now()
FROM ({_ONCE}) s JOIN titles_productfacts f ON f.gtin = s.gtin ORDER BY s.sku
ON CONFLICT (partner_id, partner_sku) DO NOTHING
"""
_MERGE_RECORDS = f"""
INSERT INTO catalog_sync_sourcerecord AS r (feed_id, sku, product_id, gtin, title, price_minor, currency, price_kind,
    quantity, availability, condition, offer_hash, stock_hash, facts_hash, facts, as_of, changed_run_id, missed,
    retired_at)
SELECT %(feed)s, s.sku, NULL, s.gtin, s.title, s.price_minor, 'CAD', 'retail', s.quantity, 'in_stock', 'new',
    1, 0, 1, {_FACTS}, now(), 1, 0, NULL
FROM ({_ONCE}) s
ON CONFLICT (feed_id, sku) DO UPDATE SET price_minor = excluded.price_minor, quantity = excluded.quantity,
    as_of = excluded.as_of
WHERE r.price_minor IS DISTINCT FROM excluded.price_minor OR r.quantity IS DISTINCT FROM excluded.quantity
"""
_MERGE_STOCK = f"""
INSERT INTO partner_stockrecord AS k (partner_id, partner_sku, product_id, price_currency, price, num_in_stock,
    num_allocated, low_stock_threshold, date_created, date_updated)
SELECT %(partner)s, s.sku, r.product_id, 'CAD', s.price_minor / 100.0, s.quantity, 0, NULL, now(), now()
FROM ({_ONCE}) s JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
ON CONFLICT (partner_id, partner_sku) DO UPDATE SET price = excluded.price, num_in_stock = excluded.num_in_stock,
    date_updated = excluded.date_updated
WHERE k.price IS DISTINCT FROM excluded.price OR k.num_in_stock IS DISTINCT FROM excluded.num_in_stock
"""
