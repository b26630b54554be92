"""Amounts and rates as pages and mails show them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_percent
from django.utils.translation import get_language

from marketplace.checkout import tax, tax_words
from marketplace.foundation import money


def tax_rows(by_rate: Mapping[tuple[str, int], int]) -> list[tuple[str, int]]:
    """One row per tax and rate of `tax.by_rate`: ("QST, 9.975%", minor units)."""
    return [(f"{tax_words.name(code)}, {percent(rate)}", amount) for (code, rate), amount in by_rate.items()]


def percent(rate_milli: int) -> str:
    rate = Decimal(rate_milli) / tax.WHOLE_MILLI
    form = "#,##0.###%" if _english() else "#,##0.###\u00a0%"
    return format_percent(rate, format=form, locale=(get_language() or "fr")[:2])


def shown(amount_minor: int, currency: str) -> str:
    return money.display(amount_minor, currency, get_language() or "fr")


def _english() -> bool:
    return (get_language() or "").startswith("en")
