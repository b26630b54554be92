"""Which hours count on a day, and from when to when that is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from shops import opening
from shops.models import OpeningHours, SpecialHours
from shops.opening import Hours, Span
from shops.readiness import ready_at
from tests import factories

MONTREAL = ZoneInfo("America/Toronto")
WEEK = tuple(OpeningHours(weekday=day, opens=time(10), closes=time(18)) for day in range(6))
NIGHT = OpeningHours(weekday=5, opens=time(20), closes=time(3))


def special(first: str, last: str = "", opens: int | None = None, closes: int | None = None) -> SpecialHours:
    return SpecialHours(
        first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last or first),
        opens=None if opens is None else time(opens),
        closes=None if closes is None else time(closes),
    )


AUGUST = special("2026-08-01", "2026-08-31")


@pytest.mark.parametrize(
    ("day", "said", "hours", "shut"),
    [
        ("2026-08-03", [], [(10, 18)], False),
        ("2026-08-02", [], [], False),  # Sunday, as always
        ("2026-08-03", [AUGUST], [], True),
        ("2026-07-31", [AUGUST], [(10, 18)], False),
        ("2026-08-31", [AUGUST], [], True),
        ("2026-09-01", [AUGUST], [(10, 18)], False),
        ("2026-08-15", [AUGUST, special("2026-08-15", opens=9, closes=12)], [(9, 12)], False),
        ("2026-08-15", [special("2026-08-15"), special("2026-08-01", "2026-08-31", 9, 12)], [], True),
        # two spans of one day, the later said first
        ("2026-08-02", [special("2026-08-02", opens=14, closes=17), special("2026-08-02", opens=9, closes=12)],
         [(9, 12), (14, 17)], False),
    ],
)  # fmt: skip
def test_of_what_names_a_day_the_fewest_days_count(day, said, hours, shut):
    found = Hours(WEEK, tuple(said))
    on = date.fromisoformat(day)
    assert found.on(on) == [Span(time(opens), time(closes)) for opens, closes in hours]
    assert found.shut_on(on) is shut


def test_a_night_belongs_to_the_day_on_which_it_begins():
    """Saturday until 03:00 stays so where Sunday is closed; on the night of 1 November 02:00 is 01:00 again."""
    hours = Hours((NIGHT,), (special("2026-11-01"),))
    assert next(hours.openings(MONTREAL, date(2026, 11, 1))) == (
        datetime(2026, 11, 1, 0, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 8, 0, tzinfo=UTC),  # eight hours, not seven
    )
    closed = Hours((NIGHT,), (special("2026-10-31"),))
    assert next(closed.openings(MONTREAL, date(2026, 11, 1)))[0] == datetime(2026, 11, 8, 1, 0, tzinfo=UTC)


def test_spring_takes_an_hour_of_the_night():
    """On 8 March 2026 02:00 is 03:00."""
    begins, ends = Span(time(20), time(3)).moments(date(2026, 3, 7), MONTREAL)
    assert (ends - begins).total_seconds() == 6 * 3600


@pytest.mark.parametrize(
    ("said", "ready"),
    [
        ([], datetime(2026, 11, 30, 17, 0)),
        ([special("2026-11-30")], datetime(2026, 12, 1, 11, 0)),
        ([special("2026-11-30", opens=13, closes=15)], datetime(2026, 11, 30, 14, 0)),
        ([special("2026-11-30", opens=11, closes=16)], datetime(2026, 12, 1, 10, 0)),  # ready as it closes
        ([special("2026-11-20", "2026-12-27")], datetime(2026, 12, 28, 11, 0)),  # longer than two weeks
        ([special("2026-11-30", "2027-11-30")], datetime(2027, 12, 1, 11, 0)),
    ],
)
def test_nothing_is_ready_while_the_shop_is_closed(said, ready):
    """Asked on Monday 30 November 2026 at 16:00, or at noon where the shop is open specially; an hour of work."""
    now = datetime(2026, 11, 30, 12 if said and said[0].opens == time(13) else 15 if said and said[0].opens else 16)
    found = ready_at(Hours(WEEK, tuple(said)), MONTREAL, preparation_minutes=60, now=now.replace(tzinfo=MONTREAL))
    assert found == ready.replace(tzinfo=MONTREAL)


@pytest.mark.django_db
def test_hours_are_read_in_two_queries_without_what_is_long_over(django_assert_num_queries):
    shops = [factories.shop() for _ in range(3)]
    for shop in shops:
        factories.opening_hours(shop, weekday=0, opens=time(9), closes=time(18))
        factories.special_hours(shop, date(2026, 8, 1), date(2026, 8, 31))
    with django_assert_num_queries(2):
        found = opening.of_shops([shop.pk for shop in shops], now=datetime(2026, 9, 2, tzinfo=UTC))
    assert {len(hours.special) for hours in found.values()} == {1}
    later = opening.of_shops([shops[0].pk], now=datetime(2026, 9, 3, tzinfo=UTC))
    assert later[shops[0].pk].special == ()
    with django_assert_num_queries(0):
        assert opening.of_shops([], now=datetime(2026, 9, 3, tzinfo=UTC)) == {}
