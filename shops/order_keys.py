"""Keys for a shop's own program: random, shown once, kept as a digest; and what such a program asked for once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from marketplace.foundation import audit
from marketplace.models import User
from shops.models import Shop, ShopCall, ShopKey

PREFIX = "halles_shop_"  # so that a key that was published by mistake is found by whoever looks for such
_SHOWN = len(PREFIX) + 4
_USED_AGAIN = timedelta(minutes=5)  # `used_at` is written no more often
CALLS_KEPT = timedelta(days=7)
_BATCH = 5_000

_TAKEN = "This Idempotency-Key was used for something else: choose a new one."


class KeyTakenError(Exception):
    """The same Idempotency-Key came with something else."""


def make(shop: Shop, *, label: str, scopes: Iterable[str], by: User, now: datetime) -> str:
    """A new key; this is the only time that it is seen."""
    key = PREFIX + secrets.token_urlsafe(32)
    made = ShopKey.objects.create(
        shop=shop,
        label=label,
        digest=_digest(key),
        beginning=key[:_SHOWN],
        scopes=sorted(scopes),
        created_at=now,
        created_by=by,
    )
    audit.record("shop_key.make", made, by=by, shop_id=shop.pk, label=label, scopes=made.scopes)
    return key


def revoke(key: ShopKey, *, by: User, now: datetime) -> bool:
    """From now on it opens nothing. False: it was revoked before."""
    if not ShopKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        return False
    audit.record("shop_key.revoke", key, by=by, shop_id=key.shop_id, label=key.label)
    return True


def find(key: str, *, now: datetime) -> ShopKey | None:
    """The row of a key that was not revoked, of a shop that has not left."""
    rows = ShopKey.objects.filter(digest=_digest(key), revoked_at=None).select_related("shop")
    found = rows.exclude(shop__status=Shop.Status.LEFT).first()
    if found is not None and (found.used_at is None or found.used_at < now - _USED_AGAIN):
        stale = Q(used_at=None) | Q(used_at__lt=now - _USED_AGAIN)
        ShopKey.objects.filter(stale, pk=found.pk).update(used_at=now)
    return found


def once(shop_id: int, key: str, asked: object, act: Callable[[], object], *, now: datetime) -> bool:
    """`act`, unless it was asked for under this key before: then False, and nothing is done. Both in one transaction,
    so that no change is forgotten; where `act` raises, nothing is kept and it may be asked for again.
    KeyTakenError where the key came with something else before. An empty key: it is not remembered."""
    digest = _digest(json.dumps(asked, sort_keys=True, default=str))
    with transaction.atomic():
        if key:
            try:
                with transaction.atomic():  # who asks at the same time waits here for the other
                    ShopCall.objects.create(shop_id=shop_id, once=key, asked=digest, made_at=now)
            except IntegrityError:
                if ShopCall.objects.get(shop=shop_id, once=key).asked != digest:
                    raise KeyTakenError(_TAKEN) from None
                return False
        act()
    return True


def forget_calls(now: datetime) -> int:
    """The step: keys that nobody sends again."""
    old = ShopCall.objects.filter(made_at__lt=now - CALLS_KEPT).values("pk")[:_BATCH]
    return ShopCall.objects.filter(pk__in=old).delete()[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
