"""iCalendar in: a calendar file (RFC 5545) becomes happenings within a span of days, and a list of what could not be.

Bad events are named and left out, good ones beside them go in; only what is no calendar, or was cut off, is refused as
a whole. Whatever stands in the file, the work is bounded: so many events are read, so many kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from marketplace.agenda import recurring, zones
from marketplace.agenda.content_lines import Line, lines, unescaped
from marketplace.agenda.models import LONGEST_LINK, LONGEST_PLACE, LONGEST_TEXT, LONGEST_TITLE, LONGEST_UID
from marketplace.agenda.zones import MOST_ZONES, Zones, zone_named

MOST_READ = 5_000
MOST_KEPT = 1_000
MOST_NAMED = 20
MOST_EXCEPTIONS = 1_000
LONGEST_DAYS = 366
_ONCE = frozenset(
    {*("DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "UID", "STATUS", "CLASS")}
    | {*("SUMMARY", "DESCRIPTION", "LOCATION", "URL")}
)
_ZONE = frozenset({"TZID", "TZOFFSETFROM", "TZOFFSETTO"})
_WANTED = _ONCE | _ZONE | {"BEGIN", "END", "EXDATE", "RDATE", "X-WR-TIMEZONE"}
_EVENT, _TIMEZONE = ["VCALENDAR", "VEVENT"], ["VCALENDAR", "VTIMEZONE"]
_TIME = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DURATION = re.compile(r"\+?P(?:(\d{1,3})W)?(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


class CalendarError(Exception):
    """The file as a whole is nothing to go by; `code` as in `words.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refusal(NamedTuple):
    """`line`: where the event begins, counted after unfolding."""

    line: int
    title: str
    code: str


class Happening(NamedTuple):
    """Times in UTC."""

    uid: str
    title: str
    text: str
    place: str
    link: str
    begins: datetime
    ends: datetime
    all_day: bool
    cancelled: bool


class Reading(NamedTuple):
    """`refused`: the first of `refused_count`. `cut`: why not everything was taken, "" where it was."""

    happenings: list[Happening]
    refused: list[Refusal]
    refused_count: int
    cut: str


class _Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Component:
    """A VEVENT as its lines say it."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.said: dict[str, Line] = {}
        self.exceptions: list[Line] = []
        self.further: list[Line] = []

    def take(self, line: Line) -> None:
        if line.name in _ONCE or line.name in _ZONE:
            self.said.setdefault(line.name, line)
        elif line.name == "EXDATE":
            self.exceptions.append(line)
        elif line.name == "RDATE":
            self.further.append(line)

    def text(self, name: str, most: int) -> str:
        return unescaped(self.said[name].value, most) if name in self.said else ""

    @property
    def title(self) -> str:
        return " ".join(self.text("SUMMARY", LONGEST_TITLE).split())


class _Zone:
    """A VTIMEZONE as its lines say it."""

    def __init__(self) -> None:
        self.name = ""
        self.spans: list[_Component] = []

    def take(self, line: Line, within: list[str]) -> None:
        if line.name == "TZID" and len(within) == 2:
            self.name = self.name or line.value.strip()[:100]
        elif len(within) == 3 and self.spans:
            self.spans[-1].take(line)

    def said(self) -> list[zones.Span]:
        return [
            zones.Span(
                begins=span.text("DTSTART", 40),
                offset_from=span.text("TZOFFSETFROM", 40),
                offset_to=span.text("TZOFFSETTO", 40),
                rule=span.text("RRULE", 500),
                further=[part for line in span.further for part in line.value.split(",")[: zones.MOST_RULES]],
            )
            for span in self.spans
        ]


def read(content: bytes, *, zone: ZoneInfo, since: datetime, until: datetime) -> Reading:
    """What happens from `since` to `until`. `zone`: the shop's, for times that name none. Raises `CalendarError`."""
    components, times, cut = _components(content, zone)
    found: list[Happening] = []
    refused: list[Refusal] = []
    moved = _moved(components, times)
    for component in components:
        try:
            found += _happenings(component, times, moved, since, until)
        except _Refused as error:
            refused.append(Refusal(component.line, component.title, error.code))
    once = sorted({one.uid: one for one in found}.values(), key=lambda one: (one.begins, one.uid))
    cut = cut or ("calendar_many_dates" if len(once) > MOST_KEPT else "")
    return Reading(once[:MOST_KEPT], refused[:MOST_NAMED], len(refused), cut)


def _components(content: bytes, zone: ZoneInfo) -> tuple[list[_Component], Zones, str]:
    """The events of the file, the zones of its times, and why not all were read. `zone` is the shop's."""
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        raise CalendarError("calendar_none")
    within: list[str] = []
    found: list[_Component] = []
    spoken: list[_Zone] = []
    own: ZoneInfo | None = None
    cut = ""
    for line in lines(content.lstrip(b"\xef\xbb\xbf \t\r\n"), _WANTED):
        kind = line.value.strip().upper()
        if line.name == "BEGIN":
            if len(within) > 10:
                raise CalendarError("calendar_nested")
            within.append(kind)
            if within == _EVENT:
                if len(found) == MOST_READ:
                    cut = "calendar_many_events"
                    break
                found.append(_Component(line.number))
            elif within == _TIMEZONE and len(spoken) < MOST_ZONES:
                spoken.append(_Zone())
            elif within[:2] == _TIMEZONE and len(within) == 3 and len(spoken[-1].spans) < zones.MOST_RULES:
                spoken[-1].spans.append(_Component(line.number))
        elif line.name == "END":
            if not within or within.pop() != kind:
                raise CalendarError("calendar_nested")
        elif within == _EVENT:
            found[-1].take(line)
        elif within[:2] == _TIMEZONE and spoken:
            spoken[-1].take(line, within)
        elif line.name == "X-WR-TIMEZONE" and within == ["VCALENDAR"]:
            own = zone_named(line.value.strip())
    if within and not cut:
        raise CalendarError("calendar_cut")
    return found, Zones(own or zone, _described(spoken)), cut


def _described(spoken: Iterable[_Zone]) -> dict[str, tzinfo]:
    """The zones that the file describes and the world does not know by their name."""
    wanted = {one.name: one for one in spoken if one.name and zone_named(one.name) is None}
    found = {name: zones.described(name, one.said()) for name, one in wanted.items()}
    return {name: zone for name, zone in found.items() if zone}


def _happenings(
    component: _Component, times: Zones, moved: set[tuple[str, datetime]], since: datetime, until: datetime
) -> list[Happening]:
    said = component.said
    if component.text("CLASS", 20).upper() in {"PRIVATE", "CONFIDENTIAL"}:
        raise _Refused("event_private")
    if not component.title:
        raise _Refused("event_title")
    if "DTSTART" not in said:
        raise _Refused("event_begin")
    begins, all_day = _moment(said["DTSTART"], times)
    lasts = _lasts(component, begins, all_day, times)
    uid = component.text("UID", LONGEST_UID - 20) or f"{component.title[:100]}@{begins.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    starts = [begins] if begins <= until and begins + lasts >= since else []
    repeats = ("RRULE" in said or bool(component.further)) and "RECURRENCE-ID" not in said
    if repeats:
        starts = _repeated(component, begins, lasts, times, since, until)
        starts = [one for one in starts if (uid, one.astimezone(UTC)) not in moved]
    own_day = _moment(said["RECURRENCE-ID"], times)[0] if "RECURRENCE-ID" in said else None
    return [
        Happening(
            uid=_occurrence(uid, own_day or one) if repeats or own_day else uid,
            title=component.title,
            text=component.text("DESCRIPTION", LONGEST_TEXT),
            place=" ".join(component.text("LOCATION", LONGEST_PLACE).split()),
            link=_link(component.text("URL", LONGEST_LINK)),
            begins=one.astimezone(UTC),
            ends=_end(one, lasts, all_day).astimezone(UTC),
            all_day=all_day,
            cancelled=component.text("STATUS", 20).upper() == "CANCELLED",
        )
        for one in starts
    ]


def _repeated(
    component: _Component, begins: datetime, lasts: timedelta, times: Zones, since: datetime, until: datetime
) -> list[datetime]:
    without = _moments(component.exceptions, times)
    further = [
        one for one in _moments(component.further, times) if since - lasts <= one <= until and one not in without
    ]
    if "RRULE" not in component.said:
        return sorted({one.astimezone(UTC): one for one in [begins, *further] if one >= since - lasts}.values())
    try:
        rule = component.said["RRULE"].value.strip()
        found = recurring.occurrences(rule, begins, without, since - lasts, until)
    except recurring.RuleError as error:
        raise _Refused("event_rule") from error
    return sorted({one.astimezone(UTC): one for one in found + further}.values())


def _moved(components: Iterable[_Component], times: Zones) -> set[tuple[str, datetime]]:
    """The occurrences of series that stand in the file once more by themselves: (uid, the time they had)."""
    found = set()
    for component in components:
        if line := component.said.get("RECURRENCE-ID"):
            try:
                found.add((component.text("UID", LONGEST_UID - 20), _moment(line, times)[0].astimezone(UTC)))
            except _Refused:
                continue
    return found


def _lasts(component: _Component, begins: datetime, all_day: bool, times: Zones) -> timedelta:
    """As clocks show it: an all-day event lasts whole days also when the clocks change."""
    if "DTEND" in component.said:
        ends = _moment(component.said["DTEND"], times)[0]
        lasts = ends.replace(tzinfo=None) - begins.replace(tzinfo=None) if all_day else _since(begins, ends)
    elif "DURATION" in component.said:
        found = _DURATION.fullmatch(component.said["DURATION"].value.strip().upper())
        if not found:
            raise _Refused("event_duration")
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        lasts = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    else:
        lasts = timedelta(days=1 if all_day else 0)
    if all_day and not lasts:
        lasts = timedelta(days=1)  # a habit of some programs: the end is the day itself
    if lasts < timedelta(0):
        raise _Refused("event_backwards")
    if lasts > timedelta(days=LONGEST_DAYS):
        raise _Refused("event_long")
    return lasts


def _end(begins: datetime, lasts: timedelta, all_day: bool) -> datetime:
    """Days are added on the calendar, hours on the clock."""
    return begins + lasts if all_day else begins.astimezone(UTC) + lasts


def _since(begins: datetime, ends: datetime) -> timedelta:
    return ends.astimezone(UTC) - begins.astimezone(UTC)  # within one zone Python would take the clocks' difference


def _moments(said: Iterable[Line], times: Zones) -> list[datetime]:
    values = [line._replace(value=part) for line in said for part in line.value.split(",")[:MOST_EXCEPTIONS]]
    found = []
    for line in values[:MOST_EXCEPTIONS]:
        try:
            found.append(_moment(line, times)[0])
        except _Refused:
            continue
    return found


def _moment(line: Line, times: Zones) -> tuple[datetime, bool]:
    """A time with its zone, and whether it is a whole day (then its midnight)."""
    found = _TIME.fullmatch(line.value.strip().upper())
    if not found:
        raise _Refused("event_time")
    zone = times.own
    if name := line.parameters.get("TZID"):
        named = times.named(name)
        if named is None:
            raise _Refused("event_zone")
        zone = named
    try:
        moment = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
    except ValueError as error:
        raise _Refused("event_time") from error
    if not 1970 <= moment.year <= 2200:
        raise _Refused("event_time")
    return moment.replace(tzinfo=UTC if found[3] else zone), not found[2]


def _occurrence(uid: str, begins: datetime) -> str:
    return f"{uid}#{begins.astimezone(UTC):%Y%m%dT%H%M}"


def _link(value: str) -> str:
    return value if _LINK.fullmatch(value) else ""
