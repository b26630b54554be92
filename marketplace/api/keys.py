"""Keys for programs that read: random, shown once, kept as a digest. The operator makes and revokes them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from marketplace.api.models import ReadKey
from marketplace.foundation import audit
from marketplace.models import User

PREFIX = "halles_read_"  # so that a key that was published by mistake is found by whoever looks for such
_SHOWN = len(PREFIX) + 4
_USED_AGAIN = timedelta(minutes=5)  # `used_at` is written no more often


def make(*, label: str, scopes: Iterable[str], per_minute: int, by: User, now: datetime) -> str:
    """A new key; this is the only time that it is seen."""
    key = PREFIX + secrets.token_urlsafe(32)
    made = ReadKey.objects.create(
        label=label,
        digest=_digest(key),
        beginning=key[:_SHOWN],
        scopes=sorted(scopes),
        per_minute=per_minute,
        created_at=now,
        created_by=by,
    )
    audit.record("read_key.make", made, by=by, label=label, scopes=made.scopes, per_minute=per_minute)
    return key


def revoke(key: ReadKey, *, by: User, now: datetime) -> bool:
    """From now on it opens nothing. False: it was revoked before."""
    if not ReadKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        return False
    audit.record("read_key.revoke", key, by=by, label=key.label)
    return True


def find(key: str, *, now: datetime) -> ReadKey | None:
    """The row of a key that was not revoked."""
    found = ReadKey.objects.filter(digest=_digest(key), revoked_at=None).first()
    if found is not None and (found.used_at is None or found.used_at < now - _USED_AGAIN):
        stale = Q(used_at=None) | Q(used_at__lt=now - _USED_AGAIN)
        ReadKey.objects.filter(stale, pk=found.pk).update(used_at=now)
    return found


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
