"""What every source says about a title, handed to the fold.

Sources are the records of feeds, the answers of the bibliographic service, and an operator's edits. A source that has
gone (its record retired, its feed paused or deleted) says nothing beside others; where nobody else is left, a title
that is no longer sold keeps what was last said of it, for whoever has bought it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from catalog_sync.banding import PLAN
from catalog_sync.models import Feed
from catalog_sync.titles import candidates, moderation, precedence
from marketplace.catalogue import changes
from marketplace.catalogue.folding import Statement, fold
from marketplace.catalogue.models import FactEdit
from marketplace.foundation import bulk

_BATCH = 2000


def refold(product_ids: Collection[int], *, now: datetime) -> set[int]:
    """Fold what the sources say about these products into their facts. Returns the products whose facts changed."""
    ordered = sorted(set(product_ids))
    changed: set[int] = set()
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        said = statements_of(batch)
        moderation.look_at(said, now=now)
        folded = fold(batch, said, now=now)
        candidates.refile(folded)
        changed |= folded
    changes.mark_works(ordered)
    return changed


def fold_new(feed: Feed, low: int, high: int, *, now: datetime) -> set[int]:
    """The same for rows of the plan of which each has just made its product: nobody else has said anything of it."""
    rows = bulk.rows(
        f"SELECT product_id, gtin, title, facts FROM {PLAN} WHERE n BETWEEN %s AND %s ORDER BY product_id", [low, high]
    )
    rank = precedence.rank_of(feed.kind, feed.sender)
    synthetic = bool(_read(feed.options).get("synthetic"))
    changed: set[int] = set()
    for start in range(0, len(rows), _BATCH):
        said = [
            Statement(product_id, feed.name, rank, gtin, title, _read(facts), synthetic)
            for product_id, gtin, title, facts in rows[start : start + _BATCH]
        ]
        moderation.look_at(said, now=now)
        changed |= fold([statement.product_id for statement in said], said, now=now, new=True)
    changes.mark_works(product_id for product_id, *_ in rows)
    return changed


def statements_of(product_ids: list[int], *, gone: bool = False) -> list[Statement]:
    """What counts about these products; with `gone` whatever any source says, also one that has gone. Three queries."""
    among, ids = bulk.among(product_ids)
    said = []
    for product_id, gtin, title, facts, name, kind, sender, options, as_of, is_live in bulk.rows(
        _RECORDS.format(among=among), ids
    ):
        statement = Statement(
            product_id=product_id,
            source=name,
            rank=precedence.rank_of(kind, sender),
            gtin=gtin,
            title=title,
            facts=_read(facts),
            synthetic=bool(_read(options).get("synthetic")),
            said_at=bulk.read_moment(as_of).timestamp() if as_of else 0.0,
            gone=not is_live,
        )
        said.append(statement)
    for product_id, title, facts, asked_at in bulk.rows(_ANSWERS.format(among=among), ids):
        at = bulk.read_moment(asked_at).timestamp()
        name, rank = precedence.SERVICE_NAME, precedence.SERVICE
        said.append(Statement(product_id, name, rank, None, title, _read(facts), said_at=at))
    said += edits_of(product_ids)
    return said if gone else counting(said)


def counting(statements: list[Statement]) -> list[Statement]:
    """Without the sources that have gone, where others speak of the title."""
    spoken = {said.product_id for said in statements if not said.gone and said.rank != precedence.EDIT}
    return [said for said in statements if not said.gone or said.product_id not in spoken]


def edits_of(product_ids: list[int]) -> list[Statement]:
    """What operators say, a statement for each fact. One query."""
    found = []
    edits = FactEdit.objects.filter(product__in=product_ids).order_by("product_id", "fact")
    for product_id, fact, value in edits.values_list("product_id", "fact", "value"):
        title, facts = (value or "", {}) if fact == "title" else ("", {fact: value})
        found.append(Statement(product_id, precedence.OPERATOR, precedence.EDIT, None, title, facts))
    return found


_RECORDS = """
SELECT r.product_id, r.gtin, r.title, r.facts, g.name, g.kind, g.sender, g.options, r.said_as_of,
    r.retired_at IS NULL AND g.active
FROM catalog_sync_sourcerecord r JOIN catalog_sync_feed g ON g.id = r.feed_id
WHERE r.product_id {among} ORDER BY r.product_id, g.name, r.sku
"""
_ANSWERS = """
SELECT product_id, title, facts, asked_at FROM catalog_sync_lookup
WHERE product_id {among} AND asked_at IS NOT NULL AND title <> ''
"""


def _read(stored: str | dict[str, Any]) -> dict[str, Any]:
    """A JSON column as a raw statement gives it: SQLite as text, PostgreSQL too unless Django has told it otherwise."""
    return json.loads(stored) if isinstance(stored, str) else stored
