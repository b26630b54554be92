"""Cells to values: one rule, one function, each remembering the distinct texts it has seen.

A function that can fail answers `Cleaned(value, reason)`: the value to use, None where there is none, and what to
tell the shop. Nothing here raises for bad input, and an unreadable number never becomes 0.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from catalog_sync.reasons import Reason, reason
from catalog_sync.records import Availability, Condition
from catalog_sync.vocabulary import (
    AVAILABILITY_WORDS,
    CONDITION_WORDS,
    FORM_WORDS,
    LANGUAGE_WORDS,
    TRUE_WORDS,
    UNKNOWN_LANGUAGES,
)

REMEMBERED = 65_536
SKU_LENGTH = 128
SHELF_LENGTH = 60
NOTE_LENGTH = 300
PHOTO_LENGTH = 100
TITLE_LENGTH = 300
EARLIEST_YEAR, LATEST_YEAR = 1400, 2069  # 01/01/2070 is how French trade files write "unknown"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffe\uffff]")
_NOT_WORD = re.compile(r"[\W_]+")
_TAG = re.compile(r"<[^<>]{1,500}>")


class Cleaned(NamedTuple):
    """A value and, where something was wrong with its text, why."""

    value: Any
    reason: Reason | None = None


NOTHING = Cleaned(None)


@lru_cache(maxsize=REMEMBERED)
def fold(text: str) -> str:
    """A word as the tables spell it: lower case, no accents, no punctuation, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()  # the second for "№", which becomes "No"
    return _NOT_WORD.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def is_composed(text: str) -> bool:
    """Whether its accents are one character with their letter."""
    return text.isascii() or unicodedata.is_normalized("NFC", text)


def one_line(text: str) -> str:
    """Plain text on one line: no control characters, single spaces, composed accents."""
    if text.isprintable() and "  " not in text and is_composed(text):
        return text.strip()
    return " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", text)).split())


def shelf(text: str) -> str:
    """Where it stands in the shop, as its people write it."""
    return one_line(text)[:SHELF_LENGTH]


def note(text: str) -> str:
    """Words on a copy: one line without what a web shop left in it."""
    line = one_line(text)
    if "&" in line or "<" in line:
        line = one_line(_TAG.sub(" ", html.unescape(line)))
    return line if len(line) <= NOTE_LENGTH else line[: NOTE_LENGTH - 1].rstrip() + "…"


def title(text: str) -> str:
    """A title: one line, entities and tags a web shop left in it resolved, at most TITLE_LENGTH characters."""
    line = one_line(text)
    if "&" in line or "<" in line:
        line = one_line(_TAG.sub(" ", html.unescape(line)))
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


_AT_ONCE = 50


def lines(texts: Sequence[str], clean: Callable[[str], str], *, longest: int) -> list[str]:
    """A column of `title` or `sku`. Most texts are clean: some dozens are looked at together."""
    found: list[str] = []
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        together = f"|{'|'.join(some)}|"
        if together.isprintable() and not _UNTIDY.search(together) and is_composed(together):
            found.extend(some if max(map(len, some)) <= longest else map(clean, some))
        else:
            found.extend(map(clean, some))
    return found


_UNTIDY = re.compile(r"  | \||\| |[&<]")

name = lru_cache(maxsize=REMEMBERED)(title)  # for columns of few distinct texts: publishers, series


def description(text: str) -> str:
    """A description as sent, HTML and all; only what a database cannot hold is taken out."""
    text = text.strip()
    return text if text.isascii() and text.isprintable() else _NUL_LIKE.sub("", text)


_NUL_LIKE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def sku(text: str) -> str:
    """The shop's own number: one line without the spaces around, at most SKU_LENGTH characters."""
    return one_line(text)[:SKU_LENGTH]


_UNITS = (
    r"(?:ex|exs|exemplaires?|pcs?|pieces?|pièces?|units?|unités?|u|x|copies|copy|livres?|books?|st|stk|stück|stueck|"
    r"ud|uds|unidad(?:es)?|ejemplar(?:es)?|kom|шт|штук[аи]?|экз)?"
)
_AT_LEAST = (
    r"(?:plus de|au moins|more than|over|at least|min|más de|mas de|al menos|mehr als|über|ueber|mindestens|"
    r"более|больше|не менее|от)?"
)
_PLAIN_NUMBER = re.compile(
    rf"^([<>≥~±+]*)\s*{_AT_LEAST}\s*([-−]?\d{{1,9}})(?:[.,](\d{{1,6}}))?\s*(\+?)\s*{_UNITS}\.?$", re.I
)
_UNIT = re.compile(_UNITS, re.I)
_NUMBER_AND_WORDS = re.compile(r"^(\D{0,30}?)[\s:(=]*(\d{1,6})\)?\s*(\D{0,30})$")
_RANGE = re.compile(r"^(\d{1,9})\s*[-–—àa]\s*(\d{1,9})$")
_GROUPED = re.compile(r"(?<=\d)[\s\u00a0\u202f'’](?=\d{3}(?:\D|$))")


