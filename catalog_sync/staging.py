"""Chunks of records into the staging table, with the two hashes by which they are compared.

One row per article of the whole feed; nothing of it is seen by anybody else, and no lock on our own tables is taken.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from catalog_sync.reasons import FeedError, ReadingEndedError, Reason, reason
from catalog_sync.records import FACT_FIELDS, Availability, CatalogRecord, Chunk, Issue, Refused
from marketplace.foundation import bulk

STAGE, REFUSED, WITHDRAWN = "sync_stage", "sync_refused", "sync_withdrawn"
COLUMNS = {
    "sku": "text",
    "gtin": "bigint",
    "title": "text",
    "price_minor": "bigint",
    "currency": "text",
    "price_kind": "text",
    "quantity": "integer",
    "availability": "text",
    "condition": "text",
    "signed": "boolean",
    "first_edition": "boolean",
    "days": "integer",
    "available_on": "date",
    "as_of": "moment",
    "parts": "integer",
    "offer_hash": "bigint",
    "facts_hash": "bigint",
    "facts": "text",
    "ordinal": "bigint",
}
# What a record speaks for, as bits of `parts`; the rest is left as it is stored.
STOCK, PRICE, CONDITION, TITLE, SOME_FACTS = 1, 2, 4, 8, 16
EVERYTHING = STOCK | PRICE | CONDITION | TITLE
_PART_OF = {
    **dict.fromkeys(("quantity", "contains_our_orders", "availability", "days", "available_from"), STOCK),
    **dict.fromkeys(("price", "currency", "price_kind"), PRICE),
    **dict.fromkeys(("condition", "signed", "first_edition"), CONDITION),
    "title": TITLE,
    **dict.fromkeys(FACT_FIELDS, SOME_FACTS),
}
DIRTY = 0  # no record hashes to it: a row that holds it is compared as changed
ABSENT = -1  # nor to this: a complete list of the stock lane lacks the article

_OFFER_START = CatalogRecord._fields.index("price")
_OFFER_END = CatalogRecord._fields.index("as_of")
_MORE_START = CatalogRecord._fields.index("signed")
_FACTS_START = CatalogRecord._fields.index(FACT_FIELDS[0])
_NO_FACTS = tuple(CatalogRecord._field_defaults[name] for name in FACT_FIELDS)
_REMEMBERED = 65_536
_LONGEST_DAYS = 32_767  # of the column
_HIGHEST_PRICE = 10**12 - 1  # Oscar's column: 12 digits, 2 of them decimals
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

MOST_ISSUES = 2000  # rows of a run's report that are kept; the counts are exact


@dataclass
class Staged:
    """What was read: counts, the age of the numbers, and what to tell the shop."""

    read: int = 0  # records and refused
    refused: int = 0
    refused_by: Counter[str] = field(default_factory=Counter)  # {code of the reason: articles}
    nameless: int = 0  # refused articles whose number could not be read
    repeated: int = 0  # lines whose article is listed again further down
    as_of: datetime | None = None  # the earliest of its chunks
    complete: bool = False
    cursor: str = ""
    notes: list[Reason] = field(default_factory=list)
    refused_rows: list[Refused] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def stage(
    chunks: Iterable[Chunk],
    *,
    unknown_is_silence: bool = False,
    on_chunk: Callable[[int], None] = lambda read: None,
) -> Staged:
    """Fill the staging tables from a reading. `on_chunk` is told how many articles were read so far.
    `unknown_is_silence`: where a record does not know how many copies there are, what is stored of them stays.

    Raises `FeedError` where nothing could be read; trouble after the first chunk leaves an incomplete reading.
    """
    bulk.create_temporary(STAGE, COLUMNS)
    bulk.create_temporary(REFUSED, {"sku": "text"}, key="sku")
    bulk.create_temporary(WITHDRAWN, {"sku": "text", "ordinal": "bigint"}, key="sku")
    staged = Staged()
    row_of, withdrawn = _RowMaker(unknown_is_silence), 0
    for chunk in _until_trouble(chunks, staged):
        bulk.load(STAGE, list(COLUMNS), map(row_of, chunk.records))
        bulk.load(REFUSED, ["sku"], [(refused.sku,) for refused in chunk.refused if refused.sku])
        bulk.load(WITHDRAWN, ["sku", "ordinal"], [(sku, row_of.ordinal) for sku in chunk.gone])
        withdrawn += len(chunk.gone)
        _count(chunk, staged)
        on_chunk(staged.read)
    with_key = "" if bulk.is_postgres() else "temp."
    bulk.execute(f"CREATE INDEX {with_key}{STAGE}_sku ON {STAGE} (sku)")
    if withdrawn:
        _take_back()
    _keep_last_lines(staged)
    bulk.analyse(STAGE, "sku", "gtin")
    return staged


def _until_trouble(chunks: Iterable[Chunk], staged: Staged) -> Iterator[Chunk]:
    """The chunks; where reading breaks off after some of them, what was read counts and is not complete."""
    try:
        yield from chunks
    except ReadingEndedError:
        raise
    except FeedError as error:
        if not staged.read:
            raise
        staged.complete = False
        staged.notes.append(reason("run_broken_off", detail=error))


def _count(chunk: Chunk, staged: Staged) -> None:
    staged.read += len(chunk.records) + len(chunk.refused)
    staged.refused += len(chunk.refused)
    staged.refused_by.update(refused.reason.code for refused in chunk.refused)
    staged.nameless += sum(1 for refused in chunk.refused if not refused.sku)
    staged.as_of = chunk.as_of if staged.as_of is None else min(staged.as_of, chunk.as_of)
    staged.complete = chunk.complete
    staged.cursor = chunk.cursor.value if chunk.cursor else staged.cursor
    staged.notes.extend(chunk.notes)
    staged.refused_rows.extend(chunk.refused[: MOST_ISSUES - len(staged.refused_rows)])
    staged.issues.extend(chunk.issues[: MOST_ISSUES - len(staged.issues)])


def _keep_last_lines(staged: Staged) -> None:
    """An article listed several times counts as its last line says, with a word about it."""
    lines, articles = bulk.rows(f"SELECT count(*), count(DISTINCT sku) FROM {STAGE}")[0]
    staged.repeated = lines - articles
    if not staged.repeated:
        return
    twice = f"SELECT sku, count(*) FROM {STAGE} GROUP BY sku HAVING count(*) > 1 ORDER BY sku LIMIT {MOST_ISSUES}"
    staged.issues.extend(Issue(sku, reason("sku_twice", times=times), 0) for sku, times in bulk.rows(twice))
    _lay_over()
    bulk.execute(f"DELETE FROM {STAGE} WHERE ordinal NOT IN (SELECT max(ordinal) FROM {STAGE} GROUP BY sku)")


def _take_back() -> None:
    """Listed and then withdrawn is withdrawn; withdrawn and then listed again stays listed."""
    bulk.execute(
        f"DELETE FROM {STAGE} WHERE EXISTS (SELECT 1 FROM {WITHDRAWN} w"
        f" WHERE w.sku = {STAGE}.sku AND w.ordinal >= {STAGE}.ordinal)"
    )


def _lay_over() -> None:
    """Where the last line of an article speaks for some fields alone (an update behind the whole record), the others
    are those of the lines before it."""
    names = ", ".join(f"s.{name}" for name in COLUMNS)
    lines = bulk.rows(
        f"SELECT {names} FROM {STAGE} s JOIN (SELECT sku FROM {STAGE} GROUP BY sku HAVING count(*) > 1"
        f" AND min(parts) < {EVERYTHING} OR count(*) > 1 AND max(parts) >= {SOME_FACTS}) b ON b.sku = s.sku"
        " ORDER BY s.sku, s.ordinal"
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
    for bit, names in _COLUMNS_OF.items():
        if parts & bit:
            both |= {name: line[name] for name in names}
    both["parts"] = before["parts"] | parts if before["parts"] != EVERYTHING else EVERYTHING
    if parts & (SOME_FACTS | TITLE):
        facts = {**json.loads(before["facts"]), **json.loads(line["facts"])}
        if both["parts"] == EVERYTHING:
            facts = {name: value for name, value in facts.items() if value}
        both["facts"] = _encode(facts)
        both["facts_hash"] = stable_hash(f"{both['gtin']}\0{both['title']}\0{both['facts']}")
    if parts & (STOCK | PRICE | CONDITION):
        both["offer_hash"] = DIRTY
    return both


class _RowMaker:
    """Record to staging row. A class, because it remembers the offers and times it has seen, and counts."""

    def __init__(self, unknown_is_silence: bool) -> None:
        self.unknown_is_silence = unknown_is_silence
        self.offers: dict[tuple, int] = {}
        self.times: dict[datetime, Any] = {}
        self.ordinal = 0

    def __call__(self, record: CatalogRecord) -> tuple:
        values: tuple[Any, ...] = record
        sku, gtin, title, price, currency, price_kind, quantity, _, availability, condition, as_of = values[:11]
        signed, first_edition, days, available_from, speaks_for = values[11:_FACTS_START]
        offer = values[_OFFER_START:_OFFER_END] + values[_MORE_START:_FACTS_START]
        offer_hash = self.offers.get(offer)
        if offer_hash is None:
            if len(self.offers) >= _REMEMBERED:
                self.offers.clear()
            offer_hash = self.offers[offer] = stable_hash(repr(offer))
        moment = self.times.get(as_of)
        if moment is None:
            moment = self.times[as_of] = bulk.moment(as_of)
        facts = values[_FACTS_START:]
        parts = EVERYTHING if not speaks_for else parts_of(speaks_for)
        if self.unknown_is_silence and quantity is None and availability == Availability.UNKNOWN:
            parts &= ~STOCK
        text = "{}" if facts == _NO_FACTS else facts_text(facts, speaks_for)
        self.ordinal += 1
        facts_hash = stable_hash(f"{gtin}\0{title}\0{text}")
        if price is not None and price > _HIGHEST_PRICE:
            price = None
        if days is not None and days > _LONGEST_DAYS:
            days = _LONGEST_DAYS
        available_on = whole_date(available_from) if available_from else None
        # fmt: off
        return (
            sku, gtin, title, price, currency, price_kind, quantity, availability, condition, signed, first_edition,
            days, available_on, moment, parts, offer_hash, facts_hash, text, self.ordinal,
        )
        # fmt: on


def stable_hash(text: str) -> int:
    """64 signed bits that are the same in every process (Python's own hash of a text is not), and never DIRTY or
    ABSENT."""
    found = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
    return 1 if found in (DIRTY, ABSENT) else found


def parts_of(speaks_for: tuple[str, ...]) -> int:
    """The bits for the fields a record speaks for. One that names the title and every fact speaks for them whole."""
    parts = 0
    for name in speaks_for:
        parts |= _PART_OF.get(name, 0)
    return parts & ~SOME_FACTS if set(FACT_FIELDS) <= set(speaks_for) else parts


def facts_text(facts: tuple, speaks_for: tuple[str, ...]) -> str:
    """Facts as JSON: those that are known; of a record that speaks for some only, those, null where it empties them."""
    if speaks_for:
        return _encode(
            {name: value or None for name, value in zip(FACT_FIELDS, facts, strict=True) if name in speaks_for}
        )
    return _encode({name: value for name, value in zip(FACT_FIELDS, facts, strict=True) if value})


def whole_date(text: str) -> str | None:
    """An ISO date as exact as known, as a day: the first of its month or year; None for none."""
    if len(text) == 10:
        return text
    return {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text))
