"""Who calls: a key, or an address without one; and whether they may, just now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from marketplace.api import keys, limits
from marketplace.api.failures import CallError
from marketplace.api.models import Scope
from marketplace.foundation.addresses import address_of, hash_of

_HEADER = "header.Authorization"


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is what its calls are counted under."""

    name: str
    per_minute: int


class Reads(HttpBearer):
    """`Authorization: Bearer KEY` of a key with the scope; or no such header at all, where no key is needed."""

    def __init__(self, scope: Scope, *, needs_key: bool = False) -> None:
        super().__init__()
        self.scope = scope
        self.needs_key = needs_key

    def __call__(self, request: HttpRequest) -> Caller:
        nobody = Caller(hash_of(address_of(request)), limits.WITHOUT_KEY)
        if "Authorization" not in request.headers and not self.needs_key:
            count(request, nobody, 1, now=timezone.now())
            return nobody
        try:
            caller = super().__call__(request)
            if caller is None:
                raise CallError(401, "Send Authorization: Bearer KEY, with a key that is valid.", where=_HEADER)
        except CallError:
            count(request, nobody, 1, now=timezone.now())  # whoever tries keys has as many tries as calls without one
            raise
        count(request, caller, 1, now=timezone.now())
        return caller

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        key = keys.find(token.strip(), now=timezone.now())
        if key is None:
            return None
        if self.scope not in key.scopes:
            raise CallError(403, f"This key does not open {self.scope}.", where=_HEADER)
        return Caller(f"key {key.pk}", key.per_minute)


def count(request: HttpRequest, caller: Caller, units: int, *, now: datetime) -> None:
    """Take `units` of the caller's minute; what is left is told in the answer's headers."""
    allowance = limits.take(caller.name, units, limit=caller.per_minute, now=now)
    request.allowance = allowance  # type: ignore[attr-defined]
    if allowance.left < 0:
        raise CallError(429, f"More than {allowance.limit} calls in a minute: wait {allowance.seconds} seconds.")
