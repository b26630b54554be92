"""How a reader gets a copy: from the shelf, else ordered by the shop where its feed says that it can be.

What is ordered takes no stock: no hold, no allocation, and no number speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from oscar.apps.partner.models import StockRecord

from shops.models import Availability, Shop, StockTerms, Supply
from shops.sellable import is_vouched, sellable_units

MOST_ORDERED = 99
"""Copies of one title in one order; more is a matter for a word with the shop."""


@dataclass(frozen=True)
class Supplied:
    """`units` that can be had that way, 0 where none can; `expected_on` where the shop says when."""

    supply: Supply
    units: int
    expected_on: date | None = None


def supplied(record: StockRecord, *, shop: Shop, terms: StockTerms | None, now: datetime) -> Supplied:
    units = sellable_units(record, shop=shop, terms=terms, now=now)
    if units or terms is None or terms.availability not in (Availability.ORDERABLE, Availability.PREORDER):
        return Supplied(Supply.STOCK, units)
    if terms.retired_at or shop.status != Shop.Status.ACTIVE or not is_vouched(shop=shop, terms=terms, now=now):
        return Supplied(Supply.ORDER, 0)
    if terms.availability == Availability.ORDERABLE:
        return Supplied(Supply.ORDER, MOST_ORDERED, now.date() + timedelta(days=terms.days) if terms.days else None)
    if terms.available_on is None:
        return Supplied(Supply.PREORDER, 0)  # nobody pays for what may never appear
    if terms.available_on <= now.date():
        return Supplied(Supply.ORDER, MOST_ORDERED)  # it has appeared, and the shop's list has not said so yet
    return Supplied(Supply.PREORDER, MOST_ORDERED, terms.available_on)
