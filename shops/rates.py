"""The table of a delivery option: up to which weight and amount, to which zone, at what price. Kept as rows, written by
the shop as lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from marketplace.foundation import money

MOST_ROWS = 200
HEAVIEST_GRAMS = 1_000_000
HIGHEST_MINOR = 10_000_000
_ZONE = re.compile(r"([A-Z]{2}(?:[\s,]+[A-Z]{2})*)(?:\s*:\s*([0-9A-Z][0-9A-Z\s,-]*))?")
_CELLS = 5


class Rate(NamedTuple):
    """One row. Without countries, everywhere the option goes; without prefixes, everywhere there; None: no limit."""

    countries: tuple[str, ...]
    prefixes: tuple[str, ...]
    grams: int | None
    amount_minor: int | None
    price_minor: int
    free_above_minor: int | None

    def in_zone(self, country: str, postcode: str) -> bool:
        """`postcode` as `plain` writes it."""
        if self.countries and country not in self.countries:
            return False
        return not self.prefixes or postcode.startswith(self.prefixes)

    def carries(self, grams: int) -> bool:
        return self.grams is None or grams <= self.grams

    def covers(self, amount_minor: int) -> bool:
        return self.amount_minor is None or amount_minor <= self.amount_minor


class RateError(ValueError):
    """A line that is no row of a table; the message says which line, what is wrong and how it is written."""


def plain(postcode: str) -> str:
    """As postcodes are compared: capitals and digits, no blanks."""
    return "".join(postcode.split()).upper()


def rows(kept: Iterable[dict[str, Any]]) -> list[Rate]:
    """The rows of `DeliveryOption.rates`."""
    return [
        Rate(
            tuple(row["countries"]),
            tuple(row["prefixes"]),
            row["grams"],
            row["amount_minor"],
            row["price_minor"],
            row["free_above_minor"],
        )
        for row in kept
    ]


def kept(table: Iterable[Rate]) -> list[dict[str, Any]]:
    """What goes into `DeliveryOption.rates`."""
    return [{**rate._asdict(), "countries": list(rate.countries), "prefixes": list(rate.prefixes)} for rate in table]


def read(text: str, currency: str) -> list[Rate]:
    """Rows out of lines "zone; up to grams; up to amount; price; free from", of which only the price must be there:
    "CA: H2, H3; 500; ; 4.20; 60". Raises RateError at the first line that cannot be read."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST_ROWS:
        raise RateError(_("A table has at most %(most)d lines.") % {"most": MOST_ROWS})
    return [_row(number, line, currency) for number, line in lines]


def write(table: Sequence[Rate], currency: str) -> str:
    """The lines from which `read` makes the same rows."""

    def amount(minor: int | None) -> str:
        return "" if minor is None else str(money.to_decimal(minor, currency))

    lines = []
    for rate in table:
        grams = "" if rate.grams is None else str(rate.grams)
        cells = [
            zone_text(rate),
            grams,
            amount(rate.amount_minor),
            amount(rate.price_minor),
            amount(rate.free_above_minor),
        ]
        lines.append("; ".join(cells).rstrip("; "))
    return "\n".join(lines)


def zone_text(rate: Rate) -> str:
    """ "CA: H2, H3"."""
    return ", ".join(rate.countries) + (": " + ", ".join(rate.prefixes) if rate.prefixes else "")


def amount_minor(text: str, currency: str) -> int:
    """ "4.20", "4,20" → 420. Raises ValueError for anything else, a negative or a huge amount."""
    try:
        value = Decimal(text.replace(",", ".").replace("\u00a0", "").replace(" ", ""))
        minor = money.to_minor(value, currency)
    except (InvalidOperation, ValueError, ArithmeticError) as error:
        raise ValueError(text) from error
    if not 0 <= minor <= HIGHEST_MINOR:
        raise ValueError(text)
    return minor


def _row(number: int, line: str, currency: str) -> Rate:
    cells = [cell.strip() for cell in line.split(";")]
    if not 4 <= len(cells) <= _CELLS:
        raise _wrong(number, line, _("a line has four or five parts, with a semicolon between them"))
    zone, grams, amount, price, free = (*cells, "")[:_CELLS]
    countries, prefixes = _zone(number, line, zone)
    if grams and not (grams.isascii() and grams.isdigit() and 0 < int(grams[:9]) <= HEAVIEST_GRAMS):
        raise _wrong(number, line, _("the weight is a number of grams"))
    try:
        most, price_minor, free_above = (
            amount_minor(cell, currency) if cell else None for cell in (amount, price, free)
        )
    except ValueError as error:
        raise _wrong(number, line, _("an amount is written as in 4.20")) from error
    if price_minor is None:
        raise _wrong(number, line, _("the price is missing"))
    return Rate(countries, prefixes, int(grams) if grams else None, most, price_minor, free_above)


def _zone(number: int, line: str, zone: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not zone:
        return (), ()
    found = _ZONE.fullmatch(zone.upper())
    if not found:
        raise _wrong(number, line, _("a zone is written as in CA, or as in CA: H2, H3"))
    prefixes = tuple(prefix for prefix in re.split(r"[\s,]+", found[2] or "") if prefix)
    return tuple(re.split(r"[\s,]+", found[1])), prefixes


def _wrong(number: int, line: str, why: str) -> RateError:
    return RateError(
        _("Line %(number)d, “%(line)s”: %(why)s.") % {"number": number, "line": line.strip()[:60], "why": why}
    )
