"""Rows of a list that stand in the database as they were read: told by a hash, so that they need not be cleaned again.

Most of a list is what it was the day before; to take such a row apart and to hash it costs a third of what cleaning and
staging it does, wherever in the list it stands.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from operator import itemgetter

from catalog_sync.hashing import stable_hashes

_BETWEEN = "\x1f"
_ROOM = 1.5  # places for each hash


class KnownRows:
    """`meaning`: 16 bytes for how rows are understood; a row understood otherwise is another row. Of each hash 32 bits
    are kept, in a table of 6 to 12 bytes a row: one in a milliard of the rows that are not known is taken for known,
    which the join by the whole hash finds out.
    """

    def __init__(self, meaning: bytes, hashes: Iterable[int] = (), count: int = 0) -> None:
        """`count`: at least as many as there are `hashes`."""
        self.meaning = meaning
        self._mask = (1 << max(10, int(count * _ROOM).bit_length())) - 1
        table = self._table = array("I", bytes(4 * (self._mask + 1)))
        for found in hashes:
            place, tag = found & self._mask, (found >> 32) & 0xFFFFFFFF or 1
            while table[place] and table[place] != tag:
                place = (place + 1) & self._mask
            table[place] = tag

    def are_known(self, hashes: Sequence[int]) -> list[bool]:
        """Of each hash, whether it is known."""
        table, mask = self._table, self._mask
        answers = []
        for wanted in hashes:
            place, tag = wanted & mask, (wanted >> 32) & 0xFFFFFFFF or 1
            while (found := table[place]) and found != tag:
                place = (place + 1) & mask
            answers.append(bool(found))
        return answers


def row_hashes(rows: Sequence[Sequence[str]], places: Sequence[int], meaning: bytes) -> Sequence[int]:
    """64 bits of each row's cells at these places, never 0."""
    if len(places) == 1:
        texts = [cells[places[0]] for cells in rows]
    else:
        texts = [_BETWEEN.join(used) for used in map(itemgetter(*places), rows)]
    return stable_hashes(texts, salt=meaning)
