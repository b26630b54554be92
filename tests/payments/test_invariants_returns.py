"""Each rule of returns, broken by hand, is found: the negative controls of the invariants."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.payments import invariants_returns, returns
from marketplace.payments.models import RefundRequest
from shops.models import Return, ReturnLine, ReturnRefund
from shops.returns import moving
from tests.payments.test_returns import back, sold
from tests.shops.returns.sending_back import ask

pytestmark = pytest.mark.django_db
CHECKS = invariants_returns.INVARIANTS


def broken() -> list[str]:
    return [name.partition(": ")[2] for name, check in CHECKS.items() if check()]


def test_more_copies_than_were_handed_over_are_found():
    now = timezone.now()
    _payment, part = sold(now)
    row = ask(part, 1, now=now)
    assert broken() == []
    ReturnLine.objects.filter(of=row).update(units=3)
    assert broken() == ["no copy comes back twice"]


@pytest.mark.parametrize("how", ["more", "unchecked"])
def test_refund_that_no_check_asked_for_is_found(how):
    now = timezone.now()
    _payment, part = sold(now)
    row = back(part, 2, now=now)
    returns.refund_returns(now)
    assert broken() == []
    if how == "more":
        RefundRequest.objects.update(units=3)
    else:
        RefundRequest.objects.update(once="return:0")
    assert broken() == ["nothing is given back twice"]
    assert row.pk


def test_return_whose_money_sleeps_is_found():
    now = timezone.now()
    _payment, part = sold(now)
    row = back(part, 2, now=now)
    Return.objects.update(checked_at=now - timedelta(days=3))
    assert broken() == []  # its row is due: the step comes
    ReturnRefund.objects.update(due_at=None)
    assert broken() == ["the money of each is made once"]
    ReturnRefund.objects.update(due_at=None, parked_at=now)  # then it is on the board
    assert broken() == []
    moving.refunded(row, now=now)
    assert broken() == ["the money of each is made once"]
