"""What it costs to bring a parcel to its reader by one of the shop's options, and when it is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, prefetch_related_objects

from shops import book_law, opening, rates, readiness, slots
from shops.models import DeliveryOption, DeliverySlot, Shop

Kind = DeliveryOption.Kind
# A number older than a day may have missed a whole day at the till: every shop's stock is read daily, at least.
OLD_NUMBER = timedelta(days=1)


@dataclass(frozen=True)
class Destination:
    """Where to, as far as it decides anything: ISO 3166-1 alpha-2 country and postcode."""

    country: str
    postcode: str


class NotOffered(StrEnum):
    """Why an option cannot bring a parcel."""

    ADDRESS = "address"  # it needs an address, and none is given yet
    ZONE = "zone"  # it does not go there
    WEIGHT = "weight"  # too heavy for every row of the table that goes there
    AMOUNT = "amount"  # worth more than every such row allows
    CLOSED = "closed"  # the pick-up point, or the other shop, takes no parcels at present
    SLOTS = "slots"  # no slot is left in the days that can be chosen
    FULL = "full"  # the shop has as many orders as it can do today, and takes no more


class Packed(Protocol):
    """What is read of a line: amounts for the whole line. `as_of`: the age of the shop's number of it."""

    @property
    def quantity(self) -> int: ...
    @property
    def goods_minor(self) -> int: ...
    @property
    def weight_grams(self) -> int: ...
    @property
    def is_new_book(self) -> bool: ...
    @property
    def as_of(self) -> datetime | None: ...


@dataclass(frozen=True)
class Quote:
    """One option for one parcel. Where `refusal` says something the rest is empty. `least_minor`: what the law asks at
    least; `legal_minimum`: the price was raised to that. From and until: when the reader can have it, where that is
    known to the hour. `sent_from`: the day on which a shop is back that is away until then."""

    price_minor: int = 0
    refusal: NotOffered | None = None
    weight_grams: int = 0
    free_above_minor: int | None = None
    least_minor: int = 0
    legal_minimum: book_law.DeliveryMinimum | None = None
    expected_from: datetime | None = None
    expected_until: datetime | None = None
    awaits_confirmation: bool = False
    sent_from: date | None = None


@dataclass(frozen=True)
class Trip:
    """What decides beside the option and what is in the parcel. `hours` are the shop's, as are `full_days`."""

    now: datetime
    currency: str
    to: Destination | None = None
    hours: opening.Hours = opening.NO_HOURS
    slot: slots.Choice | None = None
    full_days: int = 0


def quote(option: DeliveryOption, shop: Shop, lines: Sequence[Packed], trip: Trip) -> Quote:
    """What the option asks for these lines, or why it does not carry them. Without a database where the option was read
    by `options_by_shop`."""
    grams = sum(line.quantity * line.weight_grams for line in lines) + option.packaging_grams
    goods_minor = sum(line.goods_minor for line in lines)
    refusal, asked, free_above = _asked(option, shop, grams, goods_minor, trip)
    if refusal:
        return Quote(refusal=refusal, weight_grams=grams)
    price = 0 if free_above is not None and goods_minor >= free_above else asked
    row, least = _legal_minimum(option, shop, lines, trip)
    begins, ends = _expected(option, shop, trip)
    return Quote(
        price_minor=max(price, least),
        weight_grams=grams,
        free_above_minor=free_above if price and not least else None,
        least_minor=least,
        legal_minimum=row if least > price else None,
        expected_from=begins,
        expected_until=ends,
        awaits_confirmation=begins is not None and ends is None and _is_old(lines, trip.now),
        sent_from=_sent_from(shop, trip) if begins is None and option.kind != Kind.PICKUP else None,
    )


def reaches(option: DeliveryOption, shop: Shop, to: Destination | None) -> bool:
    """What is collected needs no address. Anything else needs one in one of its countries (none named: the shop's own)
    and under one of its postcode prefixes (none named: everywhere there)."""
    if option.is_collected:
        return True
    if to is None or not to.country or to.country not in (option.countries or [shop.country]):
        return False
    prefixes = tuple(rates.plain(prefix) for prefix in option.postcode_prefixes)
    return not prefixes or rates.plain(to.postcode).startswith(prefixes)


def options_by_shop(shop_ids: Iterable[int]) -> dict[int, tuple[DeliveryOption, ...]]:
    """The active options of each shop in its own order, with point, other shop and slots; one query, two where there is
    a courier."""
    wanted = DeliveryOption.objects.filter(shop_id__in=set(shop_ids), active=True)
    options = list(wanted.select_related("point", "receiving_shop").order_by("position", "pk"))
    couriers = [option for option in options if option.kind == Kind.COURIER]
    if couriers:
        prefetch_related_objects(couriers, Prefetch("slots", queryset=DeliverySlot.objects.filter(active=True)))
    found: dict[int, list[DeliveryOption]] = defaultdict(list)
    for option in options:
        found[option.shop_id].append(option)
    return defaultdict(tuple, {shop_id: tuple(options) for shop_id, options in found.items()})


def hours_by_shop(options: Mapping[int, Sequence[DeliveryOption]], now: datetime) -> dict[int, opening.Hours]:
    """When the shops are open that hand over or send something; one query, if any."""
    asked = [pk for pk, of_shop in options.items() if of_shop]
    return defaultdict(opening.Hours, opening.hours_of(asked, now=now))


