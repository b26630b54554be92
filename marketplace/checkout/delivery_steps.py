"""What bringing a shop's parcel to the reader costs, by the worth of the goods in it: what the search for proposals
knows of delivery. What a proposal really costs is priced afterwards (`comparing`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.checkout import delivery
from marketplace.checkout.delivery import Packed, Trip
from shops import book_law, rates
from shops.models import DeliveryOption, Shop


@dataclass(frozen=True)
class Guess:
    """All that may be in the parcel, taken as one article."""

    goods_minor: int
    weight_grams: int
    is_new_book: bool
    as_of: datetime | None = None
    quantity: int = 1


def counted(options: Iterable[DeliveryOption], trip: Trip, *, collects: bool) -> tuple[DeliveryOption, ...]:
    """The ways that proposals count: where the reader `collects` also pick-up. A way whose table depends on a postcode
    that nobody has said yet is left out: its price is not known."""
    return tuple(
        option
        for option in options
        if (collects or option.kind != DeliveryOption.Kind.PICKUP) and _price_is_known(option, trip)
    )


def steps(
    options: Sequence[DeliveryOption], shop: Shop, lines: Sequence[Packed], trip: Trip
) -> tuple[tuple[int, int], ...]:
    """(goods from, price), both in minor units, amounts rising and prices falling: always the cheapest of the options
    for a parcel as heavy as these lines, the law's minimum counted. Empty where none brings it."""
    grams = sum(line.quantity * line.weight_grams for line in lines)
    books = any(line.is_new_book for line in lines)
    found: list[tuple[int, int]] = []
    for start in _thresholds(options, trip):
        parcel = [Guess(max(start, 1), grams, books)]
        quotes = (delivery.quote(option, shop, parcel, trip) for option in options)
        prices = [quote.price_minor for quote in quotes if not quote.refusal]
        if prices and (not found or min(prices) < found[-1][1]):
            found.append((start, min(prices)))
    return tuple(found)


def _thresholds(options: Sequence[DeliveryOption], trip: Trip) -> list[int]:
    """Amounts at which a price may change."""
    found = {0, *(option.free_above_minor or 0 for option in options)}
    for rate in (rate for option in options for rate in rates.rows(option.rates)):
        found |= {rate.free_above_minor or 0, 0 if rate.amount_minor is None else rate.amount_minor + 1}
    if trip.to:
        law = book_law.minimum_row(trip.to.country, trip.currency, on=trip.now.date())
        found |= {law.below_minor} if law else set()
    return sorted(found)


def _price_is_known(option: DeliveryOption, trip: Trip) -> bool:
    said = trip.to is not None and bool(trip.to.postcode)
    return said or not any(rate.prefixes for rate in rates.rows(option.rates))
