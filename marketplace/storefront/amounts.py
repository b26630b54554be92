"""Amounts and rates as pages and mails show them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language

from marketplace.checkout import tax_words
from marketplace.foundation import money


def tax_rows(by_rate: Mapping[tuple[str, int], int]) -> list[tuple[str, int]]:
    """One row per tax and rate of `tax.by_rate`: ("QST, 9.975%", minor units)."""
    return [(f"{tax_words.name(code)}, {tax_words.percent(rate)}", amount) for (code, rate), amount in by_rate.items()]


def shown(amount_minor: int, currency: str) -> str:
    return money.display(amount_minor, currency, get_language() or "fr")
