"""Calendars of shops are read as RFC 5545 has them; what is bad is named, what is good beside it goes in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from marketplace.agenda import ical, zones
from marketplace.agenda.ical import CalendarError, Happening
from tests.agenda.calendar_files import MONTREAL, NOW, READING, calendar


def read(content: bytes) -> ical.Reading:
    return ical.read(content, zone=MONTREAL, since=NOW - timedelta(days=31), until=NOW + timedelta(days=366))


def begins(*lines: str) -> list[str]:
    """When a series happens, in the shop's time."""
    found = read(calendar("\n".join(("SUMMARY:x", "UID:x", *lines)))).happenings
    return [f"{one.begins.astimezone(MONTREAL):%m-%d %H:%M}" for one in found]


def test_event_is_read_with_its_folds_escapes_and_zone():
    assert read(calendar(READING)) == (
        [
            Happening(
                uid="lecture@port.example",
                title="Lecture, avec Kim Thúy",
                text="Entrée libre.\nRéservez.",
                place="Au fond du magasin",
                link="https://port.example/kim",
                begins=datetime(2026, 12, 4, 23, tzinfo=UTC),
                ends=datetime(2026, 12, 5, 0, 30, tzinfo=UTC),
                all_day=False,
                cancelled=False,
            )
        ],
        [],
        0,
        "",
    )


@pytest.mark.parametrize(
    ("lines", "first", "last"),
    [
        ("DTSTART:20261204T180000Z\nDURATION:PT1H30M", "12-04 18:00", "12-04 19:30"),
        ("DTSTART:20261204T180000\nDURATION:P1DT1H", "12-04 23:00", "12-06 00:00"),  # no zone: the shop's
        ("DTSTART;TZID=Romance Standard Time:20261204T180000", "12-04 17:00", "12-04 17:00"),
        ("DTSTART;TZID=/x.org/1/Europe/Paris:20261204T180000", "12-04 17:00", "12-04 17:00"),
        ("DTSTART;VALUE=DATE:20261204", "12-04 05:00", "12-05 05:00"),
        ("DTSTART;VALUE=DATE:20270313\nDTEND;VALUE=DATE:20270315", "03-13 05:00", "03-15 04:00"),  # clocks change
        ("DTSTART:20270314T010000\nDTEND:20270314T040000", "03-14 06:00", "03-14 08:00"),  # likewise: two hours
    ],
)
def test_times_are_read_in_each_form(lines, first, last):
    (one,) = read(calendar(f"SUMMARY:x\n{lines}")).happenings
    assert (f"{one.begins:%m-%d %H:%M}", f"{one.ends:%m-%d %H:%M}") == (first, last)


def test_calendar_names_its_own_zone():
    (one,) = read(calendar("SUMMARY:x\nDTSTART:20261204T180000", head="X-WR-TIMEZONE:Europe/Paris\n")).happenings
    assert one.begins == datetime(2026, 12, 4, 17, tzinfo=UTC)


def test_series_are_worked_out_in_the_shops_own_hours():
    assert begins("DTSTART:20261201T180000", "RRULE:FREQ=DAILY;COUNT=3") == [
        "12-01 18:00",
        "12-02 18:00",
        "12-03 18:00",
    ]
    across = ["DTSTART:20270307T180000", "RRULE:FREQ=WEEKLY;BYDAY=SU;UNTIL=20270321T220000Z"]
    assert begins(*across) == ["03-07 18:00", "03-14 18:00", "03-21 18:00"]
    monthly = ["DTSTART:20261208T190000", "RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU;COUNT=3"]
    assert begins(*monthly) == ["12-08 19:00", "02-09 19:00", "04-13 19:00"]
    without = ["DTSTART:20261201T180000", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261202T180000", "RDATE:20261210T200000"]
    assert begins(*without) == ["12-01 18:00", "12-03 18:00", "12-10 20:00"]


def test_endless_series_is_bounded_and_begins_within_the_days_looked_at():
    found = begins("DTSTART:20200101T090000", "RRULE:FREQ=DAILY")
    assert (len(found), found[0]) == (100, "10-26 09:00")


def test_moved_occurrence_stands_instead_of_its_own():
    series = "UID:s\nSUMMARY:Club\nDTSTART:20261201T180000\nRRULE:FREQ=WEEKLY;COUNT=2"
    moved = "UID:s\nSUMMARY:Club, plus tard\nRECURRENCE-ID:20261208T180000\nDTSTART:20261209T190000\nSTATUS:CANCELLED"
    found = read(calendar(series, moved)).happenings
    assert [(one.uid, one.title, one.cancelled) for one in found] == [
        ("s#20261201T2300", "Club", False),
        ("s#20261208T2300", "Club, plus tard", True),
    ]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("DTSTART:20261204T180000", "event_title"),
        ("SUMMARY:x", "event_begin"),
        ("SUMMARY:x\nDTSTART:20261304T180000", "event_time"),
        ("SUMMARY:x\nDTSTART:00010101T000000Z", "event_time"),
        ("SUMMARY:x\nDTSTART;TZID=../../etc/passwd:20261204T180000", "event_zone"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nDTEND:20261204T170000", "event_backwards"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nDURATION:soon", "event_duration"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nDTEND:20290101T000000", "event_long"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nRRULE:FREQ=SECONDLY", "event_rule"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nRRULE:FREQ=DAILY;INTERVAL=0", "event_rule"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nRRULE:FREQ=WEEKLY;BYDAY=XX", "event_rule"),
        ("SUMMARY:x\nDTSTART:19700101T000000\nRRULE:FREQ=DAILY", "event_rule"),
        ("SUMMARY:x\nDTSTART:20261204T180000\nCLASS:PRIVATE", "event_private"),
    ],
)
def test_bad_event_is_named_and_the_good_one_beside_it_goes_in(lines, code):
    reading = read(calendar(lines, READING))
    assert [(one.line, one.code) for one in reading.refused] == [(3, code)]
    assert (len(reading.happenings), reading.refused_count) == (1, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "calendar_none"),
        (b"<!DOCTYPE html><title>Sign in</title>", "calendar_none"),
        (calendar(READING)[:-40], "calendar_cut"),
        (b"BEGIN:VCALENDAR\nEND:VEVENT\n", "calendar_nested"),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 50, "calendar_nested"),
    ],
)
def test_file_that_is_no_whole_calendar_is_refused(content, code):
    with pytest.raises(CalendarError) as refused:
        read(content)
    assert refused.value.code == code


