"""When a repeated event happens (RFC 5545, 3.3.10): the only use of dateutil's rules, which are given bounds first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, takewhile

from dateutil.rrule import rrulestr

MOST_OCCURRENCES = 100
"""Of one series within the days that are looked at."""
MOST_COUNTED = 10_000
OLDEST_DAYS = 20 * 366
"""A series that began earlier is not worked out: each of its days would be counted."""
_LONGEST_RULE = 500
_MOST_YEARS = 60
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class RuleError(Exception):
    """A rule that cannot be read, or that we do not work out."""


def occurrences(
    rule: str, first: datetime, without: Iterable[datetime], since: datetime, until: datetime
) -> list[datetime]:
    """The beginnings from `since` to `until`, at most MOST_OCCURRENCES. `first` has its zone, in which days and hours
    are counted: an event at 18:00 stays at 18:00 when the clocks change. Raises `RuleError`."""
    if first < until - timedelta(days=OLDEST_DAYS):
        raise RuleError("too old")
    zone, skipped = first.tzinfo, {one.astimezone(UTC) for one in without}
    bounded = _bounded(rule, first, until)
    try:
        found = rrulestr(bounded, dtstart=first.replace(tzinfo=None))
        times = (one.replace(tzinfo=zone) for one in found)
        shown = (one for one in times if one >= since and one.astimezone(UTC) not in skipped)
        return list(islice(takewhile(lambda one: one <= until, shown), MOST_OCCURRENCES))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise RuleError(str(error)) from error


def yearly(rule: str, first: datetime, *, since: datetime, until: datetime, offset: timedelta) -> list[datetime]:
    """When the clocks change, by a zone's rule: once a year, as clock times without a zone, like `first`, `since` and
    `until`. An UNTIL in UTC is told in clock time by `offset`. Raises `RuleError` for what is no such rule."""
    parts = _parts(rule)
    if parts.get("FREQ") != "YEARLY" or "COUNT" in parts or not _whole(parts.get("INTERVAL", "1"), 1):
        raise RuleError(rule[:60])
    last = until
    if said := parts.pop("UNTIL", ""):
        zone = timezone(offset)
        last = min(last, _until(said, first.replace(tzinfo=zone)).astimezone(zone).replace(tzinfo=None))
    # Some rules begin in 1601: what was long ago is not worked out.
    day = 28 if (first.month, first.day) == (2, 29) else first.day
    begins = first.replace(year=max(first.year, since.year - 1), day=day)
    try:
        found = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begins)
        return [one for one in islice(found.between(since, last, inc=True), _MOST_YEARS) if one > first]
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise RuleError(str(error)) from error


def _parts(rule: str) -> dict[str, str]:
    parts = dict(part.upper().partition("=")[::2] for part in rule[:_LONGEST_RULE].rstrip(";").split(";"))
    if len(rule) > _LONGEST_RULE or not parts.keys() <= _PARTS or parts.get("FREQ") not in _FREQUENCIES:
        raise RuleError(rule[:60])
    return parts


def _bounded(rule: str, first: datetime, until: datetime) -> str:
    """The rule with an end of its own at most at `until`, in the zone's own time."""
    parts = _parts(rule)
    if not _whole(parts.get("INTERVAL", "1"), 1000):  # with 0 it would never end
        raise RuleError(rule[:60])
    last = until
    if said := parts.pop("UNTIL", ""):
        last = min(last, _until(said, first))
    count = parts.pop("COUNT", "")
    if count and not _whole(count, 10**6):
        raise RuleError(rule[:60])
    bounded = [f"{name}={value}" for name, value in parts.items()]
    # RFC 5545 lets only one of the two stand.
    end = f"UNTIL={last.astimezone(first.tzinfo):%Y%m%dT%H%M%S}"
    bounded.append(f"COUNT={min(int(count), MOST_COUNTED)}" if count else end)
    return ";".join(bounded)


def _until(said: str, first: datetime) -> datetime:
    found = _UNTIL.fullmatch(said)
    if not found:
        raise RuleError(f"UNTIL={said[:20]}")
    try:
        local = datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S")
    except ValueError as error:
        raise RuleError(str(error)) from error
    return local.replace(tzinfo=UTC if found[3] else first.tzinfo)


def _whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most
