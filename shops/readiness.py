"""When a parcel lies ready at the counter: from opening hours and the time the shop needs, in its own time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from shops.opening import Hours

QUARTER = timedelta(minutes=15)


def ready_at(
    hours: Hours, zone: ZoneInfo, *, preparation_minutes: int, now: datetime, days: int = 0
) -> datetime | None:
    """The moment (UTC) from which what is ordered at `now` can be collected. Preparing takes `preparation_minutes` of
    opening time, over several spans where one is too short, from `days` days after today on; it ends on a full quarter
    of an hour. What would be ready when the shop closes waits for its next opening. None: no hours are known, or none
    within two weeks after what the shop said of single days."""
    first = now.astimezone(zone).date() + timedelta(days=days)
    start = now.astimezone(UTC)
    if days:
        start = max(start, datetime.combine(first, time(), zone).astimezone(UTC))
    left = timedelta(minutes=preparation_minutes)
    for opens, closes in hours.openings(zone, first):
        begins = max(opens, start)
        if begins >= closes:
            continue
        done = _full_quarter(begins + max(left, timedelta()))
        if done < closes:
            return done
        left -= closes - begins
    return None


def sent_from(hours: Hours, zone: ZoneInfo, *, preparation_minutes: int, now: datetime) -> date | None:
    """The day from which a shop sends again that said it is closed meanwhile. None: it said nothing of the kind, and
    the days of its delivery count from the order."""
    if not hours.special:
        return None
    today = now.astimezone(zone).date()
    if not hours.weekly:  # nobody knows when it is open, but for the days that it named
        day = today
        while hours.shut_on(day):
            day += timedelta(days=1)
        return day if day > today else None
    ready = ready_at(hours, zone, preparation_minutes=preparation_minutes, now=now)
    day = ready.astimezone(zone).date() if ready is not None else today
    is_shut = any(hours.shut_on(today + timedelta(days=ahead)) for ahead in range((day - today).days))
    return day if is_shut else None


def words(begins: datetime | None, ends: datetime | None, zone: ZoneInfo, awaits_confirmation: bool = False) -> str:
    """ "Friday 27 November from 16:30", "Friday 27 November, 17:00 to 19:00"; empty where nothing is known."""
    if begins is None:
        return ""
    return _sure(_on(day_name(begins.astimezone(zone).date()), begins, ends, zone), awaits_confirmation)


def words_from(
    begins: datetime | None, ends: datetime | None, zone: ZoneInfo, now: datetime, awaits_confirmation: bool = False
) -> str:
    """The same as one says it now: "today from 16:30", "tomorrow from 10:00"."""
    if begins is None:
        return ""
    day, today = begins.astimezone(zone).date(), now.astimezone(zone).date()
    near = {today: _("today"), today + timedelta(days=1): _("tomorrow")}
    return _sure(_on(near.get(day) or day_name(day), begins, ends, zone), awaits_confirmation)


def day_name(day: date) -> str:
    """ "Friday 27 November"."""
    return f"{date_format(day, 'l')} {date_format(day, 'MONTH_DAY_FORMAT')}"


def _on(day: str, begins: datetime, ends: datetime | None, zone: ZoneInfo) -> str:
    values = {"day": day, "from": time_format(begins.astimezone(zone).time(), "TIME_FORMAT")}
    if ends is None:
        return _("%(day)s from %(from)s") % values
    return _("%(day)s, %(from)s to %(until)s") % {
        **values,
        "until": time_format(ends.astimezone(zone).time(), "TIME_FORMAT"),
    }


def _sure(text: str, awaits_confirmation: bool) -> str:
    return _("%(when)s, after the shop confirms") % {"when": text} if awaits_confirmation else text


def _full_quarter(moment: datetime) -> datetime:
    """The next full quarter of an hour (every zone's offset is a whole number of them)."""
    past = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment + QUARTER - past if past else moment
