"""What the cells of a column look like, whatever its name: valid ISBNs, prices, small numbers, dates, names.

A look is a share of the filled cells. One cell may have several: "1984" is a small number and a year.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from babel.core import get_global

from catalog_sync import cleaning
from catalog_sync.identifiers import identify, identify_isbn
from catalog_sync.prices import read_price
from catalog_sync.vocabulary import (
    CONDITION_WORDS,
    FORM_WORDS,
    LANGUAGE_WORDS,
    PRICE_ON_REQUEST_WORDS,
    TRUE_WORDS,
)

FEW = 4  # filled cells below which their looks say nothing
LONG_CHARACTERS = 150  # a description, not a title
LARGEST_WHOLE = 9999
LONGEST_LOOKED_AT = 300  # characters of a cell; more are a description whatever they hold

_MONEY = re.compile(r"^[^\w.,%+-]{0,3}(\d{1,3}(?:[\s.,'’]?\d{3}){0,2})[.,](\d{2})\s?[^\w.,%]{0,3}$")
_LETTERS = re.compile(r"[^\W\d_]")
_CENTS = re.compile(r"\d[.,](?!0+\D*$)\d{1,2}\D*$")
_WHOLE = re.compile(r"^[+>≥]?\s?\d{1,5}(?:[.,]0{1,2})?\s?\+?$")
_YEAR = re.compile(r"^(?:1[5-9]|20)\d\d(?:\.0)?$")
_DATE = re.compile(r"^\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?(?:[T ].*)?$|^(?:19|20)\d{6}$")
_RATE = re.compile(r"^(?:tva|vat|iva|mwst|btw|ндс)?\s*\d{1,2}(?:[.,]\d{1,3})?\s?%", re.I)
_NAME = re.compile(r"^[^\W\d_][\w'’.-]*(?:,? (?:&|[^\W\d_][\w'’.-]*)){1,4}$")
_CODE = re.compile(r"^(?=.*\d)[\w./-]{2,40}$")
_YES_OR_NO = TRUE_WORDS | {"0", "no", "n", "non", "false", "nein", "ne", "faux"}
_CURRENCIES = frozenset(get_global("all_currencies"))


class Looks(NamedTuple):
    """`counts` of the `filled` cells by their looks, keys of LOOK_WORDS; `distinct` of them are different."""

    filled: int
    distinct: int
    counts: dict[str, int]
    fractions: int  # numbers with cents that are not .00

    def share(self, *looks: str) -> float:
        """The largest part of the filled cells that has one of the looks; 0 where too few are filled to tell."""
        if self.filled < FEW:
            return 0.0
        return max(self.counts.get(look, 0) for look in looks) / self.filled


def looks_of(cells: Sequence[str]) -> Looks:
    """The looks of a column's cells; blank ones do not count."""
    filled = [bare for cell in cells if (bare := cleaning.one_line(cell))]
    short = [cell for cell in filled if len(cell) <= LONGEST_LOOKED_AT]
    counts = {look: sum(1 for cell in short if has(cell)) for look, has in _LOOKS.items()}
    counts["long"] = sum(1 for cell in filled if len(cell) > LONG_CHARACTERS)
    distinct = len(set(filled))
    if distinct < 0.98 * len(filled):
        counts["code"] = 0
    fractions = sum(1 for cell in short if _CENTS.search(cell) and not _is_date(cell))
    return Looks(len(filled), distinct, counts, fractions)


def _is_gtin(cell: str) -> bool:
    return identify(cell).gtin is not None


def _is_isbn(cell: str) -> bool:
    """A number that is an ISBN where the column is one of ISBNs: its zeros may be stripped."""
    return identify_isbn(cell).gtin is not None


def _has_lost_digits(cell: str) -> bool:
    why = identify(cell).reason
    return why is not None and why.code == "gtin_digits_lost"


def _is_named_money(cell: str) -> bool:
    """A price that names its currency or its tax."""
    bare = cell.strip("$£¥ ")
    if "%" in cell or not any(character.isdigit() for character in cell):
        return False
    return read_price(bare, "EUR").price is not None and (bare != cell or any(not _plain(c) for c in bare))


def _plain(character: str) -> bool:
    return character.isdigit() or character.isspace() or character in ".,-'’"


def _is_whole(cell: str) -> bool:
    return bool(_WHOLE.match(cell)) and (cleaning.quantity(cell).value or 0) <= LARGEST_WHOLE


def _is_date(cell: str) -> bool:
    return bool(_DATE.match(cell) and cleaning.partial_date(cell)) and not _MONEY.match(cell)


def _is_stock_word(cell: str) -> bool:
    """Words about stock; a bare yes or no may be the answer to anything."""
    return cleaning.fold(cell) not in _YES_OR_NO and bool(cleaning.availability_in_quantity(cell))


def _is_person(cell: str) -> bool:
    """ "Last, First", or two to five words that begin with capitals, lower-case particles among them."""
    if not _NAME.match(cell):
        return False
    words = cell.replace(",", "").split()
    return words[0][0].isupper() and words[-1][0].isupper() and sum(word[0].isupper() for word in words) >= 2


def _is_text(cell: str) -> bool:
    """Words, which are no price on request."""
    return len(_LETTERS.findall(cell)) > 3 and cleaning.fold(cell) not in PRICE_ON_REQUEST_WORDS


def _is_among(words: dict[str, str]) -> Callable[[str], bool]:
    return lambda cell: len(cell) > 1 and not cell.isdigit() and cleaning.fold(cell) in words


_LOOKS: dict[str, Callable[[str], bool]] = {
    "gtin": _is_gtin,
    "isbn": _is_isbn,
    "lost": _has_lost_digits,
    "money": lambda cell: bool(_MONEY.match(cell)),
    "named_money": _is_named_money,
    "rate": lambda cell: bool(_RATE.match(cell)),
    "whole": _is_whole,
    "year": lambda cell: bool(_YEAR.match(cell)),
    "date": _is_date,
    "address": lambda cell: cell.startswith(("http://", "https://")),
    "stock": _is_stock_word,
    "condition": _is_among(CONDITION_WORDS),
    "language": _is_among(LANGUAGE_WORDS),
    "form": _is_among(FORM_WORDS),
    "currency": lambda cell: cell.upper() in _CURRENCIES,
    "person": _is_person,
    "text": _is_text,
    "code": lambda cell: bool(_CODE.match(cell)) and not _MONEY.match(cell),
}
