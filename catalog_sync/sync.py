"""One reading of one feed, from its file to the stock records: the steps in order, and when they stop.

open → unchanged? → stage → plan → guard → match and apply → retire → vouch → report
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from catalog_sync import applying, guarding, lanes, numberless, planning, rereading, runs, sampling, staging, vouching
from catalog_sync.doors import connections, giving_way, hosts
from catalog_sync.doors.locations import Reading, opened
from catalog_sync.models import TYPED, Feed, ReadRow, RecordIssue, SourceRecord, StockLane, SyncRun
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.reasons import FeedError, Reason, reason
from marketplace.catalogue import subjects
from marketplace.foundation import bulk, leases
from marketplace.foundation.failpoints import failpoint

State = SyncRun.State
AGAIN = timedelta(minutes=1)  # where the feed, or its host, is busy
LEASE_SECONDS = 3600  # of the step; a run that dies is given up sooner, by its sign of life


def run(
    feed: Feed,
    *,
    now: datetime,
    lane: str = "",
    dry_run: bool = False,
    approve_run: SyncRun | None = None,
    pushed: Reading | None = None,
    changes: bool = False,
    progress: Callable[[int], None] | None = None,
) -> SyncRun:
    """Read a feed and bring the stock records up to it. Bad input is no exception but a run that says what is wrong.

    `lane`: which of its lanes; empty: its own, or that of the approved run. `dry_run`: nothing is written, not even the
    run. `approve_run`: a person looked at that run; its list passes the guard if it has not changed since. `pushed`:
    what the shop's program sent, in place of its list. `changes`: of a system these alone. `progress` hears how many
    articles were read. Raises `runs.AlreadyRunningError`.
    """
    started = time.monotonic()
    approved_hash = approve_run.content_hash if approve_run else None
    lane = lane or (approve_run.lane if approve_run else feed.lane)
    row = lanes.row_of(feed, lane)
    if not (dry_run or approve_run or pushed or changes) and lanes.changes_come_first(feed, lane, now=now):
        before = run(feed, now=now, lane=lane, changes=True)
        if connections.is_away(before):
            return before
        now += timedelta(seconds=time.monotonic() - started)
        row = lanes.row_of(feed, lane)
    this = (
        SyncRun(feed=feed, lane=lane, started_at=now)
        if dry_run
        else runs.begin(feed, now=now, lane=lane, approved=approve_run, pushed=pushed is not None)
    )
    try:
        with (
            nullcontext(pushed) if pushed else opened(feed, lane, now=now, changes=changes) as reading,
            bulk.rarely_collecting(),
        ):
            if approve_run is None and is_unchanged(row, reading):
                return _close_unchanged(this, reading, now=now, started=started)
            if approve_run is None and (waiting := _waiting_for_the_same(this, reading)) and not dry_run:
                this.delete()
                return waiting
            this.content_hash = reading.content_hash
            approved = approve_run is not None and approved_hash == reading.content_hash
            return _read(this, row, reading, approved=approved, now=now, started=started, progress=progress)
    except FeedError as error:
        this.seconds = time.monotonic() - started
        return runs.failed(this, error)
    except runs.TakenOverError:
        raise
    except Exception:
        runs.close(this, State.FAILED, notes=[reason("run_interrupted")])
        raise


def _read(
    this: SyncRun,
    row: ReadRow,
    reading: Reading,
    *,
    approved: bool,
    now: datetime,
    started: float,
    progress: Callable[[int], None] | None,
) -> SyncRun:
    """Stage, plan, guard, apply, report."""
    feed, beat = this.feed, runs.slow_beat(this)

    def on_chunk(read: int) -> None:
        beat(read)
        if progress:
            progress(read)

    # Beside a stock lane a catalogue without numbers says nothing of them.
    silent = this.lane == lanes.Lane.CATALOGUE and not this.pushed and lanes.numbers_come_apart(feed)
    staged = _stage(this, row, reading, silent=silent, on_chunk=on_chunk)
    typed = this.pushed and feed.kind == TYPED  # a person has just said it: no list that is suspicious as a whole
    plan = planning.plan(feed, row, staged, lane=this.lane, approved=approved, typed=typed)
    if this.pk is None:
        numberless.tell(staged)
    runs.counted(this, staged, plan)
    awaited = guarding.objections_of_reading(staged.notes, row.mode)
    staged.notes = [note for note in staged.notes if note not in awaited]
    objections = [] if approved or typed else awaited + guarding.objections(feed, plan) + _undone_before(this)
    this.seconds = time.monotonic() - started
    this.sample = sampling.sample(feed) if objections or this.pk is None else {}
    if objections:
        return runs.close(this, State.AWAITING, notes=objections + staged.notes, issues=runs.issues_of(this, staged))
    issues = runs.issues_of(this, staged)
    notes = staged.notes + _remarks(this, staged, plan, approved=approved)
    if this.pk is None:
        return runs.close(this, State.DONE, notes=notes, issues=issues)
    return _apply(this, row, plan, staged, notes, issues, now=now, started=started)


def _stage(
    this: SyncRun, row: ReadRow, reading: Reading, *, silent: bool, on_chunk: Callable[[int], None]
) -> staging.Staged:
    """What the list says, without the rows that stand as they are; all of it, where one of those has changed meanwhile
    or is not alone."""
    feed, lane = this.feed, this.lane
    known = rereading.known_rows(feed, row, lane, meaning=reading.meaning, silent=silent)
    staged = staging.stage(reading.begin(known), unknown_is_silence=silent, on_chunk=on_chunk)
    if known is not None and staged.same and not rereading.still_stand(feed, lane, staged.same):
        anew = reading.begin(KnownRows(known.meaning))
        staged = staging.stage(anew, unknown_is_silence=silent, on_chunk=on_chunk)
        staged.again = True
    return staged


def _apply(
    this: SyncRun,
    row: ReadRow,
    plan: planning.Plan,
    staged: staging.Staged,
    notes: list[Reason],
    issues: list[RecordIssue],
    *,
    now: datetime,
    started: float,
) -> SyncRun:
    """What was read and is credible, into the stock records; and what follows for the age of the shop's numbers."""
    feed = this.feed
    if plan.new or plan.changed:
        subjects.load()  # the labels of the codes that the fold writes
    if this.pushed or plan.new or plan.changed or plan.gone:
        _forget_files(this, row)
    vouched = feed in lanes.vouchers(feed.shop_id)
    whole = staged.complete and planning.credible(feed, this.lane, staged)
    begins = (
        whole and not vouched and lanes.may_begin(feed, this.lane, staged.as_of, says=staging.says_numbers(), now=now)
    )
    # Beside others the shop's age may be younger than this list: then nothing follows before that age is put back.
    vouches = vouched or (begins and feed.shop.complete_as_of is None)
    alive = lambda: runs.beat(this)  # noqa: E731
    this.written = applying.apply(row, this, plan, staged, vouched=vouched, vouches=vouches, now=now, alive=alive)
    if plan.typed and feed.kind != TYPED:
        notes = [*notes, reason("run_typed", count=plan.typed)]
    cleaned_in_vain = plan.unchanged - staged.same
    if cleaned_in_vain * 2 > plan.listed and this.lane == feed.lane:
        this.written += rereading.remember(feed, this.lane, alive=alive)
    if staged.again:
        this.written += rereading.forget(feed, alive=alive)
    if begins:
        vouching.keep_ages(feed, staged.as_of, alive=alive)
    this.seconds = time.monotonic() - started
    with transaction.atomic():
        runs.beat(this)
        this.complete = whole
        runs.close(this, State.DONE, notes=notes, issues=issues)
        _remember(row, this, staged.cursor, plan)
        if whole and not (vouched or begins) and this.lane == lanes.number_lane(feed):
            Feed.objects.filter(pk=feed.pk, lapsed_at=None).update(lapsed_at=now)  # it begins with a better list
        if whole:
            _vouch(this, now, anew=begins)
        if (vouched or begins) and not Feed.objects.filter(pk=feed.pk, active=True).exists():
            Feed.objects.filter(pk=feed.pk).update(lapsed_at=None)  # paused meanwhile: the step sets it apart again
        failpoint("sync.before_commit")
    failpoint("sync.after_commit")
    giving_way.give_way(feed.shop, now=now)
    return this


