"""ISBN and GTIN in any spelling, as one number with a verified check digit.

GTIN-8, -12, -13 and -14 share one weighting from the right, so that leading zeros, kept or lost, change nothing, and
the plain integer is the key. Source: GS1 General Specifications (check digit; 02, 04, 20–29 restricted circulation),
ISBN Users' Manual (ISBN-10 to 978-ISBN-13).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from stdnum import isbn as stdnum_isbn

from catalog_sync.reasons import Reason, reason

# Weighted sums of three digits beginning at an even or an odd place of a 13-digit number.
_LIGHT = {f"{n:03d}": n // 100 + 3 * (n // 10 % 10) + n % 10 for n in range(1000)}
_HEAVY = {f"{n:03d}": 3 * (n // 100) + n // 10 % 10 + 3 * (n % 10) for n in range(1000)}

_SPACES_AND_DASHES = re.compile(r"[\s\-‐‑‒–—−_.·'’`\"=\u00a0\u202f\u200b\ufeff]+")
_LABEL = re.compile(r"^\W*(?:urn:isbn:|isbn(?:[-\s]?1[03])?|ean(?:[-\s]?13)?|gtin(?:[-\s]?1[234])?|upc)\W*", re.I)
_SCIENTIFIC = re.compile(r"^(\d)(?:[.,](\d+))?\s*e\s*\+?(\d+)$", re.I)
_FLOAT_TAIL = re.compile(r"[.,]0{1,6}$")
_PACKED_ISBN = (15, 18)  # an ISBN-13 with its two- or five-digit add-on
_SPREADSHEET_ZEROS = "00000"  # a rounded number written out again; a true ISBN ends so once in 100,000
SHORTEST_STRIPPED_ISBN10 = 6  # digits left of an ISBN-10 whose leading zeros a spreadsheet dropped


class Identified(NamedTuple):
    """`gtin` or, when there is none to use, why not. Both None: the cell was empty."""

    gtin: int | None
    reason: Reason | None = None


_EMPTY = Identified(None)


def identify(text: str) -> Identified:
    """The GTIN meant by a cell of an EAN, GTIN or ISBN-13 column."""
    return _clean_isbn13(text) or _identify_any(text, False)


def identify_isbn(text: str) -> Identified:
    """The same for a column known to hold ISBNs: a number of 6 to 9 digits is an ISBN-10 that lost leading zeros."""
    return _clean_isbn13(text) or _identify_any(text, True)


def _clean_isbn13(text: str) -> Identified | None:
    """The short way for thirteen plain digits; None for anything else, which goes the long way and is remembered."""
    if len(text) == 13 and text.startswith("97") and not text.endswith(_SPREADSHEET_ZEROS) and text.isascii():
        try:
            total = _LIGHT[text[:3]] + _HEAVY[text[3:6]] + _LIGHT[text[6:9]] + _HEAVY[text[9:12]] + int(text[12])
        except (KeyError, ValueError):
            return None
        if total % 10 == 0:
            return Identified(int(text))
    return None


def identify_column(texts: Sequence[str], *, isbns: bool) -> tuple[list[int | None], list[tuple[int, Reason]]]:
    """The GTINs of a column of `identify` or `identify_isbn`, and (row, why) of those with something to tell."""
    found: list[int | None] = []
    reasons = []
    light, heavy = _LIGHT, _HEAVY
    for row, text in enumerate(texts):
        digits = text.replace("-", "") if len(text) == 17 else text
        if len(digits) == 13 and digits[:2] == "97" and digits[8:] != _SPREADSHEET_ZEROS and digits.isascii():
            try:
                total = light[digits[:3]] + heavy[digits[3:6]] + light[digits[6:9]] + heavy[digits[9:12]]
                if not (total + int(digits[12])) % 10:
                    found.append(int(digits))
                    continue
            except (KeyError, ValueError):
                pass
        elif (
            len(text) == 10
            and text[:9].isdigit()
            and text.isascii()
            and text[:9] != "000000000"
            and (number := _isbn10(text))
        ):
            found.append(number)
            continue
        gtin, why = _identify_any(text, isbns)
        found.append(gtin)
        if why is not None:
            reasons.append((row, why))
    return found, reasons


def _isbn10(text: str) -> int | None:
    """The ISBN-13 of ten plain characters with a check digit that fits; None otherwise."""
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), text, strict=False))
    if "0123456789X0"[-total % 11] != text[9].upper():
        return None
    digits = f"978{text[:9]}"
    total = _LIGHT[digits[:3]] + _HEAVY[digits[3:6]] + _LIGHT[digits[6:9]] + _HEAVY[digits[9:]]
    return int(digits) * 10 + -total % 10


def identify_row(gtin_text: str, isbn10_text: str) -> Identified:
    """The GTIN of a row that has an ISBN-13 and an ISBN-10 column: the second rescues what the first has lost.

    A rescue carries the reason `gtin_recovered` beside its number, so that the shop learns of the damage.
    """
    found = identify(gtin_text)
    if found.gtin is not None or not isbn10_text:
        return found
    rescue = identify_isbn(isbn10_text)
    if rescue.gtin is None:
        return found if found.reason is not None else rescue
    if found.reason is None:
        return rescue
    return Identified(rescue.gtin, reason("gtin_recovered", value=gtin_text))


@lru_cache(maxsize=65_536)
def _identify_any(text: str, isbn_column: bool) -> Identified:
    bare = text.strip()
    if not bare:
        return _EMPTY
    bare = _LABEL.sub("", bare)
    scientific = _SCIENTIFIC.match(bare.strip("'\"= "))
    if scientific:
        whole, fraction, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        if len(fraction) < exponent or exponent > 13:
            return Identified(None, reason("gtin_digits_lost", value=text))
        bare = whole + fraction[:exponent]
    else:
        bare = _FLOAT_TAIL.sub("", bare)
    digits = _SPACES_AND_DASHES.sub("", bare).upper()
    if not digits or not digits.strip("0"):
        return _EMPTY
    if not (digits.isascii() and (digits.isdigit() or (digits[:-1].isdigit() and digits[-1] == "X"))):
        return Identified(None, reason("gtin_not_a_number", value=text))
    return _judge(digits, text, isbn_column)


def _judge(digits: str, text: str, isbn_column: bool) -> Identified:
    if len(digits) in _PACKED_ISBN and digits[:3] in ("978", "979") and check_digit_fits(digits[:13]):
        digits = digits[:13]
    shortest = SHORTEST_STRIPPED_ISBN10 if isbn_column else 9
    if (
        len(digits) == 10
        or digits.endswith("X")
        or (shortest <= len(digits) < 10 and (isbn_column or len(digits) == 9))
    ):
        padded = digits.zfill(10)
        if stdnum_isbn.is_valid(padded):
            return Identified(int(stdnum_isbn.to_isbn13(padded)))
        if len(digits) != 8 or digits.endswith("X"):
            return Identified(None, reason("gtin_check_digit", value=text))
    if len(digits) not in (8, 11, 12, 13, 14):
        return Identified(None, reason("gtin_length", value=text, digits=len(digits)))
    if len(digits) == 13 and digits.startswith("97") and digits.endswith(_SPREADSHEET_ZEROS):
        return Identified(None, reason("gtin_digits_lost", value=text))
    if not check_digit_fits(digits):
        return Identified(None, reason("gtin_check_digit", value=text))
    if is_in_store(digits):
        return Identified(None, reason("gtin_in_store", value=text))
    return Identified(int(digits))


def check_digit_fits(digits: str) -> bool:
    """Whether the last of 8 to 14 decimal digits is the GS1 check digit of the others."""
    padded = digits.zfill(15)
    total = _LIGHT[padded[:3]] + _HEAVY[padded[3:6]] + _LIGHT[padded[6:9]] + _HEAVY[padded[9:12]] + _LIGHT[padded[12:]]
    return total % 10 == 0


def is_in_store(digits: str) -> bool:
    """Whether a number circulates inside one shop or company only, often with a weight or a price in it.

    GTIN-8 beginning with 0 or 2; GTIN-13 beginning with 02, 04 or 20 to 29. Such a number means another article
    elsewhere.
    """
    if len(digits) == 8:
        return digits[0] in "02"
    thirteen = digits.zfill(14)[1:]
    if digits.zfill(14)[0] != "0":
        return False
    return thirteen[0] == "2" or thirteen[:2] in ("02", "04") or thirteen.startswith("000000")


def gtin_text(gtin: int) -> str:
    """A GTIN as it is printed: 8, 13 or 14 digits (a GTIN-12 with the zero that makes it 13)."""
    plain = str(gtin)
    return plain.zfill(8 if len(plain) <= 8 else 13)


def isbn_hyphenated(gtin: int) -> str:
    """An ISBN with its hyphens, "978-2-07-036822-8"; any other GTIN as `gtin_text`."""
    text = gtin_text(gtin)
    return stdnum_isbn.format(text) if text.startswith(("978", "979")) else text
