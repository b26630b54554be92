"""When a feed is read out of turn."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from catalog_sync.models import ReadRow


def read_soon(row: ReadRow, *, at: datetime, now: datetime, **changes: object) -> None:
    """A lane is due at a time at the latest, and if it is being read now, then once more: what that reading does not
    see is not forgotten. `changes`: to its other columns."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    later = Q(due_at=None) | Q(due_at__gt=at) | Q(lease_until__gt=now)
    rows.filter(later).update(due_at=at)
    if changes:
        rows.update(**changes)
