"""Balances and the balance transactions that they are the sums of, for the platform and each connected account."""

from __future__ import annotations

from marketplace.foundation.money import share
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import PLATFORM, Body, Store

KIND, BALANCE = "balance_transaction", "balance"
FEE_BASIS_POINTS, FEE_FIXED_MINOR = 290, 30


def fee_of(amount_minor: int) -> int:
    """The stand-in's card fee in minor units: 2.9 % rounded half up, plus 30."""
    return share(amount_minor, FEE_BASIS_POINTS) + FEE_FIXED_MINOR


def record(
    store: Store,
    now: int,
    kind: str,
    amount_minor: int,
    currency: str,
    *,
    source: str,
    fee_minor: int = 0,
    account: str = PLATFORM,
) -> str:
    """Move `amount_minor` less the fee on to the balance of `account` (negative: off it); the transaction's id."""
    details = [
        {"amount": fee_minor, "currency": currency, "type": "stripe_fee", "application": None, "description": None}
    ]
    entry = {
        "id": new_id("txn"),
        "object": KIND,
        "amount": amount_minor,
        "available_on": now,
        "created": now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee_minor,
        "fee_details": details if fee_minor else [],
        "net": amount_minor - fee_minor,
        "reporting_category": "charge" if kind == "payment" else kind,
        "source": source,
        "status": "available",
        "type": kind,
    }
    store.put(KIND, entry, account=account)
    balance = _balance(store, account, now)
    balance["amounts"][currency] = balance["amounts"].get(currency, 0) + amount_minor - fee_minor
    store.put(BALANCE, balance, account=account)
    return str(entry["id"])


def available(store: Store, currency: str, *, account: str = PLATFORM) -> int:
    """What `account` has, in minor units; refunds can take the platform's below zero."""
    return int(_balance(store, account, 0)["amounts"].get(currency, 0))


def retrieve_balance(call: Call) -> Body:
    amounts = _balance(call.store, call.account, call.now)["amounts"]
    funds = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(amounts.items())
    ]
    return {"object": "balance", "available": funds, "pending": [], "livemode": False}


def retrieve_transaction(call: Call) -> Body:
    return call.store.get(KIND, call.ids[0], account=call.account) or call.found(KIND, call.ids[0])


def list_transactions(call: Call) -> Body:
    return page(call, KIND, account=call.account, filters=["currency", "source", "type"])


def _balance(store: Store, account: str, now: int) -> Body:
    balance_id = f"balance:{account or 'platform'}"
    empty = {"id": balance_id, "created": now, "amounts": {}}
    return store.get(BALANCE, balance_id, account=account) or empty
