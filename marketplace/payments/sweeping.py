"""Each night Stripe's own lists against ours, so that a lost event only delays, and what was done there shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from marketplace.foundation import leases
from marketplace.payments import (
    disputes,
    events,
    gateway,
    gateway_watching,
    gift_card_refunds,
    gift_card_sales,
    incidents,
    ledger_corrections,
    refunds,
    sessions,
)
from marketplace.payments.models import GiftCardPurchase, MoneyCall, Payment, StripeSweep

AGAIN = timedelta(days=1)
# Listed twice: what was made while the last sweep was reading.
OVERLAP = timedelta(hours=2)
# Stripe keeps events for 30 days, and a bank may send a refund back that late: https://docs.stripe.com/refunds
LOOK_BACK = timedelta(days=30)


def sweep(now: datetime) -> int:
    """Step: the lists that are due, each from where it had come."""
    for name in LISTS:
        StripeSweep.objects.get_or_create(name=name, defaults={"since": now - LOOK_BACK, "due_at": now})
    done = 0
    for row in leases.claim(StripeSweep, now=now, lease_seconds=1800):
        try:
            LISTS[row.name](row.since, now)
        except gateway.PaymentGatewayError as error:
            put_off = leases.postpone if error.permanent else leases.wait_for
            put_off(row, error=str(error), now=now)
            continue
        done += leases.finish(row, since=now - OVERLAP, due_at=now + AGAIN, attempts=0)
    return done


def _events(since: datetime, now: datetime) -> None:
    for event in gateway.list_events(created_since=since):
        events.keep(event, now=now)


def _sessions(since: datetime, now: datetime) -> None:
    """Paid pages whose payment still waits; and paid ones that we know nothing of."""
    for session in gateway.list_sessions(created_since=since):
        if session.status == "complete" and "gift_card" in session.metadata:
            _gift_card(session, now)
        if session.status != "complete" or "checkout" not in session.metadata:
            continue
        payment = Payment.objects.filter(reference=session.client_reference_id).first()
        if payment is None:
            text = f"Stripe has a paid session {session.id} of a checkout that is not here: refund it or look why."
            incidents.report(f"session:{session.id}", text, now=now)
        elif payment.state in sessions.WAITING:
            sessions.refresh(payment, now=now)
        elif payment.state == Payment.State.EXPIRED and payment.session_id in ("", session.id):
            text = f"Session {session.id} is paid, and its checkout ended as unpaid here: refund it at Stripe."
            incidents.report(f"session-expired:{session.id}", text, now=now)


def _gift_card(session: gateway.Session, now: datetime) -> None:
    purchase = GiftCardPurchase.objects.filter(reference=session.client_reference_id).first()
    if purchase is None:
        text = f"Stripe has a paid session {session.id} of a gift card that is not here: refund it or look why."
        incidents.report(f"session:{session.id}", text, now=now)
    else:
        gift_card_sales.refresh(purchase, now=now)


def _refunds(since: datetime, now: datetime) -> None:
    for refund in gateway_watching.list_all_refunds(created_since=since - LOOK_BACK):
        key = refund.metadata.get("key", "")
        if _made_here(refund.id, key).filter(payment__intent_id=refund.intent_id).exists():
            refunds.note_failure(refund, now=now)
        elif key and refund.intent_id and GiftCardPurchase.objects.filter(intent_id=refund.intent_id).exists():
            gift_card_refunds.note_failure(refund, now=now)
        else:
            text = (
                f"Refund {refund.id} of {refund.amount_minor} {refund.currency} (minor units) was not made here. Book "
                f"it by a correction, and refund from the order's page only."
            )
            incidents.report(f"refund:{refund.id}", text, now=now)


def _transfers(since: datetime, now: datetime) -> None:
    for transfer in gateway_watching.list_all_transfers(created_since=since):
        ours = _made_here(transfer.id, transfer.metadata.get("key", "")).select_related("payment")
        if not any(sessions.transfer_group(call.payment) == transfer.transfer_group for call in ours):
            text = (
                f"Transfer {transfer.id} of {transfer.amount_minor} {transfer.currency} (minor units) to "
                f"{transfer.destination} was not made here: take it back at Stripe, or book it by a correction."
            )
            incidents.report(f"transfer:{transfer.id}", text, now=now)


def _disputes(since: datetime, now: datetime) -> None:
    for dispute in gateway_watching.list_disputes(created_since=since - 4 * LOOK_BACK):  # banks take months
        disputes.record(dispute, now=now)


def _payouts(since: datetime, now: datetime) -> None:
    for payout in gateway_watching.list_payouts(created_since=since - LOOK_BACK):
        events.note_payout(payout, account_id="", now=now)


def _fees(since: datetime, now: datetime) -> None:
    for movement in gateway.list_balance_transactions(created_since=since):
        if movement.kind == "stripe_fee":
            ledger_corrections.record_stripe_fee(movement, now=now)


def _made_here(stripe_id: str, key: str) -> QuerySet[MoneyCall]:
    """The call that made it: its key fits, and it knows of no other. A key alone says little: after a restore a row
    has the id, and so the key, of one that was lost."""
    return MoneyCall.objects.filter(key=key, stripe_id__in=["", stripe_id])


LISTS: dict[str, Callable[[datetime, datetime], None]] = {
    "events": _events,
    "sessions": _sessions,
    "refunds": _refunds,
    "transfers": _transfers,
    "disputes": _disputes,
    "payouts": _payouts,
    "fees": _fees,
}