@lru_cache(maxsize=REMEMBERED)
def quantity(text: str) -> Cleaned:
    """Copies free to sell. "10+", "> 10", "plus de 10" and "10-50" are at least 10; "< 10" is unknown; "en stock (3)"
    is 3; below 0 is 0 with a word about it.

    A word such as "rupture" or "en stock" is no number: value None without a reason, see `availability_in_quantity`.
    """
    bare = _GROUPED.sub("", one_line(text))
    if not bare or bare in ("-", "–", "—", "?", "n/a", "N/A", "null", "NULL", "None"):
        return NOTHING
    number = _PLAIN_NUMBER.match(bare)
    if number:
        if set(number[1]) & set("<~±"):
            return NOTHING
        units = int(number[2].replace("−", "-"))
        if units < 0:
            return Cleaned(0, reason("quantity_negative", value=text))
        return Cleaned(units)
    spread = _RANGE.match(bare)
    if spread and int(spread[1]) <= int(spread[2]):
        return Cleaned(int(spread[1]))
    if fold(bare) in AVAILABILITY_WORDS:
        return NOTHING
    worded = _NUMBER_AND_WORDS.match(bare)
    if worded:
        words = " ".join(word for word in fold(f"{worded[1]} {worded[3]}").split() if not _UNIT.fullmatch(word))
        if AVAILABILITY_WORDS.get(words) == Availability.IN_STOCK:
            return Cleaned(int(worded[2]))
    return Cleaned(None, reason("quantity_not_understood", value=text))


@lru_cache(maxsize=REMEMBERED)
def availability_in_quantity(text: str) -> str:
    """What a word in a quantity column says about availability; empty for numbers and blanks."""
    folded = fold(text)
    return "" if folded.isdigit() else AVAILABILITY_WORDS.get(folded, "")


@lru_cache(maxsize=REMEMBERED)
def availability(text: str) -> Cleaned:
    """One of `Availability`; None for a blank. schema.org addresses are read by their last part."""
    word = fold(text.rsplit("/", 1)[-1] if "schema.org" in text else text)
    if not word:
        return NOTHING
    known = AVAILABILITY_WORDS.get(word)
    return Cleaned(known) if known else Cleaned(Availability.UNKNOWN, reason("availability_not_understood", value=text))


def availability_of(stated: str | None, units: int | None) -> str:
    """What a quantity and a stated availability say together; the quantity of an article stated unsellable is not
    believed."""
    if stated is None or stated == Availability.UNKNOWN:
        if units is None:
            return stated or Availability.UNKNOWN
        return Availability.IN_STOCK if units > 0 else Availability.TEMPORARILY_UNAVAILABLE
    if stated == Availability.IN_STOCK and units == 0:
        return Availability.TEMPORARILY_UNAVAILABLE
    return stated


@lru_cache(maxsize=REMEMBERED)
def condition(text: str) -> Cleaned:
    """One of `Condition`; None for a blank. "Occasion - bon état" is read by its last part; a word that is not
    known counts as the lowest grade, which disappoints no reader."""
    word = fold(text.rsplit("/", 1)[-1] if "schema.org" in text else text)
    if not word:
        return NOTHING
    for candidate in (word, *(fold(part) for part in re.split(r"[-–:,;/(]", text)[::-1])):
        if candidate in CONDITION_WORDS:
            return Cleaned(CONDITION_WORDS[candidate])
    return Cleaned(Condition.ACCEPTABLE, reason("condition_not_understood", value=text))


@lru_cache(maxsize=REMEMBERED)
def language(text: str) -> Cleaned:
    """The shortest ISO 639 code, empty where the sender does not say: "fre", "fr-CA", "Français" are all "fr"."""
    word = fold(text)
    if not word or word in UNKNOWN_LANGUAGES:
        return Cleaned("")
    known = LANGUAGE_WORDS.get(word) or LANGUAGE_WORDS.get(word.split(" ")[0])
    return Cleaned(known) if known else Cleaned("", reason("language_not_understood", value=text))


@lru_cache(maxsize=REMEMBERED)
def form(text: str) -> str:
    """One of `Form`, or empty."""
    word = fold(text)
    return FORM_WORDS.get(word, "") or FORM_WORDS.get(word.split(" ")[0], "") if word else ""


@lru_cache(maxsize=REMEMBERED)
def is_true(text: str) -> bool:
    """Whether a cell of a yes-or-no column says yes; blank is no."""
    return fold(text) in TRUE_WORDS


_WHOLE = re.compile(r"^\D{0,10}(\d{1,5})(?:[.,]0+)?\D{0,10}$")


