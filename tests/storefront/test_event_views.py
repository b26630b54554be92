"""The agenda: what comes as a list, a month as a table, each event by itself, calendar files."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db
MONTREAL = ZoneInfo("America/Toronto")


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def at(day: str, hour: int = 18) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00").replace(tzinfo=MONTREAL)


def titles(response) -> list[str]:
    return [shown.event.title for _, found in response.context["days"] for shown in found]


@pytest.fixture
def port() -> Shop:
    factories.network(country="CA")
    return factories.shop("Port", slug="port", latitude=45.509, longitude=-73.588)


def test_list_has_what_is_not_over_by_day_with_what_is_cancelled(client, port):
    now = timezone.now()
    factories.event(port, "Past", begins=now - timedelta(hours=3), ends=now - timedelta(hours=2))
    factories.event(port, "Exhibition", begins=now - timedelta(days=3), ends=now + timedelta(days=3))
    factories.event(port, "Later", begins=now + timedelta(days=9))
    factories.event(port, "Soon", begins=now + timedelta(days=2), cancelled=True)
    factories.event(factories.shop("Left", status=Shop.Status.PAUSED), "Elsewhere")
    response = client.get("/events/")
    assert titles(response) == ["Exhibition", "Soon", "Later"]
    assert response.context["days"][0][0] == now.astimezone(MONTREAL).date()
    assert "Cancelled" in text_of(response)


def test_list_is_narrowed_by_shop_and_distance(client, port):
    quai = factories.shop("Quai", slug="quai", latitude=46.814, longitude=-71.208)
    factories.event(port, "At Port")
    factories.event(quai, "At Quai")
    assert titles(client.get("/events/?shop=quai")) == ["At Quai"]
    assert titles(client.get("/events/?near=Montréal (QC)&km=10")) == ["At Port"]
    assert titles(client.get("/events/?shop=nobody&km=7&month=2026-13&page=99999999999")) == ["At Port", "At Quai"]
    calendar = client.get("/events/calendar.ics?near=Montréal (QC)&km=10").content.decode()
    assert re.findall("SUMMARY:(.*)\r", calendar) == ["At Port"]
    assert client.get("/events/calendar.ics?km=10").status_code == 404


def test_month_shows_each_day_of_an_event_in_the_shops_own_days(client, port):
    factories.event(port, "Night", begins=at("2026-12-31", 22), ends=at("2026-12-31", 23))  # in UTC it is January
    factories.event(port, "Fair", begins=at("2026-11-29", 0), ends=at("2026-12-02", 0), all_day=True)
    december = client.get("/events/?month=2026-12")
    days = [day for week in december.context["weeks"] for day in week if day]
    assert [(day.date.day, [one.event.title for one in day.events]) for day in days if day.events] == [
        (1, ["Fair"]),
        (31, ["Night"]),
    ]
    assert client.get("/events/?month=2027-01").context["has_events"] is False
    assert (december.context["before"], december.context["after"]) == ("month=2026-11", "month=2027-01")


@pytest.mark.parametrize("address", ["/events/", "/events/?month=2026-12", "/shops/port/"])
def test_pages_cost_the_same_with_1_and_30_events(client, port, settings, tmp_path, django_assert_num_queries, address):
    settings.SEARCH_INDEX_PATH = tmp_path / "index"  # none: what the shop has comes from SQL
    counts = []
    for number in (1, 29):
        for _ in range(number):
            factories.event(port, begins=at("2026-12-10"))
        client.get(address)
        with django_assert_num_queries(counts[0] if counts else 1 if "events" in address else 5) as counted:
            client.get(address)
        counts.append(len(counted))


def test_list_goes_on_page_by_page(client, port, monkeypatch):
    monkeypatch.setattr("marketplace.storefront.event_views.ON_A_PAGE", 2)
    for number in range(3):
        factories.event(port, str(number), begins=timezone.now() + timedelta(days=1 + number))
    first, second = client.get("/events/?shop=port"), client.get("/events/?shop=port&page=2")
    assert (titles(first), first.context["after"]) == (["0", "1"], "shop=port&page=2")
    assert (titles(second), second.context["after"], second.context["before"]) == (["2"], None, "shop=port")


def test_events_own_page_says_when_where_and_what_it_is_to_programs(client, port):
    evening = factories.event(
        port,
        "Kim </script>",
        begins=at("2030-12-04"),
        ends=at("2030-12-04", 20),
        text_fr="Venez.",
        link="https://a.example/",
    )
    response = client.get(evening.get_absolute_url())
    said = text_of(response)
    for words in ("Wednesday", "6 p.m. – 8 p.m.", "Port, 1, rue du Port, H2X 1A1 Montréal", "Venez."):
        assert words in said
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', response.content.decode())
    (told,) = json.loads(block)["@graph"]
    assert {name: told[name] for name in ("@type", "name", "startDate", "endDate", "eventStatus")} == {
        "@type": "Event",
        "name": "Kim </script>",
        "startDate": "2030-12-04T18:00:00-05:00",
        "endDate": "2030-12-04T20:00:00-05:00",
        "eventStatus": "https://schema.org/EventScheduled",
    }
    Shop.objects.filter(pk=port.pk).update(status=Shop.Status.PAUSED)
    factories.shop()  # the shops are read anew
    assert client.get(evening.get_absolute_url()).status_code == 404


def test_shop_has_its_calendar_which_is_not_sent_twice(client, port):
    factories.event(port, "Mine")
    factories.event(factories.shop(), "Not mine")
    response = client.get("/shops/port/calendar.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert re.findall("SUMMARY:(.*)\r", response.content.decode()) == ["Mine"]
    again = client.get("/shops/port/calendar.ics", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert 'webcal://testserver/shops/port/calendar.ics"' in client.get("/events/?shop=port").content.decode()
