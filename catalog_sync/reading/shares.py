"""One file read by several children at once, each of which takes some of its records: understanding a record takes far
longer than finding where it ends, which each child does for the whole file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import Chunk

MOST_SHARES = 4
LEAST_BYTES = 8 * 1024**2  # of a file that is shared: a second child costs some milliseconds and its memory
COUNTED = "control_characters"
TURN = 500  # records; what a child has read while the others are heard fits into its pipe


class Share(NamedTuple):
    """The turns that one child takes: each `of`th, from `number` on. A turn is TURN records in their order."""

    number: int = 0
    of: int = 1

    def takes(self, turn: int) -> bool:
        return turn % self.of == self.number


def shares(file_bytes: int) -> list[Share]:
    """As many as there are processors, for a file that is large enough."""
    of = min(MOST_SHARES, len(os.sched_getaffinity(0))) if file_bytes >= LEAST_BYTES else 1
    return [Share(number, of) for number in range(of)]


def in_order(readings: Sequence[Iterator[Chunk]]) -> Iterator[Chunk]:
    """The chunks of all shares by their turns, as one reading: what several say of the file is said once, and it is
    complete if each of them proved its end and any read an article. Raises `FeedError` where none met an article."""
    ends: list[Chunk] = []
    told: list[Reason] = []
    some_read = some_met = False
    for chunk in _merged(readings, ends):
        some_read = some_read or bool(chunk.records or chunk.same)
        some_met = some_met or some_read or bool(chunk.refused or chunk.gone)
        yield chunk._replace(notes=_untold(chunk.notes, told))
    ends.sort(key=attrgetter("turn"))
    complete = all(end.complete for end in ends) and (some_read or any(end.records or end.same for end in ends))
    if not some_met and not any(end.records or end.same or end.refused or end.gone for end in ends):
        raise feed_error("file_without_articles", permanent=False)
    notes = _added_up([note for end in ends for note in end.notes])
    for end in ends:
        last = end is ends[-1]
        yield end._replace(complete=complete and last, notes=_untold(notes, told) if last else ())


def _merged(readings: Sequence[Iterator[Chunk]], ends: list[Chunk]) -> Iterator[Chunk]:
    """All chunks but each share's last one by their turns. The first is given before any other share begins: of a file
    that has not changed it is the only one asked for."""
    first = next(readings[0])
    yield first._replace(complete=False, cursor=None)
    again = first._replace(records=[], refused=[], issues=[], gone=[], notes=(), row_hashes=(), same=())
    begun = (chain([again], readings[0]), *readings[1:])
    yield from merge(*(_but_last(reading, ends) for reading in begun), key=attrgetter("turn"))


def _but_last(reading: Iterator[Chunk], ends: list[Chunk]) -> Iterator[Chunk]:
    """The chunks of a share; its last one goes to `ends`."""
    held = next(reading, None)
    for chunk in reading:
        if held:
            yield held
        held = chunk
    if held:
        ends.append(held)


def _untold(notes: Sequence[Reason], told: list[Reason]) -> tuple[Reason, ...]:
    untold = tuple(note for note in dict.fromkeys(notes) if note not in told)
    told.extend(untold)
    return untold


def _added_up(notes: Sequence[Reason]) -> list[Reason]:
    """What each share counted of its own records, as one number; what they say of the whole file stays."""
    total = sum(int(dict(note.values)["count"]) for note in notes if note.code == COUNTED)
    return [reason(COUNTED, count=total) if note.code == COUNTED else note for note in notes]