@lru_cache(maxsize=REMEMBERED)
def pages(text: str) -> int | None:
    """A number of pages between 1 and 99,999; None otherwise."""
    whole = _WHOLE.match(text.strip())
    return int(whole[1]) or None if whole else None


_GRAMS = {"gr": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}
_HEAVIEST = 1_000_000


def grams(number: str, unit: str) -> int | None:
    """A weight in whole grams, in one of the units of ONIX list 50; None for what is none, or heavier than a tonne."""
    try:
        weight = Decimal(number.strip().replace(",", ".")) * _GRAMS[unit.strip().lower()]
    except (KeyError, ArithmeticError):
        return None
    return round(weight) or None if weight.is_finite() and 0 < weight <= _HEAVIEST else None


_RATE = re.compile(r"^\D{0,20}?(\d{0,2})(?:[.,](\d{1,4}))?\s*(%?)[^\d]{0,20}$")
_HIGHEST_RATE = 30  # per cent; no value-added tax is higher
_RATE_WORDS = frozenset({"", "tva", "taux", "vat", "iva", "mwst", "ust", "btw", "gst", "tps", "ндс", "tax", "taxe"})


@lru_cache(maxsize=REMEMBERED)
def tax_code(text: str) -> str:
    """A rate of tax in per cent as "5.5", whether written "5,5 %", "TVA 5.5", "5.50" or as a share, "0.055"; anything
    else as the sender's own code."""
    line = one_line(text)
    found = _RATE.match(line)
    if not found or not (found[1] or found[2]):
        return line
    words = set(fold(re.sub(r"[\d.,%]", " ", line)).split())
    if not words <= _RATE_WORDS:
        return line
    rate = Decimal(f"{found[1] or 0}.{found[2] or 0}")
    if not found[3] and 0 < rate < 1 and rate * 100 <= _HIGHEST_RATE:
        rate *= 100
    return f"{rate.normalize():f}"


_ISO = re.compile(r"^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:[T ].*)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})?(?:T.*)?$")
_DAY_FIRST = re.compile(r"^(?:(\d{1,2})[/.-])?(\d{1,2})[/.-](\d{4})(?:\s.*)?$")
_YEAR_FLOAT = re.compile(r"^(\d{4})\.0+$")


@lru_cache(maxsize=REMEMBERED)
def partial_date(text: str) -> str:
    """An ISO 8601 date as exact as the text: "1987", "1987-03", "1987-03-14"; empty when unknown.

    Reads ISO, ONIX (YYYYMMDD, YYYYMM) and day-first dates (month first where the day could not be a month). A year
    outside EARLIEST_YEAR..LATEST_YEAR is unknown.
    """
    bare = text.strip()
    if whole := _YEAR_FLOAT.match(bare):
        bare = whole[1]
    if found := _ISO.match(bare) or _COMPACT.match(bare):
        year, month, day = found[1], found[2], found[3]
    elif found := _DAY_FIRST.match(bare):
        day, month, year = found[1], found[2], found[3]
        if day and int(month) > 12 >= int(day):
            day, month = month, day
    else:
        return ""
    if not EARLIEST_YEAR <= int(year) <= LATEST_YEAR:
        return ""
    if not month or not int(month):
        return year
    try:
        whole_date = date(int(year), int(month), int(day or 1) or 1)
    except ValueError:
        return year
    return whole_date.isoformat() if day and int(day) else f"{whole_date:%Y-%m}"


def web_address(text: str) -> str:
    """An http(s) address, the first where a cell lists several; otherwise empty."""
    first = re.split(r"[\s,;|]+(?=https?://|$)", text.strip()[:2000], maxsplit=1)[0] if text else ""
    return first if first.startswith(("http://", "https://")) and len(first) <= 500 else ""


_BETWEEN_NAMES = re.compile(r"\s*(?:;|\||/|\s&\s|\n)\s*")


@lru_cache(maxsize=REMEMBERED)
def names(text: str) -> tuple[str, ...]:
    """The names in a cell of authors, in order. Commas separate names only where they cannot part a name from its first
    name: "Sjöwall, Maj" is one person, "Maj Sjöwall, Per Wahlöö" are two."""
    parts = [part for part in _BETWEEN_NAMES.split(one_line(text)) if part]
    found: list[str] = []
    for part in parts:
        pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
        if len(pieces) == 2 and (" " not in pieces[0] or " " not in pieces[1]) and not _looks_like_two(pieces):
            found.append(f"{pieces[1]} {pieces[0]}")
        else:
            found.extend(pieces)
    return tuple(found)


def _looks_like_two(pieces: list[str]) -> bool:
    """Two full names, or two single ones ("Moebius, Jodorowsky" cannot be told: taken as inverted)."""
    return all(" " in piece for piece in pieces)