def _vouch(this: SyncRun, now: datetime, *, anew: bool) -> None:
    """A complete list was applied. `anew`: the feed did not vouch for its numbers before, be it that its promise had
    passed."""
    feed = this.feed
    if anew:
        Feed.objects.filter(pk=feed.pk).update(lapsed_at=None)
        feed.lapsed_at = None
        vouching.follow(feed, this.lane)
    vouching.vouch(feed.shop_id, now=now, anew=anew)


def _forget_files(this: SyncRun, row: ReadRow) -> None:
    """What the other lane said is to be compared again, even the same file; before anything is written, so that a kill
    changes nothing of that."""
    with transaction.atomic():
        runs.beat(this)
        StockLane.objects.filter(feed=this.feed_id).update(content_hash="")
        Feed.objects.filter(pk=this.feed_id).update(content_hash="")
    this.feed.content_hash = row.content_hash = ""


def is_unchanged(row: ReadRow, reading: Reading) -> bool:
    """Whether this very file was applied whole before."""
    return bool(reading.content_hash) and row.content_hash == reading.content_hash


def _close_unchanged(this: SyncRun, reading: Reading, *, now: datetime, started: float) -> SyncRun:
    """The file is the one that was applied last: only its age is news. The first chunk tells it."""
    first = next(reading.begin(None), None)
    feed = this.feed
    this.read = this.unchanged = SourceRecord.objects.filter(feed=feed, retired_at=None).count()
    this.content_hash, this.complete = reading.content_hash, True
    this.as_of = first.as_of if first else None
    this.seconds = time.monotonic() - started
    vouched = this.pk is None or feed in lanes.vouchers(feed.shop_id)
    begins = not vouched and lanes.may_begin(feed, this.lane, this.as_of, says=False, now=now)
    if begins:
        vouching.keep_ages(feed, this.as_of, alive=lambda: runs.beat(this))
    with transaction.atomic():
        runs.close(this, State.DONE, notes=[reason("run_unchanged")])
        if this.pk is not None:
            _vouch(this, now, anew=begins)
    if this.pk is not None:
        giving_way.give_way(feed.shop, now=now)
    return this


