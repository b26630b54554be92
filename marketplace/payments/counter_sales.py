"""Paid at the counter: what a reader reserved and paid in the shop, in cash or at the shop's own terminal, as its staff
recorded it. The money never passes through the network, so that its commission, with the tax on it, is the shop's
debt: kept back from its next transfers (`debts.py`), or lowering what the bank pays it."""

from __future__ import annotations

from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db import transaction

from marketplace.payments import commission, commission_tax, incidents, ledger
from marketplace.payments.ledger import COMMISSION, shop_account, tax_account
from marketplace.payments.models import CounterSale
from shops.models import Reservation, Shop

BATCH = 50


def book_counter_sales(now: datetime) -> int:
    """Step: the commission of each sale at a counter, once. One of a day of which nobody knows its shop's tax waits,
    without holding up the others."""
    sold = Reservation.objects.filter(state=Reservation.State.SOLD, paid_with__gt="", booked_at=None)
    if not sold.exists():
        return 0
    fails, there = incidents.failed("book_counter_sales"), sold.select_related("shop", "product__facts").order_by("pk")
    rows = chain(there.exclude(pk__in=fails).iterator(BATCH), there.filter(pk__in=fails).iterator(BATCH))
    unknown: dict[tuple[int, date], bool] = {}
    ready: list[Reservation] = []
    for row in rows:
        day = _day(row, now)
        if (row.shop_id, day) not in unknown:
            unknown[row.shop_id, day] = bool(commission_tax.unknown_of([row.shop], now=now, on=day))
        if not unknown[row.shop_id, day]:
            ready.append(row)
        if len(ready) == BATCH:
            break
    return incidents.one_by_one(ready, lambda row: _book(row, now), step="book_counter_sales", now=now)


def _day(row: Reservation, now: datetime) -> date:
    return (row.ended_at or now).date()


def _book(row: Reservation, now: datetime) -> bool:
    at = row.ended_at or now
    kept = commission.at_counter(
        row.shop, getattr(row.product, "facts", None), goods_minor=row.total_minor, units=row.units, at=at
    )
    taxes = commission_tax.parts(row.shop, kept, _day(row, now))
    with transaction.atomic():
        Shop.objects.select_for_update(of=("self",)).only("pk").get(pk=row.shop_id)
        values = {
            "shop": row.shop, "amount_minor": row.total_minor, "currency": row.currency, "commission_minor": kept,
            "commission_tax": taxes, "booked_at": now,
        }  # fmt: skip
        if not CounterSale.objects.get_or_create(reservation=row, defaults=values)[1]:
            return False
        Reservation.objects.filter(pk=row.pk).update(booked_at=now)
        cause = f"reservation {row.pk} paid at the counter"
        common: Any = {"debit": shop_account(row.shop_id), "currency": row.currency, "cause": cause, "now": now}
        ledger.post("counter", credit=COMMISSION, amount_minor=kept, key=f"counter:{row.pk}", **common)
        for place, tax in taxes:
            key = f"counter-tax:{place}:{row.pk}"
            ledger.post("counter_tax", credit=tax_account(place), amount_minor=tax, key=key, **common)
    return True