def test_calendar_without_events_is_empty():
    assert read(calendar()) == ([], [], 0, "")


def test_hostile_files_end():
    endless = calendar(f"SUMMARY:{'x' * 300_000}\nDTSTART:20261204T180000", READING)
    assert [one.code for one in read(endless).refused] == ["event_title"]
    many = calendar(*["SUMMARY:x\nDTSTART:20261204"] * (ical.MOST_READ + 50))
    assert read(many).cut == "calendar_many_events"
    quoted = calendar('DTSTART;X="' + ";" * 5000 + ":1\nSUMMARY:x", READING)
    assert len(read(quoted).happenings) == 1
    dates = calendar(*[f"UID:{n}\nSUMMARY:x\nDTSTART:20261204" for n in range(ical.MOST_KEPT + 1)])
    assert (len(read(dates).happenings), read(dates).cut) == (ical.MOST_KEPT, "calendar_many_dates")
    assert read(calendar("SUMMARY:Été".replace("é", "\x00é"), READING)).refused_count == 1


def test_old_file_of_another_charset_is_read():
    content = calendar("SUMMARY:Été\nDTSTART:20261204").decode().encode("cp1252")
    assert [one.title for one in read(content).happenings] == ["Été"]


OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Boutique
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def test_a_zone_that_the_file_describes_is_as_the_one_it_describes():
    zone = zones.described(
        "x",
        [
            zones.Span("16010101T030000", "+0200", "+0100", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
            zones.Span("19700329T020000", "+0100", "+0200", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"),
        ],
    )
    paris, hour = ZoneInfo("Europe/Paris"), datetime(2026, 1, 1, 0, 30)
    for hours in range(0, 24 * 366, 5):
        local = hour + timedelta(hours=hours)
        for fold in (0, 1):
            ours, theirs = (local.replace(tzinfo=one, fold=fold).astimezone(UTC) for one in (zone, paris))
            assert ours == theirs
        instant = local.replace(tzinfo=UTC)
        assert instant.astimezone(zone).replace(tzinfo=None) == instant.astimezone(paris).replace(tzinfo=None)


def test_events_in_a_zone_of_the_file_have_their_times():
    events = (
        "SUMMARY:hiver\nDTSTART;TZID=Boutique:20261204T180000",
        "SUMMARY:été\nDTSTART;TZID=Boutique:20270704T180000",
        "SUMMARY:ailleurs\nDTSTART;TZID=Inconnue:20270704T180000",
    )
    found = read(calendar(*events, head=OWN_ZONE))
    assert [(one.title, f"{one.begins:%m-%d %H:%M}") for one in found.happenings] == [
        ("hiver", "12-04 17:00"),
        ("été", "07-04 16:00"),
    ]
    assert [refusal.code for refusal in found.refused] == ["event_zone"]


def test_a_known_name_counts_more_than_what_the_file_says_of_it():
    wrong = OWN_ZONE.replace("Boutique", "America/Toronto")
    (one,) = read(calendar("SUMMARY:x\nDTSTART;TZID=America/Toronto:20261204T180000", head=wrong)).happenings
    assert f"{one.begins:%H:%M}" == "23:00"


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("TZOFFSETTO:+0100", "TZOFFSETTO:morning"),
        ("TZOFFSETTO:+0100", "TZOFFSETTO:+9900"),
        ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "RRULE:FREQ=SECONDLY"),
        ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "RRULE:FREQ=YEARLY;BYDAY=-99SU;BYMONTH=99"),
        ("DTSTART:16010101T030000", "DTSTART:99999999T999999"),
    ],
)
def test_a_zone_that_cannot_be_understood_refuses_its_events(said, instead):
    head = OWN_ZONE.replace(said, instead)
    assert head != OWN_ZONE
    found = read(calendar("SUMMARY:x\nDTSTART;TZID=Boutique:20261204T180000", head=head))
    assert (found.happenings, [refusal.code for refusal in found.refused]) == ([], ["event_zone"])


def test_thousands_of_zones_and_spans_are_read_no_further():
    span = "BEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\n"
    head = "".join(f"BEGIN:VTIMEZONE\nTZID:Z{n}\n{span * 3}END:VTIMEZONE\n" for n in range(2_000))
    head += f"BEGIN:VTIMEZONE\nTZID:Last\n{span * 5_000}END:VTIMEZONE\n"
    found = read(calendar(*(f"SUMMARY:x\nDTSTART;TZID={z}:20261204T180000" for z in ("Z1", "Last")), head=head))
    assert (len(found.happenings), found.refused_count) == (1, 1)
