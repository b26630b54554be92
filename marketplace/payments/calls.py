"""The step that moves money: one MoneyCall row, its key stored long before, is one call to Stripe. Its effect is
recorded with its ledger entries in one transaction. After an unknown outcome it looks before it calls again, and after
a day, when Stripe has forgotten the key, a person does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import (
    gateway,
    incidents,
    ledger,
    ledger_corrections,
    means,
    receivables,
    refunds,
    transfers,
)
from marketplace.payments.models import MoneyCall, Payment
from marketplace.payments.sessions import transfer_group

logger = logging.getLogger("halles.payments")
Kind = MoneyCall.Kind
# How long Stripe answers a repeated key as the first time: https://docs.stripe.com/api/idempotent_requests
KEY_LIFE = timedelta(hours=24)
# Of these a look is certain: the intent itself says what became of it, and it does not wait for a person.
TOLD_BY_THE_INTENT = {Kind.CAPTURE, Kind.CANCEL}
# A balance does not reach: the shop's for a reversal, ours for a transfer.
TOO_SMALL = {"balance_insufficient", "insufficient_funds"}
BALANCE_AGAIN = timedelta(hours=3)


@dataclass(frozen=True)
class Moved:
    """What a call did: Stripe's object, the balance transaction it made, its fee in minor units."""

    stripe_id: str
    balance_transaction_id: str = ""
    fee_minor: int = 0


def give_back(payment: Payment, *, reason: str, now: datetime) -> MoneyCall | None:
    """The whole payment of a checkout that cannot be placed goes back to the reader: released if it was not captured
    yet, else refunded. None: gift cards or a voucher paid all of it,
    or it is by invoice; the end of their hold gives it back."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment.pk)
        if payment.state == Payment.State.CAPTURED and not payment.captured_minor:
            Payment.objects.filter(pk=payment.pk).update(state=Payment.State.CANCELLED)
            return None
        captured = payment.state == Payment.State.CAPTURED
        call, _ = MoneyCall.objects.get_or_create(
            key=f"give-back:{payment.pk}" if captured else f"capture:{payment.pk}",
            defaults={
                "kind": Kind.REFUND if captured else Kind.CANCEL,
                "payment": payment,
                "amount_minor": payment.captured_minor - payment.refunded_minor if captured else payment.amount_minor,
                "currency": payment.currency,
                "reason": reason[:200],
                "due_at": now,
            },
        )
    return call


def move_money(now: datetime) -> int:
    """Step: make the calls that are due, one at a time for each payment. A transfer out of our own balance takes
    nothing of its charge: while it waits for the balance, a refund goes before it."""
    waits = Q(kind=Kind.TRANSFER, from_balance=True, due_at__gt=now)
    calls = leases.claim(MoneyCall, now=now, limit=20, group="payment_id", holds_nothing=waits)
    return sum(_move(call, now) for call in calls)


def _move(call: MoneyCall, now: datetime) -> bool:
    point = POINTS[call.kind]
    failpoint(f"{point}.before_call")
    try:
        found = _looked_up(call, now)
        if found is None and call.kind == Kind.TRANSFER:
            transfers.leave_to_the_bank(call, now=now)
            if transfers.put_off(call, now=now):
                return False
        moved = found or MAKE[call.kind](call)
        failpoint(f"{point}.after_call")
        with transaction.atomic():
            if not leases.finish(call, stripe_id=moved.stripe_id, done_at=now):
                return False
            RECORD[call.kind](call, moved, now)
    except gateway.PaymentGatewayError as error:
        return _failed(call, error, now)
    except Exception as error:  # one call that cannot be recorded must not stop the others; the next try looks it up
        logger.exception("%s failed.", call)
        leases.postpone(call, error=f"{type(error).__name__}: {error}", now=now)
        return False
    return True


def _looked_up(call: MoneyCall, now: datetime) -> Moved | None:
    """What an earlier try did. The first try has no past to look up. One whose outcome is unknown for a day is a
    person's: only after they let it be tried again is it made anew, with another key."""
    if call.first_tried_at is None:
        MoneyCall.objects.filter(pk=call.pk).update(first_tried_at=now)
        return None
    found = LOOK[call.kind](call)
    if found or call.kind in TOLD_BY_THE_INTENT:
        return found
    if call.unknown_outcome and now - call.first_tried_at >= KEY_LIFE:
        if call.attempts > 1:
            raise gateway.PaymentGatewayError(
                "Nobody knows for a day whether Stripe carried this out, and Stripe does not show it. Look in Stripe's "
                "dashboard. Let it be tried again only when it is not there.",
                permanent=True,
                code="unknown_for_a_day",
            )
        call.key_number += 1
        MoneyCall.objects.filter(pk=call.pk).update(
            first_tried_at=now, unknown_outcome=False, key_number=call.key_number
        )
        call.unknown_outcome = False
    return None


