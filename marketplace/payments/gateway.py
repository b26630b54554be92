"""Stripe. The only file, beside `fake_stripe/`, that knows its client: what goes in and comes out is our own.

Amounts are integer minor units, times are UTC with zone. A call that changes something takes the idempotency key that
its caller stored before calling; with the same key and the same arguments it may be repeated for 24 hours (30 days for
accounts) and takes effect once.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import stripe

from marketplace.payments import gateway_records as records
from marketplace.payments.gateway_calling import change, client, listed, options, read, using
from marketplace.payments.gateway_records import (
    API_VERSION,
    Account,
    AccountLink,
    BalanceTransaction,
    Event,
    Intent,
    PaymentGatewayError,
    Refund,
    Reversal,
    Session,
    SessionLine,
    Transfer,
)

__all__ = [
    "API_VERSION",
    "Account",
    "AccountLink",
    "BalanceTransaction",
    "Event",
    "Intent",
    "PaymentGatewayError",
    "Refund",
    "Reversal",
    "Session",
    "SessionLine",
    "Transfer",
    "client",
    "using",
]

# How far a signature's time stamp may lie in the past (the client's check) or in the future (ours: it has none).
STAMP_TOLERANCE_SECONDS = 300
ACCOUNT_PARTS = ["configuration.recipient", "identity", "requirements"]
CHARGE_PARTS = ["latest_charge.balance_transaction"]


def create_checkout_session(
    lines: Sequence[SessionLine],
    *,
    currency: str,
    expires_at: datetime,
    success_url: str,
    cancel_url: str,
    client_reference_id: str,
    transfer_group: str,
    metadata: Mapping[str, str],
    idempotency_key: str,
    customer_email: str = "",
    locale: str = "auto",
    display_name: str = "",
    captured_at_once: bool = False,
) -> Session:
    """A hosted payment page for one card payment that is authorised now and captured by `capture`, or at once.

    `expires_at` lies 30 minutes to 24 hours ahead on Stripe's clock; `success_url` may hold {CHECKOUT_SESSION_ID};
    `display_name` heads the page; `metadata` is put on the session and on its intent."""
    params: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [records.line_item(line, currency) for line in lines],
        "payment_intent_data": {
            "capture_method": "automatic" if captured_at_once else "manual",
            "transfer_group": transfer_group,
            "metadata": dict(metadata),
        },
        "client_reference_id": client_reference_id,
        "expires_at": math.ceil(expires_at.timestamp()),
        "locale": locale,
        "metadata": dict(metadata),
        "success_url": success_url,
        "cancel_url": cancel_url,
    }
    if customer_email:
        params["customer_email"] = customer_email
    if display_name:
        params["branding_settings"] = {"display_name": display_name}
    sessions = client().v1.checkout.sessions
    return records.session_of(change(lambda: sessions.create(params, options(idempotency_key))))  # type: ignore[arg-type]


def retrieve_session(session_id: str) -> Session:
    return records.session_of(read(lambda: client().v1.checkout.sessions.retrieve(session_id)))


def expire_session(session_id: str, *, idempotency_key: str) -> Session:
    """Permanent error where it is not open any more: fetch it and see what it became."""
    sessions = client().v1.checkout.sessions
    return records.session_of(change(lambda: sessions.expire(session_id, {}, options(idempotency_key))))


def list_sessions(*, created_since: datetime) -> Iterator[Session]:
    """Newest first; how a session of unknown outcome is found (by its `client_reference_id`)."""
    params = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    return listed(lambda: client().v1.checkout.sessions.list(params), records.session_of)  # type: ignore[arg-type]


def retrieve_intent(intent_id: str) -> Intent:
    params: Any = {"expand": CHARGE_PARTS}
    return records.intent_of(read(lambda: client().v1.payment_intents.retrieve(intent_id, params)))


def is_paid(intent: Intent) -> bool:
    """Whether the reader has done their part: the amount is authorised or taken (DESIGN §6)."""
    return intent.status in {"requires_capture", "succeeded"}


def capture(intent_id: str, amount_minor: int, *, idempotency_key: str) -> Intent:
    """Take `amount_minor` once; the rest of the authorisation is released."""
    params: Any = {"amount_to_capture": amount_minor, "expand": CHARGE_PARTS}
    intents = client().v1.payment_intents
    return records.intent_of(change(lambda: intents.capture(intent_id, params, options(idempotency_key))))


def cancel_intent(intent_id: str, *, idempotency_key: str, reason: str = "requested_by_customer") -> Intent:
    """Release an authorisation. `reason`: duplicate, fraudulent, requested_by_customer, abandoned."""
    params: Any = {"cancellation_reason": reason, "expand": CHARGE_PARTS}
    intents = client().v1.payment_intents
    return records.intent_of(change(lambda: intents.cancel(intent_id, params, options(idempotency_key))))


def refund(intent_id: str, amount_minor: int, *, metadata: Mapping[str, str], idempotency_key: str) -> Refund:
    """Give back from the platform's balance; what a shop has of it is taken back by `reverse_transfer`."""
    params: Any = {"payment_intent": intent_id, "amount": amount_minor, "metadata": dict(metadata)}
    refunds = client().v1.refunds
    return records.refund_of(change(lambda: refunds.create(params, options(idempotency_key))))


