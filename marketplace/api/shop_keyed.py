"""What every route of a shop's key shares: whose it is, what it opens, how often it calls."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja.security import HttpBearer

from marketplace.api import callers
from marketplace.api.callers import Caller
from marketplace.api.failures import CallError
from marketplace.foundation import walls
from marketplace.foundation.addresses import address_of, hash_of
from shops import order_keys
from shops.models import ShopKey, ShopScope

PER_MINUTE = 600
_HEADER = "header.Authorization"


class ShopKeyed(HttpBearer):
    """`Authorization: Bearer KEY` of a key with the scope; the key is `request.auth`. Messages are in the shop's
    language, unless the program asks for another."""

    def __init__(self, scope: ShopScope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ShopKey:
        now = timezone.now()
        key = order_keys.find(token.strip(), now=now)
        if key is None:
            nobody = Caller(hash_of(address_of(request)), callers.limits.WITHOUT_KEY)
            callers.count(request, nobody, 1, now=now)  # whoever tries keys has as many tries as calls without one
            raise CallError(401, "Send Authorization: Bearer KEY, with a shop's key that is valid.", where=_HEADER)
        if self.scope not in key.scopes:
            raise CallError(403, f"This key does not open {self.scope}.", where=_HEADER)
        callers.count(request, Caller(f"shop key {key.pk}", PER_MINUTE), 1, now=now)
        walls.enter([key.shop_id])
        if "Accept-Language" not in request.headers:
            translation.activate(key.shop.language)
        return key


def key_of(request: HttpRequest) -> ShopKey:
    return request.auth  # type: ignore[attr-defined, no-any-return]
