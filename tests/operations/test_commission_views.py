"""The operator's page of commission rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from marketplace.payments.models import CommissionRule

PAGE = "/board/commission/"
GOOD = {"label": "Comics", "subject": "xa", "basis_points": "6.5", "cap_minor": "2.50"}


def test_rule_is_added_listed_and_ended(board):
    assert board.post(f"{PAGE}add/", GOOD).status_code == 302
    rule = CommissionRule.objects.get()
    assert (rule.subject, rule.basis_points, rule.flat_minor, rule.cap_minor) == ("XA", 650, None, 250)
    assert board.get(PAGE).context["rules"] == [rule]
    board.post(f"{PAGE}{rule.pk}/end/")
    board.post(f"{PAGE}{rule.pk}/end/")
    assert (board.get(PAGE).context["rules"], board.get(PAGE).context["ended"]) == ([], [rule])
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "commission.add",
        "commission.end",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"flat_minor": "1"}, "basis_points"),
        ({"basis_points": ""}, "basis_points"),
        ({"basis_points": "51"}, "basis_points"),
        ({"floor_minor": "3"}, "cap_minor"),
        ({"cap_minor": "0.001"}, "cap_minor"),
        ({"subject": "x a"}, "subject"),
        ({"shop": "999"}, "shop"),
        ({"begins_on": (timezone.now() - timedelta(days=2)).date().isoformat()}, "begins_on"),
        ({"begins_on": "2090-01-02", "ends_on": "2090-01-01"}, "ends_on"),
    ],
)
def test_rule_that_says_nothing_clear_is_not_added(board, change, field):
    answer = board.post(f"{PAGE}add/", GOOD | change)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not CommissionRule.objects.exists()
