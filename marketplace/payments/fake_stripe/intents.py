"""PaymentIntents: the states of one card payment, its capture and its end."""

from __future__ import annotations

from marketplace.payments.fake_stripe import charges, events
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import FakeStripeError
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND, SESSION = "payment_intent", "checkout.session"
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")


def create(store: Store, now: int, session: Body) -> Body:
    """The intent of a session's first attempt (Stripe makes it then, not with the session)."""
    data = session["_intent"]
    intent = {
        "id": new_id("pi"),
        "object": KIND,
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": data.get("capture_method", "automatic"),
        "created": now,
        "currency": session["currency"],
        "description": data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "payment_method_types": ["card"],
        "receipt_email": data.get("receipt_email"),
        "status": "requires_payment_method",
        "transfer_group": data.get("transfer_group"),
        "_session": session["id"],
    }
    store.put(KIND, intent)
    events.emit(store, now, "payment_intent.created", intent)
    return intent


def approve(store: Store, now: int, intent: Body) -> Body:
    """The card is authorised; with automatic capture the money moves at once."""
    charge = charges.authorise(store, now, intent)
    intent |= {"latest_charge": charge["id"], "last_payment_error": None, "payment_method": new_id("pm")}
    if intent["capture_method"] != "manual":
        return _captured(store, now, intent, intent["amount"])
    intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
    store.put(KIND, intent, due_at=charges.capture_before(charge))
    events.emit(store, now, "payment_intent.amount_capturable_updated", intent)
    return intent


def refuse(store: Store, now: int, intent: Body) -> Body:
    """The card is declined: the intent waits for another attempt."""
    charge = charges.refuse(store, now, intent)
    intent |= {
        "latest_charge": charge["id"],
        "last_payment_error": {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "generic_decline",
            "message": "Your card was declined.",
        },
    }
    store.put(KIND, intent)
    events.emit(store, now, "payment_intent.payment_failed", intent)
    return intent


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_intents(call: Call) -> Body:
    return page(call, KIND)


def capture(call: Call) -> Body:
    """Take what was authorised, or a part; the rest is released."""
    intent = call.found(KIND, call.ids[0])
    if intent["status"] != "requires_capture":
        raise _unexpected_state(intent, "captured", ("requires_capture",))
    amount = call.params.get("amount_to_capture", intent["amount_capturable"])
    if amount < 1:
        raise FakeStripeError(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount_to_capture",
        )
    if amount > intent["amount_capturable"]:
        raise FakeStripeError(
            f"The requested capture amount is greater than the amount you can capture for this charge "
            f"({amount} > {intent['amount_capturable']}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    intent["metadata"] |= call.params.get("metadata") or {}
    return _captured(call.store, call.now, intent, amount)


def cancel(call: Call) -> Body:
    intent = call.found(KIND, call.ids[0])
    if intent["status"] not in CANCELABLE:
        raise _unexpected_state(intent, "canceled", CANCELABLE)
    session = call.found(SESSION, intent["_session"])
    if session["status"] == "open":
        raise FakeStripeError(
            "You cannot cancel this PaymentIntent because it was created by Checkout. Expire the Checkout Session "
            f"{session['id']} instead.",
            code="payment_intent_unexpected_state",
        )
    return end(call.store, call.now, intent["id"], call.params.get("cancellation_reason"))


def end(store: Store, now: int, intent_id: str, reason: str | None) -> Body:
    """The intent is canceled; what was authorised is released and no money moves."""
    intent = store.get(KIND, intent_id)
    assert intent is not None
    if intent["status"] == "requires_capture":
        charges.release(store, now, intent["latest_charge"])
    intent |= {"status": "canceled", "amount_capturable": 0, "canceled_at": now, "cancellation_reason": reason}
    store.put(KIND, intent)
    events.emit(store, now, "payment_intent.canceled", intent)
    return intent


def _captured(store: Store, now: int, intent: Body, amount: int) -> Body:
    charges.capture(store, now, intent["latest_charge"], amount)
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    store.put(KIND, intent)
    events.emit(store, now, "payment_intent.succeeded", intent)
    return intent


def _unexpected_state(intent: Body, verb: str, allowed: tuple[str, ...]) -> FakeStripeError:
    return FakeStripeError(
        f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}. Only a PaymentIntent "
        f"with one of the following statuses may be {verb}: {', '.join(allowed)}.",
        code="payment_intent_unexpected_state",
    )
