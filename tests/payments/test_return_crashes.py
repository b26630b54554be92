"""Two persons, or two processes, at once, and one that dies: what comes back is paid once, at every commit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.payments import invariants, refunds, returns
from marketplace.payments.models import RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from shops.models import Return, ReturnRefund
from shops.returns import asking, moving
from tests.checkout.test_crashes import dies_at
from tests.payments import paying
from tests.payments.test_returns import part_of, sold
from tests.shops.racing import at_once
from tests.shops.returns.sending_back import ask, check

pytestmark = pytest.mark.usefixtures("committed_db")
LEASES_ARE_OVER = timedelta(minutes=30)


def arrived(now) -> Return:
    _payment, part = sold(now)
    row = ask(part, 2, 1, now=now)
    moving.arrive(row, by="port", now=now)
    return row


def broken() -> dict[str, list[str]]:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


@pytest.mark.parametrize("where", ["return_check.before_commit", "return_check.after_commit"])
def test_death_around_the_check_leaves_all_of_it_or_nothing(where):
    now = timezone.now()
    row = arrived(now)
    assert dies_at(where, lambda: check(row, 2, 1, now=now))
    done = where.endswith("after_commit")
    assert (Return.objects.get().state, ReturnRefund.objects.count()) == (("checked", 1) if done else ("arrived", 0))
    if not done:
        check(Return.objects.get(), 2, 1, now=now)
    with pytest.raises(asking.ReturnError):
        check(row, 2, 1, now=now)
    assert (returns.refund_returns(now), broken()) == (1, {})


@pytest.mark.parametrize("where", ["return_refund.before_commit", "return_refund.after_commit"])
def test_death_around_the_refund_gives_back_once(where):
    now = timezone.now()
    row = arrived(now)
    check(row, 2, 1, now=now)
    assert dies_at(where, lambda: returns.refund_returns(now))
    connections.close_all()
    done = where.endswith("after_commit")
    assert RefundRequest.objects.count() == (3 if done else 0)
    assert returns.refund_returns(now + LEASES_ARE_OVER) == (0 if done else 1)
    paying.work(now + LEASES_ARE_OVER)
    assert sorted(RefundRequest.objects.values_list("amount_minor", flat=True)) == [500, 1050, 2100]
    assert (Return.objects.get().state, ReturnRefund.objects.get().amount_minor) == ("refunded", 3650)
    assert broken() == {}


def test_of_two_answers_and_of_two_askings_one_counts():
    now = timezone.now()
    payment, _part = sold(now)
    found = at_once(lambda number: ask(part_of(payment), 2, now=now, once=str(number), reason="faulty"), 2)
    assert sorted(type(one).__name__ for one in found) == ["Return", "ReturnError"]
    row = Return.objects.get()

    def answer(number: int) -> str:
        mine = Return.objects.get(pk=row.pk)
        if number:
            moving.agree(mine, by="one", now=now)
            return "agreed"
        moving.refuse(mine, note="no", by="other", now=now)
        return "refused"

    found = at_once(answer, 2)
    won = [one for one in found if isinstance(one, str)]
    assert [type(one) for one in found if not isinstance(one, str)] == [asking.ReturnError]
    row.refresh_from_db()
    assert [row.state] == won


def test_person_and_step_at_once_give_the_same_copies_back_once():
    now = timezone.now()
    row = arrived(now)
    check(row, 2, 1, now=now)
    part = part_of(row.shop_order.order.checkout.payment)
    wanted = Wanted(RefundRequest.Kind.LINE, part, part.lines.order_by("pk")[0], units=2)

    def give(number: int) -> object:
        if number:
            return returns.refund_returns(now)
        return refunds.ask(part.order.checkout.payment, wanted, reason="x", by=None, once="hand", now=now)

    found = at_once(give, 2)
    assert [one for one in found if isinstance(one, Exception) and not isinstance(one, RefundError)] == []
    returns.refund_returns(now)
    paying.work(now)
    sums = RefundRequest.objects.filter(kind="line").values_list("units", flat=True)
    # Where the person was first the return waits for one to look: never a fourth copy, and never one twice.
    assert (sum(sums), Return.objects.get().state) in [(3, "refunded"), (2, "checked")]
    assert broken() == {}
