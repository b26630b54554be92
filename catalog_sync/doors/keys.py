"""Keys by which programs sign in to one feed: random, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from catalog_sync.models import Feed, FeedToken
from marketplace.foundation import audit
from marketplace.models import User
from shops.models import Shop

PREFIX = "halles_feed_"  # so that a key that was published by mistake is found by whoever looks for such
_USED_AGAIN = timedelta(minutes=5)  # `used_at` is written no more often


def make(feed: Feed, *, label: str, by: User, now: datetime) -> str:
    """A new key; this is the only time that it is seen."""
    key = PREFIX + secrets.token_urlsafe(32)
    FeedToken.objects.create(feed=feed, label=label, digest=_digest(key), created_at=now, created_by=by)
    audit.record("feed_key.make", feed, by=by, shop_id=feed.shop_id, label=label)
    return key


def revoke(token: FeedToken, *, by: User, now: datetime) -> bool:
    """From now on it opens nothing. False: it was revoked before."""
    if not FeedToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        return False
    audit.record("feed_key.revoke", token.feed, by=by, shop_id=token.feed.shop_id, label=token.label)
    return True


def feed_of(key: str, *, now: datetime) -> Feed | None:
    """The feed that a key opens."""
    found = FeedToken.objects.filter(digest=_digest(key), revoked_at=None).select_related("feed__shop").first()
    if found is None or found.feed.shop.status == Shop.Status.LEFT:
        return None
    stale = Q(used_at=None) | Q(used_at__lt=now - _USED_AGAIN)
    FeedToken.objects.filter(stale, pk=found.pk).update(used_at=now)
    return found.feed


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
