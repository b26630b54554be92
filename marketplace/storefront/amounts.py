"""A plan's amounts as the sums of a page show them."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_percent
from django.utils.translation import get_language

from marketplace.checkout.planning import Plan
from marketplace.foundation import money


def tax_rows(plan: Plan) -> list[tuple[str, int]]:
    """One row per rate: ("14.98%", minor units)."""
    return [(percent(basis_points), amount_minor) for basis_points, amount_minor in plan.tax_by_rate.items()]


def percent(basis_points: int) -> str:
    rate = Decimal(basis_points) / money.BASIS_POINTS
    return format_percent(rate, format="#,##0.##%" if _english() else "#,##0.## %", locale=(get_language() or "fr")[:2])


def shown(amount_minor: int, currency: str) -> str:
    return money.display(amount_minor, currency, get_language() or "fr")


def _english() -> bool:
    return (get_language() or "").startswith("en")
