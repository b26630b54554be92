"""What partners get of the sales they brought, once the shop earns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from marketplace.foundation import money
from marketplace.payments.models import LineCommission
from marketplace.payments.worth import units_worth
from shops.models import ShopOrderLine


def shares(lines: Iterable[ShopOrderLine], *, kept_minor: int) -> dict[int, int]:
    """{partner: minor} of one shop order's lines: what was frozen for the units left, less the part of it in what the
    network does not keep of its commission."""
    found: dict[int, int] = {}
    by_line = {line.pk: line for line in lines}
    agreed = 0
    for row in LineCommission.objects.filter(line__in=by_line):
        line = by_line[row.line_id]
        agreed += row.amount_minor - units_worth(row.amount_minor, line.declined, line.quantity)
        if row.partner_id and row.partner_minor:
            left = row.partner_minor - units_worth(row.partner_minor, line.declined, line.quantity)
            found[row.partner_id] = found.get(row.partner_id, 0) + left
    whole = sum(found.values())
    most = min(kept_minor, whole - part_back(whole, agreed - kept_minor, agreed))
    return dict(zip(found, money.split(most, list(found.values())), strict=True)) if most else {}


def given_back(
    lines: Iterable[ShopOrderLine], *, kept_minor: int, back_minor: int, earlier: Iterable[Sequence[Sequence[int]]]
) -> list[tuple[int, int]]:
    """[(partner, minor)]: what partners give back once `back_minor` in all of a commission that was booked as
    `kept_minor` went back, after what they gave back `earlier`."""
    before: dict[int, int] = {}
    for pairs in earlier:
        for partner_id, minor in pairs:
            before[partner_id] = before.get(partner_id, 0) + minor
    found = [
        (partner_id, part_back(share, back_minor, kept_minor) - before.get(partner_id, 0))
        for partner_id, share in shares(lines, kept_minor=kept_minor).items()
    ]
    return [(partner_id, minor) for partner_id, minor in found if minor > 0]


def part_back(share_minor: int, back_minor: int, kept_minor: int) -> int:
    """Of a share of the commission the part that goes back with `back_minor` of it: rounded down, all with all."""
    return share_minor * min(max(0, back_minor), kept_minor) // kept_minor if kept_minor > 0 else 0
