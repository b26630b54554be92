from __future__ import annotations

from datetime import timedelta

import pytest

from shops.orders import tries
from tests.factories import NOON

FAR = NOON + timedelta(days=30)


def test_ten_tries_over_seventy_five_hours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tries.random, "uniform", lambda low, high: (low + high) / 2)
    now, waited = NOON, []
    while later := tries.next_at(attempts=len(waited) + 1, now=now, asked_seconds=0, deadline=FAR):
        waited.append((later - now).total_seconds())
        now = later
    assert (waited, len(waited) + 1) == ([5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400], 10)
    assert timedelta(hours=75) < now - NOON < timedelta(hours=76)


def test_next_try_is_not_before_it_was_asked_for():
    asked = {"attempts": 1, "now": NOON, "asked_seconds": 7200}
    assert tries.next_at(**asked, deadline=FAR) == NOON + timedelta(hours=2)
    assert tries.next_at(**asked, deadline=NOON + timedelta(hours=1)) is None


def test_last_try_is_at_the_deadline():
    deadline = NOON + timedelta(hours=1)
    assert tries.next_at(attempts=5, now=NOON, asked_seconds=0, deadline=deadline) == deadline
    assert tries.next_at(attempts=6, now=deadline, asked_seconds=0, deadline=deadline) is None