def _undone_before(this: SyncRun) -> list[Reason]:
    """The feed still lists what a person has undone: read again on schedule it would come back by itself."""
    undone = SyncRun.objects.filter(feed=this.feed_id, state=State.UNDONE, content_hash=this.content_hash)
    return [reason("run_undone")] if this.content_hash and undone.exists() else []


def _waiting_for_the_same(this: SyncRun, reading: Reading) -> SyncRun | None:
    """The run that awaits approval for this very file: reading it every hour would say the same every hour."""
    if not reading.content_hash:
        return None
    return SyncRun.objects.filter(feed=this.feed_id, state=State.AWAITING, content_hash=reading.content_hash).first()


def _remarks(this: SyncRun, staged: staging.Staged, plan: planning.Plan, *, approved: bool) -> list[Reason]:
    remarks = []
    if approved and this.approved_by:
        remarks.append(reason("run_approved", person=this.approved_by.email))
    elif this.approved_by:
        remarks.append(reason("run_other_file"))
    if plan.older:
        remarks.append(reason("run_older", count=plan.older))
    if plan.missing and staged.nameless:
        remarks.append(reason("run_not_vouched", count=staged.nameless))
    return remarks


def _remember(row: ReadRow, this: SyncRun, cursor: str, plan: planning.Plan) -> None:
    """Where the next reading of the lane begins, stored only now that this one is applied. A lane is read on its own
    schedule from its first good run on. Where part of the list was older than what was known, or a person answered
    meanwhile, even the same one is to be compared again."""
    if this.pushed:  # when the list is read does not change
        return
    values: dict[str, Any] = {
        "cursor": cursor or row.cursor,
        "content_hash": this.content_hash if this.complete and not plan.left and not plan.answered else "",
    }
    if this.complete and not plan.answered:
        values["full_at"] = this.started_at
    first = Coalesce("due_at", Value(next_time(row, this.started_at)))
    type(row)._default_manager.filter(pk=row.pk).update(**values, due_at=first)
    for name, value in values.items():
        setattr(row, name, value)


def sync_feeds(now: datetime) -> int:
    """The step: read one lane whose time has come, and set its next time. What cannot be read is tried later, or parked
    where a person has to act. Returns how many were read."""
    for lane in leases.claim(StockLane, now=now, limit=1, lease_seconds=LEASE_SECONDS, where=Q(feed__active=True)):
        if _sync_due(lane, lane.feed, lanes.Lane.STOCK, now):
            return 1
    for feed in leases.claim(Feed, now=now, limit=1, lease_seconds=LEASE_SECONDS, where=Q(active=True)):
        return _sync_due(feed, feed, feed.lane, now)
    return 0


def _sync_due(row: ReadRow, feed: Feed, lane: str, now: datetime) -> int:
    host = hosts.visited(feed, lanes.location_of(feed, row))
    again = now if connections.is_called_first(feed) else hosts.begin(host, now=now) if host else None
    if again is not None:
        tries = max(row.attempts - 1, 0)  # this was none
        leases.finish(row, due_at=max(again, now + AGAIN), attempts=tries, last_error=row.last_error)
        return 0
    later, started = 0, time.monotonic()
    try:
        this = run(feed, now=now, lane=lane)
        later = this.notes[-1].get("later_seconds", 0) if this.state == State.FAILED else 0
    except runs.AlreadyRunningError as error:
        soon = min(next_time(row, now), now + AGAIN) if row is not feed else next_time(row, now)
        leases.finish(row, due_at=soon, attempts=0, last_error=str(error))
        return 0
    except Exception as error:
        leases.postpone(row, error=repr(error), now=now)
        raise
    finally:
        if host:
            hosts.end(host, now=now + timedelta(seconds=time.monotonic() - started), later_seconds=later)
    wait = connections.follow(feed, this, now=now)
    if this.state != State.FAILED:
        leases.finish(row, due_at=_asked_or_next(row, now), attempts=0)
        return 1
    note = this.notes[-1]
    if wait is not None:  # a system that we call: it is never given up, and its shop knows
        leases.wait_for(row, error=note["text"], now=now, due_at=now + wait)
        return 1
    waits = {"due_at": now + timedelta(seconds=later)} if later else {}
    leases.postpone(row, error=note["text"], now=now, permanent=note.get("permanent", False), **waits)
    return 1


def _asked_or_next(row: ReadRow, now: datetime) -> Case:
    """The next time by the schedule; where somebody has asked for a reading since this one began, that is next."""
    return Case(When(due_at=row.due_at, then=Value(next_time(row, now))), default=F("due_at"))


def next_time(row: ReadRow, now: datetime) -> datetime:
    """A little before or after its interval, so that a hundred shops are not read at the same moment."""
    return now + timedelta(minutes=row.every_minutes * random.uniform(0.9, 1.1))
