"""Keys, what they open, and how often one may call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from marketplace.api import callers, keys, limits
from marketplace.api.models import CallCount, ReadKey
from marketplace.foundation.addresses import address_of
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.api.conftest import FIRST, Program, make_key

NOW = datetime(2026, 3, 2, 12, 0, 45, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_key_opens_what_it_names_until_it_is_revoked(market):
    key = make_key("read:shops")
    program = Program(key)
    assert program.get("shops").status_code == 200
    refused = program.get(f"products/{FIRST}/availability")
    assert (refused.status_code, refused.json()["message"]) == (403, "This key does not open read:availability.")
    row = ReadKey.objects.get()
    assert (key.startswith(row.beginning), row.digest in key, row.used_at is None) == (True, False, False)
    assert keys.revoke(row, by=factories.user(), now=timezone.now())
    assert not keys.revoke(row, by=factories.user(), now=timezone.now())
    assert program.get("shops").status_code == 401
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "read_key.make",
        "read_key.revoke",
    ]


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Basic YTpi", "halles_read_x", "Bearer \udcff\x00", "Bearer x y"]
)
def test_wrong_key_is_not_taken_for_none(sent):
    answer = Program().get("shops", Authorization=sent)
    assert (answer.status_code, answer.json()["where"]) == (401, "header.Authorization")


def test_tries_of_keys_count_for_the_address_they_come_from(monkeypatch):
    monkeypatch.setattr(limits, "WITHOUT_KEY", 2)
    tries = [Program().get("shops", Authorization=f"Bearer {number}").status_code for number in range(4)]
    assert tries == [401, 401, 429, 429]


def test_use_of_a_key_is_written_every_five_minutes():
    key, later = make_key(), timezone.now() + timedelta(minutes=6)
    keys.find(key, now=timezone.now())
    first = ReadKey.objects.get().used_at
    keys.find(key, now=timezone.now())
    assert ReadKey.objects.get().used_at == first
    keys.find(key, now=later)
    assert ReadKey.objects.get().used_at == later


def test_who_calls_too_often_is_told_when_to_come_back(monkeypatch):
    monkeypatch.setattr(callers.timezone, "now", lambda: NOW)
    program = Program(make_key(per_minute=2))
    assert [program.get("shops")["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    answer = program.get("shops")
    assert (answer.status_code, answer["Retry-After"], answer["X-RateLimit-Limit"]) == (429, "15", "2")
    assert answer.json() == {
        "error": "too_many_calls",
        "message": "More than 2 calls in a minute: wait 15 seconds.",
        "where": "",
    }
    assert Program().get("shops")["X-RateLimit-Limit"] == str(limits.WITHOUT_KEY)
    monkeypatch.setattr(callers.timezone, "now", lambda: NOW + timedelta(seconds=15))
    assert program.get("shops").status_code == 200


def test_count_is_one_for_all_and_never_goes_back():
    took = [limits.take("a", units, limit=10, now=NOW).left for units in (1, 4, 6)]
    assert took == [9, 5, -1]
    assert limits.take("b", 1, limit=10, now=NOW).left == 9
    assert limits.take("a", 1, limit=10, now=NOW + timedelta(minutes=1)).left == 9
    assert limits.take("a", 1, limit=10, now=NOW).left == 8  # another process's clock is late
    assert limits.forget(NOW + timedelta(minutes=61)) == 1
    assert list(CallCount.objects.values_list("caller", flat=True)) == ["a"]
    assert limits.forget(NOW + timedelta(hours=2)) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", True),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", False),
        ("", "unix:", True),
    ],
)
def test_addresses_are_counted_by_household_and_kept_as_hashes(one, other, same):
    Program(address=one).get("shops")
    Program(address=other).get("shops")
    names = list(CallCount.objects.values_list("caller", flat=True))
    assert (len(names) == 1) is same
    assert all(len(name) == 64 for name in names)


def test_address_behind_a_proxy_is_the_one_that_the_proxy_wrote(settings):
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.9"}, REMOTE_ADDR="127.0.0.1")
    assert address_of(request) == "127.0.0.1"
    settings.BEHIND_PROXY = True
    assert address_of(request) == "192.0.2.9"
