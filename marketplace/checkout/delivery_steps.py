"""What a shop's parcel costs to bring, by the worth of the goods in it: what the proposals know of delivery."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.checkout.delivery import Destination, reaches
from shops.models import DeliveryOption, Shop


def steps(
    options: Iterable[DeliveryOption], shop: Shop, to: Destination, *, collects: bool
) -> tuple[tuple[int, int], ...]:
    """(goods from, price), both in minor units, amounts rising and prices falling: always the cheapest of the options
    that reach `to`, where the reader `collects` also pick-up. Empty where none does."""
    possible = [
        option
        for option in options
        if reaches(option, shop, to) and (collects or option.kind != DeliveryOption.Kind.PICKUP)
    ]
    found: list[tuple[int, int]] = []
    for start in sorted({0, *(option.free_above_minor or 0 for option in possible)}) if possible else ():
        price = min(option.price_for(start) for option in possible)
        if not found or price < found[-1][1]:
            found.append((start, price))
    return tuple(found)
