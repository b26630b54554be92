"""Money is an integer number of minor units with an ISO 4217 currency. Oscar's columns are decimals: convert here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision

BASIS_POINTS = 10_000


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Decimal digits of a currency: 2 for CAD and EUR, 0 for JPY, 3 for TND."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """12.90 CAD → 1290. Raises ValueError where the amount is finer than the currency."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency} has more decimals than the currency.")
    return int(scaled)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """1290 CAD → Decimal("12.90"), for Oscar's columns and for the screen."""
    digits = exponent(currency)
    return Decimal(amount_minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits))


def share(amount_minor: int, basis_points: int) -> int:
    """A rate of an amount, rounded half up to the minor unit: share(1001, 500) is 50 (5 %)."""
    return int((Decimal(amount_minor) * basis_points / BASIS_POINTS).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights so that the parts sum to it exactly (largest remainder, ties to the earlier).

    split(100, [1, 1, 1]) is [34, 33, 33]. Negative amounts mirror positive ones. All weights zero: equal parts.
    Raises ValueError for no or negative weights."""
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError(f"Weights must be present and not negative, not {list(weights)}.")
    if amount_minor < 0:
        return [-part for part in split(-amount_minor, weights)]
    if not any(weights):
        weights = [1] * len(weights)
    total = sum(weights)
    parts = [amount_minor * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount_minor * weights[i] % total), i))
    for i in by_remainder[: amount_minor - sum(parts)]:
        parts[i] += 1
    return parts


@lru_cache(maxsize=16_384)  # a page shows the same few prices again and again; formatting one takes 0.1 ms
def display(amount_minor: int, currency: str, language: str) -> str:
    """As the locale writes it: 1290 CAD is "12,90 $" in fr_CA and "$12.90" in en_CA."""
    return format_currency(to_decimal(amount_minor, currency), currency, locale=_locale(currency, language))


def _locale(currency: str, language: str) -> str:
    """The reader's language in the country of the currency, so that a Canadian dollar is "$" and not "CA$"."""
    country = {"CAD": "CA", "EUR": "FR" if language.startswith("fr") else "IE", "GBP": "GB", "CHF": "CH", "USD": "US"}
    return f"{language[:2]}_{country[currency]}" if currency in country else language[:2]
