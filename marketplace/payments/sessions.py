"""The hosted payment page of a checkout: opened, looked at again, ended. Nothing here runs inside a transaction: a
call to Stripe cannot be rolled back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import leases, network
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import gateway
from marketplace.payments.models import Payment

LOOK_AGAIN = timedelta(minutes=2)
# A request for a session that broke off may still arrive; after this it has, or never will.
IN_FLIGHT = timedelta(minutes=5)
LEAST_LIFE = timedelta(minutes=30)
# No method that can be captured later is kept for less: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
LEAST_AUTHORISATION = timedelta(days=7)
# Stripe takes 100 (https://docs.stripe.com/api/checkout/sessions/create): above this, one line for each shop.
MOST_LINES = 90
State = Payment.State


class FrozenCheckout(Protocol):
    """What this package knows of a checkout, which lies to the right of it: its columns, and its parcels' lines."""

    pk: int
    currency: str
    language: str
    email: str
    total_minor: int
    charged_minor: int
    expires_at: datetime
    frozen_at: datetime
    parcels: Any


WAITING = [State.NEW, State.OPEN]


def open_session(checkout: FrozenCheckout, *, success_url: str, cancel_url: str, now: datetime) -> Payment:
    """The payment of a frozen checkout with the address of its hosted page. Called again it gives the same page.

    Raises PaymentGatewayError; then the hold stands until `end_session` knows that no session can be paid."""
    payment, _ = Payment.objects.get_or_create(
        checkout_id=checkout.pk,
        defaults={
            "currency": checkout.currency,
            "amount_minor": checkout.charged_minor,
            "other_minor": checkout.total_minor - checkout.charged_minor,
            "expires_at": checkout.expires_at,
            "due_at": now + LOOK_AGAIN,
        },
    )
    if payment.session_id:
        return payment
    failpoint("session.before_create")
    try:
        session = gateway.create_checkout_session(
            _lines(checkout),
            currency=checkout.currency,
            expires_at=checkout.expires_at,
            success_url=success_url,
            cancel_url=cancel_url,
            client_reference_id=payment.reference,
            transfer_group=transfer_group(payment),
            metadata={"checkout": str(checkout.pk)},
            idempotency_key=f"session:{payment.reference}",
            customer_email=checkout.email,
            locale=checkout.language,
            display_name=network.current().name,
        )
    except gateway.PaymentGatewayError as error:
        if error.permanent and _look_up(payment):  # an earlier request, whose answer never came, has made it
            return payment
        raise
    failpoint("session.after_create")
    _found(payment, session)
    if payment.state == State.EXPIRED:  # the reader left while it was made: nothing may be paid there
        gateway.expire_session(payment.session_id, idempotency_key=f"expire:{payment.session_id}")
    return payment


def is_late(checkout: FrozenCheckout, *, now: datetime) -> bool:
    """Whether no page was opened so far and none can be any more: Stripe wants at least LEAST_LIFE from then on.
    https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at"""
    waiting = Payment.objects.filter(checkout_id=checkout.pk, state=State.NEW, session_id="")
    return now > checkout.expires_at - LEAST_LIFE and waiting.exists()


def refused(checkout: FrozenCheckout) -> bool:
    """The provider has refused to open a page, so that there is none: the payment is over. False: it is not waiting."""
    waiting = Payment.objects.filter(checkout_id=checkout.pk, state=State.NEW, session_id="")
    return waiting.update(state=State.EXPIRED, due_at=None) > 0


def pay_without_page(checkout: FrozenCheckout, *, now: datetime) -> Payment | None:
    """Gift cards or a voucher pay all of it, or an institution orders by invoice: there is nothing to authorise and no
    page. The checkout is paid, and placed as any other. None: it ended meanwhile."""
    checkouts = type(checkout)._default_manager  # type: ignore[attr-defined]
    with transaction.atomic():
        won = checkouts.filter(pk=checkout.pk, state="paying").update(state="paid", due_at=now, attempts=0)
        if not won:
            return Payment.objects.filter(checkout_id=checkout.pk).first()
        return Payment.objects.create(
            checkout_id=checkout.pk,
            state=State.CAPTURED,
            currency=checkout.currency,
            amount_minor=checkout.charged_minor,
            other_minor=checkout.total_minor - checkout.charged_minor,
            paid_at=now,
        )


def transfer_group(payment: Payment) -> str:
    return f"checkout_{payment.reference}"


def refresh(payment: Payment, *, now: datetime) -> Payment:
    """Fetch session and intent again and record what they have become; only forward. Safe to call at any time."""
    payment.refresh_from_db()
    if payment.state not in WAITING:
        return payment
    if not payment.session_id and not _look_up(payment):
        return payment
    session = gateway.retrieve_session(payment.session_id)
    intent = gateway.retrieve_intent(session.intent_id) if session.intent_id else None
    if intent and gateway.is_paid(intent):
        _authorised(payment, intent, now)
    elif session.status == "expired":
        _expired(payment, now)
    payment.refresh_from_db()
    return payment


