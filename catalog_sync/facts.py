"""What every source says about a title, handed to the fold."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from catalog_sync.banding import PLAN
from catalog_sync.models import Feed
from marketplace.catalogue import changes
from marketplace.catalogue.folding import Statement, fold
from marketplace.foundation import bulk

_BATCH = 2000
# The publisher's own message before a shop's list.
_RANKS = {"onix": 0}
_LIST_RANK = 1


def refold(product_ids: Collection[int], *, now: datetime) -> set[int]:
    """Fold what the sources say about these products into their facts. Returns the products whose facts changed."""
    ordered = sorted(set(product_ids))
    changed: set[int] = set()
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        changed |= fold(batch, statements_of(batch), now=now)
    changes.mark_works(ordered)
    return changed


def fold_new(feed: Feed, low: int, high: int, *, now: datetime) -> set[int]:
    """The same for rows of the plan of which each has just made its product: nobody else has said anything of it."""
    rows = bulk.rows(
        f"SELECT product_id, gtin, title, facts FROM {PLAN} WHERE n BETWEEN %s AND %s ORDER BY product_id", [low, high]
    )
    changed: set[int] = set()
    for start in range(0, len(rows), _BATCH):
        said = [
            _statement(product_id, gtin, title, facts, feed.name, feed.kind, feed.options)
            for product_id, gtin, title, facts in rows[start : start + _BATCH]
        ]
        changed |= fold([statement.product_id for statement in said], said, now=now, new=True)
    changes.mark_works(product_id for product_id, *_ in rows)
    return changed


def statements_of(product_ids: list[int]) -> list[Statement]:
    """One statement per source record of these products. Retired ones count: a title that is no longer sold keeps its
    facts. One query."""
    among, ids = bulk.among(product_ids)
    found = bulk.rows(
        "SELECT r.product_id, r.gtin, r.title, r.facts, g.name, g.kind, g.options FROM catalog_sync_sourcerecord r"
        f" JOIN catalog_sync_feed g ON g.id = r.feed_id WHERE r.product_id {among}"
        " ORDER BY r.product_id, g.name, r.sku",
        ids,
    )
    return [_statement(*row) for row in found]


def _statement(
    product_id: int, gtin: int | None, title: str, facts: Any, source: str, kind: str, options: Any
) -> Statement:
    return Statement(
        product_id=product_id,
        source=source,
        rank=_RANKS.get(kind, _LIST_RANK),
        gtin=gtin,
        title=title,
        facts=_read(facts),
        synthetic=bool(_read(options).get("synthetic")),
    )


def _read(stored: str | dict[str, Any]) -> dict[str, Any]:
    """A JSON column as a raw statement gives it: SQLite as text, PostgreSQL too unless Django has told it otherwise."""
    return json.loads(stored) if isinstance(stored, str) else stored
