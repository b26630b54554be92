"""More is promised than the shop's number holds: its till was faster. Nothing is clamped; a person looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from oscar.apps.partner.models import StockRecord

from shops.models import StockIncident


def review(records: Iterable[StockRecord], *, now: datetime) -> None:
    """Open an incident for each record that promises more than it has, close those that are over. `records` are locked
    and as they are stored."""
    by_id = {record.pk: record for record in records}
    if not by_id:
        return
    running = StockIncident.objects.filter(stock_record_id__in=by_id, closed_at=None)
    known = set(running.values_list("stock_record_id", flat=True))
    over = {pk for pk, record in by_id.items() if _is_over(record)}
    StockIncident.objects.bulk_create(
        StockIncident(
            stock_record_id=pk, opened_at=now, in_stock=by_id[pk].num_in_stock, allocated=by_id[pk].num_allocated
        )
        for pk in sorted(over - known)
    )
    if known - over:
        running.filter(stock_record_id__in=known - over).update(closed_at=now)


def _is_over(record: StockRecord) -> bool:
    return record.num_in_stock is not None and (record.num_allocated or 0) > record.num_in_stock
