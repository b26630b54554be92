"""A voucher or a promotion lowers a plan: one of them, never both, each line within what book law allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from marketplace.checkout import voucher_amounts
from marketplace.checkout.models_vouchers import Voucher
from marketplace.payments import gift_cards

if TYPE_CHECKING:
    from marketplace.checkout.planning import Plan, PlannedParcel


def lowered(
    voucher: Voucher | None,
    promotions: Sequence[Voucher],
    parcels: Sequence[PlannedParcel],
    priced: Callable[..., Plan],
    **how: object,
) -> Plan:
    """The plan of these parcels with the voucher that was entered, if it takes something off; else with the promotion
    that leaves least to pay, if any does: what is lowered may cost its free delivery, or every way to the reader.
    `priced(parcels, **how)` is the arithmetic of a plan."""
    if voucher is not None:
        plan = _with(voucher, voucher_amounts.off_each(voucher, parcels), parcels, priced, **how)
        if plan.by_voucher or not promotions:
            return plan
    best = plain = priced(parcels, **how)
    for promotion in promotions:
        off = voucher_amounts.off_each(promotion, parcels)
        if any(off.values()):
            plan = _with(promotion, off, parcels, priced, **how)
            if plan.left_minor < best.left_minor and len(plan.undelivered) <= len(plain.undelivered):
                best = replace(plan, promotion=promotion)
    return best


def _with(
    voucher: Voucher,
    off: Mapping[int, int],
    parcels: Sequence[PlannedParcel],
    priced: Callable[..., Plan],
    **how: object,
) -> Plan:
    """A shop's own lowers the prices of its goods, and so their tax; the network's pays a part of the total."""
    if voucher.shop_id is None:
        plan = priced(parcels, **how)
        paid = gift_cards.shares([sum(off.values())], plan.total_minor)[0]
        return replace(plan, voucher_minor=paid, by_voucher=paid > 0)
    changed = [
        replace(parcel, lines=tuple(replace(line, discount_minor=off[line.basket_line_id]) for line in parcel.lines))
        for parcel in parcels
    ]
    return replace(priced(changed, **how), by_voucher=any(off.values()))
