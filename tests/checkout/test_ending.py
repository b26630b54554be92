"""A hold ends only when its payment session is known to be expired and unpaid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, ending
from marketplace.checkout.models import Checkout
from marketplace.foundation.models import AuditEntry
from marketplace.payments.models import Payment
from shops.models import Allocation
from tests.checkout.buying import frozen, paid, two_shop_basket

pytestmark = pytest.mark.django_db


def expired(checkout):
    Payment.objects.filter(checkout=checkout).update(state=Payment.State.EXPIRED)
    return checkout


def test_end_releases_the_hold_and_leaves_the_basket():
    basket = two_shop_basket()
    checkout = expired(frozen(basket))
    assert ending.end(checkout, now=timezone.now(), by="reader")
    assert (checkout.state, checkout.due_at) == ("ended", None)
    assert set(Allocation.objects.values_list("ended_by", flat=True)) == {"expired"}
    assert {line.stockrecord.num_allocated for line in basket.lines.select_related("stockrecord")} == {0}
    assert (basket.status, basket.lines.count()) == ("Open", 3)
    assert AuditEntry.objects.get(action="checkout.end").actor_label == "reader"


def test_end_again_changes_nothing():
    checkout = expired(frozen(two_shop_basket()))
    assert ending.end(checkout, now=timezone.now())
    assert ending.end(checkout, now=timezone.now())
    assert AuditEntry.objects.filter(action="checkout.end").count() == 1


def test_paid_after_all_keeps_its_hold():
    checkout = paid(two_shop_basket())
    Checkout.objects.update(state=Checkout.State.PAYING)  # the event is stored, not yet applied to the checkout
    checkout.refresh_from_db()
    assert not ending.end(checkout, now=timezone.now())
    assert Checkout.objects.get().state == "paying"
    assert Allocation.objects.filter(ended_at=None).count() == 3


def test_without_a_payment_there_is_no_session_to_be_paid():
    checkout = frozen(two_shop_basket())
    Payment.objects.all().delete()
    assert ending.end(checkout, now=timezone.now())


def test_step_ends_what_is_over_and_nothing_else():
    over, running = expired(frozen(two_shop_basket())), frozen(two_shop_basket())
    at = timezone.now()
    assert ending.end_unpaid(at) == 0
    Checkout.objects.filter(pk=over.pk).update(due_at=at)
    assert ending.end_unpaid(at) == 1
    assert dict(Checkout.objects.values_list("pk", "state")) == {over.pk: "ended", running.pk: "paying"}
    assert checkouts.units_held(running) != {}


def test_step_waits_while_the_outcome_is_not_known():
    """The request for a session broke off a moment ago: it may still arrive."""
    checkout = frozen(two_shop_basket())
    at = timezone.now()
    Payment.objects.update(state=Payment.State.CANCELLED, session_id="")
    Checkout.objects.update(due_at=at)
    assert ending.end_unpaid(at) == 0
    checkout.refresh_from_db()
    assert (checkout.state, checkout.due_at > at) == ("paying", True)
    assert checkout.last_error == "The payment session is not known to have ended."
    assert Allocation.objects.filter(ended_at=None).count() == 3
    Payment.objects.update(state=Payment.State.EXPIRED)
    assert ending.end_unpaid(at + timedelta(hours=1)) == 1


def test_hold_ends_however_long_the_provider_was_away():
    checkout, at = frozen(two_shop_basket()), timezone.now()
    Checkout.objects.update(due_at=at)
    Payment.objects.update(state=Payment.State.CANCELLED, session_id="")
    for _ in range(14):
        ending.end_unpaid(at)
        checkout.refresh_from_db()
        at = max(at, checkout.due_at)
    assert checkout.parked_at is None
    Payment.objects.update(state=Payment.State.EXPIRED)
    assert ending.end_unpaid(at) == 1
