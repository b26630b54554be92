"""The price with which a line came into its basket, beside the one of now."""

from __future__ import annotations

from oscar.apps.basket.models import Line

from marketplace.foundation import money
from marketplace.foundation.models import Network


def put_in_minor(line: Line, of: Network) -> int | None:
    """One unit as it was shown when the line was made, in minor units: with tax where prices include it. None where the
    line keeps none, or one in another currency."""
    kept = line.price_incl_tax if of.tax_included else line.price_excl_tax
    return money.to_minor(kept, of.currency) if kept is not None and line.price_currency == of.currency else None
