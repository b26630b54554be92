"""A shop's hours in words, for mails: the week by days that are alike, and the days of a time on which it is shut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from shops.opening import Hours, Span

MOST_DAYS = 100


def words(hours: Hours, first: date, last: date) -> list[str]:
    """Lines in the active language; none where no hours are known."""
    week = [tuple(_span_of(hours, weekday)) for weekday in range(7)]
    if not any(week):
        return []
    lines = []
    for spans, days in groupby(range(7), key=lambda weekday: week[weekday]):
        if spans:
            lines.append(f"{_days(list(days))} {', '.join(_said(span) for span in spans)}")
    if shut := [date_format(day, "MONTH_DAY_FORMAT") for day in _shut(hours, first, last)]:
        lines.append(_("Closed on %(days)s") % {"days": ", ".join(shut)})
    return lines


def _span_of(hours: Hours, weekday: int) -> Iterator[Span]:
    return (Span(*pair) for pair in sorted((one.opens, one.closes) for one in hours.weekly if one.weekday == weekday))


def _days(days: list[int]) -> str:
    first, last = str(WEEKDAYS[days[0]]), str(WEEKDAYS[days[-1]])
    return first if len(days) == 1 else f"{first}–{last}"


def _said(span: Span) -> str:
    return f"{time_format(span.opens, 'TIME_FORMAT')}–{time_format(span.closes, 'TIME_FORMAT')}"


def _shut(hours: Hours, first: date, last: date) -> list[date]:
    """Days that it usually opens on."""
    every = (first + timedelta(days=ahead) for ahead in range(min((last - first).days + 1, MOST_DAYS)))
    usual = {one.weekday for one in hours.weekly}
    return [day for day in every if day.weekday() in usual and hours.shut_on(day)]
