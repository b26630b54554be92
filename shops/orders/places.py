"""In which order a shop's programs read its orders, and what left them: by a place that each gets once it can be seen.

A cursor over keys or times passes over what was committed late: a transaction that began earlier may end later, with a
lower key and an earlier time. A place is given as somebody reads, one reader after another (the shop's `ShopReading` is
locked), to what is committed by then: so whatever comes later has a higher one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from shops.models import Cancellation, ShopOrder, ShopReading

_AT_ONCE = 500  # rows in a transaction: of a shop that is read for the first time


def orders(shop_id: int) -> QuerySet[ShopOrder]:
    """Those that programs are told of: downloads deliver themselves."""
    return ShopOrder.objects.filter(shop=shop_id, is_download=False)


def taken_back(shop_id: int) -> QuerySet[Cancellation]:
    """What the shop has been told of, or is to be."""
    return Cancellation.objects.filter(Q(told_at__isnull=False) | Q(due_at__isnull=False), shop=shop_id)


def give(shop_id: int) -> int:
    """A place for whatever has none yet, the oldest first. Returns how many got one."""
    done = 0
    while orders(shop_id).filter(place=None).exists() or taken_back(shop_id).filter(place=None).exists():
        done += _give_some(shop_id)
    return done


def _give_some(shop_id: int) -> int:
    ShopReading.objects.get_or_create(shop_id=shop_id)
    with transaction.atomic():
        reading = ShopReading.objects.select_for_update().get(shop_id=shop_id)
        rows = [*_without(orders(shop_id), "created_at"), *_without(taken_back(shop_id), "cancelled_at")]
        rows.sort(key=lambda one: one[0])
        for place, (_, row) in enumerate(rows, start=reading.last + 1):
            row.place = place
        ShopOrder.objects.bulk_update([row for _, row in rows if isinstance(row, ShopOrder)], ["place"])
        Cancellation.objects.bulk_update([row for _, row in rows if isinstance(row, Cancellation)], ["place"])
        reading.last += len(rows)
        reading.save(update_fields=["last"])
    return len(rows)


def _without(rows: QuerySet[Any], when: str) -> list[tuple[datetime, ShopOrder | Cancellation]]:
    found = rows.filter(place=None).order_by(when, "pk").only("pk", when)[:_AT_ONCE]
    return [(getattr(row, when), row) for row in found]
