"""How good each title is as an answer to a query: 3 what is meant, 2 nearly, 1 at least about the words, 0 else.

Every query is made from what a reader means, before any mistake of spelling: a title, a person, a series. The grades
follow from what is meant and from the titles' own words (README.md); no search is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from bench.relevance.corpus import Known, fold, known, telling

Grades = dict[str, int]
MOST = 40
"""Titles graded per query: nDCG@10 needs no more."""


def of_title(meant: Known, words: Iterable[str] | None = None) -> Grades:
    """A certain title, by its own words or by `words`, which may have a name with them. 3: the same work, any edition;
    2: volumes of its series that have all the words; 1: other titles that have them. Where only the title is said,
    other people's works of that very title are 3 too, or 2 where far fewer know them."""
    needed = telling(meant.of_title if words is None else words)
    grades: Grades = {}
    for one in known():
        if is_same_work(one, meant) or (words is None and one.name == meant.name):
            grades[one.isbn] = 3
        elif one.words.issuperset(needed):
            grades[one.isbn] = 2 if in_same_series(one, meant) else 1
    if words is None:
        _lower_the_lesser_known(grades, meant)
    return _first(grades)


def of_part(words: Sequence[str]) -> Grades:
    """Some words of a title, and nothing else. 3: the title that is just this, and the best known that has them in its
    title; 2: the next two; 1: all others that have them."""
    having = [one for one in known() if set(words) <= set(one.of_title)]
    by_readers = sorted(having, key=lambda one: -one.readers)
    grades = {one.isbn: 1 for one in known() if one.words.issuperset(words)}
    grades |= {one.isbn: 2 for one in by_readers[1:3] if one.readers}
    grades |= {one.isbn: 3 for one in having if one is by_readers[0] or list(one.name) == list(words)}
    return _first(grades)


def of_phrase(meant: Known, words: Sequence[str]) -> Grades:
    """Words in quotation marks. 3: the title meant; 1: others that have them in this order, one after the other."""
    grades = {one.isbn: 1 for one in known() if _together(words, one.of_title) or _together(words, one.of_series)}
    return _first(grades | {one.isbn: 3 for one in known() if is_same_work(one, meant)})


def of_person(words: Sequence[str]) -> Grades:
    """A person's name. 3: the three best known of their titles (all, where the source does not say); 2: their others;
    1: titles that have the words elsewhere."""
    theirs = [one for one in known() if any(set(words) <= set(name.split()) for name in _names(one))]
    best = sorted((one.readers for one in theirs), reverse=True)[:3]
    grades = {one.isbn: 1 for one in known() if one.words.issuperset(words)}
    return _first(grades | {one.isbn: 3 if one.readers >= best[-1] else 2 for one in theirs})


def of_series(meant: Known) -> Grades:
    """A series as a whole. 3: its first volume; 2: the others; 1: titles that have its words."""
    grades = {one.isbn: 1 for one in known() if one.words.issuperset(telling(meant.of_series))}
    volumes = [one for one in known() if in_same_series(one, meant)]
    return _first(grades | {one.isbn: 3 if one.number == "1" else 2 for one in volumes})


def of_volume(meant: Known) -> Grades:
    """One volume of a series. 3: it, any edition; 1: other titles that have the series' words and the number."""
    needed = [*telling(meant.of_series), meant.number]
    grades = {one.isbn: 1 for one in known() if one.words.issuperset(needed)}
    volumes = [one for one in known() if in_same_series(one, meant) and one.number == meant.number]
    return _first(grades | {one.isbn: 3 for one in volumes})


def is_same_work(one: Known, other: Known) -> bool:
    return one.name == other.name and bool(_names(one) & _names(other))


def in_same_series(one: Known, other: Known) -> bool:
    return bool(one.of_series) and one.of_series == other.of_series and bool(_names(one) & _names(other))


@cache
def _names(one: Known) -> frozenset[str]:
    return frozenset(" ".join(fold(name)) for name in one.people)


def _lower_the_lesser_known(grades: Grades, meant: Known) -> None:
    same = [one for one in known() if grades.get(one.isbn) == 3 and not is_same_work(one, meant)]
    most = max(one.readers for one in [*same, *(one for one in known() if is_same_work(one, meant))])
    grades.update({one.isbn: 2 for one in same if 0 < one.readers < most / 3})


def _together(words: Sequence[str], text: Sequence[str]) -> bool:
    return any(list(text[at : at + len(words)]) == list(words) for at in range(len(text)))


def _first(grades: Grades) -> Grades:
    return dict(sorted(grades.items(), key=lambda graded: (-graded[1], graded[0]))[:MOST])
