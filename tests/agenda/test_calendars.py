"""A shop's own calendar is fetched, and its events follow; what fails changes nothing and is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import responses

from marketplace.agenda import calendars
from marketplace.agenda.calendars import read_calendars, set_address
from marketplace.agenda.models import Event, ShopCalendar
from shops.models import Shop
from tests import factories
from tests.agenda.calendar_files import NOW, READING, calendar

pytestmark = pytest.mark.django_db
ADDRESS = "https://port.example/secret-7/agenda.ics"
HOUR = timedelta(hours=1)


@pytest.fixture
def shop() -> Shop:
    made = factories.shop("Port", slug="port")
    set_address(made, ADDRESS.replace("https", "webcal"), now=NOW)
    return made


def titles() -> list[str]:
    return list(Event.objects.order_by("title").values_list("title", flat=True))


@responses.activate
def test_calendar_is_read_once_an_hour_and_its_events_keep_their_rows(shop):
    own = Event.objects.create(shop=shop, title="À nous", begins=NOW, ends=NOW, changed_at=NOW)
    responses.get(ADDRESS, body=calendar(READING, "UID:b\nSUMMARY:B\nDTSTART:20261210", "SUMMARY:no time"))
    assert (read_calendars(NOW), read_calendars(NOW)) == (1, 0)
    row = ShopCalendar.objects.get()
    assert (row.found, row.refused, row.read_at, row.due_at) == (2, [[20, "no time", "event_begin"]], NOW, NOW + HOUR)
    assert titles() == ["B", "Lecture, avec Kim Thúy", "À nous"]
    before = Event.objects.get(title="Lecture, avec Kim Thúy")
    assert (before.text_fr, before.text_en, before.source) == ("Entrée libre.\nRéservez.", "", "calendar")

    responses.replace("GET", ADDRESS, body=calendar(READING.replace("Lecture", "Soirée")))
    assert read_calendars(NOW + HOUR) == 1
    after = Event.objects.get(source="calendar")
    assert (after.pk, after.title, after.changed_at) == (before.pk, "Soirée, avec Kim Thúy", NOW + HOUR)
    assert Event.objects.filter(pk=own.pk).exists()

    assert read_calendars(NOW + 2 * HOUR) == 1
    assert Event.objects.get(source="calendar").changed_at == NOW + HOUR  # as it was: not written


@responses.activate
def test_calendar_that_is_as_it_was_is_asked_for_by_its_tag_for_a_day(shop):
    responses.get(ADDRESS, body=calendar(READING), headers={"ETag": '"one"'})
    read_calendars(NOW)
    responses.replace("GET", ADDRESS, status=304)
    assert read_calendars(NOW + HOUR) == 1
    assert responses.calls[-1].request.headers["If-None-Match"] == '"one"'
    row = ShopCalendar.objects.get()
    assert (titles(), row.read_at, row.tried_at) == (["Lecture, avec Kim Thúy"], NOW, NOW + HOUR)
    responses.replace("GET", ADDRESS, body=calendar())
    read_calendars(NOW + timedelta(days=1))
    assert "If-None-Match" not in responses.calls[-1].request.headers
    assert titles() == []


@responses.activate
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"body": b"<html>"}, "calendar_none"),
        ({"body": calendar(READING)[:-40]}, "calendar_cut"),
        ({"status": 404, "body": b"gone"}, "port.example answered 404: gone"),
    ],
)
def test_failed_reading_leaves_the_events_and_says_why(shop, answer, error):
    responses.get(ADDRESS, body=calendar(READING))
    read_calendars(NOW)
    responses.replace("GET", ADDRESS, **answer)
    assert read_calendars(NOW + HOUR) == 1
    row = ShopCalendar.objects.get()
    assert (row.last_error, row.read_at, row.parked_at) == (error, NOW, None)
    assert titles() == ["Lecture, avec Kim Thúy"]
    responses.replace("GET", ADDRESS, body=calendar(READING))
    assert read_calendars(row.due_at) == 1
    assert ShopCalendar.objects.get().last_error == ""


@responses.activate
def test_large_file_is_not_taken(shop, monkeypatch):
    monkeypatch.setattr(calendars, "MOST_BYTES", 100)
    responses.get(ADDRESS, body=calendar(READING))
    read_calendars(NOW)
    assert (titles(), ShopCalendar.objects.get().read_at) == ([], None)
    assert ShopCalendar.objects.get().last_error.startswith("port.example")


def test_shop_that_is_not_on_sale_is_not_asked(shop):
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.PAUSED)
    assert read_calendars(NOW) == 0


@responses.activate
def test_other_address_is_read_at_once_and_none_takes_its_events_away(shop):
    responses.get(ADDRESS, body=calendar(READING))
    read_calendars(NOW)
    set_address(shop, "https://port.example/other.ics", now=NOW)
    assert ShopCalendar.objects.get().due_at == NOW
    assert titles() == ["Lecture, avec Kim Thúy"]
    set_address(shop, "", now=NOW)
    assert (ShopCalendar.objects.count(), titles()) == (0, [])
