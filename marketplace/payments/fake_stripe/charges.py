"""Charges: one attempt at a card each. Only the captured part ever reaches a balance."""

from __future__ import annotations

from marketplace.payments.fake_stripe import balance, events
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND = "charge"
# How long a card network keeps an authorisation for a payment made by the customer online (Visa, Mastercard: 7 days).
AUTHORISATION_SECONDS = 7 * 24 * 3600


def authorise(store: Store, now: int, intent: Body) -> Body:
    charge = _new(now, intent, status="succeeded")
    manual = intent["capture_method"] == "manual"
    charge["payment_method_details"]["card"]["capture_before"] = now + AUTHORISATION_SECONDS if manual else None
    store.put(KIND, charge)
    events.emit(store, now, "charge.succeeded", charge)
    return charge


def refuse(store: Store, now: int, intent: Body) -> Body:
    charge = _new(now, intent, status="failed")
    charge |= {"failure_code": "card_declined", "failure_message": "Your card was declined.", "paid": False}
    store.put(KIND, charge)
    events.emit(store, now, "charge.failed", charge)
    return charge


def capture(store: Store, now: int, charge_id: str, amount: int) -> None:
    """`amount` less the fee reaches the platform's balance. The released rest counts as refunded, as Stripe has it."""
    charge = _existing(store, charge_id)
    fee = balance.fee_of(amount)
    charge |= {
        "captured": True,
        "amount_captured": amount,
        "amount_refunded": charge["amount"] - amount,
        "balance_transaction": balance.record(
            store, now, "charge", amount, charge["currency"], source=charge_id, fee_minor=fee
        ),
    }
    store.put(KIND, charge)
    events.emit(store, now, "charge.captured", charge)


def release(store: Store, now: int, charge_id: str) -> None:
    """The authorisation ends uncaptured: shown as refunded although no money moved, as Stripe has it."""
    charge = _existing(store, charge_id)
    charge |= {"refunded": True, "amount_refunded": charge["amount"]}
    store.put(KIND, charge)
    events.emit(store, now, "charge.refunded", charge)


def capture_before(charge: Body) -> int:
    """Unix seconds at which an uncaptured authorisation ends."""
    return int(charge["payment_method_details"]["card"]["capture_before"])


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_charges(call: Call) -> Body:
    return page(call, KIND, filters=["payment_intent", "transfer_group"])


def _existing(store: Store, charge_id: str) -> Body:
    charge = store.get(KIND, charge_id)
    assert charge is not None
    return charge


def _new(now: int, intent: Body, *, status: str) -> Body:
    return {
        "id": new_id("ch"),
        "object": KIND,
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        "refunded": False,
        "status": status,
        "transfer_group": intent["transfer_group"],
    }
