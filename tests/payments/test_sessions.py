from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout.models import Checkout
from marketplace.payments import events, gateway, sessions
from marketplace.payments.fake_stripe import charges
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import Payment, StripeEvent
from tests.payments import paying

pytestmark = pytest.mark.django_db
State = Payment.State


def test_open_session_asks_for_the_total_to_the_cent():
    made = paying.checkout()
    payment = paying.opened(made)
    session = gateway.retrieve_session(payment.session_id)
    assert (payment.state, session.amount_minor, session.currency) == (State.OPEN, made.total_minor, "CAD")


def test_open_session_again_gives_the_same_page():
    made = paying.checkout()
    assert paying.opened(made).session_id == paying.opened(made).session_id


def test_paid_session_makes_its_checkout_due_once():
    made = paying.checkout()
    payment = paying.opened(made)
    paying.pay(payment)
    now = timezone.now()
    assert sessions.refresh(payment, now=now).state == State.AUTHORISED
    made.refresh_from_db()
    assert (made.state, made.due_at) == (Checkout.State.PAID, now)
    sessions.refresh(payment, now=now + timedelta(hours=1))
    made.refresh_from_db()
    assert made.due_at == now


def test_authorisation_whose_end_nobody_says_is_captured_in_time_too():
    """A wallet: Stripe names the end of a card's alone, and offers what the dashboard allows."""
    now, store = timezone.now(), DatabaseStore()
    payment = paying.opened(paying.checkout(now), now)
    paying.pay(payment, now=now)
    [charge] = store.find(charges.KIND)
    store.put(charges.KIND, charge | {"payment_method_details": {"type": "paypal", "paypal": {}}})
    found = sessions.refresh(payment, now=now)
    assert (found.state, found.capture_before) == (State.AUTHORISED, now + timedelta(days=7))


def test_page_made_while_its_payment_was_ended_is_ended_too(monkeypatch):
    """In another window the reader left; nobody would look at what is paid there."""
    real = gateway.create_checkout_session

    def create(*args, **kwargs):
        made = real(*args, **kwargs)
        Payment.objects.update(state=State.EXPIRED, due_at=None)
        return made

    monkeypatch.setattr(gateway, "create_checkout_session", create)
    payment = paying.opened(paying.checkout())
    assert (payment.state, gateway.retrieve_session(payment.session_id).status) == (State.EXPIRED, "expired")


def test_declined_card_leaves_the_session_open():
    payment = paying.opened(paying.checkout())
    paying.pay(payment, approved=False)
    assert sessions.refresh(payment, now=timezone.now()).state == State.OPEN


def test_end_session_expires_an_open_page():
    payment = paying.opened(paying.checkout())
    assert sessions.end_session(payment, now=timezone.now())
    paying.pay(payment)
    assert sessions.refresh(payment, now=timezone.now()).state == State.EXPIRED


def test_end_session_of_a_paid_one_says_no():
    payment = paying.opened(paying.checkout())
    paying.pay(payment)
    assert not sessions.end_session(payment, now=timezone.now())
    assert payment.checkout.__class__.objects.get(pk=payment.checkout_id).state == Checkout.State.PAID


def test_end_session_while_stripe_is_away_says_no():
    payment = paying.opened(paying.checkout())
    paying.fault("unreachable", 99)
    assert not sessions.end_session(payment, now=timezone.now())
    assert Payment.objects.get().state == State.OPEN


def test_answer_that_never_came_is_looked_up():
    made = paying.checkout()
    paying.fault("drop_after")
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        paying.opened(made)
    assert caught.value.unknown_outcome
    payment = Payment.objects.get()
    assert payment.state == State.NEW
    assert sessions.refresh(payment, now=timezone.now()).state == State.OPEN


def test_request_that_never_arrived_ends_after_a_while():
    made = paying.checkout()
    paying.fault("drop_before")
    with pytest.raises(gateway.PaymentGatewayError):
        paying.opened(made)
    payment = Payment.objects.get()
    assert not sessions.end_session(payment, now=timezone.now())
    assert sessions.end_session(payment, now=timezone.now() + timedelta(minutes=6))


def test_events_reach_the_checkout_in_any_number():
    made = paying.checkout()
    payment = paying.opened(made)
    paying.pay(payment)
    now = timezone.now()
    assert events.deliver_fake_events(now) > 0
    assert events.deliver_fake_events(now) == 0
    assert events.apply_events(now) == StripeEvent.objects.count()
    assert events.apply_events(now) == 0
    made.refresh_from_db()
    assert made.state == Checkout.State.PAID


def test_watch_payments_finds_what_no_event_spoke_of():
    payment = paying.opened(paying.checkout())
    paying.pay(payment)
    assert sessions.watch_payments(timezone.now() + timedelta(minutes=3)) == 1
    assert Payment.objects.get().state == State.AUTHORISED


def test_forged_event_is_refused_and_not_stored(client):
    answer = client.post(
        "/stripe/events/", b"{}", content_type="application/json", headers={"Stripe-Signature": "t=1,v1=0"}
    )
    assert (answer.status_code, StripeEvent.objects.count()) == (400, 0)


def test_library_basket_fits_the_page(monkeypatch):
    """Stripe takes 100 lines: above, one for each shop."""
    monkeypatch.setattr(sessions, "MOST_LINES", 3)
    made = paying.checkout()
    lines = sessions._lines(made)
    names = list(made.parcels.order_by("pk").values_list("shop__name", flat=True))
    assert ([line.name for line in lines], sum(line.unit_amount_minor for line in lines)) == (names, made.total_minor)
