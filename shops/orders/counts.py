"""What the counts of a shop order's lines mean; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable

from shops.models import ShopOrder, ShopOrderLine

Status = ShopOrder.Status


def status_of(lines: Iterable[ShopOrderLine]) -> Status:
    """The status that the lines' counts mean."""
    rows = list(lines)
    accepted = sum(line.accepted for line in rows)
    if any(line.open_units for line in rows):
        return Status.NEW
    if accepted == 0:
        return Status.DECLINED
    if accepted == sum(line.handed_over for line in rows):
        return Status.HANDED_OVER
    return Status.PACKED if accepted == sum(line.packed for line in rows) else Status.ACCEPTED


def still_here(lines: Iterable[ShopOrderLine]) -> dict[int, int]:
    """{line: units that are neither declined nor handed over}, where there are any."""
    left = {line.pk: line.left_units - line.handed_over for line in lines}
    return {pk: units for pk, units in left.items() if units}


def takes_a_part(shop_order: ShopOrder) -> bool:
    """Whether the reader wants what is left when a copy of this part is missing."""
    checkout = getattr(shop_order.order, "checkout", None)
    return checkout is None or checkout.agrees_in_part


def by_stock_record(rows: Iterable[ShopOrderLine]) -> list[ShopOrderLine]:
    """In the order in which stock records are locked."""
    return sorted(rows, key=lambda row: row.stock_record_id or 0)
