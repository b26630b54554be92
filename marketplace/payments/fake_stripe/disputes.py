"""Disputes: a bank takes a captured payment back, with a fee, until it is decided who was right."""

from __future__ import annotations

from marketplace.payments.fake_stripe import balance, charges, events
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import FakeStripeError, no_such
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND = "dispute"
FEE_MINOR = 1500
ANSWER_SECONDS = 9 * 24 * 3600
CLOSED = ("won", "lost")
EVIDENCE = (
    "access_activity_log",
    "customer_email_address",
    "customer_name",
    "product_description",
    "refund_policy_disclosure",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
MOST_CHARACTERS = 150_000


def open_dispute(store: Store, now: int, charge_id: str, amount: int | None, reason: str) -> Body:
    """The reader's bank takes `amount` (all, unless named) off the platform's balance, and Stripe its fee."""
    charge = store.get(charges.KIND, charge_id)
    if charge is None or not charge["captured"]:
        raise no_such("charge", charge_id)
    amount = charge["amount_captured"] if amount is None else amount
    dispute = {
        "id": new_id("du"),
        "object": KIND,
        "amount": amount,
        "charge": charge_id,
        "created": now,
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": now + ANSWER_SECONDS,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    dispute["balance_transactions"] = [_moved(store, now, dispute, -amount, FEE_MINOR)]
    store.put(KIND, dispute)
    store.put(charges.KIND, charge | {"disputed": True})
    events.emit(store, now, "charge.dispute.created", dispute)
    events.emit(store, now, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(store: Store, now: int, dispute_id: str, *, won: bool) -> Body:
    """The bank decides; what was won comes back, the fee does not."""
    dispute = store.get(KIND, dispute_id)
    if dispute is None:
        raise no_such(KIND, dispute_id)
    if dispute["status"] in CLOSED:
        return dispute
    dispute["status"] = "won" if won else "lost"
    if won:
        dispute["balance_transactions"].append(_moved(store, now, dispute, dispute["amount"], 0))
        events.emit(store, now, "charge.dispute.funds_reinstated", dispute)
    store.put(KIND, dispute)
    events.emit(store, now, "charge.dispute.closed", dispute)
    return dispute


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_disputes(call: Call) -> Body:
    return page(call, KIND, filters=["charge", "payment_intent"])


def update(call: Call) -> Body:
    """Evidence, handed in unless `submit` is false; once handed in the bank takes no more."""
    dispute = call.found(KIND, call.ids[0])
    if dispute["status"] in CLOSED:
        raise FakeStripeError("This dispute is already closed", code="dispute_already_closed")
    evidence = dict(call.params.get("evidence", {}))
    if sum(len(text) for text in evidence.values()) > MOST_CHARACTERS:
        raise FakeStripeError(f"The evidence has more than {MOST_CHARACTERS} characters", param="evidence")
    dispute["evidence"] |= evidence
    details = dispute["evidence_details"]
    details["has_evidence"] = bool(dispute["evidence"])
    if call.params.get("submit", True):
        details["submission_count"] += 1
        dispute["status"] = "under_review"
    call.store.put(KIND, dispute)
    events.emit(call.store, call.now, "charge.dispute.updated", dispute)
    return dispute


def is_open_or_lost(store: Store, charge_id: str) -> bool:
    return any(dispute["status"] != "won" for dispute in store.find(KIND, charge=charge_id))


def _moved(store: Store, now: int, dispute: Body, amount: int, fee: int) -> Body:
    moved = balance.record(
        store, now, "adjustment", amount, dispute["currency"], source=str(dispute["id"]), fee_minor=fee
    )
    found = store.get(balance.KIND, moved)
    assert found is not None
    return found
