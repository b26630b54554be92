"""How the feed of a system that we call fares, told to its connection, which pauses itself and wakes by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from catalog_sync.models import Feed, SyncRun
from shops.systems import SYSTEMS, keeping
from shops.systems.calling import WORDS, Trouble


def is_called_first(feed: Feed) -> bool:
    """Whether it cannot be read yet: its shop has just entered something, which is called before."""
    return feed.kind in SYSTEMS and keeping.is_called_first(feed.shop_id, feed.kind)


def is_away(run: SyncRun) -> bool:
    """Whether a system did not answer it, or asks to be left in peace for now."""
    failed = run.state == SyncRun.State.FAILED and bool(run.notes)
    return failed and run.notes[-1].get("code") in (Trouble.AWAY, Trouble.BUSY, Trouble.MAINTENANCE)


def follow(feed: Feed, run: SyncRun, *, now: datetime) -> timedelta | None:
    """How long to wait before a system is called again that did not answer well; None where that is not what failed."""
    connection = keeping.connection_of(feed.shop_id, feed.kind) if feed.kind in SYSTEMS else None
    if connection is None:
        return None
    if run.state != SyncRun.State.FAILED:
        keeping.worked(connection, now=now)
        return None
    note = run.notes[-1] if run.notes else {}
    return keeping.failed(connection, note, now=now) if note.get("code") in WORDS else None
