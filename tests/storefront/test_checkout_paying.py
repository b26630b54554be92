"""From "pay" to the order through the payment stand-in and the steps: paid, declined, left, broken off, late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.order.models import Order

from marketplace.checkout import checkouts, ending, invariants, placing
from marketplace.checkout.models import Checkout
from marketplace.payments import events
from marketplace.payments.models import MoneyCall, Payment
from search import directory
from shops import stock
from shops.models import Allocation
from tests.checkout.buying import ready, two_shop_basket
from tests.payments import paying
from tests.storefront.buying_pages import guest_with, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


@pytest.fixture
def basket():
    return two_shop_basket(units=2)


@pytest.fixture
def client(basket):
    return guest_with(basket)


@pytest.fixture
def checkout(basket):
    return ready(basket)


def press_pay(client, checkout, **options):
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    return client.post(f"/checkout/{checkout.token}/pay/", {"seen": seen}, **options)


def run_steps(now=None) -> None:
    now = now or timezone.now()
    events.deliver_fake_events(now)
    events.apply_events(now)
    placing.place_paid(now)
    ending.end_unpaid(now)


def broken() -> list[str]:
    return [found for check in invariants.INVARIANTS.values() for found in check()]


def open_holds() -> int:
    return Allocation.objects.filter(cause="hold", ended_at=None).count()


def test_paid_becomes_one_order(client, checkout):
    press_pay(client, checkout)
    paying.pay(Payment.objects.get())
    for _ in range(3):  # events again, steps again
        run_steps()
    order = Order.objects.get()
    page = client.get(f"/checkout/{checkout.token}/paid/", follow=True)
    assert page.redirect_chain[-1][0].startswith(f"/orders/{order.number}/")
    assert broken() == []
    assert client.get("/basket/").context["stalls"] == []


def test_closed_browser_changes_nothing(client, checkout):
    """The reader never comes back from the payment page; the order is placed all the same."""
    press_pay(client, checkout)
    paying.pay(Payment.objects.get())
    run_steps()
    assert Checkout.objects.get().state == "placed"


def test_declined_card_keeps_the_payment_open(client, checkout):
    press_pay(client, checkout)
    paying.pay(Payment.objects.get(), approved=False)
    run_steps()
    assert (Checkout.objects.get().state, open_holds(), Order.objects.count()) == ("paying", 3, 0)
    assert "Go on paying" in client.get(f"/checkout/{checkout.token}/").content.decode()


def test_left_alone_ends_with_its_session(client, checkout):
    press_pay(client, checkout)
    run_steps()
    assert open_holds() == 3
    later = Checkout.objects.get().expires_at + timedelta(minutes=1)
    run_steps(later)
    assert (Checkout.objects.get().state, open_holds()) == ("ended", 0)
    assert broken() == []


def test_paid_while_going_back_is_an_order_after_all(client, checkout):
    press_pay(client, checkout)
    paying.pay(Payment.objects.get())
    response = client.get(f"/checkout/{checkout.token}/cancelled/", follow=True)
    assert response.redirect_chain[-1][0] == f"/checkout/{checkout.token}/paid/"
    assert (Checkout.objects.get().state, open_holds()) == ("paid", 3)
    run_steps()
    assert Order.objects.count() == 1


@pytest.mark.parametrize("kind", ["unreachable", "drop_before", "drop_after"])
def test_payment_page_that_cannot_be_opened_keeps_the_hold_and_is_tried_again(client, checkout, kind):
    paying.fault(kind)
    response = press_pay(client, checkout, follow=True)
    assert said(response) == [
        "The payment page cannot be opened just now. Nothing was charged; your copies are kept for you."
    ]
    assert (Checkout.objects.get().state, open_holds()) == ("paying", 3)
    assert "Open the payment page" in response.content.decode()
    again = client.post(f"/checkout/{checkout.token}/again/")
    assert again.url == Payment.objects.get().session_url != ""


def test_unknown_outcome_releases_nothing(client, checkout):
    press_pay(client, checkout)
    paying.fault("server_error", times=9)
    response = client.get(f"/checkout/{checkout.token}/cancelled/", follow=True)
    assert said(response) == [
        "The payment page does not answer just now; the payment is still open. Nothing was charged. Try again."
    ]
    assert (Checkout.objects.get().state, open_holds()) == ("paying", 3)


def test_payment_after_its_hold_ended_is_given_back_and_said_so(client, checkout):
    """As if the hold had ended although the session could still be paid."""
    press_pay(client, checkout)
    stock.release_hold(checkouts.hold_key(checkout), now=timezone.now())
    Checkout.objects.update(state=Checkout.State.ENDED, due_at=None)
    other = checkout.basket.lines.first().stockrecord_id
    assert stock.hold([(other, 2)], key="checkout:0", now=timezone.now()) == []
    paying.pay(Payment.objects.get())
    run_steps()
    assert (Checkout.objects.get().state, Order.objects.count()) == ("refunded", 0)
    assert MoneyCall.objects.get().kind == "cancel"
    assert "Your money comes back" in client.get(f"/checkout/{checkout.token}/paid/").content.decode()
