"""The nearest spelling of a query, taken from the titles that a search with typos found."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from search import text
from search.engines.fields import Shown
from search.engines.matching import Typed, typos_allowed


def nearest(typed: Typed, shown: Sequence[str]) -> str | None:
    """The query with its unknown words replaced by the nearest words of the hits, the first hits' before others; None
    if none is nearer."""
    known: dict[str, _Known] = {}
    stems: set[str] = set()
    for rank, packed in enumerate(shown):
        hit = Shown.unpacked(packed)
        titles = text.words(f"{hit.title} {hit.series}")
        stems.update(stem for word in titles for of_part in word.stems for stem in of_part)
        for word in chain(titles, text.words(" ".join(hit.contributors))):
            for part, accented in zip(word.parts, word.accented, strict=True):
                known.setdefault(part, _Known(rank, accented))
    changed = False
    spelt: list[str] = []
    for word in typed.words:
        for part, as_typed, part_stems in zip(word.parts, word.accented, word.stems, strict=True):
            better = None if part in known or stems.intersection(part_stems) else _nearest_word(part, known)
            changed = changed or better is not None
            spelt.append(known[better].accented if better else as_typed)
    return " ".join(spelt) if changed else None


def distance(one: str, other: str) -> int:
    """Edits from one word to the other: insert, delete, replace, or swap two neighbours."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before_that, before, row = before, row, [i]
        for j, other_letter in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other_letter))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == other_letter:
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
    return row[-1]


class _Known(NamedTuple):
    rank: int
    accented: str


def _nearest_word(part: str, known: Mapping[str, _Known]) -> str | None:
    allowed = typos_allowed(part)
    near = [
        (distance(part, word), known[word].rank, abs(len(word) - len(part)), word)
        for word in known
        if abs(len(word) - len(part)) <= allowed
    ]
    best = min(near, default=None)
    return best[-1] if best and best[0] <= allowed else None
