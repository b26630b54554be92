"""Stripe. The only file, beside `fake_stripe/`, that knows its client: what goes in and comes out is our own.

Amounts are integer minor units, times are UTC with zone. A call that changes something takes the idempotency key that
its caller stored before calling; with the same key and the same arguments it may be repeated for 24 hours (30 days for
accounts) and takes effect once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import stripe
from django.conf import settings

from marketplace.payments import gateway_records as records
from marketplace.payments.gateway_records import (
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
]

T = TypeVar("T")

# The steps try again with the stored key. A retry inside the client would keep a reader waiting, and would hide whether
# an earlier try was sent: the outcome would be unknown although the last error says that no connection was made.
MAX_NETWORK_RETRIES = 0
TIMEOUT_SECONDS = (5.0, 30.0)  # to connect, to answer
# How far a signature's time stamp may lie in the past (the client's check) or in the future (ours: it has none).
STAMP_TOLERANCE_SECONDS = 300
ACCOUNT_PARTS = ["configuration.recipient", "identity", "requirements"]
CHARGE_PARTS = ["latest_charge.balance_transaction"]

_override: ContextVar[stripe.StripeClient | None] = ContextVar("stripe_client", default=None)


def client() -> stripe.StripeClient:
    """The client that the settings name: the stand-in where STRIPE_FAKE, else Stripe by STRIPE_SECRET_KEY."""
    return _override.get() or _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_FAKE)


@contextmanager
def using(other: stripe.StripeClient) -> Iterator[None]:
    """Within the block every call goes through `other` (tests: a store in memory, another address)."""
    token = _override.set(other)
    try:
        yield
    finally:
        _override.reset(token)


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
) -> Session:
    """A hosted payment page for one card payment that is authorised now and captured by `capture`.

    `expires_at` lies 30 minutes to 24 hours ahead on Stripe's clock; `success_url` may hold {CHECKOUT_SESSION_ID};
    `display_name` heads the page; `metadata` is put on the session and on its intent."""
    params: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [records.line_item(line, currency) for line in lines],
        "payment_intent_data": {
            "capture_method": "manual",
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
    return records.session_of(_change(lambda: sessions.create(params, _options(idempotency_key))))  # type: ignore[arg-type]


def retrieve_session(session_id: str) -> Session:
    return records.session_of(_read(lambda: client().v1.checkout.sessions.retrieve(session_id)))


def expire_session(session_id: str, *, idempotency_key: str) -> Session:
    """Permanent error where it is not open any more: fetch it and see what it became."""
    sessions = client().v1.checkout.sessions
    return records.session_of(_change(lambda: sessions.expire(session_id, {}, _options(idempotency_key))))


def list_sessions(*, created_since: datetime) -> Iterator[Session]:
    """Newest first; how a session of unknown outcome is found (by its `client_reference_id`)."""
    params = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    return _listed(lambda: client().v1.checkout.sessions.list(params), records.session_of)  # type: ignore[arg-type]


def retrieve_intent(intent_id: str) -> Intent:
    params: Any = {"expand": CHARGE_PARTS}
    return records.intent_of(_read(lambda: client().v1.payment_intents.retrieve(intent_id, params)))


def is_paid(intent: Intent) -> bool:
    """Whether the reader has done their part: the amount is authorised or taken (DESIGN §6)."""
    return intent.status in {"requires_capture", "succeeded"}


def capture(intent_id: str, amount_minor: int, *, idempotency_key: str) -> Intent:
    """Take `amount_minor` once; the rest of the authorisation is released."""
    params: Any = {"amount_to_capture": amount_minor, "expand": CHARGE_PARTS}
    intents = client().v1.payment_intents
    return records.intent_of(_change(lambda: intents.capture(intent_id, params, _options(idempotency_key))))


def cancel_intent(intent_id: str, *, idempotency_key: str, reason: str = "requested_by_customer") -> Intent:
    """Release an authorisation. `reason`: duplicate, fraudulent, requested_by_customer, abandoned."""
    params: Any = {"cancellation_reason": reason, "expand": CHARGE_PARTS}
    intents = client().v1.payment_intents
    return records.intent_of(_change(lambda: intents.cancel(intent_id, params, _options(idempotency_key))))


def refund(intent_id: str, amount_minor: int, *, metadata: Mapping[str, str], idempotency_key: str) -> Refund:
    """Give back from the platform's balance; what a shop has of it is taken back by `reverse_transfer`."""
    params: Any = {"payment_intent": intent_id, "amount": amount_minor, "metadata": dict(metadata)}
    refunds = client().v1.refunds
    return records.refund_of(_change(lambda: refunds.create(params, _options(idempotency_key))))


def list_refunds(*, intent_id: str) -> Iterator[Refund]:
    params: Any = {"payment_intent": intent_id, "limit": 100}
    return _listed(lambda: client().v1.refunds.list(params), records.refund_of)


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
    """Pay a shop's account out of one charge, also before that charge's funds are available."""
    params: Any = {
        "amount": amount_minor,
        "currency": currency.lower(),
        "destination": destination,
        "source_transaction": source_charge_id,
        "transfer_group": transfer_group,
        "metadata": dict(metadata),
    }
    transfers = client().v1.transfers
    return records.transfer_of(_change(lambda: transfers.create(params, _options(idempotency_key))))


def retrieve_transfer(transfer_id: str) -> Transfer:
    return records.transfer_of(_read(lambda: client().v1.transfers.retrieve(transfer_id)))


