"""The index fields of a title and what goes into them, the same for every engine."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from search import text
from search.documents import TitleDocument
from search.sounds import sound

TEXT_VERSION = 5
"""Raised when ``search/text.py`` or ``fields_of`` makes other tokens than before: the index has to be built again."""

START = "⊢"
"""A token before each title's first word, so that a phrase can be asked for at the beginning."""

LETTERS_OF_STARTS = (1, 2, 3)
"""Beginnings so short that very many words have them: looked up as a whole."""

LARGEST_NUMBER = 2**63 - 1
_LARGEST_PRICE = 2**30
_NO_VOLUME = 2**30
_STEPS_OF_WEIGHT = 16
_MOST_FOR_POPULARITY = 0.08
_POPULARITY_DIGITS = 6
_WORDS_OF_OPENING = 6
_CHARACTERS_SORTED = 200


class Kind(Enum):
    """How a field is indexed. Values are always given as a list."""

    WORDS = "tokens separated by spaces, with positions; phrases do not cross from one value into the next"
    TERMS = "tokens separated by spaces, with frequencies, without positions"
    KEYS = "whole strings, found only as a whole, not scored"
    CODES = "whole strings, found as a whole and counted"
    NUMBERS = "integers from 0 to 2**63 - 1, found, compared and counted"
    ORDER_NUMBER = "one integer, only sorted by"
    ORDER_TEXT = "one string, only sorted by"
    WEIGHT = "one integer v: scores are multiplied by log2(2 + v)"
    SHOWN = "one string, only given back"


FIELDS: dict[str, Kind] = {
    "product": Kind.NUMBERS,
    "gtin": Kind.NUMBERS,
    "title": Kind.WORDS,  # the title, after START
    "names": Kind.WORDS,  # subtitle, contributors, series with number, beginning without article, other spellings
    "stems": Kind.TERMS,  # of title, subtitle and series
    "all": Kind.TERMS,  # all by which a title is found: stems of every text, tokens and other spellings of names
    "sounds": Kind.TERMS,  # how the words of title and names sound
    "starts": Kind.TERMS,  # the first one to three letters of each word in title and names; after START: of the title
    "exact": Kind.KEYS,  # keys of the title, with subtitle, of series with number
    "authors": Kind.KEYS,  # contributors, words in alphabetical order
    "publisher": Kind.KEYS,
    "series": Kind.KEYS,
    "shops": Kind.NUMBERS,
    "shelf": Kind.NUMBERS,  # shops that have a copy that can be collected
    "obtainable": Kind.NUMBERS,  # shops that have it or can order it
    "stocked": Kind.NUMBERS,  # 2 in stock somewhere, 1 orderable somewhere, else 0
    "subject": Kind.CODES,
    "language": Kind.CODES,
    "form": Kind.CODES,
    "audience": Kind.CODES,
    "condition": Kind.CODES,
    "picked": Kind.NUMBERS,  # 1 where someone of a shop stands for it, else nothing
    "price": Kind.NUMBERS,
    "price_new": Kind.NUMBERS,
    "price_used": Kind.NUMBERS,
    "published": Kind.NUMBERS,
    "added": Kind.NUMBERS,
    "by_price": Kind.ORDER_NUMBER,
    "by_price_new": Kind.ORDER_NUMBER,
    "by_price_used": Kind.ORDER_NUMBER,
    "by_newest": Kind.ORDER_NUMBER,
    "by_arrival": Kind.ORDER_NUMBER,
    "by_volume": Kind.ORDER_NUMBER,
    "by_title": Kind.ORDER_TEXT,
    "weight": Kind.WEIGHT,
    "shown": Kind.SHOWN,
}


def version() -> str:
    """Changes when an index built before can no longer be read or compared with queries made now."""
    layout = repr([(name, kind.name) for name, kind in FIELDS.items()]) + str(TEXT_VERSION)
    return hashlib.blake2b(layout.encode(), digest_size=4).hexdigest()


def fields_of(document: TitleDocument) -> dict[str, list[str] | list[int]]:
    """Field name → values. Fields without a value are left out or empty."""
    product_id, new, used = document.product_id, document.price_new_minor, document.price_used_minor
    price = used if new is None else new if used is None else min(new, used)
    in_stock = document.shops_in_stock
    obtainable = sorted({*in_stock, *document.shops_orderable})
    return {
        "product": [product_id],
        "shops": sorted(set(in_stock)),
        "shelf": sorted(set(document.shops_on_shelf)),
        "obtainable": obtainable,
        "stocked": [2 if in_stock else 1 if obtainable else 0],
        "subject": _codes(document.subjects),
        "language": [document.language] if document.language else [],
        "form": [document.form] if document.form else [],
        "audience": [document.audience] if document.audience else [],
        "condition": _codes(document.conditions),
        "picked": [1] if document.picked else [],
        "gtin": _numbers(document.gtin),
        "price": _numbers(price),
        "price_new": _numbers(new),
        "price_used": _numbers(used),
        "published": _numbers(document.publication_ordinal),
        "added": _numbers(document.added_ordinal),
        "by_price": [_price_order(price, product_id)],
        "by_price_new": [_price_order(new, product_id)],
        "by_price_used": [_price_order(used, product_id)],
        "by_newest": [_with_id(document.publication_ordinal or 0, product_id)],
        "by_arrival": [_with_id(document.added_ordinal or 0, product_id)],
        "by_volume": [_with_id(volume_order(document.series_number), product_id)],
        "weight": [_weight(document.popularity)],
        "shown": [Shown(document.title, document.series, document.contributors).packed()],
        **_text_fields(document),
    }


