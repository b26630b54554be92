"""What is frozen stays as the reader agreed to it, whatever page was sent at the same moment."""

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, freezing, vouchers
from marketplace.checkout.models import CheckoutParcel, VoucherUse
from tests import factories
from tests.checkout.buying import frozen, ready, two_shop_basket

pytestmark = pytest.mark.django_db


def test_delivery_of_a_frozen_checkout_stays():
    checkout = frozen(two_shop_basket(), post=False)
    plan = checkouts.plan_of(checkout, now=timezone.now())
    before = list(CheckoutParcel.objects.order_by("pk").values_list("delivery_option", flat=True))
    checkouts.choose_delivery(checkout, {parcel.shop.pk: parcel.options[1].pk for parcel in plan.parcels})
    checkouts.forget_delivery(checkout)
    checkouts.collect_everything(checkout, plan)
    assert list(CheckoutParcel.objects.order_by("pk").values_list("delivery_option", flat=True)) == before


def test_voucher_of_a_frozen_checkout_stays():
    checkout = ready(two_shop_basket())
    good, other = factories.voucher("GOOD", amount_minor=500), factories.voucher("OTHER", amount_minor=100)
    vouchers.enter(checkout, good.code, now=timezone.now())
    seen = freezing.shown(checkouts.plan_of(checkout, now=timezone.now()), 0)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
    with pytest.raises(vouchers.VoucherError):
        vouchers.enter(checkout, other.code, now=timezone.now())
    vouchers.take_off(checkout)
    assert VoucherUse.objects.get().voucher == good


def test_voucher_that_takes_nothing_off_is_not_used_up():
    checkout = ready(two_shop_basket())
    dear = factories.voucher("DEAR", amount_minor=500, minimum_minor=1_000_000)
    vouchers.enter(checkout, dear.code, now=timezone.now())
    seen = freezing.shown(checkouts.plan_of(checkout, now=timezone.now()), 0)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
    dear.refresh_from_db()
    assert (dear.used, VoucherUse.objects.count()) == (0, 0)


def test_voucher_that_is_used_up_meanwhile_stops_nobody():
    checkout = ready(two_shop_basket())
    voucher = factories.voucher("ONCE", amount_minor=500, most_uses=1)
    vouchers.enter(checkout, voucher.code, now=timezone.now())
    type(voucher).objects.update(used=1)  # another reader's
    assert (vouchers.of(checkout, now=timezone.now()), vouchers.gone(checkout, now=timezone.now())) == (None, voucher)
    seen = freezing.shown(checkouts.plan_of(checkout, now=timezone.now()), 0)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
    assert checkout.voucher_minor == 0