def retrieve_refund(refund_id: str) -> Refund:
    return records.refund_of(read(lambda: client().v1.refunds.retrieve(refund_id)))


def list_refunds(*, intent_id: str) -> Iterator[Refund]:
    params: Any = {"payment_intent": intent_id, "limit": 100}
    return listed(lambda: client().v1.refunds.list(params), records.refund_of)


def transfer(
    amount_minor: int,
    *,
    currency: str,
    destination: str,
    source_charge_id: str,
    transfer_group: str,
    metadata: Mapping[str, str],
    idempotency_key: str,
) -> Transfer:
    """Pay a shop's account out of one charge, also before that charge's funds are available; without a charge ("") out
    of the platform's own balance, as far as it reaches (else permanent, code balance_insufficient)."""
    params: Any = {
        "amount": amount_minor,
        "currency": currency.lower(),
        "destination": destination,
        "transfer_group": transfer_group,
        "metadata": dict(metadata),
    }
    if source_charge_id:
        params["source_transaction"] = source_charge_id
    transfers = client().v1.transfers
    return records.transfer_of(change(lambda: transfers.create(params, options(idempotency_key))))


def retrieve_transfer(transfer_id: str) -> Transfer:
    return records.transfer_of(read(lambda: client().v1.transfers.retrieve(transfer_id)))


def list_transfers(*, transfer_group: str) -> Iterator[Transfer]:
    params: Any = {"transfer_group": transfer_group, "limit": 100}
    return listed(lambda: client().v1.transfers.list(params), records.transfer_of)


def reverse_transfer(
    transfer_id: str, amount_minor: int, *, metadata: Mapping[str, str], idempotency_key: str
) -> Reversal:
    """Take back from the shop's account, as far as its balance reaches (else permanent, code balance_insufficient)."""
    params: Any = {"amount": amount_minor, "metadata": dict(metadata)}
    reversals = client().v1.transfers.reversals
    return records.reversal_of(change(lambda: reversals.create(transfer_id, params, options(idempotency_key))))


def list_reversals(transfer_id: str) -> Iterator[Reversal]:
    params: Any = {"limit": 100}
    return listed(lambda: client().v1.transfers.reversals.list(transfer_id, params), records.reversal_of)


def create_account(
    *, country: str, currency: str, email: str, display_name: str, metadata: Mapping[str, str], idempotency_key: str
) -> Account:
    """A shop's account that can receive transfers (Accounts v2, recipient); the network bears fees and losses."""
    params: Any = {
        "contact_email": email,
        "display_name": display_name,
        "dashboard": "express",
        "identity": {"country": country.lower()},
        "configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}},
        "defaults": {
            "currency": currency.lower(),
            "responsibilities": {"fees_collector": "application", "losses_collector": "application"},
        },
        "metadata": dict(metadata),
        "include": ACCOUNT_PARTS,
    }
    accounts = client().v2.core.accounts
    return records.account_of(change(lambda: accounts.create(params, options(idempotency_key))))


def retrieve_account(account_id: str) -> Account:
    params: Any = {"include": ACCOUNT_PARTS}
    return records.account_of(read(lambda: client().v2.core.accounts.retrieve(account_id, params)))


def account_link(account_id: str, *, refresh_url: str, return_url: str, idempotency_key: str) -> AccountLink:
    """Where the shop gives Stripe what it asks for. `refresh_url` makes a new link behind sign-in, under a new key."""
    onboarding = {"refresh_url": refresh_url, "return_url": return_url}
    params: Any = {
        "account": account_id,
        "use_case": {"type": "account_onboarding", "account_onboarding": onboarding},
    }
    links = client().v2.core.account_links
    return records.account_link_of(change(lambda: links.create(params, options(idempotency_key))))


def list_balance_transactions(*, created_since: datetime, account_id: str = "") -> Iterator[BalanceTransaction]:
    """Newest first, of the platform or of a shop's account."""
    params: Any = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    options: Any = {"stripe_account": account_id} if account_id else {}
    return listed(lambda: client().v1.balance_transactions.list(params, options), records.balance_transaction_of)


def construct_event(payload: bytes, header: str, secret: str) -> Event:
    """The event in a signed message, a whole one or a thin one. Permanent error where signature, time stamp (too old,
    or in the future) or form are wrong."""
    try:
        stripe.WebhookSignature.verify_header(payload, header, secret, STAMP_TOLERANCE_SECONDS)
        stamp = int(dict(part.split("=", 1) for part in header.split(","))["t"])
        event = records.event_of(json.loads(payload))
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as error:
        raise PaymentGatewayError(f"The event was refused: {error}", permanent=True, code="event_refused") from error
    if stamp > time.time() + STAMP_TOLERANCE_SECONDS:
        raise PaymentGatewayError(
            "The event was refused: its time stamp lies in the future", permanent=True, code="event_refused"
        )
    return event


def retrieve_event(event_id: str) -> Event:
    return records.event_of(read(lambda: client().v1.events.retrieve(event_id)))


def list_events(*, created_since: datetime) -> Iterator[Event]:
    """Newest first, of the last 30 days at most; how lost messages are found."""
    params: Any = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    return listed(lambda: client().v1.events.list(params), records.event_of)
