"""All that depends on *which shop* becomes a set of shop ids here, so that an engine only filters and counts ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from marketplace.foundation.places import distance_km
from search import directory
from search.directory import Hours, ShopCard

_DAYS_AHEAD = 7


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
    if card.pickup is None or card.pickup.days_min > 0:
        return False
    local = now.astimezone(card.zone)
    return any(_ends(span) > local.time() or _past_midnight(span) for span in _spans(card, local.date()))


def opening(card: ShopCard, now: datetime) -> Opening:
    """Open or closed at `now`, in the shop's own time. Spans may run past midnight (22:00 to 02:00)."""
    return _opening(card, now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)  # one page may ask for thirty shops, and the next page for the same
def _opening(card: ShopCard, now: datetime) -> Opening:
    local = now.astimezone(card.zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        for span in _spans(card, day):
            starts = datetime.combine(day, span.opens, card.zone)
            ends = datetime.combine(day, span.closes, card.zone) + timedelta(days=_past_midnight(span))
            if starts <= local < ends:
                return Opening(is_open=True, until=span.closes)
    for ahead in range(_DAYS_AHEAD + 1):
        day = local.date() + timedelta(days=ahead)
        for span in _spans(card, day):
            if ahead or span.opens > local.time():
                return Opening(is_open=False, opens=span.opens, day=day, today=ahead == 0, tomorrow=ahead == 1)
    return Opening(is_open=False)


def _spans(card: ShopCard, day: date) -> list[Hours]:
    return [span for span in card.hours if span.weekday == day.weekday()]


def _past_midnight(span: Hours) -> bool:
    return span.closes <= span.opens


def _ends(span: Hours) -> time:
    return time.max if _past_midnight(span) else span.closes
