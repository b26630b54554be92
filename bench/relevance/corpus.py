"""The titles that the queries are about: the demo's, as its sources have them, without a database.

Words are compared here by a folding of this package's own, so that the judgements do not rest on the search's."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from demo import titles
from search.documents import TitleDocument

SEED = 1
_FUNCTION_WORDS_TEXT = """
le la les l un une des du de d et ou a au aux en dans sur pour par avec ce ces cette son sa ses que qu qui ne n s se y
il elle on est c j m t vous nous mon ma mes pas plus tout the an of and or in to for by with at from is it its as not
you your my his her he she they we all what who how if there are be that this was when no but tome volume book
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())
_ARTICLES = frozenset({"le", "la", "les", "l", "un", "une", "des", "the", "a", "an"})


class Known(NamedTuple):
    """One title with a number of its own. `readers`: how many rated it at the source, 0 where it does not say."""

    isbn: str
    title: str
    people: tuple[str, ...]
    series: str
    number: str
    readers: int
    is_french: bool
    of_title: tuple[str, ...]  # folded words
    of_people: tuple[str, ...]
    of_series: tuple[str, ...]
    words: frozenset[str]  # all of these and the number

    @property
    def name(self) -> tuple[str, ...]:
        """The title's words without a leading article: what makes two titles the same."""
        return self.of_title[1:] if len(self.of_title) > 1 and self.of_title[0] in _ARTICLES else self.of_title


def fold(text: str) -> list[str]:
    """Words in lower case without accents, cut at whatever is neither letter nor digit: ``L'Œuvre`` → l, oeuvre."""
    spelt = text.lower().replace("œ", "oe").replace("æ", "ae")
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", bare)


def telling(words: Iterable[str]) -> list[str]:
    """Without articles and the like; all of them where nothing else is left."""
    words = list(words)
    return [word for word in words if word not in FUNCTION_WORDS] or words


@cache
def known() -> tuple[Known, ...]:
    """Every title of the demo's two large sources that has a number; each number once."""
    readers = _readers()
    found: dict[str, Known] = {}
    for title, is_french in _sources():
        if title.gtin and title.gtin not in found:
            people = tuple(name for name, _ in title.contributors)
            of_title, of_people, of_series = fold(title.title), fold(" ".join(people)), fold(title.series)
            found[title.gtin] = Known(
                isbn=title.gtin,
                title=title.title,
                people=people,
                series=title.series,
                number=title.series_number,
                readers=0 if is_french else readers.get(title.isbn10, 0),
                is_french=is_french,
                of_title=tuple(of_title),
                of_people=tuple(of_people),
                of_series=tuple(of_series),
                words=frozenset([*of_title, *of_people, *of_series, *fold(title.series_number)]),
            )
    return tuple(found.values())


def documents() -> list[TitleDocument]:
    """The same titles as the search is given them; the id is the place in `known`, from 1 on. One shop has them all."""
    by_isbn = {title.gtin: title for title, _ in _sources() if title.gtin}
    return [_document(place, one, by_isbn[one.isbn]) for place, one in enumerate(known(), 1)]


def _document(place: int, one: Known, title: titles.Title) -> TitleDocument:
    return TitleDocument(
        product_id=place,
        title=one.title,
        gtin=int(one.isbn),
        contributors=one.people,
        series=one.series,
        series_number=one.number,
        publisher=title.publisher,
        subject_labels=" ".join(titles.SUBJECTS.get(title.subject, ())),
        description=title.description,
        shops_in_stock=(1,),
        popularity=one.readers // 1000,
    )


def _sources() -> Iterator[tuple[titles.Title, bool]]:
    yield from ((title, True) for title in titles.french(SEED))
    yield from ((title, False) for title in titles.goodbooks(SEED))


def _readers() -> dict[str, int]:
    with titles.GOODBOOKS.open(encoding="utf-8", newline="") as lines:
        return {row["isbn"]: int(row["ratings_count"]) for row in csv.DictReader(lines) if row["isbn"]}
