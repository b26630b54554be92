"""The ways in which each shop's parcel of a plan can reach its reader, and those in which it cannot, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.checkout import delivery
from marketplace.checkout.delivery import NotOffered, Quote
from marketplace.checkout.planning import Plan, PlannedParcel
from shops import readiness, slots
from shops.models import DeliveryOption


@dataclass(frozen=True)
class Way:
    """One option. `slots`: (value, words) of the times that are free, where it has times; `chosen`: the one chosen
    before. `why_not` says why it is not offered."""

    option: DeliveryOption
    quote: Quote
    slots: Sequence[tuple[str, str]] = ()
    chosen: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class Ways:
    parcel: PlannedParcel
    possible: Sequence[Way]
    refused: Sequence[Way]


def ways(plan: Plan) -> list[Ways]:
    """Of each parcel, in the shops' order; one query where a courier has slots."""
    times = {
        option.pk: delivery.choosable(option, parcel.shop, parcel.trip)
        for parcel in plan.sent
        for option in parcel.options
        if parcel.trip and delivery.needs_slot(option) and not parcel.quotes[option.pk].refusal
    }
    taken = slots.taken(choice for found in times.values() for choice in found)
    return [_ways(parcel, times, taken) for parcel in plan.sent]


def slot_of(value: str) -> tuple[int, date]:
    """What a time's value in the form says: slot and day."""
    slot_id, _, day = value.partition("_")
    return int(slot_id), date.fromisoformat(day)


def _ways(parcel: PlannedParcel, times: dict[int, list[slots.Choice]], taken: dict[tuple[int, date], int]) -> Ways:
    possible, refused = [], []
    for option in parcel.options:
        quote = parcel.quotes[option.pk]
        if not quote.refusal and option.pk in times:
            free = [one for one in times[option.pk] if taken.get((one.slot_id, one.day), 0) < one.capacity]
            if free:
                possible.append(Way(option, quote, _worded(free, parcel), _chosen(parcel, option)))
            else:
                refused.append(Way(option, quote, why_not=_why_not(NotOffered.SLOTS, quote)))
        elif not quote.refusal:
            possible.append(Way(option, quote))
        elif quote.refusal != NotOffered.ADDRESS:
            refused.append(Way(option, quote, why_not=_why_not(quote.refusal, quote)))
    return Ways(parcel, possible, refused)


def _worded(free: Iterable[slots.Choice], parcel: PlannedParcel) -> list[tuple[str, str]]:
    zone = ZoneInfo(parcel.shop.timezone)
    return [(_value(one.slot_id, one.day), readiness.words(one.begins, one.ends, zone)) for one in free]


def _chosen(parcel: PlannedParcel, option: DeliveryOption) -> str:
    slot = parcel.trip.slot if parcel.trip and parcel.option and parcel.option.pk == option.pk else None
    return _value(slot.slot_id, slot.day) if slot else ""


def _value(slot_id: int, day: date) -> str:
    return f"{slot_id}_{day.isoformat()}"


def _why_not(reason: NotOffered, quote: Quote) -> str:
    if reason == NotOffered.WEIGHT:
        kilograms = format_decimal(Decimal(quote.weight_grams) / 1000, "#,##0.0##", locale=(get_language() or "fr")[:2])
        return _("does not carry %(weight)s kg there") % {"weight": kilograms}
    words = {
        NotOffered.ZONE: _("does not go to this address"),
        NotOffered.AMOUNT: _("does not carry goods of this worth there"),
        NotOffered.CLOSED: _("takes no parcels at present"),
        NotOffered.SLOTS: _("has no time free in the next days"),
        NotOffered.FULL: _("takes no more orders today"),
    }
    return words[reason]
