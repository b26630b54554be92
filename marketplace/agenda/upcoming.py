"""Events as pages show them: with their shop, in its own time. One query for any number of events and shops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import QuerySet

from marketplace.agenda.models import Event
from search import availability, directory
from search.availability import Place
from search.directory import ShopCard

MOST_IN_FILE = 1_000
MOST_IN_MONTH = 1_000
KEPT_IN_FILE = timedelta(days=31)
"""How long what is over stays in a file: programs that subscribed would take it away from their users' past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`first` and `last` in the shop's zone; `last` is the last moment that belongs to it."""

    event: Event
    card: ShopCard
    first: datetime
    last: datetime
    distance_km: float | None

    def day(self, now: datetime) -> date:
        """Under which day a list has it: today, where it has begun already."""
        today = now.astimezone(self.card.zone).date()
        return max(self.first.date(), min(today, self.last.date()))


def listed(
    shop_ids: Collection[int], now: datetime, *, skip: int = 0, most: int, place: Place | None = None
) -> list[Shown]:
    """What is not over, the next first."""
    found = _of(shop_ids).filter(ends__gte=now).order_by("begins", "pk")
    return shown(found[skip : skip + most], place)


def in_month(shop_ids: Collection[int], first: date, after: date, *, place: Place | None = None) -> list[Shown]:
    """What happens from `first` to before `after`, in each shop's own days."""
    day = timedelta(days=1)  # zones are up to 14 hours away from UTC
    begin, end = (datetime.combine(one, time(), UTC) for one in (first, after))
    found = _of(shop_ids).filter(begins__lt=end + day, ends__gte=begin - day).order_by("begins", "pk")
    every = shown(found[:MOST_IN_MONTH], place)
    return [one for one in every if one.first.date() < after and one.last.date() >= first]


def for_file(shop_ids: Collection[int], now: datetime) -> QuerySet[Event]:
    return _of(shop_ids).filter(ends__gte=now - KEPT_IN_FILE).order_by("begins", "pk")[:MOST_IN_FILE]


def shown(events: Iterable[Event], place: Place | None) -> list[Shown]:
    """Those of shops that are on sale."""
    cards = directory.active()
    return [_shown(event, cards[event.shop_id], place) for event in events if event.shop_id in cards]


def by_day(events: Sequence[Shown], now: datetime) -> list[tuple[date, list[Shown]]]:
    """In the order of days; within one, what has begun before comes first."""
    days: dict[date, list[Shown]] = {}
    for one in events:
        days.setdefault(one.day(now), []).append(one)
    return sorted(days.items())


def today(now: datetime, card: ShopCard | None = None) -> date:
    """The day it is at the shop; without one, at the first of those on sale: a network's shops are not far apart."""
    card = card or next(iter(directory.active().values()), None)
    return (now.astimezone(card.zone) if card else now).date()


def _of(shop_ids: Collection[int]) -> QuerySet[Event]:
    return Event.objects.filter(shop_id__in=shop_ids)


def _shown(event: Event, card: ShopCard, place: Place | None) -> Shown:
    return Shown(
        event=event,
        card=card,
        first=event.begins.astimezone(card.zone),
        last=event.last_moment(card.zone),
        distance_km=availability.distance(place, card),
    )
