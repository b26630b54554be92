"""Prices as people and systems write them, to minor units of a currency."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from babel.core import get_global

from catalog_sync.cleaning import REMEMBERED, fold
from catalog_sync.reasons import Reason, reason
from catalog_sync.vocabulary import AMBIGUOUS_SIGNS, CURRENCY_SIGNS, PRICE_ON_REQUEST_WORDS
from marketplace.foundation.money import exponent

NO_CURRENCY = "XXX"  # ISO 4217
LONGEST = 200  # characters of a cell that may be a price
LARGEST = Decimal(10) ** 12  # of minor units: above it is a barcode in the wrong column, not a price

_SPACES = re.compile(r"[\s\u00a0\u202f\u2009'’]+")
_NUMBER = re.compile(
    r"^((?:[^\d\-−.,]|[.,](?!\d))*)([-−]?)\s*([^\d.,]*)([\d.,\s\u00a0\u202f\u2009'’]*\d[.,]?)(?:[-–—]{1,2})?([^\d]*)$"
)
_SIGN_AS_MARK = re.compile(r"^(\d{1,6})\s*([€$£])\s*(\d{2})$")  # "12 $ 90", as Quebec and price tags have it
_EXCLUDED = re.compile(
    r"(?<!\w)(?:h\.?\s?t\.?|hors\s+(?:taxes?|tva)|(?:excl|exkl|ex|zzgl|sin|ohne|without|\+|plus)\.?\s*"
    r"(?:tva|vat|tax(?:es)?|gst|mwst|iva|btw|ндс)|без\s+ндс|net(?:to)?)(?!\w)",
    re.I,
)
_INCLUDED = re.compile(
    r"\(?(?<!\w)(?:t\.?\s?t\.?\s?c\.?|tva\s+(?:incluse|comprise)|(?:incl|inkl|inc|including|mit|con|с)\.?\s*"
    r"(?:tva|vat|tax(?:es)?|gst|mwst|iva|btw|ндс)|iva\s+incl(?:uido|\.)?|brutto)(?!\w)\.?\)?",
    re.I,
)
_CURRENCIES = frozenset(get_global("all_currencies"))


class Priced(NamedTuple):
    """`price` in minor units of `currency`, None where there is none to use; `reason` says why."""

    price: int | None
    currency: str
    reason: Reason | None = None


@lru_cache(maxsize=REMEMBERED)
def read_price(text: str, currency: str, decimal: str = "", zero_is_free: bool = False) -> Priced:
    """The one price in a cell.

    `currency` is the feed's, used unless the cell names another. `decimal` is the column's mark ("." or ",") where
    known: it decides "1.234", which is otherwise a thousand. `zero_is_free`: a 0 is meant (ONIX), not left blank.
    """
    if currency not in _CURRENCIES:
        return Priced(None, NO_CURRENCY, reason("currency_unknown", value=currency))
    bare = text.strip()
    if not bare:
        return Priced(None, currency, reason("price_missing"))
    bare, taxed = _without_tax_words(bare) if len(bare) <= LONGEST else (bare, True)
    if not taxed:
        return Priced(None, currency, reason("price_without_tax", value=text))
    bare = _SIGN_AS_MARK.sub(r"\1.\3 \2", bare)
    found = _NUMBER.match(bare) if len(bare) <= LONGEST else None
    if not found:
        if fold(bare) in PRICE_ON_REQUEST_WORDS:
            return Priced(None, currency, reason("price_on_request", value=text))
        return Priced(None, currency, reason("price_not_understood", value=text))
    named = _currency_in(f"{found[1]} {found[3]}", found[5], currency)
    number = _decimal(found[4], decimal, exponent(named or currency))
    if named is None or number is None or found[2]:
        return Priced(None, currency, reason("price_not_understood", value=text))
    return _in_minor_units(number, named, text, zero_is_free)


def _without_tax_words(bare: str) -> tuple[str, bool]:
    """The text without what it says about tax, and whether tax is in the price."""
    if bare[-1].isdigit() and bare[0].isdigit():
        return bare, True
    if _EXCLUDED.search(bare):
        return bare, False
    return _INCLUDED.sub(" ", bare).strip() or bare, True


def _in_minor_units(number: Decimal, currency: str, text: str, zero_is_free: bool) -> Priced:
    scaled = number.scaleb(exponent(currency))
    if scaled > LARGEST:
        return Priced(None, currency, reason("price_not_understood", value=text))
    minor = scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if not minor and not zero_is_free:
        return Priced(None, currency, reason("price_zero"))
    return Priced(int(minor), currency)


def _currency_in(before: str, after: str, default: str) -> str | None:
    """The currency a cell names, the default where it names none; None for words that are no currency, and
    for a sign that cannot be the default ("$" in a feed in euros)."""
    for words in (before.strip(" :\u00a0\u202f"), after.strip(" .:/\u00a0\u202f")):
        if not words:
            continue
        words = "".join(words.lower().split())
        if words.upper() in _CURRENCIES:
            return words.upper()
        if words in AMBIGUOUS_SIGNS:
            return default if default in AMBIGUOUS_SIGNS[words] else None
        if words and words not in CURRENCY_SIGNS:
            return None
        if words:
            return CURRENCY_SIGNS[words]
    return default


def _decimal(digits: str, mark: str, places: int) -> Decimal | None:
    """A number whose separators are worked out: the last of two kinds is the decimal mark, a repeated one is not."""
    digits = _SPACES.sub("", digits).rstrip(".,")
    if digits.startswith((".", ",")):
        digits = "0" + digits
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return Decimal(digits)
    last = marks[-1]
    other = "," if last == "." else "."
    if marks.count(last) > 1:
        if other in marks:
            return None
        return Decimal(digits.replace(last, "")) if _is_grouped(digits, last) else None
    whole, fraction = digits.rsplit(last, 1)
    whole = whole.replace(other, "")
    if other not in marks and _may_be_thousands(whole, fraction, last, mark, places):
        return Decimal(whole + fraction)
    return Decimal(f"{whole}.{fraction}")


def _may_be_thousands(whole: str, fraction: str, last: str, mark: str, places: int) -> bool:
    if len(fraction) != 3 or whole.startswith("0") or len(whole) > 3:
        return False
    return last != mark if mark else places != 3


def _is_grouped(digits: str, mark: str) -> bool:
    first, *groups = digits.split(mark)
    return 1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)


def decimal_mark(texts: list[str]) -> str:
    """The decimal mark of a column, from its texts that leave no doubt (one or two digits after it); empty without any.

    A column that has both, as kept by hand, has no mark of its own.
    """
    found = {
        bare[-2 - (bare[-2].isdigit())] for bare in (t.strip(" €$£\u00a0") for t in texts) if _DOUBTLESS.search(bare)
    }
    return found.pop() if len(found) == 1 else ""


_DOUBTLESS = re.compile(r"\d[.,]\d{1,2}$")
