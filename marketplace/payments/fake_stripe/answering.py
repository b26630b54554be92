"""One request from reading to answer: key, faults, idempotency, check, operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from marketplace.payments.fake_stripe import checking, expiry, faults
from marketplace.payments.fake_stripe.call import Call, public
from marketplace.payments.fake_stripe.errors import FakeStripeError, rate_limited, refused_request, server_error
from marketplace.payments.fake_stripe.listing import expand
from marketplace.payments.fake_stripe.routing import find_route
from marketplace.payments.fake_stripe.store import PLATFORM, Body, SavedAnswer, Store

MAX_KEY_LENGTH = 255
# How long Stripe keeps the answer under an idempotency key: https://docs.stripe.com/api/idempotent_requests
KEPT_SECONDS = {"/v1/": 24 * 3600, "/v2/": 30 * 24 * 3600}


@dataclass(frozen=True)
class Request:
    """`url` with its query; `headers` with lower-case names; `post_data` is a form (v1) or JSON (v2)."""

    method: str
    url: str
    headers: Mapping[str, str]
    post_data: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key") if self.method == "post" else None


@dataclass(frozen=True)
class Answer:
    status: int
    body: Body
    replayed: bool = False


class BrokenConnectionError(Exception):
    """There is no answer. `was_sent` says whether the request had left the caller."""

    def __init__(self, *, was_sent: bool) -> None:
        super().__init__("Connection broken (fault injected)")
        self.was_sent = was_sent


def answer(store: Store, request: Request, now: int) -> Answer:
    """Exclusive for its whole length, so that two captures at once are one after the other."""
    with store.exclusive():
        expiry.end_due(store, now)
        fault = faults.take_request(store, request.method, request.path)
        kind = fault.kind if fault else ""
        result = None
        if kind not in {"unreachable", "drop_before", "rate_limit"}:
            result = _answered_once(store, request, now, kind)
    # The exceptions leave after the transaction, so that what happened has happened.
    if kind in {"unreachable", "drop_before", "drop_after"}:
        raise BrokenConnectionError(was_sent=kind != "unreachable")
    return result or _of_error(rate_limited())


def _answered_once(store: Store, request: Request, now: int, fault: str) -> Answer:
    """The same key with the same request is answered as the first time, errors included."""
    key = request.idempotency_key
    fingerprint = hashlib.sha256(
        json.dumps([request.method, request.url, request.post_data, request.headers.get("stripe-account")]).encode()
    ).hexdigest()
    saved = store.saved_answer(key) if key else None
    if saved is not None and saved.kept_until > now:
        if saved.fingerprint != fingerprint:
            return _of_error(_key_reused(key or ""))
        return Answer(saved.status, saved.body, replayed=True)
    result, is_kept = _executed(store, request, now, fault)
    if key and is_kept:
        kept_until = now + KEPT_SECONDS[request.path[:4]]
        store.save_answer(key, SavedAnswer(fingerprint, result.status, result.body, kept_until))
    return result


def _executed(store: Store, request: Request, now: int, fault: str) -> tuple[Answer, bool]:
    """The answer, and whether Stripe keeps it: v1 keeps errors too once it began to execute, v2 tries again."""
    try:
        with store.savepoint():
            _check_headers(request)
            if fault == "server_error":
                raise server_error()
            body = _perform(store, request, now)
    except FakeStripeError as error:
        return _of_error(error), error.saved and request.path.startswith("/v1/")
    return (_of_error(server_error()) if fault == "server_error_after" else Answer(200, body)), True


def _perform(store: Store, request: Request, now: int) -> Body:
    route, ids = find_route(request.method, request.path)
    is_form = request.method != "post" or request.path.startswith("/v1/")
    text = request.post_data if request.method == "post" else urlsplit(request.url).query
    tree = checking.read_form(text) if is_form else checking.read_json(text)
    params = checking.check(tree, route.params_type, is_form=is_form)
    checking.refuse_unmodelled(params, route.modelled)
    account = request.headers.get("stripe-account", PLATFORM)
    call = Call(store, now, params, ids, account, request.path)
    return public(expand(store, route.operation(call), params.get("expand", [])))


def _check_headers(request: Request) -> None:
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if "_live_" in key:
        # A live key here would mean that someone believes to be moving money.
        raise FakeStripeError("The stand-in for Stripe refuses live keys.", status=401, saved=False)
    if not key:
        raise FakeStripeError("You did not provide an API key.", status=401, saved=False)
    if len(request.idempotency_key or "") > MAX_KEY_LENGTH:
        raise refused_request(f"Idempotency-Key has at most {MAX_KEY_LENGTH} characters")
    if request.headers.get("stripe-account") and not request.path.startswith(("/v1/balance", "/v1/payouts")):
        raise refused_request(
            "The stand-in for Stripe reads only balances and payouts on behalf of a connected account"
        )


def _key_reused(key: str) -> FakeStripeError:
    return FakeStripeError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a "
        f"key other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
    )


def _of_error(error: FakeStripeError) -> Answer:
    return Answer(error.status, error.body())
