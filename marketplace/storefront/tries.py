"""How often one address may try what could be guessed, or fill what others need: counted per minute, as the calls of
programs are, under a hash that cannot be told back."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from marketplace.api import limits
from marketplace.foundation import links
from marketplace.foundation.addresses import address_of, hash_of

PER_MINUTE = 10


def too_many(request: HttpRequest, what: str, *, per_minute: int = PER_MINUTE, by: str = "") -> bool:
    """Count one more try of `what` by this address (`by`: by whoever that names, from wherever). True: there were more
    than `per_minute` in this minute."""
    caller = links.key_of(f"halles.tries.{what}", by) if by else origin(request, what)
    return limits.take(caller, 1, limit=per_minute, now=timezone.now()).left < 0


def origin(request: HttpRequest, what: str) -> str:
    """The address that asks, as a key that holds for `what` alone."""
    return links.key_of(f"halles.tries.{what}", hash_of(address_of(request)))
