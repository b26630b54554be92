"""The place where the official client would meet the network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import stripe

from marketplace.payments.fake_stripe.answering import BrokenConnectionError, Request, answer
from marketplace.payments.fake_stripe.call import new_id
from marketplace.payments.fake_stripe.store import Store


class FakeHTTPClient(stripe.HTTPClient):
    """`stripe.StripeClient(key, http_client=FakeHTTPClient(store))`. `clock` gives Unix seconds."""

    name = "fake_stripe"

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.store = store
        self.clock = clock

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        text = post_data.decode() if isinstance(post_data, bytes) else post_data or ""
        try:
            result = answer(self.store, Request(method.lower(), url, lowered, text), int(self.clock()))
        except BrokenConnectionError as error:
            # The cause tells whether the request was sent, as the exceptions under the real client's do.
            cause = TimeoutError("read timed out") if error.was_sent else ConnectionRefusedError("connection refused")
            raise stripe.APIConnectionError(str(error), should_retry=True) from cause
        answered = {"Request-Id": new_id("req"), "Stripe-Version": stripe.api_version}
        if result.replayed:
            answered["Idempotent-Replayed"] = "true"
        return json.dumps(result.body), result.status, answered

    def close(self) -> None:
        """Nothing is open."""
