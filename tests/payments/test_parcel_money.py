"""Money follows the counts: of several parcels, and of what nobody came for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.payments import invariants
from marketplace.payments.models import LedgerEntry, MoneyCall, Payment
from shops import invariants as shop_invariants
from shops.models import ShopOrder
from shops.orders import fulfilment, uncollected
from tests.payments import paying
from tests.payments.test_returns import part_of

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def broken() -> dict[str, list[str]]:
    ours = ("orders: what nobody collects goes back", "orders: cancelled units wait for the shop's word")
    every = invariants.INVARIANTS | {name: shop_invariants.INVARIANTS[name] for name in ours}
    return {name: texts for name, test in every.items() if (texts := test())}


def accepted(now, letter: str = "A") -> tuple[Payment, ShopOrder]:
    """Captured: both shops have everything, nothing has left."""
    payment = paying.captured(now)
    ShopOrder.objects.update(status="accepted", answered_at=now)
    for part in paying.parts_of(payment):
        paying.connect(part.shop)
    return payment, part_of(payment, letter)


def moved(kind: str) -> list[int]:
    return sorted(MoneyCall.objects.filter(kind=kind).values_list("amount_minor", flat=True))


def test_shop_is_paid_once_all_its_parcels_have_left():
    now = timezone.now()
    _payment, part = accepted(now)
    first = part.lines.order_by("pk")[0]
    fulfilment.hand_over(part, by="a", now=now, parts={first.pk: 1})
    paying.work(now + WEEK)
    assert (moved("transfer"), broken()) == ([], {})
    fulfilment.hand_over(part, by="a", now=now + WEEK)
    paying.work(now + 2 * WEEK)
    earned = LedgerEntry.objects.filter(kind__in=["earning", "commission", "commission_tax"], shop_order=part)
    assert (sum(earned.values_list("amount_minor", flat=True)), broken()) == (2400 + 1250, {})


def test_rest_that_cannot_be_sent_is_given_back_and_the_shop_earns_what_left():
    now = timezone.now()
    _payment, part = accepted(now)
    first = part.lines.order_by("pk")[0]
    fulfilment.hand_over(part, by="a", now=now, parts={first.pk: 1})
    for line, units in ((first, 1), (part.lines.order_by("pk")[1], 1)):
        line.refresh_from_db()
        line.shop_order = part
        fulfilment.decline(line, units, by="a", reason="other", now=now)
    paying.work(now), paying.work(now + WEEK)
    part.refresh_from_db()
    assert (part.status, sum(moved("refund"))) == ("handed_over", 1200 + 1250)
    earned = LedgerEntry.objects.filter(kind__in=["earning", "commission", "commission_tax"], shop_order=part)
    assert (sum(earned.values_list("amount_minor", flat=True)), broken()) == (1200, {})


def test_what_nobody_came_for_is_given_back_whole_and_once():
    now = timezone.now()
    payment, part = accepted(now)
    ShopOrder.objects.filter(pk=part.pk).update(delivery_kind="pickup", pickup_code="K7M3QX")
    part = part_of(payment)
    fulfilment.pack(part, by="a", now=now)
    end = ShopOrder.objects.get(pk=part.pk).keep_until + timedelta(minutes=1)
    assert [uncollected.watch_pickups(end), uncollected.watch_pickups(end)] == [1, 0]
    for days in (0, 1, 8):
        paying.work(end + timedelta(days=days))
    part.refresh_from_db()
    assert (part.status, moved("refund"), moved("transfer")) == ("declined", [2400 + 1250], [])
    payment.refresh_from_db()
    assert (payment.refunded_minor, broken()) == (2400 + 1250, {})
