"""Transfers to connected accounts and their reversals."""

from __future__ import annotations

from marketplace.payments.fake_stripe import accounts, balance, charges, events, refunds
from marketplace.payments.fake_stripe.call import Call, new_id
from marketplace.payments.fake_stripe.errors import FakeStripeError, refused_request
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body

KIND, REVERSAL = "transfer", "transfer_reversal"


def create(call: Call) -> Body:
    params = call.params
    if "amount" not in params:
        raise refused_request("Missing required param: amount.", code="parameter_missing", param="amount")
    amount, currency = params["amount"], params["currency"].lower()
    if amount < 1:
        raise FakeStripeError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    account = call.found(accounts.KIND, params["destination"], param="destination", status=400)
    if not accounts.can_receive(account):
        raise FakeStripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    source_group = _check_source(call, amount, currency)
    transfer_id = new_id("tr")
    transfer = {
        "id": transfer_id,
        "object": KIND,
        "amount": amount,
        "amount_reversed": 0,
        "created": call.now,
        "currency": currency,
        "description": params.get("description"),
        "destination": account["id"],
        "destination_payment": new_id("py"),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "reversed": False,
        "source_transaction": params.get("source_transaction"),
        "source_type": "card",
        "transfer_group": params.get("transfer_group", source_group),
    }
    store, now = call.store, call.now
    transfer["balance_transaction"] = balance.record(store, now, "transfer", -amount, currency, source=transfer_id)
    payment = transfer["destination_payment"]
    balance.record(store, now, "payment", amount, currency, source=payment, account=account["id"])
    store.put(KIND, transfer)
    events.emit(store, now, "transfer.created", transfer)
    return transfer


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_transfers(call: Call) -> Body:
    return page(call, KIND, filters=["destination", "transfer_group"])


def reverse(call: Call) -> Body:
    """Only as far as the connected account's balance reaches."""
    transfer = call.found(KIND, call.ids[0])
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if amount < 1:
        raise FakeStripeError(
            f"Transfer {transfer['id']} is already fully reversed." if left == 0 else "Invalid positive integer",
            param="amount",
        )
    if amount > left:
        raise FakeStripeError(
            f"Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).", param="amount"
        )
    account, currency = transfer["destination"], transfer["currency"]
    has = balance.available(call.store, currency, account=account)
    if has < amount:
        raise FakeStripeError(
            f"Insufficient funds in the connected account's balance to reverse this transfer ({has} < {amount}).",
            code="balance_insufficient",
        )
    reversal = {
        "id": new_id("trr"),
        "object": REVERSAL,
        "amount": amount,
        "created": call.now,
        "currency": currency,
        "destination_payment_refund": new_id("pyr"),
        "metadata": call.params.get("metadata") or {},
        "transfer": transfer["id"],
    }
    store, now = call.store, call.now
    reversal["balance_transaction"] = balance.record(
        store, now, "transfer_refund", amount, currency, source=str(reversal["id"])
    )
    refund = str(reversal["destination_payment_refund"])
    balance.record(store, now, "payment_refund", -amount, currency, source=refund, account=account)
    store.put(REVERSAL, reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    store.put(KIND, transfer)
    events.emit(store, now, "transfer.reversed", transfer)
    return reversal


def list_reversals(call: Call) -> Body:
    transfer = call.found(KIND, call.ids[0])
    return page(call, REVERSAL, transfer=transfer["id"])


def _check_source(call: Call, amount: int, currency: str) -> str | None:
    """A source charge bounds the transfer, and its group is the default; without one the balance bounds it."""
    source = call.params.get("source_transaction")
    if source is None:
        has = balance.available(call.store, currency)
        if has < amount:
            raise FakeStripeError(
                f"You have insufficient available funds in your Stripe account ({has} < {amount}).",
                code="balance_insufficient",
            )
        return None
    charge = call.found(charges.KIND, source, param="source_transaction", status=400)
    if not charge["captured"]:
        raise FakeStripeError(
            "The source_transaction charge must be captured and successful.", param="source_transaction"
        )
    if charge["currency"] != currency:
        raise FakeStripeError(
            f"The currency of source_transaction's balance transaction ({charge['currency']}) must be the same as the "
            f"transfer currency ({currency})",
            param="currency",
        )
    others = sum(
        transfer["amount"] - transfer["amount_reversed"]
        for transfer in call.store.find(KIND, source_transaction=source)
    )
    limit = charge["amount_captured"] - refunds.refunded_minor(call.store, source)
    if amount + others > limit:
        raise FakeStripeError(
            f"Transfers using this transaction as a source must not exceed the source amount of {limit}. "
            f"(There are already transfers using this source, amounting to a total of {others}.)",
            param="amount",
        )
    return charge["transfer_group"] if isinstance(charge["transfer_group"], str) else None
