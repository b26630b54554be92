from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from search import directory
from shops.models import OpeningHours, SpecialHours
from shops.portal.hours_views import MOST_DAYS
from tests import factories
from tests.shops.portal.conftest import signed_in

TODAY = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    now = timezone.datetime(2026, 11, 26, 15, tzinfo=timezone.get_default_timezone())
    monkeypatch.setattr(timezone, "now", lambda: now)


def post(stall, name, *names, **sent):
    return stall.client.post(reverse(f"portal:{name}", args=[stall.shop.slug, *names]), sent)


def test_shop_says_its_week_and_then_changes_one_day(ours):
    sent = {"day0_from0": "09:00", "day0_until0": "12:00", "day0_from1": "13:00", "day0_until1": "18:00"}
    for _ in range(2):  # the second changes nothing
        assert post(ours, "save-week", **sent).status_code == 302
    rows = OpeningHours.objects.filter(shop=ours.shop).values_list("weekday", "opens", "closes")
    assert list(rows) == [(0, time(9), time(12)), (0, time(13), time(18))]
    week = AuditEntry.objects.get(action="shop.hours").facts["week"]
    assert week == [["09:00-12:00", "13:00-18:00"], [], [], [], [], [], []]
    page = ours.client.get(reverse("portal:hours", args=[ours.shop.slug]))
    assert page.context["week_form"].initial == {name: time.fromisoformat(at) for name, at in sent.items()}
    assert len(directory.active()[ours.shop.pk].hours) == 2
    post(ours, "save-week", day5_from0="22:00", day5_until0="02:00")
    assert list(rows.all()) == [(5, time(22), time(2))]


def test_a_third_span_of_a_day_stays(ours):
    for hour in (8, 11, 15):
        factories.opening_hours(ours.shop, weekday=2, opens=time(hour), closes=time(hour + 2))
    page = ours.client.get(reverse("portal:hours", args=[ours.shop.slug]))
    sent = {name: f"{at:%H:%M}" for name, at in page.context["week_form"].initial.items()}
    post(ours, "save-week", **sent)
    assert OpeningHours.objects.filter(shop=ours.shop).count() == 3


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"day0_from0": "9 h"}, ["day0_from0"]),
        ({"day0_from0": "09:00"}, ["day0_until0"]),
        ({"day0_until1": "09:00"}, ["day0_from1"]),
        (
            {"day0_from0": "09:00", "day0_until0": "13:00", "day0_from1": "12:00", "day0_until1": "18:00"},
            ["day0_from1"],
        ),
        (
            {"day0_from0": "20:00", "day0_until0": "02:00", "day0_from1": "21:00", "day0_until1": "22:00"},
            ["day0_from1"],
        ),
    ],
)
def test_a_week_that_cannot_be_is_refused(ours, sent, wrong):
    response = post(ours, "save-week", **sent)
    assert (response.status_code, sorted(response.context["week_form"].errors)) == (422, wrong)
    assert not OpeningHours.objects.exists()


def test_holidays_are_said_said_otherwise_and_taken_back(ours):
    days = {"first_day": "2026-12-24", "last_day": "2027-01-03"}
    post(ours, "say-days", **days, note_fr="Congés", note_en="Holidays")
    post(
        ours,
        "say-days",
        first_day="2026-12-24",
        opens="09:00",
        closes="12:00",
        opens_again="13:00",
        closes_again="15:00",
    )
    rows = SpecialHours.objects.filter(shop=ours.shop)
    assert list(rows.values_list("first_day", "last_day", "opens", "note_fr")) == [
        (date(2026, 12, 24), date(2026, 12, 24), time(9), ""),
        (date(2026, 12, 24), date(2026, 12, 24), time(13), ""),
        (date(2026, 12, 24), date(2027, 1, 3), None, "Congés"),
    ]
    post(ours, "say-days", **days, opens="10:00", closes="11:00")  # instead of what was said of the same days
    assert [row.opens for row in rows.filter(last_day=date(2027, 1, 3))] == [time(10)]
    page = ours.client.get(reverse("portal:hours", args=[ours.shop.slug]))
    assert [len(one.rows) for one in page.context["said"]] == [2, 1]
    assert len(directory.active()[ours.shop.pk].special_days) == 3
    first = page.context["said"][0].first
    assert [post(ours, "take-back-days", first.pk).status_code for _ in range(2)] == [302, 404]
    assert [row.last_day for row in rows.all()] == [date(2027, 1, 3)]
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="shop.days").order_by("pk")] == [
        *["shop.days"] * 3,
        "shop.days_taken_back",
    ]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, ["first_day"]),
        ({"first_day": "24 décembre"}, ["first_day"]),
        ({"first_day": "2026-11-25"}, ["first_day"]),  # yesterday
        ({"first_day": "2026-12-24", "last_day": "2026-12-23"}, ["last_day"]),
        ({"first_day": "2026-11-01", "last_day": "2026-11-25"}, ["last_day"]),
        ({"first_day": "2026-12-01", "last_day": "2027-12-02"}, ["last_day"]),
        ({"first_day": "9999-12-31"}, ["first_day"]),
        ({"first_day": "2026-12-24", "opens": "09:00"}, ["closes"]),
        ({"first_day": "2026-12-24", "note_fr": "x" * 121}, ["note_fr"]),
    ],
)
def test_days_that_cannot_be_are_refused(ours, sent, wrong):
    response = post(ours, "say-days", **sent)
    assert (response.status_code, sorted(response.context["days_form"].errors)) == (422, wrong)
    assert not SpecialHours.objects.exists()


def test_no_more_days_than_can_be_looked_through(ours):
    for number in range(MOST_DAYS):
        factories.special_hours(ours.shop, TODAY + timedelta(days=number))
    assert post(ours, "say-days", first_day="2027-12-24").status_code == 422


def test_nobody_touches_the_hours_of_another_shop_or_by_only_looking(ours, theirs, looker):
    factories.special_hours(ours.shop, date(2026, 12, 24))
    row = SpecialHours.objects.get()
    post(theirs, "take-back-days", row.pk)
    client = signed_in(looker)
    where = reverse("portal:take-back-days", args=[ours.shop.slug, row.pk])
    assert client.post(where).status_code == 403
    assert client.get(reverse("portal:hours", args=[ours.shop.slug])).status_code == 200
    assert SpecialHours.objects.count() == 1


def test_holidays_are_one_day_and_a_button(ours):
    page = ours.client.get(reverse("portal:hours", args=[ours.shop.slug])).content.decode()
    assert 'name="first_day" value="2026-11-26"' in page
    post(ours, "say-days", first_day="2026-11-26", last_day="2026-12-03")
    row = SpecialHours.objects.get(shop=ours.shop)
    assert (row.first_day, row.last_day, row.opens) == (TODAY, date(2026, 12, 3), None)
