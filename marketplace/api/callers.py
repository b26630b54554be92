"""Who calls: a key, or an address without one; and whether they may, just now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from ninja.security import HttpBearer

from marketplace.api import keys, limits
from marketplace.api.failures import CallError
from marketplace.api.models import Scope

_HEADER = "header.Authorization"
_HOUSEHOLD_BITS = 64  # of an IPv6 address; the others one household chooses as it likes


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


def address_of(request: HttpRequest) -> str:
    """Where the call comes from; behind a proxy of ours what that has written last, for the rest anyone can write."""
    said = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return said.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def known_address_of(request: HttpRequest) -> str:
    """The same; empty where that is no address (a socket, a broken proxy)."""
    said = address_of(request)
    try:
        return str(ip_address(said))
    except ValueError:
        return ""


def hash_of(address: str) -> str:
    """What cannot be told back into an address without the site's key. Of IPv6 the part that a household shares."""
    try:
        found = ip_address(address)
    except ValueError:
        network = "unknown"  # a socket, or words of a broken proxy: all such callers are one
    else:
        found = getattr(found, "ipv4_mapped", None) or found
        network = str(found if found.version == 4 else ip_network((found, _HOUSEHOLD_BITS), strict=False))
    return salted_hmac("marketplace.api.callers", network, algorithm="sha256").hexdigest()
