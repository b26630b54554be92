"""Tries at passwords and codes count for all processes together; everything else costs no query."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connections
from django.utils import timezone

from marketplace.foundation import shared_cache
from marketplace.foundation.models import SharedEntry
from marketplace.foundation.shared_cache import SharedTries
from tests import factories

KEY = "allauth:rl:account:login_failed:5/5m:ip:192.0.2.7"


def process() -> SharedTries:
    """Another process: a memory of its own."""
    return SharedTries(f"process-{id(object())}", {})


@pytest.mark.django_db
def test_what_one_process_counts_another_sees():
    one, other = process(), process()
    one.set(KEY, [3.5, 2.0], 60)
    assert (other.get(KEY), other.get("allauth:none", "x")) == ([3.5, 2.0], "x")
    assert not other.add(KEY, [1.0], 60)
    assert other.delete(KEY)
    assert (one.get(KEY), one.delete(KEY)) == (None, False)
    assert one.add(KEY, True, 60)
    assert "192.0.2.7" not in str(list(SharedEntry.objects.values_list()))


@pytest.mark.django_db
def test_what_has_expired_is_not_there_and_is_forgotten():
    process().set(KEY, [1], 60)
    SharedEntry.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert process().get(KEY) is None
    assert process().add(KEY, [2], 60)
    assert shared_cache.forget(timezone.now() + timedelta(seconds=61)) == 1


def test_everything_else_stays_in_memory():
    """Without a database."""
    one = process()
    one.set("x", object, 60)
    assert (one.get("x"), one.add("x", 1), one.delete("x"), one.get("x")) == (object, False, True, None)


@pytest.mark.django_db
def test_code_is_good_once_and_as_long_as_it_is_valid():
    factor = type("Factor", (), {"user_id": factories.user().pk})()
    totp = TOTP.__new__(TOTP)
    totp.instance = factor
    assert (totp._mark_code_used("123456"), totp._mark_code_used("123456")) == (True, False)
    assert SharedEntry.objects.get().expires > timezone.now() + timedelta(seconds=90)


def test_of_many_who_add_at_once_one_has(committed_db):
    added: list[bool] = []

    def add() -> None:
        added.append(process().add(KEY, "y", 60))
        connections.close_all()

    threads = [threading.Thread(target=add) for _ in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert sorted(added) == [False, False, False, True]
