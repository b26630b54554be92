from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from shops.models import OpeningHours, SpecialHours
from shops.opening import NO_HOURS, Hours
from shops.readiness import ready_at, sent_from, words, words_from

ZONE = ZoneInfo("America/Toronto")
# Monday to Friday 10:00 to 18:00, with noon off on Monday; Saturday night until 02:00
WEEK = (
    OpeningHours(weekday=0, opens=time(10), closes=time(12)),
    OpeningHours(weekday=0, opens=time(13), closes=time(18)),
    *(OpeningHours(weekday=day, opens=time(10), closes=time(18)) for day in (1, 2, 3, 4)),
    OpeningHours(weekday=5, opens=time(20), closes=time(2)),
)
HOURS = Hours(WEEK)


def local(day: int, clock: str) -> datetime:
    """Of November 2026, whose 23rd is a Monday."""
    return datetime.combine(datetime(2026, 11, day), time.fromisoformat(clock), ZONE)


@pytest.mark.parametrize(
    ("now", "minutes", "days", "ready"),
    [
        (local(24, "14:20"), 60, 0, local(24, "15:30")),  # on a full quarter of an hour
        (local(24, "07:00"), 60, 0, local(24, "11:00")),
        (local(24, "17:30"), 30, 0, local(25, "10:00")),  # would be ready as the shop closes
        (local(24, "17:30"), 60, 0, local(25, "10:30")),
        (local(23, "11:30"), 60, 0, local(23, "13:30")),
        (local(24, "22:00"), 60, 0, local(25, "11:00")),
        (local(27, "17:50"), 60, 0, local(28, "21:00")),  # the ten minutes end on the next full quarter
        (local(29, "01:00"), 30, 0, local(29, "01:30")),  # Saturday's span, past midnight
        (local(29, "01:30"), 60, 0, local(30, "10:30")),
        (local(24, "14:20"), 60, 2, local(26, "11:00")),
        (local(24, "14:20"), 16 * 60, 0, local(26, "14:30")),  # two whole days of work
    ],
)
def test_ready_after_so_much_opening_time(now, minutes, days, ready):
    found = ready_at(HOURS, ZONE, preparation_minutes=minutes, now=now, days=days)
    assert (found, found.tzinfo) == (ready, UTC)


def shut(first: int, last: int) -> SpecialHours:
    return SpecialHours(first_day=date(2026, 11, first), last_day=date(2026, 11, last))


@pytest.mark.parametrize(
    ("now", "said", "weekly", "day"),
    [
        (local(24, "12:00"), [], WEEK, None),
        (local(24, "19:00"), [], WEEK, None),  # it is closed as on any evening
        (local(24, "12:00"), [shut(26, 27)], WEEK, None),  # sent before
        (local(24, "12:00"), [shut(24, 25)], WEEK, 26),
        (local(24, "12:00"), [shut(24, 27)], WEEK, 28),
        (local(24, "12:00"), [shut(24, 28)], WEEK, 30),  # Sunday is no day of its week
        (local(24, "17:50"), [shut(25, 26)], WEEK, 27),  # too late for today
        (local(24, "12:00"), [shut(24, 26), shut(27, 27)], (), 28),  # nobody knows more of its hours
        (local(24, "12:00"), [shut(25, 26)], (), None),
    ],
)
def test_shop_that_is_away_sends_once_it_is_back(now, said, weekly, day):
    hours = Hours(weekly, tuple(said))
    assert sent_from(hours, ZONE, preparation_minutes=30, now=now) == (day and date(2026, 11, day))


def test_without_hours_nothing_is_promised():
    assert ready_at(NO_HOURS, ZONE, preparation_minutes=60, now=local(24, "12:00")) is None
    assert ready_at(HOURS, ZONE, preparation_minutes=10_000, now=local(24, "12:00")) is None


def test_hours_are_the_shops_own_when_the_clocks_change():
    """1 November 2026, 02:00 is 01:00 again: opening is at 10:00 by the clock on the wall."""
    sunday = Hours((OpeningHours(weekday=6, opens=time(10), closes=time(18)),))
    found = ready_at(sunday, ZONE, preparation_minutes=60, now=datetime(2026, 10, 31, 23, 0, tzinfo=ZONE))
    assert found == datetime(2026, 11, 1, 16, 0, tzinfo=UTC)


def test_words_say_the_day_and_the_hour():
    begins, ends = local(26, "16:30"), local(26, "18:00")
    with translation.override("en"):
        assert words(begins, None, ZONE) == "Thursday November 26 from 4:30 p.m."
        assert words(begins, ends, ZONE) == "Thursday November 26, 4:30 p.m. to 6 p.m."
        assert words_from(begins, None, ZONE, local(26, "09:00")) == "today from 4:30 p.m."
        assert words_from(begins, None, ZONE, local(25, "23:59"), awaits_confirmation=True) == (
            "tomorrow from 4:30 p.m., after the shop confirms"
        )
        assert words_from(begins, None, ZONE, local(24, "09:00")) == "Thursday November 26 from 4:30 p.m."
        assert words(None, None, ZONE) == ""
