"""Rows of a list that are as they were when they were last read: which those are, and whether that still holds.

What a list says in the very same row again is neither cleaned nor compared. A record knows the hash of the row it was
made of; where anything else has changed the record since, it does not count as known. Rows that something is to be told
about, and articles that are listed twice, are read in full each time.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from django.db import connection, transaction

from catalog_sync.hashing import DIRTY
from catalog_sync.models import Feed, ReadRow
from catalog_sync.planning import OWN_HASH
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.staging import REFUSED, SAME, STAGE
from marketplace.foundation import bulk, money, network
from marketplace.foundation.failpoints import failpoint

_FETCHED = 10_000
_REMEMBERED = 5000  # rows of one transaction


def known_rows(feed: Feed, row: ReadRow, lane: str, *, meaning: bytes, silent: bool) -> KnownRows | None:
    """What need not be read again of a lane that lists everything the shop sells; None where every row is read anew.
    `meaning`: how the feed's rows are understood, by its settings; `silent`: as `staging.stage` has it. Rows that an
    earlier version of this program has read are others."""
    if not meaning or lane != feed.lane or row.mode != row.Mode.FULL:
        return None
    sold_in = network.current().currency  # of prices in another one the shop is told
    understood = blake2b(meaning + _PROGRAM + bytes([silent]) + sold_in.encode(), digest_size=16).digest()
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
    with bulk.large_statements():
        return bulk.rows(_STANDING.format(**spoken), words)[0][0] == count and not bulk.rows(_TWICE, words)[0][0]


def remember(feed: Feed, lane: str, *, alive: Callable[[], None]) -> int:
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
            alive()
            span = {"low": low, "high": low + _REMEMBERED - 1}
            written += bulk.execute(_REMEMBER.format(**spoken), words | span)
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
    return written


def forget(feed: Feed, *, alive: Callable[[], None]) -> int:
    """Of articles that are to be read in full each time: the hash that they were remembered by before. Returns how
    many."""
    written = 0
    while True:
        with transaction.atomic():
            alive()
            forgotten = bulk.execute(_FORGET, {"feed": feed.pk})
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
        written += forgotten
        if forgotten < _REMEMBERED:
            return written


def _program() -> bytes:
    """What cleans rows: this program by its text, and what it stands on by its versions."""
    digest = blake2b(f"{sys.version} {version('babel')} {version('python-stdnum')}".encode())
    for file in (*sorted(Path(__file__).parent.rglob("*.py")), Path(money.__file__)):
        digest.update(file.read_bytes())
    return digest.digest()


_PROGRAM = _program()  # as it was loaded, whatever is installed meanwhile
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
SELECT count(*) FROM (SELECT sku FROM {STAGE} UNION ALL SELECT sku FROM {REFUSED}) s
JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
JOIN {SAME} l ON l.row_hash = r.row_hash
"""
_SAID = f"""
r.feed_id = %(feed)s AND r.sku = s.sku AND s.row_hash <> {DIRTY} AND r.row_hash <> s.row_hash
    AND r.{{own}} = s.offer_hash AND r.facts_hash = s.facts_hash AND r.retired_at IS NULL AND r.missed = 0
"""
_FORGET = f"""
UPDATE catalog_sync_sourcerecord SET row_hash = {DIRTY} WHERE feed_id = %(feed)s AND sku IN (
    SELECT r.sku FROM catalog_sync_sourcerecord r
    JOIN (SELECT sku FROM {STAGE} WHERE row_hash = {DIRTY} UNION SELECT sku FROM {REFUSED}) s ON s.sku = r.sku
    WHERE r.feed_id = %(feed)s AND r.row_hash <> {DIRTY} LIMIT {_REMEMBERED})
"""
_FORGOTTEN = f"SELECT count(*) FROM {STAGE} s JOIN catalog_sync_sourcerecord r ON {_SAID}"
_REMEMBER = f"""
UPDATE catalog_sync_sourcerecord AS r SET row_hash = s.row_hash FROM {STAGE} s
WHERE s.ordinal BETWEEN %(low)s AND %(high)s AND {_SAID}
"""
