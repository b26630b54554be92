"""A checkout that is not paid ends: its payment session first, then its hold. A hold ends only when the session is
known to be expired and unpaid; a time-out or an unknown outcome ends nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from marketplace.checkout import checkouts, vouchers
from marketplace.checkout.models import Checkout
from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import means, receivables, sessions
from marketplace.payments.gateway_records import PaymentGatewayError
from marketplace.payments.models import Payment
from shops import slots, stock
from shops.downloads import codes
from shops.models import Allocation

BATCH = 20


def end(checkout: Checkout, *, now: datetime, by: object = "system") -> bool:
    """End a checkout at the payment page. True: it is ended, unpaid, and its stock released. False: it was paid after
    all (its state says so), or that is not known yet and nothing is released. Raises PaymentGatewayError when the
    payment provider cannot be reached: nothing is released."""
    if checkout.state != Checkout.State.PAYING:
        return checkout.state == Checkout.State.ENDED
    payment = Payment.objects.filter(checkout=checkout).first()
    if payment is not None and not sessions.end_session(payment, now=now):
        checkout.refresh_from_db()
        return False
    return _release(checkout, now=now, by=by)


def _release(checkout: Checkout, *, now: datetime, by: object) -> bool:
    with transaction.atomic():
        ended = Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.PAYING).update(
            state=Checkout.State.ENDED, due_at=None, lease_until=None, lease_token="", attempts=0
        )
        if ended:
            stock.release_hold(checkouts.hold_key(checkout), now=now, by=Allocation.End.EXPIRED)
            codes.release_hold(checkouts.hold_key(checkout))
            slots.release_hold(checkouts.hold_key(checkout), now=now)
            means.release_hold(checkout, now=now)
            vouchers.release_hold(checkout)
            receivables.release_hold(checkout.pk)
            audit.record("checkout.end", checkout, by=by)
        failpoint("ending.before_commit")
    failpoint("ending.after_commit")
    checkout.refresh_from_db()
    return bool(ended)


def end_unpaid(now: datetime) -> int:
    """Step: checkouts whose time at the payment page is over."""
    ended = 0
    for checkout in leases.claim(Checkout, now=now, limit=BATCH, where=Q(state=Checkout.State.PAYING)):
        try:
            if end(checkout, now=now):
                ended += 1
            elif checkout.state == Checkout.State.PAYING:
                leases.wait_for(checkout, error="The payment session is not known to have ended.", now=now)
        except PaymentGatewayError as error:  # what it holds must come free once the provider answers
            leases.wait_for(checkout, error=str(error), now=now)
    return ended
