"""Refunds: off the platform's balance, whatever has been transferred (a transfer is taken back by its own reversal)."""

from __future__ import annotations

from marketplace.payments.fake_stripe import balance, charges, disputes, events, intents
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import FakeStripeError, no_such, refused_request
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND = "refund"


def create(call: Call) -> Body:
    charge = _charge(call)
    if disputes.is_open_or_lost(call.store, charge["id"]):
        raise FakeStripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    left = charge["amount_captured"] - refunded_minor(call.store, charge["id"])
    if left == 0:
        raise FakeStripeError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = call.params.get("amount", left)
    if amount < 1:
        raise FakeStripeError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise FakeStripeError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            code="amount_too_large",
            param="amount",
        )
    refund = {
        "id": new_id("re"),
        "object": KIND,
        "amount": amount,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": call.params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "status": "succeeded",
    }
    refund["balance_transaction"] = balance.record(
        call.store, call.now, "refund", -amount, charge["currency"], source=str(refund["id"])
    )
    call.store.put(KIND, refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = amount == left
    call.store.put(charges.KIND, charge)
    events.emit(call.store, call.now, "refund.created", refund)
    events.emit(call.store, call.now, "charge.refunded", charge)
    return refund


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_refunds(call: Call) -> Body:
    return page(call, KIND, filters=["charge", "payment_intent"])


def refunded_minor(store: Store, charge_id: str) -> int:
    """What was given back of what was captured, in minor units (`amount_refunded` also counts what was released)."""
    return sum(refund["amount"] for refund in store.find(KIND, charge=charge_id) if refund["status"] != "failed")


def fail(store: Store, now: int, refund_id: str) -> Body:
    """The reader's bank sends it back: it is on the platform's balance again, and the charge is not refunded."""
    refund = store.get(KIND, refund_id)
    if refund is None:
        raise no_such(KIND, refund_id)
    if refund["status"] == "failed":
        return refund
    back = balance.record(store, now, "refund_failure", refund["amount"], refund["currency"], source=refund_id)
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": back,
    }
    store.put(KIND, refund)
    charge = store.get(charges.KIND, refund["charge"])
    assert charge is not None
    store.put(
        charges.KIND, charge | {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False}
    )
    events.emit(store, now, "refund.failed", refund)
    return refund


def _charge(call: Call) -> Body:
    params = call.params
    if ("charge" in params) == ("payment_intent" in params):
        raise refused_request("One and only one of these params should be specified: charge, payment_intent.")
    charge_id = params.get("charge")
    if "payment_intent" in params:
        charge_id = call.found(intents.KIND, params["payment_intent"], param="payment_intent")["latest_charge"]
    charge = call.found(charges.KIND, charge_id, param="charge") if charge_id else None
    if charge is None or not charge["captured"]:
        raise FakeStripeError(
            "There is no captured payment to refund: cancel the PaymentIntent to release an authorisation.",
            code="charge_not_refundable",
        )
    return charge
