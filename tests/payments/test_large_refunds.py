"""Above the network's limit one operator asks and another one approves; never the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.foundation import network
from marketplace.foundation.models import AuditEntry, Network
from marketplace.models import User
from marketplace.payments import large_refunds, refunds
from marketplace.payments.models import Payment, ProposedRefund, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from tests import factories
from tests.payments import paying

LIMIT = 1000


@pytest.fixture
def payment(db) -> Payment:
    network.current()
    Network.objects.update(refund_two_above_minor=LIMIT)
    network.forget()
    return paying.captured(timezone.now() - timedelta(minutes=1))


@pytest.fixture
def two(db) -> tuple[User, User]:
    return tuple(factories.operator(f"{name}@example.org") for name in ("ada", "max"))


def ask(payment: Payment, amount: int, by: User, once: str = "a") -> RefundRequest | ProposedRefund:
    part = paying.parts_of(payment)[0]
    said = large_refunds.Said("damaged", "network", once)
    return large_refunds.ask(payment, Wanted("other", part, amount_minor=amount), said, by=by, now=timezone.now())


def test_up_to_the_limit_one_is_enough(payment, two):
    assert isinstance(ask(payment, LIMIT, two[0]), RefundRequest)
    assert not ProposedRefund.objects.exists()


def test_above_it_another_one_approves(payment, two):
    asked = ask(payment, LIMIT + 1, two[0])
    assert isinstance(asked, ProposedRefund)
    assert ask(payment, LIMIT + 1, two[0]) == asked, "sent again it asks once"
    assert not RefundRequest.objects.exists()
    with pytest.raises(RefundError):
        large_refunds.approve(asked, by=two[0], now=timezone.now())
    made = large_refunds.approve(asked, by=two[1], now=timezone.now())
    assert (made.amount_minor, made.by, RefundRequest.objects.count()) == (LIMIT + 1, two[0], 1)
    for late in (large_refunds.approve, large_refunds.refuse):
        with pytest.raises(RefundError):
            late(asked, by=two[1], now=timezone.now())
    trail = AuditEntry.objects.filter(action__startswith="payment.refund_").order_by("pk")
    assert list(trail.values_list("action", "actor_label")) == [
        ("payment.refund_ask", "ada@example.org"),
        ("payment.refund_approve", "max@example.org"),
    ]


def test_two_halves_are_one_refund(payment, two):
    assert isinstance(ask(payment, LIMIT, two[0]), RefundRequest)
    assert isinstance(ask(payment, 1, two[0], once="b"), ProposedRefund)


def test_refused_is_never_made(payment, two):
    asked = ask(payment, LIMIT + 1, two[0])
    large_refunds.refuse(asked, by=two[0], now=timezone.now())
    with pytest.raises(RefundError):
        large_refunds.approve(asked, by=two[1], now=timezone.now())
    assert (RefundRequest.objects.count(), large_refunds.waiting()) == (0, [])


def test_what_is_not_left_any_more_is_not_made(payment, two):
    part = paying.parts_of(payment)[0]
    all_of_it = refunds.left(part).total_minor
    asked = ask(payment, all_of_it, two[0])
    one = Wanted("other", part, amount_minor=1)
    refunds.ask(payment, one, reason="x", by=None, once="c", now=timezone.now(), borne_by="network")
    with pytest.raises(RefundError):
        large_refunds.approve(asked, by=two[1], now=timezone.now())
    assert ProposedRefund.objects.get().decided_at is None


def test_database_holds_that_there_are_two(payment, two):
    """Negative control: what the code refuses the table refuses too."""
    asked = ask(payment, LIMIT + 1, two[0])
    made = large_refunds.approve(asked, by=two[1], now=timezone.now())
    with pytest.raises(IntegrityError, match=r"(?i)check"), transaction.atomic():
        ProposedRefund.objects.filter(pk=asked.pk).update(decided_by=two[0], request=made)


def test_without_a_limit_one_is_always_enough(payment, two):
    Network.objects.update(refund_two_above_minor=0)
    network.forget()
    assert isinstance(ask(payment, 1500, two[0]), RefundRequest)
