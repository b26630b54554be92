"""The errors that Stripe's API answers, with its own types, codes and sentences."""

from __future__ import annotations

from typing import Any


class FakeStripeError(Exception):
    """An error answer. `saved` says whether Stripe keeps it under the request's idempotency key: it keeps what came
    after it began to execute, not what it refused while reading the request."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        saved: bool = True,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.kind = message, status, kind
        self.code, self.param, self.saved = code, param, saved

    def body(self) -> dict[str, Any]:
        error = {"type": self.kind, "message": self.message, "code": self.code, "param": self.param}
        return {"error": {name: value for name, value in error.items() if value is not None}}


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> FakeStripeError:
    return FakeStripeError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def refused_request(message: str, *, code: str | None = None, param: str | None = None) -> FakeStripeError:
    """A 400 given while reading the request: not kept under the idempotency key."""
    return FakeStripeError(message, code=code, param=param, saved=False)


def server_error() -> FakeStripeError:
    return FakeStripeError("An unknown error occurred (fault injected).", status=500, kind="api_error")


def rate_limited() -> FakeStripeError:
    return FakeStripeError("Request rate limit exceeded (fault injected).", status=429, code="rate_limit", saved=False)
