"""What the gateway says of money that moves without us: disputes, payouts, bank accounts, and whole lists by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.payments import gateway_records as records
from marketplace.payments.gateway_calling import change, client, listed, options, read
from marketplace.payments.gateway_records import BalanceTransaction, Body, Refund, Transfer


@dataclass(frozen=True)
class Dispute:
    """`status`: needs_response, under_review, won, lost, or warning_… while nothing was taken. `movements` are what it
    did to our balance so far: taken with its fee, given back."""

    id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    charge_id: str
    intent_id: str
    evidence_due_by: datetime | None
    is_submitted: bool
    created: datetime
    movements: tuple[BalanceTransaction, ...]


@dataclass(frozen=True)
class Payout:
    """From a Stripe balance to a bank. `status`: pending, in_transit, paid, failed, canceled."""

    id: str
    status: str
    amount_minor: int
    currency: str
    failure_reason: str
    created: datetime


@dataclass(frozen=True)
class BankAccount:
    """Where a shop's payouts go. Never its whole number."""

    id: str
    bank: str
    country: str
    last4: str


def retrieve_dispute(dispute_id: str) -> Dispute:
    return _dispute_of(read(lambda: client().v1.disputes.retrieve(dispute_id)))


def list_disputes(*, created_since: datetime) -> Iterator[Dispute]:
    """Newest first."""
    params = _since(created_since)
    return listed(lambda: client().v1.disputes.list(params), _dispute_of)


def submit_evidence(dispute_id: str, evidence: Mapping[str, str], *, idempotency_key: str) -> Dispute:
    """Hand the evidence to the bank, once and for all. `evidence`: Stripe's fields of text, 150,000 characters in all.
    Permanent error where the dispute is closed."""
    params: Any = {"evidence": dict(evidence), "submit": True}
    disputes = client().v1.disputes
    return _dispute_of(change(lambda: disputes.update(dispute_id, params, options(idempotency_key))))


def retrieve_payout(payout_id: str, *, account_id: str = "") -> Payout:
    return _payout_of(read(lambda: client().v1.payouts.retrieve(payout_id, {}, _of(account_id))))


def list_payouts(*, created_since: datetime, account_id: str = "") -> Iterator[Payout]:
    """Newest first, of the platform or of a shop's account."""
    params = _since(created_since)
    return listed(lambda: client().v1.payouts.list(params, _of(account_id)), _payout_of)


def list_bank_accounts(account_id: str) -> Iterator[BankAccount]:
    params: Any = {"object": "bank_account", "limit": 100}
    accounts = client().v1.accounts.external_accounts
    return listed(lambda: accounts.list(account_id, params), _bank_account_of)


def list_all_refunds(*, created_since: datetime) -> Iterator[Refund]:
    """Of all payments, newest first."""
    params = _since(created_since)
    return listed(lambda: client().v1.refunds.list(params), records.refund_of)


def list_all_transfers(*, created_since: datetime) -> Iterator[Transfer]:
    """Of all payments, newest first."""
    params = _since(created_since)
    return listed(lambda: client().v1.transfers.list(params), records.transfer_of)


def _since(created_since: datetime) -> Any:
    return {"created": {"gte": int(created_since.timestamp())}, "limit": 100}


def _of(account_id: str) -> Any:
    return {"stripe_account": account_id} if account_id else {}


def _dispute_of(body: Body) -> Dispute:
    details = body.get("evidence_details") or {}
    due_by = details.get("due_by")
    return Dispute(
        id=body["id"],
        status=body["status"],
        reason=body["reason"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        charge_id=records.id_in(body.get("charge")),
        intent_id=records.id_in(body.get("payment_intent")),
        evidence_due_by=records.time_of(due_by) if due_by else None,
        is_submitted=bool(details.get("submission_count")),
        created=records.time_of(body["created"]),
        movements=tuple(records.balance_transaction_of(entry) for entry in body.get("balance_transactions") or ()),
    )


def _payout_of(body: Body) -> Payout:
    return Payout(
        id=body["id"],
        status=body["status"],
        amount_minor=body["amount"],
        currency=body["currency"].upper(),
        failure_reason=body.get("failure_message") or body.get("failure_code") or "",
        created=records.time_of(body["created"]),
    )


def _bank_account_of(body: Body) -> BankAccount:
    return BankAccount(
        body["id"], body.get("bank_name") or "", (body.get("country") or "").upper(), body.get("last4") or ""
    )
