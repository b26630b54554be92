"""How well a feed does: when it last worked, how old its numbers are, how often it fails, what its changes had missed,
and how often its shop sold what was promised to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from catalog_sync import lanes
from catalog_sync.models import Feed, SourceRecord, SyncRun
from shops.models import Allocation, StockIncident
from shops.models_stock import TAKEN_OUT

LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Health:
    """`as_of`: of its numbers. Of the last 30 days: `readings`, how many of them `failed`, and `oversold`, times that
    more of what it lists was promised than its number held, as that fell. `drift`: articles that the last whole reading
    of the stock found otherwise than the changes just before it had told; None where it is not asked for changes."""

    last_success: datetime | None
    as_of: datetime | None
    readings: int
    failed: int
    drift: int | None
    oversold: int

    @property
    def error_rate(self) -> float:
        """0 to 1."""
        return self.failed / self.readings if self.readings else 0.0


def health(feed: Feed, *, now: datetime) -> Health:
    since, state = now - LOOKED_BACK, SyncRun.State
    runs = SyncRun.objects.filter(feed=feed, pushed=False, undoes=None)
    counts = runs.filter(started_at__gte=since).aggregate(
        readings=Count("pk", filter=~Q(state=state.RUNNING)), failed=Count("pk", filter=Q(state=state.FAILED))
    )
    done = runs.filter(state=state.DONE).order_by("-started_at")
    lane = lanes.number_lane(feed)
    whole = done.filter(lane=lane, complete=True).first()
    earlier = whole is not None and done.filter(lane=lane, started_at__lt=whole.started_at).exists()
    listed = SourceRecord.objects.filter(feed=feed, sku=OuterRef("stock_record__partner_sku"))
    incidents = StockIncident.objects.filter(stock_record__partner__shop=feed.shop_id, opened_at__gte=since)
    incidents = incidents.filter(Exists(listed)).exclude(Exists(_of_people()))
    return Health(
        last_success=done.values_list("ended_at", flat=True).first(),
        as_of=lanes.age_of(feed),
        drift=whole.changed if whole is not None and earlier and lanes.asks_for_changes(feed, lane) else None,
        oversold=incidents.count(),
        **counts,
    )


def _of_people() -> QuerySet[Allocation]:
    """What was promised beside the orders as an incident began: what staff did not find, a reader took back or paid at
    the counter says why more was promised, and the shop's number does not."""
    causes = (Allocation.Cause.NOT_FOUND, Allocation.Cause.CANCELLED, Allocation.Cause.COUNTER)
    of_it = Allocation.objects.filter(stock_record=OuterRef("stock_record"), cause__in=causes)
    open_then = Q(ended_at=None) | Q(ended_at__gte=OuterRef("opened_at"))
    return of_it.filter(open_then, created_at__lte=OuterRef("opened_at")).exclude(hold_key__startswith=TAKEN_OUT)
