"""What the rows were that a run is about to write: one compressed part for each slice, in its transaction.

A line of JSON for each article: its number, then its source record, stock record and terms as they are, or null where
there is none. Quantities are not in it: they are never put back (DESIGN §5).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from catalog_sync.banding import APPLY, PLAN
from catalog_sync.models import JournalPart, SyncRun
from catalog_sync.planning import GONE, QUESTION
from marketplace.foundation import bulk

KEPT_RUNS = 30  # of each feed
KEPT_FOR = timedelta(days=90)
_LEVEL = 1  # of zlib: three times as fast as the default, and a tenth larger

encode = json.JSONEncoder(ensure_ascii=False).encode

RECORD = (
    *("product_id", "gtin", "title", "price_minor", "currency", "price_kind", "condition", "facts_hash", "facts"),
    *("retired_at", "missed", "changed_run_id"),
)
STOCK = ("id", "product_id", "price", "price_currency")
TERMS = ("condition", "signed", "first_edition", "price_kind", "retired_at")

_JOINED = """
FROM {source} c
LEFT JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = c.sku
LEFT JOIN partner_stockrecord k ON {stock}
LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
WHERE c.n BETWEEN %(low)s AND %(high)s
"""
_BY_SKU = "k.partner_id = %(partner)s AND k.partner_sku = c.sku"
_PLANNED = f"AND c.verdict IN ('{APPLY}', '{QUESTION}')"
_FROM_PLAN = _JOINED.format(source=PLAN, stock="k.id = c.stock_record_id") + _PLANNED


def keep(run: SyncRun, words: dict[str, Any], *, anew: bool) -> None:
    """Keep what a slice of the plan will change. `anew`: the plan knows neither articles nor stock records."""
    if anew:
        lines = bulk.rows(
            f"SELECT {_array('c.sku', 'NULL', 'NULL', 'NULL', 'true')} FROM {PLAN} c"
            f" WHERE c.n BETWEEN %(low)s AND %(high)s {_PLANNED}",
            words,
        )
    else:
        lines = bulk.rows(f"SELECT {_line(facts='c.facts_changed', counted='c.number_counts')} {_FROM_PLAN}", words)
    _store(run, lines)


def keep_gone(run: SyncRun, words: dict[str, Any]) -> None:
    """Keep what a slice of the articles is that the list no longer has."""
    _store(
        run,
        bulk.rows(f"SELECT {_line(facts='false', counted='true')} {_JOINED.format(source=GONE, stock=_BY_SKU)}", words),
    )


def read(part: JournalPart) -> Iterator[tuple[str, dict[str, Any] | None, dict[str, Any] | None, dict[str, Any], bool]]:
    """(SKU, source record, stock record, terms, whether its number was written) of each article."""
    for line in zlib.decompress(part.body).splitlines():
        sku, record, stock, terms, counted = json.loads(line)
        yield (
            sku,
            dict(zip(RECORD, record, strict=True)) if record else None,
            dict(zip(STOCK, stock, strict=True)) if stock else None,
            dict(zip(TERMS, terms, strict=True)) if terms else {},
            bool(counted),
        )


def prune(now: datetime) -> int:
    """Step: journals of a feed's runs beyond the last 30, or older than 90 days, are given up. Returns runs."""
    kept: list[int] = []
    runs = SyncRun.objects.filter(journal__isnull=False).distinct()
    for feed_id in set(runs.order_by().values_list("feed_id", flat=True)):
        recent = runs.filter(feed=feed_id, started_at__gt=now - KEPT_FOR).order_by("-pk")
        kept += recent.values_list("pk", flat=True)[:KEPT_RUNS]
    old = list(runs.exclude(pk__in=kept).order_by().values_list("pk", flat=True))
    JournalPart.objects.filter(run__in=old).delete()
    return len(old)


def _store(run: SyncRun, lines: list[tuple[str]]) -> None:
    if not lines:
        return
    last = JournalPart.objects.filter(run=run).order_by("-number").values_list("number", flat=True).first() or 0
    body = zlib.compress("\n".join(line for (line,) in lines).encode(), _LEVEL)
    JournalPart.objects.create(run=run, number=last + 1, rows=len(lines), body=body)


def _line(*, facts: str, counted: str) -> str:
    record = [f"r.{name}" for name in RECORD]
    record[RECORD.index("facts")] = f"CASE WHEN {facts} THEN {_json('r.facts')} END"
    stock = [f"k.{name}" for name in STOCK]
    stock[STOCK.index("price")] = "CAST(COALESCE(t.listed_price, k.price) AS text)"  # a rule is no reading's
    return _array(
        "c.sku",
        f"CASE WHEN r.sku IS NOT NULL THEN {_nested(record)} END",
        f"CASE WHEN k.id IS NOT NULL THEN {_nested(stock)} END",
        f"CASE WHEN t.stock_record_id IS NOT NULL THEN {_nested([f't.{name}' for name in TERMS])} END",
        counted,
    )


def _array(*parts: str) -> str:
    """Text of a JSON array. SQLite takes the text of an inner one for a string unless it is told otherwise."""
    if bulk.is_postgres():
        return f"CAST(json_build_array({', '.join(parts)}) AS text)"
    sku, *inner, last = parts
    return f"json_array({', '.join([sku, *(f'json({part})' for part in inner), last])})"


def _nested(columns: list[str]) -> str:
    return f"{'json_build_array' if bulk.is_postgres() else 'json_array'}({', '.join(columns)})"


def _json(column: str) -> str:
    return column if bulk.is_postgres() else f"json({column})"
