"""The ledger: the only place that makes LedgerEntry rows. Each is written in the transaction that records the movement.

Accounts, each the sum of its debits less its credits:

| account | holds |
|---|---|
| stripe | the network's balance at Stripe |
| orders | money captured for orders, owed to shops and network (a liability: credits are positive) |
| shop:<id> | what a shop has earned and not been transferred (a liability); below zero: the shop owes |
| commission | the network's share of handed-over goods (credits are positive) |
| stripe_fees | what Stripe kept |
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, Sum

from marketplace.payments.models import LedgerEntry, MoneyCall, Payment
from shops.models import ShopOrder

STRIPE, ORDERS, COMMISSION, STRIPE_FEES = "stripe", "orders", "commission", "stripe_fees"


def shop_account(shop_id: int | str) -> str:
    return f"shop:{shop_id}"


def post(
    kind: str,
    *,
    debit: str,
    credit: str,
    amount_minor: int,
    currency: str,
    key: str,
    cause: str,
    now: datetime,
    order_id: int | None = None,
    shop_order: ShopOrder | None = None,
    stripe_id: str = "",
) -> LedgerEntry | None:
    """Record one movement once: an entry with this key that is there already stays, whatever calls again. Nothing is
    written for an amount of 0."""
    if not amount_minor:
        return None
    entry, made = LedgerEntry.objects.get_or_create(
        key=key,
        defaults={
            "at": now,
            "kind": kind,
            "debit": debit,
            "credit": credit,
            "amount_minor": amount_minor,
            "currency": currency,
            "order_id": order_id or (shop_order.order_id if shop_order else None),
            "shop_order": shop_order,
            "stripe_id": stripe_id,
            "cause": cause,
        },
    )
    return entry if made else None


def record_capture(payment: Payment, *, amount_minor: int, fee_minor: int, stripe_id: str, now: datetime) -> None:
    order_id = payment.checkout.order_id
    common: Any = {"currency": payment.currency, "now": now, "order_id": order_id, "stripe_id": stripe_id}
    cause = f"payment {payment.pk} captured"
    key = f"capture:{payment.pk}"
    post("capture", debit=STRIPE, credit=ORDERS, amount_minor=amount_minor, key=key, cause=cause, **common)
    post(
        "fee", debit=STRIPE_FEES, credit=STRIPE, amount_minor=fee_minor, key=f"fee:{payment.pk}", cause=cause, **common
    )


def record_refund(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    post(
        "refund",
        debit=ORDERS,
        credit=STRIPE,
        amount_minor=call.amount_minor,
        currency=call.currency,
        key=call.key,
        cause=call.reason or "refund",
        now=now,
        order_id=call.payment.checkout.order_id,
        stripe_id=stripe_id,
    )


def record_transfer(call: MoneyCall, *, stripe_id: str, now: datetime) -> None:
    """A shop order handed over: the shop earns its value less commission, and is paid that less what it owed."""
    shop_order = call.shop_order
    assert shop_order is not None
    account = shop_account(shop_order.shop_id)
    common: Any = {"currency": call.currency, "now": now, "shop_order": shop_order}
    cause = f"{shop_order.number} handed over"
    earned, kept = call.amount_minor + call.netted_minor, call.commission_minor
    post("earning", debit=ORDERS, credit=account, amount_minor=earned, key=f"earning:{call.key}", cause=cause, **common)
    post(
        "commission", debit=ORDERS, credit=COMMISSION, amount_minor=kept, key=f"kept:{call.key}", cause=cause, **common
    )
    transferred: Any = {
        "amount_minor": call.amount_minor,
        "key": call.key,
        "cause": cause,
        "stripe_id": stripe_id,
        **common,
    }
    post("transfer", debit=account, credit=STRIPE, **transferred)


def balance(account: str, *, currency: str, order_id: int | None = None) -> int:
    """Debits less credits of one account, in minor units; of one order's entries where named."""
    entries = LedgerEntry.objects.filter(currency=currency)
    if order_id is not None:
        entries = entries.filter(order_id=order_id)
    sums = entries.aggregate(
        debits=Sum("amount_minor", filter=Q(debit=account), default=0),
        credits=Sum("amount_minor", filter=Q(credit=account), default=0),
    )
    return sums["debits"] - sums["credits"]
