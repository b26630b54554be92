"""The operator's page of what differs between ledger and Stripe."""

from __future__ import annotations

from django.utils import timezone

from marketplace.payments.models import Difference, ReconciliationRun
from tests.operations.conftest import waiting

PAGE = "/board/reconciliation/"


def test_difference_is_closed_with_a_reason_alone(board, operator):
    run = ReconciliationRun.objects.create(asked_at=timezone.now(), since=timezone.now())
    row = Difference.objects.create(
        run=run, kind="unknown", stripe_id="txn_1", ours_minor=5, last_seen_at=timezone.now()
    )
    assert waiting(board, PAGE) == 1
    for reason, open_ones in (("", [row]), (" ", [row]), ("booked twice, corrected", [])):
        board.post(f"{PAGE}{row.pk}/close/", {"reason": reason})
        assert list(board.get(PAGE).context["open"]) == open_ones
    row.refresh_from_db()
    assert (row.closed_by, row.reason) == (operator, "booked twice, corrected")


def test_comparison_is_asked_for(board, operator):
    board.post(f"{PAGE}run/")
    assert [run.asked_by for run in board.get(PAGE).context["runs"]] == [operator]