def _failed(call: MoneyCall, error: gateway.PaymentGatewayError, now: datetime) -> bool:
    """Later again, or parked. A reversal that the shop's balance refuses is over: the ledger has it as a debt."""
    too_small = error.code in TOO_SMALL
    if too_small and call.kind == Kind.REVERSAL:
        with transaction.atomic():
            if not leases.finish(call, refused_at=now, last_error=str(error)[: leases.MESSAGE_LENGTH]):
                return False
            assert call.shop_order is not None
            audit.record(
                "transfer.reversal_refused",
                call.shop_order,
                shop_id=call.shop_order.shop_id,
                amount_minor=call.amount_minor,
            )
        return True
    ours_too_small = too_small and call.kind == Kind.TRANSFER  # later it may reach
    # A request of which nothing else is known was not carried out; one that differs from its key's first says nothing.
    unknown = call.unknown_outcome or error.unknown_outcome
    refused = error.permanent and not unknown and error.code != "idempotency_error"
    if call.kind in TOLD_BY_THE_INTENT and not error.permanent:  # an authorisation ends, and waits for nobody to look
        _tell_late(call, error, now)
        said = {"key_number": call.key_number + error.key_spent, "unknown_outcome": unknown}
        leases.wait_for(call, error=str(error), now=now, **said)
        return False
    later: dict[str, object] = {}
    if ours_too_small:  # what readers pay is available only after days: that is no failure
        later = {"due_at": now + BALANCE_AGAIN, "attempts": 0}
        call.attempts = 0
        _tell_too_small(call, now)
    leases.postpone(
        call,
        error=str(error),
        now=now,
        permanent=error.permanent and not ours_too_small,
        **later,
        # Stripe repeats an answer under its key: what it refused is asked again under another
        key_number=call.key_number + (error.key_spent or ours_too_small or refused),
        unknown_outcome=unknown,
    )
    return False


def _tell_late(call: MoneyCall, error: gateway.PaymentGatewayError, now: datetime) -> None:
    if call.attempts >= leases.MOST_COUNTED:
        text = (
            f"{call} was tried {call.attempts} times: {error} It is tried again each half hour: see what Stripe says."
        )
        incidents.report(f"late-call:{call.pk}", text, now=now)


def _tell_too_small(call: MoneyCall, now: datetime) -> None:
    """One incident a month, however many transfers wait."""
    text = (
        f"The balance at Stripe does not reach for {call}. It is tried again every few hours until what readers paid "
        "is available there. If it lasts, add money to the balance in Stripe's dashboard."
    )
    incidents.report(f"balance-too-small:{call.currency}:{now:%Y-%m}", text, now=now)


def _metadata(call: MoneyCall) -> dict[str, str]:
    return {"key": call.key}


def _captured(intent: gateway.Intent) -> Moved:
    return Moved(intent.latest_charge_id, intent.balance_transaction_id, intent.fee_minor or 0)


def _make_capture(call: MoneyCall) -> Moved:
    return _captured(gateway.capture(call.payment.intent_id, call.amount_minor, idempotency_key=call.idempotency_key))


def _look_capture(call: MoneyCall) -> Moved | None:
    intent = gateway.retrieve_intent(call.payment.intent_id)
    return _captured(intent) if intent.status == "succeeded" else None


def _make_cancel(call: MoneyCall) -> Moved:
    return Moved(
        gateway.cancel_intent(call.payment.intent_id, idempotency_key=call.idempotency_key, reason="abandoned").id
    )


def _look_cancel(call: MoneyCall) -> Moved | None:
    intent = gateway.retrieve_intent(call.payment.intent_id)
    return Moved(intent.id) if intent.status == "canceled" else None


def _make_refund(call: MoneyCall) -> Moved:
    if call.payment.checkout.by_invoice:  # nothing to call: so much less is owed
        return Moved("")
    made = gateway.refund(
        call.payment.intent_id, call.amount_minor, metadata=_metadata(call), idempotency_key=call.idempotency_key
    )
    return Moved(made.id, made.balance_transaction_id)


def _look_refund(call: MoneyCall) -> Moved | None:
    if call.payment.checkout.by_invoice:
        return None
    for found in gateway.list_refunds(intent_id=call.payment.intent_id):
        if found.metadata.get("key") == call.key:  # also one that has failed since: that is noted of it afterwards
            return Moved(found.id, found.balance_transaction_id)
    return None


