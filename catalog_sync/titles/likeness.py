"""How alike two descriptions are, where no number says whether they are one title. Pure: no database.

Two steps. First what *parts* them whatever else agrees: another volume, language, form, size, number in the title, or
one abridged and the other not (`Likeness.apart`). Then a sum of what agrees, from 0 to 100:

| part | weight | 1 | in between | 0 or less |
|---|---|---|---|---|
| title | 55 | the same words | spelt a little otherwise; one says more | each has a word that the other lacks |
| people | 28 | the same names | initials, a surname alone, some of them | nobody in common |
| publisher or maker | 9 | the same | nearly | another: −0.5 |
| year | 8 | the same | the next: 0.7 | another: −0.5 |

What one of the two does not say counts half. From HIGH on it is the same title, from LOW on a person is asked, below
it is another one. A *doubt* (one names a volume, a size or a form that is not of paper, the other none) keeps a score
below HIGH. Signed, used and new copies are one title: condition is not looked at. Editions of one work by other
publishers, or of other years, come out between the marks; the table of examples is
`tests/catalog_sync/test_likeness.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz.distance import Indel

from catalog_sync.titles.describing import Described, Read, read
from catalog_sync.titles.likeness_words import GENERIC

HIGH, LOW = 90, 75
WEIGHTS = {"title": 55, "people": 28, "publisher": 9, "year": 8}
UNKNOWN = 0.5  # of a part's weight, where one of the two does not say
_SPELT_ALIKE = 0.84  # of two words; "étranger" and "étrangère" are, "mer" and "mère" are too short to tell
_TYPING = 0.06  # taken off for each word spelt otherwise
_AGAINST = -0.5
_PRINTED = frozenset({"hardback", "paperback", "pocket", "board", "book", "comic"})
_NOT_PAPER = frozenset({"ebook", "audio"})
_VAGUE = frozenset({"", "book", "comic", "goods", "other"})


class Likeness(NamedTuple):
    """`score` from 0 to 100. `parts`: each part's value from −0.5 to 1, None where one of the two does not say it.
    `apart`: what tells them apart, a key of `APART`, else empty. `doubts`: keys of `DOUBTS`."""

    score: int
    parts: dict[str, float | None]
    apart: str = ""
    doubts: tuple[str, ...] = ()


APART = ("volume", "numbers", "mark", "language", "form", "unit_size", "translator", "generic")
DOUBTS = ("volume", "unit_size", "form", "on_paper")


def score(a: Described, b: Described) -> Likeness:
    """How alike they are; the same whichever comes first."""
    one, other = read(a), read(b)
    parts = {
        "title": _titles(one, other),
        "people": _people(one.people, other.people),
        "publisher": _publishers(one.publisher, other.publisher),
        "year": None if a.year is None or b.year is None else {0: 1.0, 1: 0.7}.get(abs(a.year - b.year), _AGAINST),
    }
    apart = _apart(a, b, one, other, parts)
    doubts = _doubts(a, b, one, other)
    points = sum(WEIGHTS[name] * (UNKNOWN if (value := parts[name]) is None else value) for name in WEIGHTS)
    total = max(0, min(100, round(points)))
    if apart:
        return Likeness(0, parts, apart, doubts)
    return Likeness(min(total, HIGH - 1) if doubts else total, parts, "", doubts)


def _apart(a: Described, b: Described, one: Read, other: Read, parts: dict[str, float | None]) -> str:
    if None not in (one.volume, other.volume) and one.volume != other.volume:
        return "volume"
    if one.numbers != other.numbers:
        return "numbers"
    if one.marks != other.marks:
        return "mark"
    if a.language and b.language and a.language != b.language:
        return "language"
    if not _forms_agree(a.form, b.form):
        return "form"
    if one.size and other.size and one.size != other.size:
        return "unit_size"
    if one.translators and other.translators and not one.translators & other.translators:
        return "translator"
    if one.whole in GENERIC and not (parts["people"] or 0) > 0:
        return "generic"
    return ""


def _doubts(a: Described, b: Described, one: Read, other: Read) -> tuple[str, ...]:
    found = {
        "volume": (one.volume is None) is not (other.volume is None),
        "unit_size": (one.size is None) is not (other.size is None),
        "form": a.form != b.form and a.form not in _VAGUE and b.form not in _VAGUE,
        "on_paper": "" in (a.form, b.form) and not {a.form, b.form}.isdisjoint(_NOT_PAPER),
    }
    return tuple(name for name in DOUBTS if found[name])


def _forms_agree(one: str, other: str) -> bool:
    """Paperback and pocket agree, since shops use one word for both; a doubt remains."""
    if one == other or {one, other} == {"paperback", "pocket"} or not one or not other:
        return True
    if {one, other} & {"goods", "other"}:
        return not {one, other} & _NOT_PAPER
    return one in _PRINTED and other in _PRINTED and bool({one, other} & _VAGUE)


def _alike(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= 4 and Indel.normalized_similarity(one, other) >= _SPELT_ALIKE


def _leftover(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str], int]:
    """(words that only one has, that only the other has, how many are spelt a little otherwise)."""
    left, right = [w for w in one if w not in other], [w for w in other if w not in one]
    typed = 0
    for word in list(left):
        match = next((candidate for candidate in right if _alike(word, candidate)), None)
        if match is not None:
            left.remove(word)
            right.remove(match)
            typed += 1
    return left, right, typed


def _titles(one: Read, other: Read) -> float:
    whole = _same_words(one.words, other.words)
    # A title beside the same with its subtitle. Where both have one, the subtitles tell them apart.
    if one.head != one.words and other.head == other.words:
        whole = max(whole, 0.9 * _same_words(one.head, other.words))
    elif other.head != other.words and one.head == one.words:
        whole = max(whole, 0.9 * _same_words(one.words, other.head))
    return whole


def _same_words(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    if not one or not other:
        return 0.0
    left, right, typed = _leftover(one, other)
    if left and right:
        together = Indel.normalized_similarity("".join(one), "".join(other))  # "porte monnaie", "portemonnaie"
        return 1 - _TYPING if together >= 0.97 else 0.0
    if len(left) == len(one) or len(right) == len(other):
        return 0.0
    extra = len(left) + len(right)
    value = 1.0 if not extra else 0.9 - 0.5 * extra / max(len(one), len(other))
    return max(0.0, value - _TYPING * typed)


def _people(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> float | None:
    """The best of each of the shorter list; some only of several count less."""
    if not one or not other:
        return None
    few, many = sorted((one, other), key=len)
    best = [max(_names(name, candidate) for candidate in many) for name in few]
    agreeing = [value for value in best if value > 0]
    if not agreeing:
        return 0.0
    return max(0.0, min(agreeing) - 0.1 * (len(few) - len(agreeing)))


def _names(one: frozenset[str], other: frozenset[str]) -> float:
    if one == other:
        return 1.0
    left, right = sorted(one - other), sorted(other - one)
    shared = [word for word in one & other if len(word) > 2]
    if shared and (not left or not right):
        return 0.9  # a surname alone; a middle name more
    initials = [word for word in left if any(_initial(word, candidate) for candidate in right)]
    if shared and len(initials) == min(len(left), len(right)):
        return 0.95
    left, right, typed = _leftover(left, right)
    return 0.85 if typed and not left and not right else 0.0


def _initial(one: str, other: str) -> bool:
    return (len(one) == 1 or len(other) == 1) and one[0] == other[0]


def _publishers(one: frozenset[str], other: frozenset[str]) -> float | None:
    """ "Éditions Gallimard" and "Gallimard" are one; so are an imprint and its house named together."""
    if not one or not other:
        return None
    if one == other:
        return 1.0
    if one <= other or other <= one:
        return 0.9
    left, right, typed = _leftover(sorted(one), sorted(other))
    return 0.85 if typed and not left and not right else _AGAINST
