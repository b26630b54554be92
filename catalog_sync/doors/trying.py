"""A list that is only tried: kept aside of what its feed reads, read by a step with nothing written, and deleted."""

from __future__ import annotations

import copy
import os
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from catalog_sync import sync
from catalog_sync.doors import arrivals, locations
from catalog_sync.models import DryRun, Feed, RecordIssue, SyncRun
from marketplace.foundation import leases
from marketplace.models import User

FOLDER = ".dry-runs"  # below the feeds folder; no feed's own
MOST_WAITING = 3  # of a feed
PROBLEMS_KEPT = 500  # of each reason
KEPT_FOR = timedelta(days=7)
_STRAY_AFTER_SECONDS = 3600
_TIMES = ("started_at", "ended_at", "as_of")
_COLUMNS = (
    *("state", "complete", "read", "new", "changed", "unchanged", "gone", "refused", "refused_by", "warned_by"),
    *("quarantined", "unmatched", "seconds", "peak_memory_mb", "notes", "sample", "content_hash"),
)
_PROBLEM = ("kind", "code", "position", "sku", "value", "text")


def receive(
    feed: Feed, blocks: Iterable[bytes], *, name: str, made_at: datetime, now: datetime, by: User | None
) -> DryRun:
    """Keep a list to be tried as `arrivals.receive` keeps one to be read. Raises `ArrivalError`."""
    arrivals.check_time(made_at, now)
    _check_waiting(feed)
    file = folder() / arrivals.file_name(name, made_at)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        arrivals.write(file, blocks)
        os.utime(file, (made_at.timestamp(),) * 2)
        return DryRun.objects.create(feed=feed, file=file.name, received_at=now, due_at=now, asked_by=by)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def of_system(feed: Feed, *, now: datetime, by: User | None) -> DryRun:
    """The system that a feed is read from is to be tried: what it has is not kept. Raises `ArrivalError`."""
    _check_waiting(feed)
    return DryRun.objects.create(feed=feed, file="", received_at=now, due_at=now, asked_by=by)


def _check_waiting(feed: Feed) -> None:
    if DryRun.objects.filter(feed=feed, done_at=None, parked_at=None).count() >= MOST_WAITING:
        raise arrivals.ArrivalError(_("Lists of this feed are being tried already. Wait until that is done."))


def try_lists(now: datetime) -> int:
    """The step: try one list that waits, and delete it. Returns how many were tried."""
    for dry in leases.claim(DryRun, now=now, limit=1, lease_seconds=sync.LEASE_SECONDS):
        feed = copy.copy(dry.feed)
        if dry.file:
            feed.location = f"{FOLDER}/{dry.file}"
        try:
            run = sync.run(feed, now=now, dry_run=True)
        except Exception as error:
            leases.postpone(dry, error=repr(error), now=now)
            raise
        if (
            leases.finish(dry, due_at=None, done_at=run.ended_at, outcome=_outcome(run), problems=_problems(run))
            and dry.file
        ):
            (folder() / dry.file).unlink(missing_ok=True)
        return 1
    return 0


def run_of(dry: DryRun) -> SyncRun:
    """What the list came to, as the run it would have been; it has no row, and nothing of it was written."""
    times = {name: parse_datetime(value) for name in _TIMES if (value := dry.outcome.get(name))}
    run = SyncRun(feed=dry.feed, **{name: dry.outcome[name] for name in _COLUMNS if name in dry.outcome}, **times)
    run.unsaved_issues = [RecordIssue(run=run, **problem) for problem in dry.problems]
    return run


def prune(now: datetime) -> int:
    """The step: forget what is older than KEPT_FOR, and files that nobody waits for. Returns how many rows."""
    done = DryRun.objects.filter(received_at__lt=now - KEPT_FOR).delete()[0]
    if folder().is_dir():
        wanted = set(DryRun.objects.filter(done_at=None).values_list("file", flat=True))
        for file in folder().iterdir():
            # By when it came here, since its other time is the sender's.
            if file.name not in wanted and time.time() - file.stat().st_ctime > _STRAY_AFTER_SECONDS:
                file.unlink(missing_ok=True)
    return done


def folder() -> Path:
    return locations.feeds_folder() / FOLDER


def _outcome(run: SyncRun) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _COLUMNS}
    return values | {name: value.isoformat() for name in _TIMES if (value := getattr(run, name))}


def _problems(run: SyncRun) -> list[dict[str, str]]:
    kept: Counter[str] = Counter()
    problems = []
    for issue in run.unsaved_issues:
        kept[issue.code] += 1
        if kept[issue.code] <= PROBLEMS_KEPT:
            problems.append({name: getattr(issue, name) for name in _PROBLEM})
    return problems
