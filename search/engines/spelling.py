"""The nearest spelling of a query, taken from the titles that a search with typos found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from rapidfuzz.distance import OSA

from search import text
from search.engines.fields import Shown
from search.engines.matching import Typed, typos_allowed
from search.sounds import sound


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
    return OSA.distance(one, other)


_HEARD, _HEARD_TOO, _TOO_MANY, _FIRST_LETTER, _OTHER_LETTER = 1.0, 0.5, 0.125, 0.5, 0.25
_ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn"), ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _keys_beside() -> dict[str, str]:
    """Each letter's neighbours on French and English keyboards."""
    found: dict[str, str] = defaultdict(str)
    for rows in _ROWS:
        for row, keys in enumerate(rows):
            for column, key in enumerate(keys):
                found[key] += "".join(near[max(0, column - 1) : column + 2] for near in rows[max(0, row - 1) : row + 2])
    return dict(found)


_BESIDE = _keys_beside()


class _Known(NamedTuple):
    rank: int
    accented: str


def _nearest_word(part: str, known: Mapping[str, _Known]) -> str | None:
    allowed = typos_allowed(part)
    near = [
        (_cost(part, word), known[word].rank, word)
        for word in known
        if abs(len(word) - len(part)) <= allowed and distance(part, word) <= allowed
    ]
    heard = sound(part)
    alike = {word for word in known if heard and sound(word) == heard}
    near = [(cost - _HEARD_TOO * (word in alike), rank, word) for cost, rank, word in near]
    near += [(_HEARD, known[word].rank, word) for word in alike]
    best = min(near, default=None)
    return best[-1] if best else None


def _cost(typed: str, word: str) -> float:
    """How much has to have gone wrong: what is common costs less than one. Only the first difference is looked at."""
    edits = distance(typed, word) + (_TOO_MANY if len(typed) > len(word) else 0.0)
    at = next((at for at, pair in enumerate(zip(typed, word, strict=False)) if pair[0] != pair[1]), len(typed))
    if not edits or at >= min(len(typed), len(word)):
        return edits
    if at == 0:
        return edits + _FIRST_LETTER
    if len(typed) == len(word) and typed[at] != word[at] and typed[at + 1 :] == word[at + 1 :]:
        return edits if word[at] in _BESIDE.get(typed[at], "") else edits + _OTHER_LETTER
    return edits
