"""A process that dies at a failpoint loses nothing and repeats nothing: the next one goes on from the rows."""

from __future__ import annotations

import os

import pytest
from django.db import connections
from django.utils import timezone
from oscar.apps.order.models import Order

from marketplace.checkout import checkouts, freezing, invariants, placing
from marketplace.checkout.models import Checkout
from marketplace.foundation import failpoints
from marketplace.foundation.models import MailMessage
from shops.models import Allocation, ShopOrder
from tests.checkout.buying import paid, ready, two_shop_basket

pytestmark = pytest.mark.usefixtures("committed_db")


def dies_at(failpoint: str, work) -> bool:
    """Run `work` in a process of its own that is killed at its first passage through the failpoint."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        failpoints._passages.clear()
        os.environ["HALLES_FAIL"] = failpoint
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 137


def broken() -> list[str]:
    return [found for check in invariants.INVARIANTS.values() for found in check()]


def test_death_before_the_order_is_committed_leaves_it_to_be_placed():
    checkout = paid(two_shop_basket())
    assert dies_at("placing.before_commit", lambda: placing.place_paid(timezone.now()))
    assert (Order.objects.count(), Checkout.objects.get().state) == (0, "paid")
    placing.place(checkout.pk, now=timezone.now())
    assert (Order.objects.count(), ShopOrder.objects.count(), broken()) == (1, 2, [])


def test_death_after_the_order_is_committed_places_no_second():
    checkout = paid(two_shop_basket())
    assert dies_at("placing.after_commit", lambda: placing.place_paid(timezone.now()))
    assert placing.place_paid(timezone.now()) == 0
    placing.place(checkout.pk, now=timezone.now())
    assert (Order.objects.count(), ShopOrder.objects.count(), MailMessage.objects.count()) == (1, 2, 1)
    assert broken() == []


def test_death_before_the_hold_is_committed_holds_nothing():
    checkout = ready(two_shop_basket())
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    assert dies_at("holds.before_commit", lambda: freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()))
    assert (Allocation.objects.count(), Checkout.objects.get().state, broken()) == (0, "open", [])
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