def ready_at(option: DeliveryOption, shop: Shop, trip: Trip) -> datetime | None:
    """When the shop has it ready, for the reader or for a courier."""
    days = trip.full_days + (option.days_min if option.kind == Kind.PICKUP else 0)
    zone, minutes = ZoneInfo(shop.timezone), shop.preparation_minutes
    return readiness.ready_at(trip.hours, zone, preparation_minutes=minutes, now=trip.now, days=days)


def choosable(option: DeliveryOption, shop: Shop, trip: Trip) -> list[slots.Choice]:
    """The slots of a courier that begin once the shop has the parcel ready, earliest first; full ones among them. None
    on a day on which the shop said that it is closed."""
    ready = ready_at(option, shop, trip) or trip.now + timedelta(minutes=shop.preparation_minutes)
    found = slots.choices(option.slots.all(), ZoneInfo(shop.timezone), after=ready, now=trip.now)
    return [choice for choice in found if not trip.hours.shut_on(choice.day)]


def slot_of(option: DeliveryOption, shop: Shop, trip: Trip, wanted: tuple[int, date] | None) -> slots.Choice | None:
    """The slot and day that a reader wants, where it can be had."""
    found = choosable(option, shop, trip) if wanted else []
    return next((choice for choice in found if (choice.slot_id, choice.day) == wanted), None)


def day_told(quote: Quote | None, shop: Shop) -> str:
    """The slot, else the day on which it lies ready, or from which it is sent: an hour may move while the reader
    looks."""
    if quote is None or quote.expected_from is None:
        return str(quote.sent_from) if quote and quote.sent_from else ""
    local = quote.expected_from.astimezone(ZoneInfo(shop.timezone))
    return str(local if quote.expected_until else local.date())


def needs_slot(option: DeliveryOption) -> bool:
    return option.kind == Kind.COURIER and bool(option.slots.all())


def _asked(
    option: DeliveryOption, shop: Shop, grams: int, goods_minor: int, trip: Trip
) -> tuple[NotOffered | None, int, int | None]:
    """Why not, else the price and from which worth on it is nothing."""
    if trip.full_days and shop.refuses_when_full:
        return NotOffered.FULL, 0, None
    if option.kind == Kind.POINT and option.point is not None:
        if not option.point.active:
            return NotOffered.CLOSED, 0, None
        fixed = option.point.price_minor
        return None, option.price_minor if fixed is None else fixed, option.free_above_minor if fixed is None else None
    if option.kind == Kind.OTHER_SHOP and option.receiving_shop is not None:
        other = option.receiving_shop
        if not other.receives_for_others or other.status != Shop.Status.ACTIVE:
            return NotOffered.CLOSED, 0, None
    if not reaches(option, shop, trip.to):
        return (NotOffered.ADDRESS if trip.to is None else NotOffered.ZONE), 0, None
    if needs_slot(option) and not choosable(option, shop, trip):
        return NotOffered.SLOTS, 0, None
    if not option.rates or trip.to is None:
        return None, option.price_minor, option.free_above_minor
    return _from_table(option, trip.to, grams, goods_minor)


def _from_table(
    option: DeliveryOption, to: Destination, grams: int, goods_minor: int
) -> tuple[NotOffered | None, int, int | None]:
    there = [rate for rate in rates.rows(option.rates) if rate.in_zone(to.country, rates.plain(to.postcode))]
    if not there:
        return NotOffered.ZONE, 0, None
    light = [rate for rate in there if rate.carries(grams)]
    row = next((rate for rate in light if rate.covers(goods_minor)), None)
    if row is None:
        return (NotOffered.AMOUNT if light else NotOffered.WEIGHT), 0, None
    free_above = option.free_above_minor if row.free_above_minor is None else row.free_above_minor
    return None, row.price_minor, free_above


def _legal_minimum(
    option: DeliveryOption, shop: Shop, lines: Sequence[Packed], trip: Trip
) -> tuple[book_law.DeliveryMinimum | None, int]:
    country = law_country(option, shop, trip.to.country if trip.to else "")
    books = sum(line.goods_minor for line in lines if line.is_new_book)
    on: date = trip.now.astimezone(ZoneInfo(shop.timezone)).date()
    row = book_law.minimum_row(country, trip.currency, on=on)
    return row, book_law.delivery_minimum(country, trip.currency, new_books_minor=books, on=on)


def law_country(option: DeliveryOption, shop: Shop, to: str) -> str:
    """Whose law says what sending must cost: where the reader gets it; `to` is the country of the address. Empty where
    it is collected in a shop that sells books, which is exempt; a pick-up point is not one."""
    counter = {Kind.PICKUP: shop, Kind.OTHER_SHOP: option.receiving_shop}.get(Kind(option.kind))
    if counter is not None and counter.sells_books:
        return ""
    where = counter or option.point
    return where.country if where is not None else to


def _expected(option: DeliveryOption, shop: Shop, trip: Trip) -> tuple[datetime | None, datetime | None]:
    if option.kind == Kind.PICKUP:
        return ready_at(option, shop, trip), None
    if trip.slot is not None and any(slot.pk == trip.slot.slot_id for slot in _slots(option)):
        return trip.slot.begins, trip.slot.ends
    return None, None


def _sent_from(shop: Shop, trip: Trip) -> date | None:
    minutes = shop.preparation_minutes
    return readiness.sent_from(trip.hours, ZoneInfo(shop.timezone), preparation_minutes=minutes, now=trip.now)


def _slots(option: DeliveryOption) -> Iterable[DeliverySlot]:
    return option.slots.all() if option.kind == Kind.COURIER else ()


def _is_old(lines: Sequence[Packed], now: datetime) -> bool:
    return any(line.as_of is None or now - line.as_of > OLD_NUMBER for line in lines)
