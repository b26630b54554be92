"""What a line's units are worth in money: one rule, so that capture, refund and transfer agree to the cent.

The first k units of a line of n that costs t are worth ⌊t·k/n⌋; all of them exactly t. The delivery share of a line
goes with its units (DESIGN: each part frozen by one plain rule)."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.payments.commission import frozen
from shops.models import ShopOrder, ShopOrderLine


def units_worth(total_minor: int, units: int, quantity: int) -> int:
    return total_minor * units // quantity


def declined_worth(lines: Iterable[ShopOrderLine]) -> int:
    """What the reader does not pay, or gets back, for the units that were declined."""
    return sum(units_worth(line.total_minor, line.declined, line.quantity) for line in lines)


def handed_over_worth(lines: Iterable[ShopOrderLine]) -> int:
    """What a shop has earned, before commission: everything that was not declined, once the rest is handed over."""
    return sum(line.total_minor - units_worth(line.total_minor, line.declined, line.quantity) for line in lines)


def commission(shop_order: ShopOrder, lines: Iterable[ShopOrderLine]) -> int:
    """The network's share of the goods that were handed over, as it was frozen when they were sold."""
    lines = list(lines)
    for line in lines:
        line.shop_order = shop_order
    agreed = frozen(lines)
    return sum(
        agreed[line.pk].amount_minor - units_worth(agreed[line.pk].amount_minor, line.declined, line.quantity)
        for line in lines
    )
