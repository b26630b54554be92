"""Each invariant holds after buying, and notices what it is there for (the negative controls)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from marketplace.checkout import invariants, placing
from marketplace.checkout.models import Checkout, CheckoutLine
from marketplace.payments.models import Payment
from shops.models import Allocation, ShopOrder
from tests import factories
from tests.checkout.buying import frozen, paid, two_shop_basket

pytestmark = pytest.mark.django_db


def violated() -> list[str]:
    return [name for name, check in invariants.INVARIANTS.items() if check()]


@pytest.fixture
def placed():
    checkout = paid(two_shop_basket())
    placing.place(checkout.pk, now=timezone.now())
    frozen(two_shop_basket())
    assert violated() == []
    checkout.refresh_from_db()
    return checkout


def test_order_without_a_checkout_is_noticed(placed):
    factories.order()
    assert violated() == ["one order per checkout"]


def test_placed_checkout_without_its_order_is_noticed(placed):
    Checkout.objects.filter(pk=placed.pk).update(state=Checkout.State.REFUNDED)
    assert violated() == ["one order per checkout"]


def test_hold_without_a_checkout_is_noticed(placed):
    Checkout.objects.filter(state=Checkout.State.PAYING).update(state=Checkout.State.ENDED)
    assert violated() == ["holds have a checkout being paid"]


def test_lost_hold_is_noticed(placed):
    Allocation.objects.filter(cause=Allocation.Cause.HOLD).update(ended_at=timezone.now())
    assert violated() == ["holds have a checkout being paid"]


def test_lost_cent_is_noticed(placed):
    ShopOrder.objects.filter(order=placed.order).update(total_minor=F("total_minor") + 1)
    assert violated() == ["orders are split exactly"]


def test_line_in_another_shops_order_is_noticed(placed):
    a, b = ShopOrder.objects.order_by("pk")
    moved = a.lines.first()
    moved.shop_order = b
    moved.save()
    assert violated() == ["orders are split exactly"]


def test_wrong_frozen_amount_is_noticed(placed):
    CheckoutLine.objects.filter(parcel__checkout=placed).update(tax_minor=F("tax_minor") + 1)
    assert violated() == ["frozen amounts are exact"]


def test_paid_and_forgotten_is_noticed(placed):
    checkout = paid(two_shop_basket())
    Payment.objects.filter(checkout=checkout).update(paid_at=timezone.now() - timedelta(hours=1))
    assert violated() == ["paid checkouts are placed"]
    Checkout.objects.filter(pk=checkout.pk).update(state=Checkout.State.PAYING)
    assert violated() == ["paid checkouts are placed"]
