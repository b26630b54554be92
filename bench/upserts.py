"""The bare upsert: rows as a sync stored them, put into the same tables with the same indexes, and nothing else.

SQLite: `executemany`. PostgreSQL: COPY into a temporary table, and one statement per table.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import common
from django.db import connection, transaction

from catalog_sync.models import Feed

_OF_SHOP = "SELECT id FROM partner_stockrecord WHERE partner_id = {partner}"
# table: (its key, which of its rows are a shop's)
OFFERS = {
    "catalog_sync_sourcerecord": ("feed_id, sku", "feed_id = {feed}"),
    "partner_stockrecord": ("partner_id, partner_sku", "partner_id = {partner}"),
    "shops_stockterms": ("stock_record_id", f"stock_record_id IN ({_OF_SHOP})"),
}
TITLES = {"catalogue_product": ("id", "true"), "titles_productfacts": ("product_id", "true")}
PLAIN = {"bench_plain_offer": ("shop_id, isbn", "true")}


def stored(feed: Feed, tables: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """A shop's rows of these tables, as the database likes them best: tuples, or the text of COPY."""
    found: dict[str, Any] = {}
    for table, (_, where) in tables.items():
        query = f"SELECT * FROM {table} WHERE {where.format(feed=feed.pk, partner=feed.shop.partner_id)}"
        if common.is_postgres():
            with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
                found[table] = b"".join(copy)
        else:
            # Not Django's connection, which would make times and booleans of what is to be stored as it is
            with closing(sqlite3.connect(common.VAR / "halles.sqlite3")) as raw:
                found[table] = raw.execute(query).fetchall()
    return found


def upsert(rows: dict[str, Any], tables: dict[str, tuple[str, str]]) -> None:
    """All of them in one transaction; a row that is there already is written again."""
    with transaction.atomic(), connection.cursor() as cursor:
        if common.is_postgres():
            cursor.execute("SET LOCAL synchronous_commit = off")  # as the sync does
        for table, (key, _) in tables.items():
            names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            keys = key.split(", ")
            change = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
            conflict = f"ON CONFLICT ({key}) DO UPDATE SET {change}"
            if common.is_postgres():
                cursor.execute(f"CREATE TEMPORARY TABLE bench_stage (LIKE {table})")
                with cursor.copy("COPY bench_stage FROM STDIN") as copy:
                    copy.write(rows[table])
                cursor.execute(f"INSERT INTO {table} SELECT * FROM bench_stage {conflict}")
                cursor.execute("DROP TABLE bench_stage")
            else:
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks}) {conflict}", rows[table])


def make_plain_table() -> None:
    """One table of offers with its key: what an import would write that keeps nothing but price and number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_plain_offer (shop_id bigint NOT NULL, isbn bigint NOT NULL, price_minor integer,"
            " quantity integer, PRIMARY KEY (shop_id, isbn))"
        )


def plain(feed: Feed) -> dict[str, Any]:
    """The shop's offers for the plain table, which is emptied again."""
    query = f"SELECT feed_id, gtin, price_minor, quantity FROM catalog_sync_sourcerecord WHERE feed_id = {feed.pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO bench_plain_offer {query}")
        rows = stored(feed, PLAIN)
        cursor.execute("DELETE FROM bench_plain_offer")
    return rows
