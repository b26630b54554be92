"""A title as somebody describes it, taken to pieces that can be compared: words, volume, size, people, marks. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from catalog_sync.titles.likeness_words import (
    BRACKETED,
    COPY,
    MARK_WORDS,
    MARKS,
    NOISE,
    NUMBER,
    ORDINAL_VOLUME,
    ROMAN_AT_END,
    SIZE,
    VOLUME,
    VOLUME_HINTS,
    WHOLE,
    counted,
    size_of,
)
from search.text import fold, normalise

_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_MAKERS = frozenset({"author", "editor", "illustrator", "photographer", "composer"})


class Described(NamedTuple):
    """A title as one article, or as the catalogue, describes it. Unknown is empty or None."""

    title: str
    subtitle: str = ""
    contributors: tuple[tuple[str, str], ...] = ()  # (name, role)
    publisher: str = ""
    year: int | None = None
    language: str = ""
    form: str = ""
    unit_size: str = ""
    series_number: str = ""


class Read(NamedTuple):
    """A description taken to pieces."""

    words: tuple[str, ...]  # that carry the title, in order
    head: tuple[str, ...]  # of these, those before a colon, dash or bracket
    whole: str
    volume: int | None
    numbers: frozenset[str]
    marks: frozenset[str]
    size: tuple[str, float] | None
    people: tuple[frozenset[str], ...]
    translators: frozenset[frozenset[str]]
    publisher: frozenset[str]


def described(title: str, facts: dict[str, Any]) -> Described:
    """From a record's title and facts, as they are stored (names of `records.FACT_FIELDS`)."""
    date = str(facts.get("publication_date") or "")[:4]
    people = facts.get("contributors") or ()
    return Described(
        title=title,
        subtitle=facts.get("subtitle") or "",
        contributors=tuple((one["name"], one["role"]) if isinstance(one, dict) else (one[0], one[1]) for one in people),
        publisher=facts.get("publisher") or "",
        year=int(date) if date.isdigit() else None,
        language=facts.get("language") or "",
        form=facts.get("form") or "",
        unit_size=facts.get("unit_size") or "",
        series_number=facts.get("series_number") or "",
    )


def block_keys(of: Described) -> tuple[str, ...]:
    """Texts of which two descriptions that can be one title nearly always share one: the first two words of the title
    that mean something, all of them, and each maker's surname with the first of them. At most five."""
    words = _words(_volume(_text_of(of)[1])[1])
    if not words:
        return ()
    surnames = dict.fromkeys(
        surname for name, role in of.contributors if role in _MAKERS if (surname := _surname(name))
    )
    whole = (" ".join(sorted(words)),) if len(words) > 2 else ()
    return (" ".join(words[:2]), *whole, *(f"{surname}: {words[0]}" for surname in list(surnames)[:3]))


@lru_cache(maxsize=8192)
def read(of: Described) -> Read:
    """A description in pieces."""
    title, text, marks, size = _text_of(of)
    volume, text = _volume(text)
    if volume is None and of.series_number:
        volume = counted(_folded(of.series_number))
    makers = [_name(name) for name, role in of.contributors if role in _MAKERS] or [
        _name(name) for name, role in of.contributors if role not in ("translator", "foreword")
    ]
    head = _head(of.title)
    return Read(
        words=_words(text),
        head=_words(_volume(SIZE.sub(" ", _folded(head)))[1]) if head != of.title or of.subtitle else _words(text),
        whole=" ".join(text.split()),
        volume=volume,
        numbers=frozenset(NUMBER.findall(text)) - ({str(of.year)} if of.year and not title.isdigit() else set()),
        marks=marks,
        size=size,
        people=tuple(name for name in makers if name),
        translators=frozenset(_name(name) for name, role in of.contributors if role == "translator"),
        publisher=frozenset(word for word in _split(_folded(of.publisher)) if word not in NOISE),
    )


def _text_of(of: Described) -> tuple[str, str, frozenset[str], tuple[str, float] | None]:
    """(title, title and subtitle without what is said of the copy and of the size, marks, size). Patterns are looked
    for only where a word or a sign hints at them: they cost more than everything else."""
    title = _folded(of.title)
    if "(" in title or "[" in title:
        title = BRACKETED.sub(_without_copy, title)
    text = f"{title} {_folded(of.subtitle)}" if of.subtitle else title
    marks: frozenset[str] = frozenset()
    if not MARK_WORDS.isdisjoint(_split(text)):
        text = WHOLE.sub(" ", text)
        marks = frozenset(name for name, phrase in MARKS.items() if phrase.search(text))
    size = size_of(_folded(of.unit_size)) if of.unit_size else None
    if _DIGIT.search(text):
        size = size or size_of(title)
        text = SIZE.sub(" ", text)
    return title.strip(), text, marks, size


def _folded(text: str) -> str:
    return fold(normalise(text)).replace("'", " ").replace("&", " et ") if text else ""


def _without_copy(found: re.Match[str]) -> str:
    """What stands in brackets, unless it speaks of the copy alone: "(used, very good)"."""
    return " " if set(_split(found[1])) <= COPY | NOISE else found[0]


def _split(text: str) -> list[str]:
    return _WORD.findall(text)


def _head(title: str) -> str:
    for mark in (": ", " - ", " – ", " — ", " (", " [", ". "):
        before, found, _after = title.partition(mark)
        if found and len(before) > 2:
            title = before.rstrip()
    return title


def _volume(text: str) -> tuple[int | None, str]:
    """(number of the volume, the text without it)."""
    if VOLUME_HINTS.isdisjoint(_split(text)) and not _DIGIT.search(text):
        return None, text
    for pattern in (ORDINAL_VOLUME, VOLUME, ROMAN_AT_END):
        found = pattern.search(text)
        if found and (number := counted(found[1])) is not None and found.start() > 0:
            return number, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def _words(text: str) -> tuple[str, ...]:
    words = _split(text)
    telling = tuple(word for word in words if word not in NOISE)
    return telling or tuple(words)


def _name(name: str) -> frozenset[str]:
    return frozenset(_split(_folded(name)))


@lru_cache(maxsize=8192)
def _surname(name: str) -> str:
    """ "Camus, Albert" and "Albert Camus" → "camus"."""
    before, comma, _after = name.partition(",")
    words = [word for word in _split(_folded(before if comma else name)) if len(word) > 1 and word not in ("jr", "sr")]
    return words[-1] if words else ""
