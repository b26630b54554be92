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
    """The plan of these parcels with the voucher that was entered; without one with the promotion that takes most off,
    if any takes something off. `priced(parcels, **how)` is the arithmetic of a plan."""
    if voucher is not None:
        return _with(voucher, voucher_amounts.off_each(voucher, parcels), parcels, priced, **how)
    offs = [(row, voucher_amounts.off_each(row, parcels)) for row in promotions]
    best = max(offs, key=lambda found: (sum(found[1].values()), -found[0].pk), default=None)
    if best is None or not any(best[1].values()):
        return priced(parcels, **how)
    promotion, off = best
    plan = _with(promotion, off, parcels, priced, **how)
    # What law allows depends on how it is brought, which `priced` may have refused: then nothing is left of it.
    return replace(plan, promotion=promotion) if plan.voucher_minor or plan.discount_minor else plan


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
        if parcel.shop.pk == voucher.shop_id
        else parcel
        for parcel in parcels
    ]
    return replace(priced(changed, **how), by_voucher=any(off.values()))
