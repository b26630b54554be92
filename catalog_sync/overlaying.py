"""One article named several times in a reading: what its later lines do to the earlier ones, in the staging table."""

from __future__ import annotations

import json
from typing import Any

from catalog_sync.hashing import DIRTY, stable_hash
from catalog_sync.staged_rows import (
    COLUMNS,
    CONDITION,
    EVERYTHING,
    PRICE,
    SOME_FACTS,
    STAGE,
    STOCK,
    TITLE,
    TWICE,
    WITHDRAWN,
    encode,
)
from marketplace.foundation import bulk


def take_back() -> None:
    """Listed and then withdrawn is withdrawn; withdrawn and then listed again stays listed."""
    bulk.execute(
        f"DELETE FROM {STAGE} WHERE EXISTS (SELECT 1 FROM {WITHDRAWN} w"
        f" WHERE w.sku = {STAGE}.sku AND w.ordinal >= {STAGE}.ordinal)"
    )


def lay_over() -> None:
    """Where the last line of an article speaks for some fields alone (an update behind the whole record), the others
    are those of the lines before it. The table TWICE has the articles of several lines."""
    names = ", ".join(f"s.{name}" for name in COLUMNS)
    lines = bulk.rows(
        f"SELECT {names} FROM {TWICE} d CROSS JOIN {STAGE} s WHERE s.sku = d.sku"
        f" AND (d.least < {EVERYTHING} OR d.most >= {SOME_FACTS}) ORDER BY s.sku, s.ordinal"
    )
    merged: dict[str, dict[str, Any]] = {}
    partial: set[str] = set()
    for values in lines:
        line = dict(zip(COLUMNS, values, strict=True))
        is_partial = line["parts"] != EVERYTHING
        before = merged.get(line["sku"])
        merged[line["sku"]] = _over(before, line) if is_partial and before else line
        partial = partial | {line["sku"]} if is_partial and before else partial - {line["sku"]}
    if partial:
        changed = [[merged[sku][name] for name in COLUMNS] for sku in sorted(partial)]
        among, ids = bulk.among([row[-1] for row in changed])
        bulk.execute(f"DELETE FROM {STAGE} WHERE ordinal {among}", ids)
        bulk.load(STAGE, list(COLUMNS), changed)


# What goes with each bit of `parts`.
_COLUMNS_OF = {
    STOCK: ("quantity", "availability", "days", "available_on"),
    PRICE: ("price_minor", "currency", "price_kind"),
    CONDITION: ("condition", "signed", "first_edition"),
    TITLE: ("title",),
}


def _over(before: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """A staged line with what a later one says in its place. It is compared as changed: its hashes are of no record."""
    parts = line["parts"]
    both = {**before, "ordinal": line["ordinal"], "as_of": line["as_of"], "gtin": line["gtin"] or before["gtin"]}
    both["row_hash"] = DIRTY
    for bit, names in _COLUMNS_OF.items():
        if parts & bit:
            both |= {name: line[name] for name in names}
    both["parts"] = before["parts"] | parts if before["parts"] != EVERYTHING else EVERYTHING
    if parts & (SOME_FACTS | TITLE):
        facts = {**json.loads(before["facts"]), **json.loads(line["facts"])}
        if both["parts"] == EVERYTHING:
            facts = {name: value for name, value in facts.items() if value}
        both["facts"] = encode(facts)
        both["facts_hash"] = stable_hash(f"{both['gtin']}\0{both['title']}\0{both['facts']}")
    if parts & (STOCK | PRICE | CONDITION):
        both["offer_hash"] = DIRTY
    return both
