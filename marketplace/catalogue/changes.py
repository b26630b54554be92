"""Mark titles whose document in the index must be written again (principle 3: a due row, in the same transaction)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.utils import timezone

from marketplace.foundation import bulk

_BATCH = 10_000


def mark(product_ids: Iterable[int]) -> int:
    """Its document: write one row per distinct product; returns how many."""
    return _mark("titles_titlechange", product_ids)


def mark_works(product_ids: Iterable[int]) -> int:
    """Likewise: which work it is an edition of must be found again."""
    return _mark("titles_workchange", product_ids)


def _mark(table: str, product_ids: Iterable[int]) -> int:
    now = bulk.moment(timezone.now())
    ids = sorted(set(product_ids))
    if bulk.is_postgres():
        source = "SELECT unnest(%(ids)s::bigint[]), %(now)s"
    else:
        source = "SELECT value, %(now)s FROM json_each(%(ids)s)"
    for start in range(0, len(ids), _BATCH):
        batch: object = ids[start : start + _BATCH]
        if not bulk.is_postgres():
            batch = json.dumps(batch)
        bulk.execute(f"INSERT INTO {table} (product_id, marked_at) {source}", {"ids": batch, "now": now})
    return len(ids)
