"""Copies that were counted as one stock record and are counted as another from now on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Case, CharField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Least

from shops import absorbing, stock
from shops.models import Allocation, Reservation, ShopOrder, ShopOrderLine

# A copy is gone when the shop handed it over, or accepted it where it takes it off then, or sold it at the counter out
# of a reservation; that its number contains this is said later, by its booking lag.
_KEY = Concat(Value("reservation:"), Cast("pk", CharField()))
_SOLD = Reservation.objects.annotate(of_hold=_KEY).filter(of_hold=OuterRef("hold_key")).values("ended_at")
LEFT_AT = Case(
    When(reflected_at=None, then=None),
    default=Least(
        "reflected_at",
        Coalesce(
            Case(
                When(cause=Allocation.Cause.COUNTER, then=Subquery(_SOLD)),
                When(stock_record__partner__shop__reserves_on_accept=True, then="line__shop_order__answered_at"),
                default="line__shop_order__handed_over_at",
            ),
            "reflected_at",
        ),
    ),
)
# What is being paid becomes the line's of the record that was frozen.
_BEING_PAID = Q(cause=Allocation.Cause.HOLD) & ~Q(hold_key__startswith="reservation:")


def lock_orders(stock_record_ids: list[int]) -> None:
    """The shop orders with copies promised of these, before any stock record: so that nobody who changes one has read
    of which record they are."""
    open_ = Allocation.objects.filter(stock_record__in=stock_record_ids, ended_at=None, line__isnull=False)
    orders = ShopOrder.objects.filter(pk__in=open_.values("line__shop_order")).order_by("pk")
    list(orders.select_for_update(no_key=True).values_list("pk"))


def move(old: int, new: int, *, lag: timedelta, now: datetime) -> int:
    """What is promised of one stock record is promised of the other; both are locked, and before them the orders
    (`lock_orders`). The other's number knows of a copy that has left by `lag` after it did. What is being paid stays.
    Returns the units that do."""
    open_ = Allocation.objects.filter(stock_record=old, ended_at=None)
    staying = open_.filter(_BEING_PAID).aggregate(units=Sum("units"))["units"] or 0
    rows = list(open_.exclude(_BEING_PAID).annotate(left_at=LEFT_AT).select_for_update(of=("self",)).order_by("pk"))
    for row in rows:
        row.stock_record_id = new
        row.reflected_at = row.left_at + lag if row.left_at else None
    ShopOrderLine.objects.filter(pk__in={row.line_id for row in rows if row.line_id}).update(stock_record=new)
    Allocation.objects.bulk_update(rows, ["stock_record_id", "reflected_at"])
    units = sum(row.units for row in rows)
    stock.count({old: -units, new: units})
    absorbing.end_contained([new], now=now)
    return staying


def left_since(record: int, *, since: datetime) -> list[tuple[int, datetime]]:
    """(units, when) of those that left after `since`, and are absorbed."""
    ended = Allocation.objects.filter(stock_record=record, ended_by=Allocation.End.ABSORBED, reflected_at__gt=since)
    return list(ended.annotate(left_at=LEFT_AT).filter(left_at__gt=since).values_list("units", "left_at"))