def end_session(payment: Payment, *, now: datetime) -> bool:
    """End the hosted page. True: it is known to be over and unpaid, so the hold may end. False: it was paid after all,
    or that is not known yet."""
    payment = refresh(payment, now=now)
    if payment.state == State.OPEN:
        try:
            gateway.expire_session(payment.session_id, idempotency_key=f"expire:{payment.session_id}")
        except gateway.PaymentGatewayError as error:
            if not error.permanent:  # a permanent one says that it is open no more: look what it became
                return False
        payment = refresh(payment, now=now)
    if payment.state == State.NEW and now > _frozen_at(payment) + IN_FLIGHT:
        Payment.objects.filter(pk=payment.pk, state=State.NEW, session_id="").update(state=State.EXPIRED, due_at=None)
        payment.refresh_from_db()
    return payment.state == State.EXPIRED


def watch_payments(now: datetime) -> int:
    """Step: look again at payments that no event has spoken of."""
    done = 0
    for payment in leases.claim(Payment, now=now):
        try:
            refresh(payment, now=now)
        except gateway.PaymentGatewayError as error:
            put_off = leases.postpone if error.permanent else leases.wait_for
            put_off(payment, error=str(error), now=now)
            continue
        again = now + LOOK_AGAIN if payment.state in WAITING else None
        leases.finish(payment, due_at=again, attempts=0)
        done += again is None
    return done


def _lines(checkout: FrozenCheckout) -> list[gateway.SessionLine]:
    """As the reader saw them; their sum is the checkout's total to the cent (tax and delivery included). With a gift
    card or voucher one line: Stripe takes no amounts below zero."""
    if checkout.charged_minor < checkout.total_minor:
        with translation.override(checkout.language):
            words = _("Your order, less what gift card and voucher pay")
        return [gateway.SessionLine(words, checkout.charged_minor)]
    lines: list[gateway.SessionLine] = []
    parcels = checkout.parcels.select_related("shop").prefetch_related("lines").order_by("pk")
    for parcel in parcels:
        delivery = 0
        for line in sorted(parcel.lines.all(), key=lambda line: line.pk):
            goods = line.total_minor - line.delivery_share_minor
            delivery += line.delivery_share_minor
            if goods:
                lines.append(
                    gateway.SessionLine(f"{line.quantity} × {line.title}", goods, description=parcel.shop.name)
                )
        if delivery:
            lines.append(
                gateway.SessionLine(
                    getattr(parcel.delivery_option, f"name_{checkout.language}"), delivery, description=parcel.shop.name
                )
            )
    if len(lines) > MOST_LINES:
        sums = [(parcel.shop.name, sum(line.total_minor for line in parcel.lines.all())) for parcel in parcels]
        return [gateway.SessionLine(name, total) for name, total in sums if total]
    return lines


def _found(payment: Payment, session: gateway.Session) -> None:
    Payment.objects.filter(pk=payment.pk, session_id="").update(
        session_id=session.id, session_url=session.url, intent_id=session.intent_id, expires_at=session.expires_at
    )
    Payment.objects.filter(pk=payment.pk, state=State.NEW).update(state=State.OPEN)
    payment.refresh_from_db()


def _frozen_at(payment: Payment) -> datetime:
    frozen_at = payment.checkout.frozen_at
    assert frozen_at is not None  # a payment begins with a frozen checkout
    return frozen_at


def _look_up(payment: Payment) -> bool:
    """Find the session of a request whose answer never came."""
    since = _frozen_at(payment) - timedelta(minutes=1)
    for session in gateway.list_sessions(created_since=since):
        if session.client_reference_id == payment.reference:
            _found(payment, session)
            return True
    return False


def _least_end(payment: Payment, intent: gateway.Intent) -> datetime | None:
    """When an authorisation ends of which Stripe does not say it, as of whatever is no card; None: it is captured."""
    return None if intent.status == "succeeded" else _frozen_at(payment) + LEAST_AUTHORISATION


def _expired(payment: Payment, now: datetime) -> None:
    """Over and unpaid: what the checkout holds may end now, also where a person was to look at it."""
    checkouts = type(payment.checkout)._default_manager
    with transaction.atomic():
        if Payment.objects.filter(pk=payment.pk, state__in=WAITING).update(state=State.EXPIRED, due_at=None):
            due = {"due_at": now, "attempts": 0, "parked_at": None}
            checkouts.filter(pk=payment.checkout_id, state="paying").update(**due)


def _authorised(payment: Payment, intent: gateway.Intent, now: datetime) -> None:
    """Paid: the checkout becomes due for placing, in the same transaction. One winner, however many call."""
    checkouts = type(payment.checkout)._default_manager
    with transaction.atomic():
        won = Payment.objects.filter(pk=payment.pk, state__in=WAITING).update(
            state=State.AUTHORISED,
            intent_id=intent.id,
            charge_id=intent.latest_charge_id,
            capture_before=intent.capture_before or _least_end(payment, intent),
            paid_at=now,
            due_at=None,
        )
        if won:
            checkouts.filter(pk=payment.checkout_id, state__in=["paying", "ended"]).update(
                state="paid", due_at=now, attempts=0, lease_until=None, parked_at=None, lease_token=""
            )
