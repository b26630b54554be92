"""Time zones as calendar programs name them, or describe them in the file (VTIMEZONE: RFC 5545, 3.6.5)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.core import get_global

from marketplace.agenda import recurring

MOST_ZONES = 50
MOST_RULES = 100
"""Spans of one zone: some programs write one for each year of a century."""
_FROM, _UNTIL = datetime(1995, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
"""Between these a zone's rules are worked out; outside of them the nearest offset holds."""
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?")
_WALL = re.compile(r"\d{8}T\d{6}")
_LAST_PARTS = re.compile(r"([A-Za-z_]+/[A-Za-z_+-]+(?:/[A-Za-z_]+)?)$")


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo | None:
    """ "Europe/Paris", "/mozilla.org/20050126_1/Europe/Paris" or Windows' "Romance Standard Time"; None for others."""
    if len(name) > 100:
        return None
    ending = _LAST_PARTS.search(name)
    for candidate in (get_global("windows_zone_mapping").get(name, name), ending[1] if ending else ""):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (KeyError, ValueError, OSError):  # unknown; no name at all; a folder of the zones
            continue
    return None


class Span(NamedTuple):
    """STANDARD or DAYLIGHT as the file says it, in raw values: when its clock time begins, for the first time and
    then by a rule or on further days."""

    begins: str
    offset_from: str
    offset_to: str
    rule: str = ""
    further: Sequence[str] = ()


class DescribedZone(tzinfo):
    """A zone of a file: offsets, each from a moment on."""

    def __init__(self, name: str, first: timedelta, changes: Sequence[tuple[datetime, timedelta]]) -> None:
        """`changes`: (moment in UTC without a zone, the offset from then on), in their order."""
        self._name = name
        self._offsets = [first, *(offset for _moment, offset in changes)]
        self._moments = [moment for moment, _offset in changes]

    def utcoffset(self, when: datetime | None) -> timedelta:
        """Of a clock time that comes twice the first, of one that is left out the offset before (as zoneinfo does);
        with fold the other."""
        if when is None:
            return self._offsets[0]
        clock = when.replace(tzinfo=None)
        place = 0
        for place, moment in enumerate(self._moments):
            before, after = self._offsets[place], self._offsets[place + 1]
            if clock < moment + (min(before, after) if when.fold else max(before, after)):
                return before
        return self._offsets[place + 1] if self._moments else self._offsets[0]

    def dst(self, when: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, when: datetime | None) -> str:
        return self._name

    def fromutc(self, when: datetime) -> datetime:
        plain = when.replace(tzinfo=None)
        place = bisect_right(self._moments, plain)
        local = plain + self._offsets[place]
        twice = place > 0 and local < self._moments[place - 1] + self._offsets[place - 1]
        return local.replace(tzinfo=self, fold=int(twice))


def described(name: str, spans: Sequence[Span]) -> DescribedZone | None:
    """The zone that these spans make; None where they cannot be understood."""
    changes: dict[datetime, timedelta] = {}
    before: list[tuple[datetime, timedelta]] = []
    for span in spans[:MOST_RULES]:
        offset_from, offset_to = _offset(span.offset_from), _offset(span.offset_to)
        begins = _wall(span.begins)
        if offset_from is None or offset_to is None or begins is None:
            return None
        before.append((begins, offset_from))
        try:
            onsets = _onsets(begins, span, offset_from)
        except recurring.RuleError:
            return None
        changes.update({onset - offset_from: offset_to for onset in onsets})
    return DescribedZone(name, min(before)[1], sorted(changes.items())) if before else None


def _onsets(begins: datetime, span: Span, offset_from: timedelta) -> list[datetime]:
    """Clock times without a zone. The rule is worked out as if its clock stood still: its days are clock days."""
    further = [one for said in span.further if (one := _wall(said))]
    if not span.rule:
        return [begins, *further]
    since = max(begins, _FROM.replace(tzinfo=None))
    found = recurring.yearly(span.rule, begins, since=since, until=_UNTIL.replace(tzinfo=None), offset=offset_from)
    return [begins, *found, *further]


def _offset(said: str) -> timedelta | None:
    found = _OFFSET.fullmatch(said.strip())
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return (-offset if found[1] == "-" else offset) if offset < timedelta(hours=24) else None


def _wall(said: str) -> datetime | None:
    said = said.strip().upper()
    try:
        moment = datetime.strptime(said, "%Y%m%dT%H%M%S") if _WALL.fullmatch(said) else None
    except ValueError:
        return None
    return moment if moment and 1600 <= moment.year <= 2200 else None


class Zones(NamedTuple):
    """What the times of a file are in: `own` where they name none; `described` by the file itself."""

    own: tzinfo
    described: Mapping[str, tzinfo] = {}

    def named(self, name: str) -> tzinfo | None:
        """A zone that the world knows goes by its name, whatever the file says of it."""
        return zone_named(name) or self.described.get(name)
