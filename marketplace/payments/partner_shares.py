"""What partners get of the sales they brought, once the shop earns."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.foundation import money
from marketplace.payments.models import LineCommission
from shops.models import ShopOrderLine


def shares(lines: Iterable[ShopOrderLine], *, kept_minor: int) -> dict[int, int]:
    """{partner: minor} of one shop order's lines: what was frozen for the units left, and in all no more than what the
    network keeps of them."""
    found: dict[int, int] = {}
    by_line = {line.pk: line for line in lines}
    for row in LineCommission.objects.filter(line__in=by_line, partner__isnull=False, partner_minor__gt=0):
        line = by_line[row.line_id]
        left = row.partner_minor - row.partner_minor * line.declined // line.quantity
        found[row.partner_id or 0] = found.get(row.partner_id or 0, 0) + left
    most = min(kept_minor, sum(found.values()))
    return dict(zip(found, money.split(most, list(found.values())), strict=True)) if most else {}
