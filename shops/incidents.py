"""More is promised than the shop's number holds: its till was faster. Nothing is clamped; a person looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from oscar.apps.partner.models import StockRecord

from shops.models import Allocation, StockIncident
from shops.models_stock import TAKEN_OUT


def review(records: Iterable[StockRecord], *, now: datetime) -> None:
    """Open an incident for each record that promises more than it has, close those that are over. `records` are locked
    and as they are stored."""
    by_id = {record.pk: record for record in records}
    if not by_id:
        return
    running = StockIncident.objects.filter(stock_record_id__in=by_id, closed_at=None)
    known = set(running.values_list("stock_record_id", flat=True))
    over = {pk for pk, record in by_id.items() if _is_over(record, 0)}
    taken_out = _taken_out(over)
    over = {pk for pk in over if _is_over(by_id[pk], taken_out[pk])}
    StockIncident.objects.bulk_create(
        StockIncident(
            stock_record_id=pk, opened_at=now, in_stock=by_id[pk].num_in_stock, allocated=by_id[pk].num_allocated
        )
        for pk in sorted(over - known)
    )
    if known - over:
        running.filter(stock_record_id__in=known - over).update(closed_at=now)


def _is_over(record: StockRecord, aside: int) -> bool:
    return record.num_in_stock is not None and (record.num_allocated or 0) - aside > record.num_in_stock


def _taken_out(ids: Collection[int]) -> Counter[int]:
    """By record, what its shop took out of orders: that is promised to nobody beside, and back in its next number."""
    units: Counter[int] = Counter()
    open_ones = Allocation.objects.filter(stock_record_id__in=ids, ended_at=None)
    for row in open_ones.filter(hold_key__startswith=TAKEN_OUT) if ids else ():
        units[row.stock_record_id] += row.units
    return units
