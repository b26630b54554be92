"""When a shop is open: its weekly hours, and the days that it said otherwise. The one place that decides; whoever asks
for hours (when something is ready, open now, collect today, a courier's days) asks here.

On a day that is named specially the weekly hours do not count. Of several that name a day the one of the fewest days
counts (a shop that is away in August may open on the 15th); of equals all do, so that a day may have two spans.
A span belongs to the day on which it begins, and may run past midnight whatever is said of the next day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from shops.models_shop import OpeningHours, SpecialHours

DAYS_AHEAD = 14
MOST_DAYS_AHEAD = 400
_DAY = timedelta(days=1)


class Weekly(Protocol):
    @property
    def weekday(self) -> int: ...
    @property
    def opens(self) -> time: ...
    @property
    def closes(self) -> time: ...


class Special(Protocol):
    """Both days included; `opens` None: closed."""

    @property
    def first_day(self) -> date: ...
    @property
    def last_day(self) -> date: ...
    @property
    def opens(self) -> time | None: ...
    @property
    def closes(self) -> time | None: ...


class Span(NamedTuple):
    """What closes at or before it opens closes the next day."""

    opens: time
    closes: time

    @property
    def past_midnight(self) -> bool:
        return self.closes <= self.opens

    def moments(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Opening and closing (UTC) of the span that begins on `day`."""
        return _utc(day, self.opens, zone), _utc(day + _DAY if self.past_midnight else day, self.closes, zone)


class Hours(NamedTuple):
    """All that is known of when one shop is open."""

    weekly: tuple[Weekly, ...] = ()
    special: tuple[Special, ...] = ()

    def on(self, day: date) -> list[Span]:
        """What begins on that day, in order."""
        said = said_of(self.special, day)
        spans = (
            [Span(one.opens, one.closes) for one in said if one.opens is not None and one.closes is not None]
            if said
            else [Span(one.opens, one.closes) for one in self.weekly if one.weekday == day.weekday()]
        )
        return sorted(spans)

    def shut_on(self, day: date) -> bool:
        """Whether the shop said that it is closed on that day, as it usually is not or is."""
        said = said_of(self.special, day)
        return bool(said) and all(one.opens is None for one in said)

    def days_from(self, first: date, least: int = DAYS_AHEAD) -> Iterator[date]:
        """The day before `first` (its last span may run past midnight), and so many days from it on as decide when the
        shop is open next: `least` beyond the last one that is named specially."""
        last = max((one.last_day for one in self.special), default=first)
        ahead = min(max((last - first).days, 0) + least, MOST_DAYS_AHEAD)
        return (first + timedelta(days=days) for days in range(-1, ahead + 1))

    def openings(self, zone: ZoneInfo, first: date) -> Iterator[tuple[datetime, datetime]]:
        """Opening and closing moments (UTC) from the day before `first` on."""
        for day in self.days_from(first):
            for span in self.on(day):
                yield span.moments(day, zone)


NO_HOURS = Hours()


def said_of(special: Iterable[Special], day: date) -> list[Special]:
    """What counts of it on that day."""
    there = [one for one in special if one.first_day <= day <= one.last_day]
    shortest = min((one.last_day - one.first_day for one in there), default=None)
    return [one for one in there if one.last_day - one.first_day == shortest]


def of_shops(shop_ids: Iterable[int], *, now: datetime) -> dict[int, Hours]:
    """The hours of each shop; two queries, none where no shop is asked for. Days long past are left out."""
    asked = set(shop_ids)
    weekly: dict[int, list[OpeningHours]] = defaultdict(list)
    special: dict[int, list[SpecialHours]] = defaultdict(list)
    if asked:
        for span in OpeningHours.objects.filter(shop_id__in=asked):
            weekly[span.shop_id].append(span)
        for row in SpecialHours.objects.filter(shop_id__in=asked, last_day__gte=still_counts_from(now)):
            special[row.shop_id].append(row)
    return {pk: Hours(tuple(weekly[pk]), tuple(special[pk])) for pk in asked}


def still_counts_from(now: datetime) -> date:
    """No shop, wherever it is, has an earlier day today or yesterday."""
    return now.astimezone(UTC).date() - 2 * _DAY


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
