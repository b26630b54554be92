"""All that depends on *which shop* becomes a set of shop ids here, so that an engine only filters and counts ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from marketplace.foundation.places import distance_km
from search import directory
from search.directory import ShopCard
from shops import readiness

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the reader is, as far as they said. Degrees; `radius_km` is what "near me" means to them."""

    latitude: float
    longitude: float
    label: str
    radius_km: int = 10
    area: str = ""  # ISO 3166: the country, or the part of it ("CA-QC"); empty where it is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Open with `until`, or closed with the next opening: `opens` on `day` (None: no hours known)."""

    is_open: bool
    until: time | None = None
    opens: time | None = None
    day: date | None = None
    today: bool = False
    tomorrow: bool = False
    far_off: bool = False  # its weekday alone does not say which day is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopEntry:
    """A shop as lists show it."""

    card: ShopCard
    opening: Opening
    distance_km: float | None


def distance(place: Place | None, card: ShopCard) -> float | None:
    """Kilometres from the reader to the shop; None where either is unknown."""
    if place is None or card.position is None:
        return None
    return distance_km((place.latitude, place.longitude), card.position)


def entry(card: ShopCard, place: Place | None, now: datetime) -> ShopEntry:
    return ShopEntry(card=card, opening=opening(card, now), distance_km=distance(place, card))


def entries(place: Place | None, now: datetime) -> list[ShopEntry]:
    """All shops, the nearest first where a place is known (those without a position last), else by name."""
    far = float("inf")
    found = [entry(card, place, now) for card in directory.active().values()]
    return sorted(found, key=lambda one: (far if one.distance_km is None else one.distance_km, one.card.name))


def near(place: Place, km: float) -> frozenset[int]:
    """Shops within `km` kilometres."""
    found = ((card.pk, distance(place, card)) for card in directory.active().values())
    return frozenset(pk for pk, away in found if away is not None and away <= km)


def open_now(now: datetime) -> frozenset[int]:
    return frozenset(card.pk for card in directory.active().values() if opening(card, now).is_open)


def collect_today(now: datetime) -> frozenset[int]:
    """Shops where what is on the shelf can be picked up before they close today."""
    return frozenset(card.pk for card in directory.active().values() if collects_today(card, now))


def collect() -> frozenset[int]:
    """Shops where one can collect."""
    return frozenset(card.pk for card in directory.active().values() if card.pickup)


def send() -> frozenset[int]:
    """Shops that send."""
    return frozenset(card.pk for card in directory.active().values() if card.cheapest_delivery)


def collects_today(card: ShopCard, now: datetime) -> bool:
    if card.pickup is None or card.pickup.days_min > 0 or card.full_days:
        return False
    local = now.astimezone(card.zone)
    return any(span.past_midnight or span.closes > local.time() for span in card.when_open.on(local.date()))


def ready(card: ShopCard, now: datetime) -> datetime | None:
    """When what is on the shelf of a full shop can be collected, as the checkout says it; None where the shop is not
    full, nothing is collected or no hours are known."""
    return _ready(card, now.replace(second=0, microsecond=0)) if card.full_days and card.pickup else None


@lru_cache(maxsize=1024)
def _ready(card: ShopCard, now: datetime) -> datetime | None:
    days = card.full_days + (card.pickup.days_min if card.pickup else 0)
    minutes = card.preparation_minutes
    return readiness.ready_at(card.when_open, card.zone, preparation_minutes=minutes, now=now, days=days)


def sent_from(card: ShopCard, now: datetime) -> date | None:
    """The day from which a shop sends again that is away until then, as the checkout says it."""
    return _sent_from(card, now.replace(second=0, microsecond=0)) if card.special_days else None


@lru_cache(maxsize=1024)
def _sent_from(card: ShopCard, now: datetime) -> date | None:
    return readiness.sent_from(card.when_open, card.zone, preparation_minutes=card.preparation_minutes, now=now)


def opening(card: ShopCard, now: datetime) -> Opening:
    """Open or closed at `now`, in the shop's own time."""
    return _opening(card, now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)  # one page may ask for thirty shops, and the next page for the same
def _opening(card: ShopCard, now: datetime) -> Opening:
    hours, today = card.when_open, now.astimezone(card.zone).date()
    for day in hours.days_from(today, DAYS_A_WEEK):
        for span in hours.on(day):
            begins, ends = span.moments(day, card.zone)
            if begins <= now < ends:
                return Opening(is_open=True, until=span.closes)
            if begins > now:
                ahead = (day - today).days
                return Opening(
                    is_open=False,
                    opens=span.opens,
                    day=day,
                    today=ahead == 0,
                    tomorrow=ahead == 1,
                    far_off=ahead >= DAYS_A_WEEK,
                )
    return Opening(is_open=False)
