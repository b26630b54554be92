"""The payment page that cannot be opened: what is held comes free once nobody can pay any more, and not before."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, freezing
from marketplace.payments.gateway_records import PaymentGatewayError
from tests.checkout.buying import ready, two_shop_basket
from tests.payments import paying

pytestmark = pytest.mark.django_db
PAGE = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}


def pay(checkout, now=None):
    seen = freezing.shown(checkouts.plan_of(checkout, now=timezone.now()), 0)
    try:
        return freezing.pay(checkout, seen=seen, now=now or timezone.now(), **PAGE)
    finally:
        checkout.refresh_from_db()


def test_refusal_of_the_provider_frees_the_copies_at_once(settings):
    settings.CHECKOUT_MINUTES = 60 * 30  # longer than a page may live
    checkout = ready(two_shop_basket())
    with pytest.raises(PaymentGatewayError) as caught:
        pay(checkout)
    assert (caught.value.permanent, checkout.state, checkouts.units_held(checkout)) == (True, "ended", {})


def test_page_is_opened_by_a_second_try():
    checkout = ready(two_shop_basket())
    paying.fault("drop_before")
    with pytest.raises(PaymentGatewayError):
        pay(checkout)
    assert checkouts.units_held(checkout) != {}
    assert pay(checkout, timezone.now() + timedelta(minutes=5)).session_url


def test_page_that_was_not_opened_in_time_ends_the_checkout():
    checkout = ready(two_shop_basket())
    paying.fault("drop_before")
    with pytest.raises(PaymentGatewayError):
        pay(checkout)
    assert pay(checkout, timezone.now() + timedelta(minutes=7)) == freezing.Refusal("ended")
    assert (checkout.state, checkouts.units_held(checkout)) == ("ended", {})


def test_less_than_the_page_takes_is_told_before():
    basket = two_shop_basket()
    basket.lines.exclude(pk=basket.lines.first().pk).delete()
    line = basket.lines.get()
    type(line).objects.update(quantity=1)
    line.stockrecord.price = "0.30"
    line.stockrecord.save()
    assert pay(ready(basket, post=False)) == freezing.Refusal("small")
