"""By when a shop answers: the clock's hours, unless it was shut for most of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shops.models import OpeningHours, SpecialHours
from shops.opening import NO_HOURS, Hours
from shops.orders import answer_times

ZONE = ZoneInfo("Europe/Paris")
TWO_DAYS = timedelta(hours=48)
# Tuesday to Saturday from ten to seven, as most bookshops.
WEEK = Hours(tuple(OpeningHours(weekday=day, opens=time(10), closes=time(19)) for day in range(1, 6)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In March 2026; the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "within", "due"),
    [
        (at(3, 9), TWO_DAYS, at(5, 9)),  # open for eighteen hours of them
        (at(7, 19), TWO_DAYS, at(11, 17)),  # Saturday evening: nine hours on Tuesday, seven on Wednesday
        (at(3, 22), timedelta(hours=3), at(4, 11)),  # not in the night
        (at(3, 12), timedelta(hours=3), at(3, 15)),
    ],
)
def test_time_in_which_a_shop_is_shut_does_not_use_its_time_up(since, within, due):
    assert answer_times.answer_due(WEEK, ZONE, since=since, within=within) == due


def test_where_no_hours_are_known_the_clock_counts():
    assert answer_times.answer_due(NO_HOURS, ZONE, since=at(7, 19), within=TWO_DAYS) == at(9, 19)


def test_holidays_count_and_have_an_end():
    shut = SpecialHours(first_day=date(2026, 3, 3), last_day=date(2026, 3, 4))
    assert answer_times.answer_due(WEEK._replace(special=(shut,)), ZONE, since=at(2, 9), within=TWO_DAYS) == at(6, 17)
    shut.last_day = date(2026, 3, 30)
    due = answer_times.answer_due(WEEK._replace(special=(shut,)), ZONE, since=at(2, 9), within=TWO_DAYS)
    assert due == at(2, 9) + TWO_DAYS + answer_times.MOST


def test_spans_that_overlap_count_once():
    double = Hours((*WEEK.weekly, *WEEK.weekly))
    assert answer_times.answer_due(double, ZONE, since=at(7, 19), within=TWO_DAYS) == at(11, 17)


def test_no_later_than_the_payment_waits():
    assert answer_times.answer_due(WEEK, ZONE, since=at(7, 19), within=TWO_DAYS, latest=at(10, 8)) == at(10, 8)
    assert answer_times.answer_due(WEEK, ZONE, since=at(7, 19), within=TWO_DAYS, latest=at(6, 8)) == at(7, 19)
