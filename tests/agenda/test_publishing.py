"""Events as a calendar file: what we write, we read back; lines are folded, texts escaped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from marketplace.agenda import ical, publishing
from marketplace.agenda.content_lines import folded
from marketplace.agenda.models import Event
from search import directory
from tests import factories
from tests.agenda.calendar_files import MONTREAL, NOW

pytestmark = pytest.mark.django_db
EVENING = datetime(2026, 12, 4, 23, tzinfo=UTC)


def test_what_is_written_is_read_back():
    port = factories.shop("Port, et fils", latitude=45.5, longitude=-73.5)
    text = "Éa; b, c\\d\n" + "é" * 200
    common = {"shop": port, "changed_at": NOW}
    hours = Event(**common, pk=1, title="A, b; c\\d", text_fr=text, begins=EVENING, ends=EVENING + timedelta(hours=1))
    day = datetime(2026, 12, 5, tzinfo=MONTREAL).astimezone(UTC)
    whole = Event(**common, pk=2, title="Jour", place="Au parc", begins=day, ends=day + timedelta(days=2), all_day=True)
    whole.cancelled = True
    content = publishing.calendar("Port", [hours, whole], directory.active())
    assert max(len(line) for line in content.split(b"\r\n")) == 75
    assert set(content.decode().split("\r\n")) >= {
        f"UID:event-1@{urlsplit(settings.SITE_URL).hostname}",
        "DTSTAMP:20261125T150000Z",
        "SUMMARY:A\\, b\\; c\\\\d",
        "LOCATION:Port\\, et fils\\, 1\\, rue du Port\\, H2X 1A1 Montréal",
        "DTSTART;VALUE=DATE:20261205",
        "DTEND;VALUE=DATE:20261207",
        "GEO:45.50000;-73.50000",
        "STATUS:CANCELLED",
    }
    read = ical.read(content, zone=MONTREAL, since=NOW, until=NOW + timedelta(days=30))
    assert [(one.title, one.text, one.begins, one.ends, one.all_day, one.cancelled) for one in read.happenings] == [
        (hours.title, text, hours.begins, hours.ends, False, False),
        ("Jour", "", whole.begins, whole.ends, True, True),
    ]


@pytest.mark.parametrize("line", ["a" * 75, "a" * 76, "é" * 80, "𝄞" * 40])
def test_folding_keeps_characters_whole_and_lines_short(line):
    parts = folded(line).removesuffix(b"\r\n").split(b"\r\n ")
    assert b"".join(parts).decode() == line
    assert [part.decode() and len(part) <= 74 for part in parts[1:]] == [True] * (len(parts) - 1)
    assert len(parts[0]) <= 75