def list_transfers(*, transfer_group: str) -> Iterator[Transfer]:
    params: Any = {"transfer_group": transfer_group, "limit": 100}
    return _listed(lambda: client().v1.transfers.list(params), records.transfer_of)


def reverse_transfer(
    transfer_id: str, amount_minor: int, *, metadata: Mapping[str, str], idempotency_key: str
) -> Reversal:
    """Take back from the shop's account, as far as its balance reaches (else permanent, code balance_insufficient)."""
    params: Any = {"amount": amount_minor, "metadata": dict(metadata)}
    reversals = client().v1.transfers.reversals
    return records.reversal_of(_change(lambda: reversals.create(transfer_id, params, _options(idempotency_key))))


def list_reversals(transfer_id: str) -> Iterator[Reversal]:
    params: Any = {"limit": 100}
    return _listed(lambda: client().v1.transfers.reversals.list(transfer_id, params), records.reversal_of)


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
    return records.account_of(_change(lambda: accounts.create(params, _options(idempotency_key))))


def retrieve_account(account_id: str) -> Account:
    params: Any = {"include": ACCOUNT_PARTS}
    return records.account_of(_read(lambda: client().v2.core.accounts.retrieve(account_id, params)))


def account_link(account_id: str, *, refresh_url: str, return_url: str, idempotency_key: str) -> AccountLink:
    """Where the shop gives Stripe what it asks for. `refresh_url` makes a new link behind sign-in, under a new key."""
    onboarding = {"refresh_url": refresh_url, "return_url": return_url}
    params: Any = {
        "account": account_id,
        "use_case": {"type": "account_onboarding", "account_onboarding": onboarding},
    }
    links = client().v2.core.account_links
    return records.account_link_of(_change(lambda: links.create(params, _options(idempotency_key))))


def list_balance_transactions(*, created_since: datetime, account_id: str = "") -> Iterator[BalanceTransaction]:
    """Newest first, of the platform or of a shop's account."""
    params: Any = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    options: Any = {"stripe_account": account_id} if account_id else {}
    return _listed(lambda: client().v1.balance_transactions.list(params, options), records.balance_transaction_of)


def construct_event(payload: bytes, header: str, secret: str) -> Event:
    """The event in a signed message. Permanent error where signature, time stamp or form are wrong."""
    try:
        event = client().construct_event(payload, header, secret, tolerance=STAMP_TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise PaymentGatewayError(f"The event was refused: {error}", permanent=True, code="event_refused") from error
    stamp = int(dict(part.split("=", 1) for part in header.split(","))["t"])
    if stamp > time.time() + STAMP_TOLERANCE_SECONDS:
        raise PaymentGatewayError(
            "The event was refused: its time stamp lies in the future", permanent=True, code="event_refused"
        )
    return records.event_of(event.to_dict())


def retrieve_event(event_id: str) -> Event:
    return records.event_of(_read(lambda: client().v1.events.retrieve(event_id)))


def list_events(*, created_since: datetime) -> Iterator[Event]:
    """Newest first, of the last 30 days at most; how lost messages are found."""
    params: Any = {"created": {"gte": int(created_since.timestamp())}, "limit": 100}
    return _listed(lambda: client().v1.events.list(params), records.event_of)


@cache
def _client(key: str, fake: bool) -> stripe.StripeClient:
    if fake:
        # Imported here: the stand-in's tables exist only where its app is installed.
        from marketplace.payments.fake_stripe.client import FakeHTTPClient
        from marketplace.payments.fake_stripe.database import DatabaseStore

        http_client: stripe.HTTPClient = FakeHTTPClient(DatabaseStore())
    else:
        http_client = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
    return stripe.StripeClient(
        key or ("sk_test_fake" if fake else ""), http_client=http_client, max_network_retries=MAX_NETWORK_RETRIES
    )


def _options(idempotency_key: str) -> Any:
    if not idempotency_key:
        raise ValueError("A call that changes something needs the idempotency key that was stored before it.")
    return {"idempotency_key": idempotency_key}


def _change(call: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    return _answer(call, changes=True)


def _read(call: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    return _answer(call, changes=False)


def _answer(call: Callable[[], stripe.StripeObject], *, changes: bool) -> dict[str, Any]:
    try:
        return call().to_dict()
    except stripe.StripeError as error:
        raise _translated(error, changes=changes) from error


def _listed(call: Callable[[], stripe.ListObject[Any]], record: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """All pages, fetched as they are asked for."""
    try:
        for entry in call().auto_paging_iter():
            yield record(entry.to_dict())
    except stripe.StripeError as error:
        raise _translated(error, changes=False) from error


def _translated(error: stripe.StripeError, *, changes: bool) -> PaymentGatewayError:
    message = f"Stripe: {error.user_message or error}"
    if isinstance(error, stripe.APIConnectionError):
        return PaymentGatewayError(message, permanent=False, unknown_outcome=changes and not records.never_sent(error))
    details = (error.json_body or {}).get("error") or {} if isinstance(error.json_body, dict) else {}
    code = details.get("decline_code") or error.code or details.get("code") or details.get("type") or ""
    status = error.http_status or 0
    if status == 429 or isinstance(error, stripe.RateLimitError) or status == 409:
        # 409: another request with the same key, or on the same object, is still running.
        return PaymentGatewayError(message, permanent=False, code=code)
    if status >= 500 or status < 400:
        return PaymentGatewayError(message, permanent=False, unknown_outcome=changes, key_spent=changes, code=code)
    return PaymentGatewayError(message, permanent=True, code=code)
