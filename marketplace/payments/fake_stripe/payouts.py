"""Payouts: from a Stripe balance to a bank, made on call (Stripe makes them by schedule), and what banks send back."""

from __future__ import annotations

from marketplace.payments.fake_stripe import balance, events
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import no_such
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND = "payout"


def pay(store: Store, now: int, account: str, amount: int, currency: str) -> Body:
    """`amount` leaves the account's balance for its bank."""
    payout = {
        "id": new_id("po"),
        "object": KIND,
        "amount": amount,
        "arrival_date": now,
        "automatic": True,
        "created": now,
        "currency": currency,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "status": "paid",
    }
    payout["balance_transaction"] = balance.record(
        store, now, "payout", -amount, currency, source=str(payout["id"]), account=account
    )
    store.put(KIND, payout, account=account)
    events.emit(store, now, "payout.paid", payout, account=account)
    return payout


def fail(store: Store, now: int, account: str, payout_id: str) -> Body:
    """The bank sends it back: the account is closed."""
    payout = store.get(KIND, payout_id, account=account)
    if payout is None:
        raise no_such(KIND, payout_id)
    back = balance.record(
        store, now, "payout_failure", payout["amount"], payout["currency"], source=payout_id, account=account
    )
    payout |= {
        "status": "failed",
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
        "failure_balance_transaction": back,
    }
    store.put(KIND, payout, account=account)
    events.emit(store, now, "payout.failed", payout, account=account)
    return payout


def retrieve(call: Call) -> Body:
    found = call.store.get(KIND, call.ids[0], account=call.account)
    if found is None:
        raise no_such(KIND, call.ids[0], status=404)
    return found


def list_payouts(call: Call) -> Body:
    return page(call, KIND, account=call.account, filters=["status"])
