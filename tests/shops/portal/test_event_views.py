import html
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.agenda import words
from marketplace.agenda.models import Event, ShopCalendar
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.shops.portal.conftest import signed_in


def where(stall, name: str, *names: object) -> str:
    return reverse(f"portal:{name}", args=[stall.shop.slug, *names])


SENT = {"title": "Lecture", "day": "2030-12-04", "begins_at": "18:00", "ends_at": "19:30", "text_fr": "Venez."}


def test_event_is_made_changed_cancelled_and_deleted(ours):
    assert ours.client.post(where(ours, "event-save"), SENT).url == where(ours, "events")
    event = Event.objects.get()
    assert (event.begins, event.ends) == (
        datetime(2030, 12, 4, 23, tzinfo=UTC),
        datetime(2030, 12, 5, 0, 30, tzinfo=UTC),
    )
    form = ours.client.get(where(ours, "event-change", event.pk)).context["form"]
    assert [form[name].value() for name in ("title", "last_day", "text_fr")] == ["Lecture", None, "Venez."]
    assert [form[name].value().isoformat()[:5] for name in ("begins_at", "ends_at")] == ["18:00", "19:30"]

    days = SENT | {"all_day": "on", "last_day": "2030-12-05", "title": "Salon"}
    ours.client.post(where(ours, "event-save-change", event.pk), days)
    event.refresh_from_db()
    assert (event.title, event.begins, event.ends, event.all_day) == (
        "Salon",
        datetime(2030, 12, 4, 5, tzinfo=UTC),
        datetime(2030, 12, 6, 5, tzinfo=UTC),
        True,
    )
    form = ours.client.get(where(ours, "event-change", event.pk)).context["form"]
    assert form["last_day"].value().isoformat() == "2030-12-05"

    for sent, cancelled in (({"cancel": "1"}, True), ({"restore": "1"}, False)):
        ours.client.post(where(ours, "event-cancel", event.pk), sent)
        event.refresh_from_db()
        assert event.cancelled is cancelled
    ours.client.post(where(ours, "event-cancel", event.pk), {"delete": "1"})
    assert Event.objects.count() == 0
    actions = ["event.make", "event.change", "event.cancel", "event.restore", "event.delete"]
    assert list(
        AuditEntry.objects.filter(action__startswith="event.").order_by("pk").values_list("action", flat=True)
    ) == (actions)


def test_new_event_sent_twice_is_one(ours):
    once = ours.client.get(where(ours, "event-new")).context["form"]["once"].value()
    assert '<input type="hidden" name="once"' in ours.client.get(where(ours, "event-new")).content.decode()
    for _ in range(2):
        assert ours.client.post(where(ours, "event-save"), SENT | {"once": once}).url == where(ours, "events")
    assert (Event.objects.count(), AuditEntry.objects.filter(action="event.make").count()) == (1, 1)
    ours.client.post(where(ours, "event-save"), SENT | {"once": "another form"})
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"title": ""}, ["title"]),
        ({"day": "soon"}, ["day"]),
        ({"day": "0001-01-01"}, ["day"]),
        ({"begins_at": ""}, ["begins_at"]),
        ({"last_day": "2030-12-03"}, ["last_day"]),
        ({"last_day": "9999-12-31", "all_day": "on"}, ["last_day"]),
        ({"last_day": "2030-12-05", "ends_at": ""}, ["ends_at"]),
        ({"link": "javascript:alert(1)"}, ["link"]),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(ours, sent, wrong):
    response = ours.client.post(where(ours, "event-save"), SENT | sent)
    assert (response.status_code, list(response.context["form"].errors)) == (422, wrong)
    assert Event.objects.count() == 0


def test_evening_may_last_past_midnight(ours):
    ours.client.post(where(ours, "event-save"), SENT | {"ends_at": "01:00"})
    event = Event.objects.get()
    assert (event.ends - event.begins).total_seconds() == 7 * 3600


def test_event_of_a_calendar_and_another_shops_are_not_changed_here(ours, theirs):
    read = factories.event(ours.shop, source="calendar")
    other = factories.event(theirs.shop)
    for event in (read, other):
        assert ours.client.post(where(ours, "event-save-change", event.pk), SENT).status_code == 404
        assert ours.client.post(where(ours, "event-cancel", event.pk), {"delete": "1"}).status_code == 404


def test_who_only_looks_sees_no_address_and_changes_nothing(ours, looker):
    ShopCalendar.objects.create(shop=ours.shop, address="https://a.example/secret.ics")
    client = signed_in(looker)
    assert "secret.ics" not in client.get(where(ours, "events")).content.decode()
    assert "secret.ics" in ours.client.get(where(ours, "events")).content.decode()
    assert client.get(where(ours, "event-new")).status_code == 403
    assert client.post(where(ours, "event-save"), SENT).status_code == 403


@pytest.mark.parametrize("address", ["ftp://a.example/c.ics", "https://me:secret@a.example/c.ics", "calendar"])
def test_address_that_is_never_called_is_refused(ours, address):
    response = ours.client.post(where(ours, "save-calendar"), {"address": address})
    assert (response.status_code, ShopCalendar.objects.count()) == (422, 0)


def test_calendar_is_set_and_its_last_reading_shown(ours):
    ours.client.post(where(ours, "save-calendar"), {"address": "webcal://a.example/c.ics"})
    row = ShopCalendar.objects.get()
    assert row.due_at is not None
    now = timezone.now()
    refused = [[12, "Fête", "event_zone"], [40, "", "event_title"]]
    ShopCalendar.objects.update(last_error="calendar_cut", tried_at=now, read_at=now, refused=refused, refused_count=2)
    said = ours.client.get(where(ours, "events")).content.decode()
    assert str(words.REASONS["calendar_cut"]) in html.unescape(said)
    assert f"Fête: {words.REASONS['event_zone']}" in said
    assert str(words.REASONS["event_title"]) in said