def _text_fields(document: TitleDocument) -> dict[str, list[str] | list[int]]:
    title, title_stems, title_spellings = _read(document.title)
    subtitle, subtitle_stems, subtitle_spellings = _read(document.subtitle) if document.subtitle else _NO_TEXT
    series, series_stems, series_spellings = _reread(document.series) if document.series else _NO_TEXT
    short = text.without_article(title)
    number = " ".join(volume_tokens(document.series_number)) if series and document.series_number else ""
    numbered = f"{series} {number}".rstrip()
    people = [_person(name) for name in document.contributors]
    exact = [title, short]
    if subtitle:
        exact += [f"{title} {subtitle}", f"{short} {subtitle}"]
    if number:
        exact += [numbered, text.without_article(numbered)]
    opening = "" if short == title else " ".join([START, *short.split(" ")[:_WORDS_OF_OPENING]])
    spellings = _filled(
        title_spellings, subtitle_spellings, series_spellings, *[person.other_spellings for person in people]
    )
    names = _filled(subtitle, numbered, *[person.tokens for person in people])
    stems = _filled(title_stems, subtitle_stems, series_stems)
    of_rest = [_reread(value)[1] for value in (document.publisher, document.subject_labels) if value]
    if document.description:
        of_rest.append(text.stems_of(document.description))
    starting = " ".join([title, *names]).split(" ")
    starts = {START + beginning for beginning in (*_starts(title.partition(" ")[0]), *_starts(short.partition(" ")[0]))}
    return {
        "title": [f"{START} {title}"],
        "names": [*names, opening, *spellings] if opening else [*names, *spellings],
        "stems": stems,
        "all": [*stems, *names, *spellings, *of_rest],
        "sounds": [" ".join(dict.fromkeys(_filled(*map(sound, starting))))],
        "starts": [" ".join(starts.union(*map(_starts, starting)))],
        "exact": list(dict.fromkeys(_filled(*exact))),
        "authors": _filled(*[person.key for person in people]),
        "publisher": _filled(_reread(document.publisher).tokens) if document.publisher else [],
        "series": _filled(series),
        "by_title": [f"{short[:_CHARACTERS_SORTED]} {document.product_id:020d}"],
    }


class _Text(NamedTuple):
    tokens: str
    stems: str
    other_spellings: str


_NO_TEXT = _Text("", "", "")


def _read(value: str) -> _Text:
    words = text.words(value)
    return _Text(text.folded(words), text.stemmed(words), " ".join(text.other_spellings_of(words)))


_reread = lru_cache(maxsize=1 << 13)(_read)  # for what many titles say: publishers, series, names of subjects


@lru_cache(maxsize=1 << 16)
def _starts(word: str) -> tuple[str, ...]:
    return tuple(word[:letters] for letters in LETTERS_OF_STARTS)


class _Person(NamedTuple):
    tokens: str
    other_spellings: str
    key: str


@lru_cache(maxsize=1 << 14)
def _person(name: str) -> _Person:
    words = text.words(name)
    tokens = text.folded(words)
    return _Person(tokens, " ".join(text.other_spellings_of(words)), " ".join(sorted(tokens.split(" "))))


def _filled(*values: str) -> list[str]:
    return [value for value in values if value]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is kept of a title as its readers see it, for suggestions and spellings."""

    title: str
    series: str
    contributors: tuple[str, ...]

    def packed(self) -> str:
        return "\x1f".join([value.replace("\x1f", " ") for value in (self.title, self.series, *self.contributors)])

    @classmethod
    def unpacked(cls, packed: str) -> "Shown":
        title, series, *contributors = packed.split("\x1f")
        return cls(title, series, tuple(contributors))


_VOLUME_WORDS_TEXT = """
tome tomes t vol volume v no n nr numero number livre book band
"""
VOLUME_WORDS = frozenset(_VOLUME_WORDS_TEXT.split())


def volume_tokens(series_number: str) -> list[str]:
    """``Tome 12``, ``T12``, ``n° 12`` and ``12`` → ``["12"]``."""
    found = [token for token in text.tokens(series_number) if token not in VOLUME_WORDS]
    return [volume_number(token) or token for token in found]


def volume_number(token: str) -> str | None:
    """``t12`` → ``12``; None for a word that is no volume number; leading zeros are not significant."""
    letters = token.rstrip("0123456789")
    digits = token[len(letters) :]
    if digits.isascii() and digits and (not letters or letters in VOLUME_WORDS):
        return digits.lstrip("0") or "0"
    return None


def volume_order(series_number: str) -> int:
    """Where a volume stands in its series: by its first number, those without one at the end."""
    if not series_number:
        return _NO_VOLUME
    digits = next((found for found in map(volume_number, volume_tokens(series_number)) if found), "")
    return min(int(digits[:9]), _NO_VOLUME - 1) if digits else _NO_VOLUME


def _codes(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _numbers(value: int | None) -> list[int]:
    if value is None:
        return []
    return [value if 0 <= value <= LARGEST_NUMBER else min(max(value, 0), LARGEST_NUMBER)]


def _price_order(price_minor: int | None, product_id: int) -> int:
    return _with_id(_LARGEST_PRICE if price_minor is None else min(max(price_minor, 0), _LARGEST_PRICE - 1), product_id)


def _with_id(value: int, product_id: int) -> int:
    """Sorts by value and then by product, so that no two titles change places between two pages."""
    return (value << 32) | (product_id & 0xFFFFFFFF)


@lru_cache(maxsize=1 << 12)
def _weight(popularity: int) -> int:
    share = min(1.0, math.log10(1 + max(0, popularity)) / _POPULARITY_DIGITS)
    return round(2 ** (_STEPS_OF_WEIGHT * (1 + _MOST_FOR_POPULARITY * share))) - 2
