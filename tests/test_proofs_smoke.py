"""Every proof of tests/proof at a size that takes seconds, and what each of them would say of a broken rule."""

from __future__ import annotations

import secrets

import pytest

from marketplace.foundation import leases
from marketplace.payments import calls
from marketplace.payments.models import MoneyCall
from shops import absorbing, stock
from shops.channels import webhook
from shops.models import Transmission
from shops.orders import changing
from tests.proof import (
    test_answers,
    test_corrections,
    test_crashes,
    test_feed_size,
    test_money,
    test_outbox,
    test_races,
)


def test_races_small(committed_db):
    counts = test_races.race(attempts=60, offers=6, threads=6, seed=1)
    assert counts["violations"] == []
    assert counts["bought"] > 0


def test_races_notice_copies_sold_twice(committed_db, monkeypatch):
    """Negative control: units are held without being counted."""
    monkeypatch.setattr(stock, "_take_guarded", lambda *_: True)
    violations = test_races.race(attempts=30, offers=4, threads=4, seed=2)["violations"]
    assert [text for text in violations if " promised of " in text] != []


def test_races_notice_copies_hidden(committed_db, monkeypatch):
    """Negative control: what the shop's number contains is promised beside it for ever."""
    monkeypatch.setattr(absorbing, "end_contained", lambda *_, **__: 0)
    violations = test_races.race(attempts=60, offers=4, threads=4, seed=2)["violations"]
    assert [text for text in violations if "sellable" in text] != []


def test_answers_small(committed_db):
    assert test_answers.answer_at_once(rounds=12, seed=1)["violations"] == []


def test_answers_notice_when_a_late_answer_counts(committed_db, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(changing, "_claim_version", lambda *_: True)
    assert test_answers.answer_at_once(rounds=4, seed=1)["violations"] != []


@pytest.mark.django_db
def test_money_small():
    assert test_money.sequences(number=4, seed=1)["captures"] > 0


@pytest.mark.django_db
def test_money_notices_a_call_that_is_repeated_blindly(monkeypatch):
    """Negative control: under another key, and without looking what the last try did."""
    monkeypatch.setattr(MoneyCall, "idempotency_key", property(lambda call: secrets.token_hex()))
    monkeypatch.setattr(calls, "LOOK", dict.fromkeys(calls.LOOK, lambda call: None))
    with pytest.raises(AssertionError, match="seed"):
        test_money.sequences(number=3, seed=10)  # seeds that stumble soon


def test_crashes_small(committed_db, tmp_path):
    counts = test_crashes.die_at_random(tmp_path, names=["capture.after_call"], tellings=1, seed=1)
    assert counts["never died at"] == []


def test_feed_size_small(committed_db):
    assert test_feed_size.read_three_times(rows=1_500, seed=1)["first: MB"] < test_feed_size.MOST_MEGABYTES


def test_corrections_small(db):
    counts = test_corrections.sequences(number=2, seed=test_money.SEED, kind=test_corrections.Corrected)
    assert counts["sequences"] == 2


def test_outbox_small(db, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.1)
    counts = test_outbox.deliver(shops=2, orders=4, seed=1)
    assert (counts["violations"], counts["orders"]) == ([], 8)


def test_outbox_notices_an_order_that_overtakes_another(db, monkeypatch):
    """Negative control: an order that waits or is parked holds no other. On a busy machine all calls may come too late,
    and then none overtakes: tried three times."""
    monkeypatch.setattr(webhook, "SECONDS", 0.1)
    monkeypatch.setattr(leases, "_group_heads", lambda *_: Transmission.objects.values("pk"))
    violations = (test_outbox.deliver(shops=2, orders=4, seed=seed)["violations"] for seed in (1, 2, 3))
    assert any("order" in text for told in violations for text in told)
