"""Rows of a list that are as they were when they were last read: which those are, and whether that still holds.

What a list says in the very same row again is neither cleaned nor compared. A record knows the hash of the row it was
made of; where anything else has changed the record since, it does not count as known. Rows that something is to be told
about, and articles that are listed twice, are read in full each time.
"""

from __future__ import annotations

from array import array
from functools import cache
from hashlib import blake2b
from pathlib import Path

from django.db import connection, transaction

from catalog_sync.hashing import DIRTY
from catalog_sync.models import Feed, ReadRow
from catalog_sync.planning import OWN_HASH
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.staging import SAME, STAGE
from marketplace.foundation import bulk

_FETCHED = 10_000
_REMEMBERED = 5000  # rows of one transaction


def known_rows(feed: Feed, row: ReadRow, lane: str, *, meaning: bytes, silent: bool) -> KnownRows | None:
    """What need not be read again of a lane that lists everything the shop sells; None where every row is read anew.
    `meaning`: how the feed's rows are understood, by its settings; `silent`: as `staging.stage` has it. Rows that an
    earlier version of this program has read are others."""
    if not meaning or lane != feed.lane or row.mode != row.Mode.FULL:
        return None
    understood = blake2b(meaning + _program() + bytes([silent]), digest_size=16).digest()
    hashes = array("q")
    with connection.chunked_cursor() as cursor:
        cursor.execute(_KNOWN.format(own=OWN_HASH[lane]), {"feed": feed.pk})
        while some := cursor.fetchmany(_FETCHED):
            hashes.extend([found for (found,) in some])
    return KnownRows(understood, hashes, len(hashes))


def still_stand(feed: Feed, lane: str, count: int) -> bool:
    """Whether each of so many rows in the table SAME is a record that says it, and no other row of this list says
    anything of the same article. Else all rows are to be read: somebody else has changed a record meanwhile, a row was
    taken for known that is not, or an article is listed twice."""
    words, spoken = {"feed": feed.pk}, {"own": OWN_HASH[lane]}
    with bulk.one_statement():
        return bulk.rows(_STANDING.format(**spoken), words)[0][0] == count and not bulk.rows(_TWICE, words)[0][0]


def remember(feed: Feed, lane: str) -> int:
    """Of staged rows that say what is stored already, though they are read otherwise than before: their hashes.
    Returns how many."""
    words, spoken = {"feed": feed.pk}, {"own": OWN_HASH[lane]}
    if not bulk.rows(_FORGOTTEN.format(**spoken), words)[0][0]:
        return 0
    bulk.index(STAGE, "ordinal")
    last = bulk.rows(f"SELECT max(ordinal) FROM {STAGE}")[0][0]
    written = 0
    for low in range(0, last + 1, _REMEMBERED):
        with transaction.atomic():
            span = {"low": low, "high": low + _REMEMBERED - 1}
            written += bulk.execute(_REMEMBER.format(**spoken), words | span)
    return written


@cache
def _program() -> bytes:
    """What the program is that cleans rows, by its text."""
    digest = blake2b()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()


_STANDS = f"""
r.feed_id = %(feed)s AND r.row_hash <> {DIRTY} AND r.{{own}} <> {DIRTY} AND r.facts_hash <> {DIRTY}
    AND r.retired_at IS NULL AND r.missed = 0
"""
_KNOWN = f"SELECT r.row_hash FROM catalog_sync_sourcerecord r WHERE {_STANDS}"
_STANDING = f"""
SELECT count(*) FROM catalog_sync_sourcerecord r
WHERE {_STANDS} AND EXISTS (SELECT 1 FROM {SAME} l WHERE l.row_hash = r.row_hash)
"""
# Counted: for the first one alone PostgreSQL goes through all rows of one table for each of the other.
_TWICE = f"""
SELECT count(*) FROM {STAGE} s JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
JOIN {SAME} l ON l.row_hash = r.row_hash
"""
_SAID = f"""
r.feed_id = %(feed)s AND r.sku = s.sku AND s.row_hash <> {DIRTY} AND r.row_hash <> s.row_hash
    AND r.{{own}} = s.offer_hash AND r.facts_hash = s.facts_hash AND r.retired_at IS NULL AND r.missed = 0
"""
_FORGOTTEN = f"SELECT count(*) FROM {STAGE} s JOIN catalog_sync_sourcerecord r ON {_SAID}"
_REMEMBER = f"""
UPDATE catalog_sync_sourcerecord AS r SET row_hash = s.row_hash FROM {STAGE} s
WHERE s.ordinal BETWEEN %(low)s AND %(high)s AND {_SAID}
"""