def _make_transfer(call: MoneyCall) -> Moved:
    assert call.shop_order is not None
    if not call.amount_minor:  # everything was given back, or kept back for a debt
        return Moved("")
    made = gateway.transfer(
        call.amount_minor,
        currency=call.currency,
        destination=call.shop_order.shop.stripe_account,
        source_charge_id="" if call.from_balance else call.payment.charge_id,
        transfer_group=transfer_group(call.payment),
        metadata=_metadata(call),
        idempotency_key=call.idempotency_key,
    )
    return Moved(made.id, made.balance_transaction_id)


def _look_transfer(call: MoneyCall) -> Moved | None:
    for found in gateway.list_transfers(transfer_group=transfer_group(call.payment)):
        if found.metadata.get("key") == call.key:
            return Moved(found.id, found.balance_transaction_id)
    return None


def _make_reversal(call: MoneyCall) -> Moved:
    made = gateway.reverse_transfer(
        _transfer_of(call), call.amount_minor, metadata=_metadata(call), idempotency_key=call.idempotency_key
    )
    return Moved(made.id, made.balance_transaction_id)


def _look_reversal(call: MoneyCall) -> Moved | None:
    for found in gateway.list_reversals(_transfer_of(call)):
        if found.metadata.get("key") == call.key:
            return Moved(found.id, found.balance_transaction_id)
    return None


def _transfer_of(call: MoneyCall) -> str:
    assert call.follows is not None
    if not call.follows.stripe_id:
        raise gateway.PaymentGatewayError(
            f"The transfer that this takes back is not made yet: {call.follows}", permanent=False
        )
    return call.follows.stripe_id


def _record_capture(call: MoneyCall, moved: Moved, now: datetime) -> None:
    Payment.objects.filter(pk=call.payment_id).update(
        state=Payment.State.CAPTURED, captured_minor=call.amount_minor, charge_id=moved.stripe_id
    )
    ledger.record_capture(
        call.payment,
        amount_minor=call.amount_minor,
        fee_minor=moved.fee_minor,
        stripe_id=moved.balance_transaction_id,
        now=now,
    )


def _record_cancel(call: MoneyCall, moved: Moved, now: datetime) -> None:
    """What gift cards or a voucher pay of an order goes on without the card."""
    payment = Payment.objects.select_related("checkout").get(pk=call.payment_id)
    goes_on = payment.checkout.order_id and means.left_of(payment)
    state = Payment.State.CAPTURED if goes_on else Payment.State.CANCELLED
    Payment.objects.filter(pk=payment.pk).update(state=state)


def _record_refund(call: MoneyCall, moved: Moved, now: datetime) -> None:
    Payment.objects.filter(pk=call.payment_id).update(refunded_minor=F("refunded_minor") + call.amount_minor)
    if call.payment.checkout.by_invoice:
        receivables.lower(call, now=now)
    else:
        ledger.record_refund(call, stripe_id=moved.balance_transaction_id, now=now)
    if call.request:
        refunds.carried_out(call.request, now=now)


def _record_transfer(call: MoneyCall, moved: Moved, now: datetime) -> None:
    ledger.record_transfer(call, stripe_id=moved.balance_transaction_id, now=now)


def _record_reversal(call: MoneyCall, moved: Moved, now: datetime) -> None:
    ledger_corrections.record_reversal(call, stripe_id=moved.balance_transaction_id, now=now)


MAKE: dict[str, Callable[[MoneyCall], Moved]] = {
    Kind.CAPTURE: _make_capture,
    Kind.CANCEL: _make_cancel,
    Kind.REFUND: _make_refund,
    Kind.TRANSFER: _make_transfer,
    Kind.REVERSAL: _make_reversal,
}
LOOK: dict[str, Callable[[MoneyCall], Moved | None]] = {
    Kind.CAPTURE: _look_capture,
    Kind.CANCEL: _look_cancel,
    Kind.REFUND: _look_refund,
    Kind.TRANSFER: _look_transfer,
    Kind.REVERSAL: _look_reversal,
}
RECORD: dict[str, Callable[[MoneyCall, Moved, datetime], None]] = {
    Kind.CAPTURE: _record_capture,
    Kind.CANCEL: _record_cancel,
    Kind.REFUND: _record_refund,
    Kind.TRANSFER: _record_transfer,
    Kind.REVERSAL: _record_reversal,
}
POINTS: dict[str, str] = {
    Kind.CAPTURE: "capture",
    Kind.CANCEL: "capture",
    Kind.REFUND: "refund",
    Kind.TRANSFER: "transfer",
    Kind.REVERSAL: "reversal",
}
