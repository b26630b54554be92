"""What differs between ledger and Stripe opens an incident, and only a person closes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from marketplace.payments import calls, captures, ledger, reconciliation
from marketplace.payments.models import Difference, LedgerEntry, ReconciliationRun
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LATER = NOW + timedelta(hours=2)


def captured():
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    captures.settle_answers(NOW + timedelta(minutes=1))
    calls.move_money(NOW + timedelta(minutes=1))


def test_night_compares_once_and_finds_all_booked():
    captured()
    assert [reconciliation.reconcile(LATER + timedelta(hours=hours)) for hours in (0, 1, 23, 24)] == [1, 0, 0, 1]
    found = ReconciliationRun.objects.order_by("pk").values_list("agreed", "differed", "asked_by", "due_at")
    assert list(found) == [(1, 0, None, None)] * 2


def test_what_moved_a_moment_ago_waits_for_its_entry():
    captured()
    LedgerEntry.objects.all().delete()
    assert reconciliation.reconcile(timezone.now()) == 1
    assert Difference.objects.count() == 0
    reconciliation.ask(by=None, now=LATER)
    reconciliation.reconcile(LATER)
    assert list(Difference.objects.values_list("kind", "theirs_minor", "ours_minor")) == [("not_booked", 5932, None)]


def test_incident_stays_open_until_a_person_closes_it_and_opens_anew_when_it_changes():
    captured()
    common = {"debit": "stripe", "credit": "rounding", "currency": "CAD", "cause": "x", "stripe_id": "txn_none"}
    ledger.post("correction", amount_minor=5, key="a", now=NOW, **common)

    def look(hours: int) -> list[tuple[int, bool]]:
        reconciliation.ask(by=None, now=LATER + timedelta(hours=hours))
        reconciliation.reconcile(LATER + timedelta(hours=hours))
        return [(row.ours_minor, row.closed_at is None) for row in Difference.objects.order_by("pk")]

    person = factories.user()
    assert (look(1), look(2)) == ([(5, True)], [(5, True)])
    row = Difference.objects.get()
    assert row.last_seen_at == LATER + timedelta(hours=2)
    with pytest.raises(ValueError, match="with a reason"):
        reconciliation.close(row, by=person, reason="  ", now=LATER)
    closed = [reconciliation.close(row, by=person, reason="tested", now=LATER) for _ in range(2)]
    assert (closed, look(3)) == ([True, False], [(5, False)])
    ledger.post("correction", amount_minor=2, key="b", now=NOW, **common)
    assert look(4) == [(5, False), (7, True)]
    LedgerEntry.objects.filter(stripe_id="txn_none").delete()
    assert look(5) == [(5, False), (7, True)]  # agrees again, and is not closed by itself
    entry = AuditEntry.objects.get(action="reconciliation.close")
    assert (entry.actor, entry.reason) == (person, "tested")
