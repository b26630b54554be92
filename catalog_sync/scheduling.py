"""When a feed is read out of turn."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from catalog_sync.models import Feed


def read_soon(feed: Feed, *, at: datetime, now: datetime, **changes: object) -> None:
    """The feed is due at a time at the latest, and if it is being read now, then once more: what that reading does not
    see is not forgotten. `changes`: to its other columns."""
    later = Q(due_at=None) | Q(due_at__gt=at) | Q(lease_until__gt=now)
    Feed.objects.filter(later, pk=feed.pk).update(due_at=at)
    if changes:
        Feed.objects.filter(pk=feed.pk).update(**changes)
