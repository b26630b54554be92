"""The client of Stripe and how it is called: which one, what of its answers is an error, all pages of a list.

Used by `gateway*.py` only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

import stripe
from django.conf import settings

from marketplace.payments.gateway_records import PaymentGatewayError

T = TypeVar("T")


# The steps try again with the stored key. A retry inside the client would keep a reader waiting, and would hide whether
# an earlier try was sent: the outcome would be unknown although the last error says that no connection was made.
MAX_NETWORK_RETRIES = 0
TIMEOUT_SECONDS = (5.0, 30.0)  # to connect, to answer

# Under these no connection was made, so that the request cannot have arrived; under any other it may have.
NEVER_SENT = {
    "ConnectionRefusedError",
    "ConnectTimeout",
    "ConnectTimeoutError",
    "NameResolutionError",
    "NewConnectionError",
}

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


def options(idempotency_key: str) -> Any:
    if not idempotency_key:
        raise ValueError("A call that changes something needs the idempotency key that was stored before it.")
    return {"idempotency_key": idempotency_key}


def change(call: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    return _answer(call, changes=True)


def read(call: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    return _answer(call, changes=False)


def _answer(call: Callable[[], stripe.StripeObject], *, changes: bool) -> dict[str, Any]:
    try:
        return call().to_dict()
    except stripe.StripeError as error:
        raise _translated(error, changes=changes) from error


def listed(call: Callable[[], stripe.ListObject[Any]], record: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """All pages, fetched as they are asked for."""
    try:
        for entry in call().auto_paging_iter():
            yield record(entry.to_dict())
    except stripe.StripeError as error:
        raise _translated(error, changes=False) from error


def _translated(error: stripe.StripeError, *, changes: bool) -> PaymentGatewayError:
    message = f"Stripe: {error.user_message or error}"
    if isinstance(error, stripe.APIConnectionError):
        return PaymentGatewayError(message, permanent=False, unknown_outcome=changes and not never_sent(error))
    details = (error.json_body or {}).get("error") or {} if isinstance(error.json_body, dict) else {}
    code = details.get("decline_code") or error.code or details.get("code") or details.get("type") or ""
    status = error.http_status or 0
    if status == 429 or isinstance(error, stripe.RateLimitError) or status == 409:
        # 409: another request with the same key, or on the same object, is still running.
        return PaymentGatewayError(message, permanent=False, code=code)
    if status >= 500 or status < 400:
        return PaymentGatewayError(message, permanent=False, unknown_outcome=changes, key_spent=changes, code=code)
    return PaymentGatewayError(message, permanent=True, code=code)


def never_sent(error: BaseException) -> bool:
    """Whether what caused a broken connection says that none was made (by name: its library is not imported here)."""
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, BaseException):
            if type(current).__name__ in NEVER_SENT:
                return True
            waiting += [current.__cause__, getattr(current, "reason", None), *current.args]
    return False
