"""How a reader gets a copy: from the shelf, else ordered by the shop where its feed says that it can be; or, where the
shop has uploaded what makes the article a download, as that.

What is ordered takes no stock: no hold, no allocation, and no number speaks of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from oscar.apps.partner.models import StockRecord

from shops.models import Availability, Shop, StockTerms, Supply
from shops.sellable import is_vouched, sellable_units

MOST_ORDERED = 99
"""Copies of one title in one order; more is a matter for a word with the shop."""


ONE_EACH = 1
"""Of a file or a link: whoever has it needs no second one."""
# An article with an upload is no matter of a number on a shelf; but what its shop calls unavailable is.
_OFFERED = (Availability.IN_STOCK, Availability.DIGITAL)


class Downloadable(Protocol):
    """What is asked of a `Download`."""

    active: bool
    codes_left: int | None


@dataclass(frozen=True)
class Supplied:
    """`units` that can be had that way, 0 where none can; `expected_on` where the shop says when."""

    supply: Supply
    units: int
    expected_on: date | None = None


def supplied(
    record: StockRecord, *, shop: Shop, terms: StockTerms | None, now: datetime, download: Downloadable | None
) -> Supplied:
    """`download`: the record's, where it has one (`shops.downloads.of`)."""
    if download is not None:
        return Supplied(Supply.DIGITAL, _downloads(download, shop, terms))
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


def _downloads(download: Downloadable, shop: Shop, terms: StockTerms | None) -> int:
    """No age of a number counts here: what was uploaded is there."""
    offered = terms is None or (terms.retired_at is None and terms.availability in _OFFERED)
    if not (download.active and offered and shop.status == Shop.Status.ACTIVE):
        return 0
    return ONE_EACH if download.codes_left is None else download.codes_left
