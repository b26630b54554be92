"""Events: what happened, as Stripe tells it, and the plan of its delivery. `delivery.py` sends them."""

from __future__ import annotations

import stripe

from marketplace.payments.fake_stripe import faults
from marketplace.payments.fake_stripe.call import Call, new_id, public
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import PLATFORM, Body, Store

KIND, DELIVERY = "event", "delivery"


def emit(store: Store, now: int, event_type: str, subject: Body, *, account: str = PLATFORM) -> None:
    """Record that `event_type` befell `subject` (its state now), which is the platform's or of a connected `account`,
    and plan the delivery, as planned faults have it."""
    event = {
        "id": new_id("evt"),
        "object": KIND,
        "api_version": stripe.api_version,
        "created": now,
        "data": {"object": public(subject)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    if account:
        event["account"] = account
    store.put(KIND, event)
    fault = faults.take_event(store, event_type)
    if fault is not None and fault.kind == "lose_event":
        return
    due_at = now + (fault.seconds if fault is not None and fault.kind == "delay_event" else 0)
    for _ in range(2 if fault is not None and fault.kind == "duplicate_event" else 1):
        store.put(
            DELIVERY,
            {"id": new_id("delivery"), "event": event["id"], "created": now, "tries": 0, "last_error": ""},
            due_at=due_at,
        )


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_events(call: Call) -> Body:
    return page(call, KIND, filters=["type"])
