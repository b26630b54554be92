"""Paid at the counter: what a reader reserved and paid in the shop, in cash or at the shop's own terminal, as its staff
recorded it. The money never passes through the network, so that its commission, with the tax on it, is the shop's
debt: kept back from its next transfers (`debts.py`), or lowering what the bank pays it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from marketplace.payments import commission, commission_tax, ledger
from marketplace.payments.ledger import COMMISSION, shop_account, tax_account
from marketplace.payments.models import CounterSale
from shops.models import Reservation, Shop

BATCH = 50


def book_counter_sales(now: datetime) -> int:
    """Step: the commission of each sale at a counter, once. A shop whose tax nobody knows waits."""
    sold = Reservation.objects.filter(state=Reservation.State.SOLD, paid_with__gt="", booked_at=None)
    unknown = commission_tax.unknown_of(Shop.objects.filter(pk__in=sold.values("shop")), now=now)
    ready = sold.exclude(shop__in=unknown).select_related("shop", "product__facts").order_by("pk")
    return sum(_book(row, now) for row in ready[:BATCH])


def _book(row: Reservation, now: datetime) -> bool:
    at = row.ended_at or now
    kept = commission.at_counter(
        row.shop, getattr(row.product, "facts", None), goods_minor=row.total_minor, units=row.units, at=at
    )
    taxes = commission_tax.parts(row.shop, kept, at.date())
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
