"""Chunks of records into the staging table, with the two hashes by which they are compared.

One row per article of the whole feed; nothing of it is seen by anybody else, and no lock on our own tables is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from catalog_sync.hashing import DIRTY
from catalog_sync.overlaying import lay_over, take_back
from catalog_sync.reasons import FeedError, ReadingEndedError, Reason, reason
from catalog_sync.records import Availability, CatalogRecord, Chunk, Issue, Refused
from catalog_sync.staged_rows import (
    COLUMNS,
    CONDITION,
    PRICE,
    REFUSED,
    SAME,
    SOME_FACTS,
    STAGE,
    STOCK,
    TITLE,
    TWICE,
    WITHDRAWN,
    RowMaker,
)
from marketplace.foundation import bulk, network

__all__ = [
    "COLUMNS",
    "CONDITION",
    "MOST_ISSUES",
    "PRICE",
    "REFUSED",
    "SAME",
    "SOME_FACTS",
    "STAGE",
    "STOCK",
    "TITLE",
    "WITHDRAWN",
    "Staged",
    "says_numbers",
    "stage",
]

MOST_ISSUES = 2000  # rows of a run's report that are kept; the counts are exact
LEAST_ISSUES = 500  # of each reason, however many there are of others before it


Told = TypeVar("Told", Refused, Issue)


@dataclass
class Staged:
    """What was read: counts, the age of the numbers, and what to tell the shop."""

    read: int = 0  # records, refused, and rows that are known
    same: int = 0  # rows that are known
    again: bool = False  # a second reading, since the first passed over rows that it may not
    refused: int = 0
    refused_by: Counter[str] = field(default_factory=Counter)  # {code of the reason: articles}
    warned_by: Counter[str] = field(default_factory=Counter)  # {code: articles that went in with that word}
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
    bulk.create_temporary(SAME, {"row_hash": "bigint"})
    staged = Staged()
    maker, withdrawn = RowMaker(unknown_is_silence=unknown_is_silence), 0
    for chunk in _until_trouble(chunks, staged):
        _load(maker, chunk.records, chunk.row_hashes)
        bulk.load_numbers(SAME, "row_hash", chunk.same)
        bulk.load(REFUSED, ["sku"], [(refused.sku,) for refused in chunk.refused if refused.sku])
        bulk.load(WITHDRAWN, ["sku", "ordinal"], [(sku, maker.ordinal) for sku in chunk.gone])
        withdrawn += len(chunk.gone)
        _count(chunk, staged)
        on_chunk(staged.read)
    if staged.same or not bulk.is_postgres():  # which joins a whole list by hashing, and goes through a short one
        bulk.index(STAGE, "sku")
    if not bulk.is_postgres():
        bulk.index(SAME, "row_hash")
    if withdrawn:
        take_back()
    bulk.analyse(STAGE, "sku", "gtin")
    bulk.analyse(SAME, "row_hash")
    _keep_last_lines(staged)
    _read_in_full_next_time()
    return staged


def _read_in_full_next_time() -> None:
    """Articles of which something is said each time: listed twice, another line refused, in a currency that is not
    sold in."""
    bulk.execute(
        f"UPDATE {STAGE} SET row_hash = {DIRTY} WHERE sku IN (SELECT sku FROM {TWICE} UNION SELECT sku FROM {REFUSED})"
        " OR (currency <> %s AND price_minor IS NOT NULL)",
        [network.current().currency],
    )


def _load(maker: RowMaker, records: Sequence[CatalogRecord], row_hashes: Sequence[int]) -> None:
    if bulk.is_postgres():
        bulk.copy_text(STAGE, list(COLUMNS), maker.text(records, row_hashes))
    else:
        bulk.load(STAGE, list(COLUMNS), maker.tuples(records, row_hashes))


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
    staged.read += len(chunk.records) + len(chunk.refused) + len(chunk.same)
    staged.same += len(chunk.same)
    staged.refused += len(chunk.refused)
    staged.nameless += sum(1 for refused in chunk.refused if not refused.sku)
    staged.as_of = chunk.as_of if staged.as_of is None else min(staged.as_of, chunk.as_of)
    staged.complete = chunk.complete
    staged.cursor = chunk.cursor.value if chunk.cursor else staged.cursor
    staged.notes.extend(chunk.notes)
    _keep(chunk.refused, staged.refused_rows, staged.refused_by)
    _keep(chunk.issues, staged.issues, staged.warned_by)
    staged.refused_by.update(refused.reason.code for refused in chunk.refused)
    staged.warned_by.update(issue.reason.code for issue in chunk.issues)


def _keep(found: Sequence[Told], kept: list[Told], counted: Counter[str]) -> None:
    """The first ones, whatever they say, and some of each reason. `counted`: those before."""
    room = max(0, MOST_ISSUES - len(kept))
    kept.extend(found[:room])
    since = Counter(each.reason.code for each in found[:room])
    for each in found[room:]:
        since[each.reason.code] += 1
        if counted[each.reason.code] + since[each.reason.code] <= LEAST_ISSUES:
            kept.append(each)


def _keep_last_lines(staged: Staged) -> None:
    """An article listed several times counts as its last line says, with a word about it."""
    bulk.drop_temporary(TWICE)
    with bulk.large_statements():
        bulk.execute(
            f"CREATE TEMPORARY TABLE {TWICE} AS SELECT sku, count(*) AS times, max(ordinal) AS last,"
            f" min(parts) AS least, max(parts) AS most FROM {STAGE}"
            " GROUP BY sku HAVING count(*) > 1"
        )
    staged.repeated = bulk.rows(f"SELECT COALESCE(sum(times - 1), 0) FROM {TWICE}")[0][0]
    if not staged.repeated:
        return
    twice = bulk.rows(f"SELECT sku, times FROM {TWICE} ORDER BY sku LIMIT {MOST_ISSUES}")
    staged.issues.extend(Issue(sku, reason("sku_twice", times=times), 0) for sku, times in twice)
    lay_over()
    bulk.execute(
        f"DELETE FROM {STAGE} WHERE ordinal IN"
        f" (SELECT s.ordinal FROM {TWICE} d CROSS JOIN {STAGE} s WHERE s.sku = d.sku AND s.ordinal < d.last)"
    )


def says_numbers() -> bool:
    """Whether any staged article has a number, or is said to be there."""
    said = f"(parts & {STOCK}) <> 0 AND (quantity IS NOT NULL OR availability = '{Availability.IN_STOCK}')"
    return bool(bulk.rows(f"SELECT EXISTS (SELECT 1 FROM {STAGE} WHERE {said})")[0][0])
