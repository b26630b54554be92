"""The life of a `SyncRun`: begun one per feed at a time, alive while it works, closed with its counts and words."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog_sync import banding, lanes, measuring
from catalog_sync.banding import JUMPED, PLAN
from catalog_sync.models import Feed, RecordIssue, SyncRun
from catalog_sync.planning import QUESTION, UNKNOWN, Plan
from catalog_sync.reasons import FeedError, Reason, reason
from catalog_sync.staging import MOST_ISSUES, PRICE, STAGE, Staged
from marketplace.foundation import bulk, money, network

DEAD_AFTER = timedelta(minutes=10)  # without a sign of life
_BEAT_SECONDS = 20


class AlreadyRunningError(Exception):
    """Another process is reading this feed."""


class TakenOverError(Exception):
    """This run was slow enough to be thought dead, and another one has begun: this one must write no more."""


def begin(
    feed: Feed,
    *,
    now: datetime,
    lane: str = "",
    approved: SyncRun | None = None,
    undoes: SyncRun | None = None,
    pushed: bool = False,
) -> SyncRun:
    """A running run of a lane, whose `row` has its cursor: the approved one again, or a new one. Raises
    `AlreadyRunningError`; a dead one is given up."""
    lane = lane or feed.lane
    row = lanes.row_of(feed, lane)
    _give_up_dead(feed)
    values = {"state": SyncRun.State.RUNNING, "started_at": now, "alive_at": timezone.now(), "ended_at": None}
    try:
        with transaction.atomic():
            if approved is None:
                return SyncRun.objects.create(
                    feed=feed, lane=lane, undoes=undoes, pushed=pushed, cursor_before=row.cursor, **values
                )
            waiting = SyncRun.objects.filter(pk=approved.pk, feed=feed).exclude(state=SyncRun.State.RUNNING)
            if not waiting.update(**values, notes=[]):
                raise AlreadyRunningError(feed.name)
            RecordIssue.objects.filter(run=approved).delete()
    except IntegrityError:
        raise AlreadyRunningError(_("“%(feed)s” is being read already. Wait until that is done.") % {"feed": feed.name})
    approved.refresh_from_db()
    return approved


def _give_up_dead(feed: Feed) -> None:
    dead = SyncRun.objects.filter(feed=feed, state=SyncRun.State.RUNNING, alive_at__lt=timezone.now() - DEAD_AFTER)
    for run in dead:
        close(run, SyncRun.State.FAILED, notes=[reason("run_interrupted")])


def beat(run: SyncRun) -> None:
    """Say that the run is alive. Raises `TakenOverError` where it was given up; in a transaction this holds the row."""
    if not SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(alive_at=timezone.now()):
        raise TakenOverError(f"Run {run.pk} of {run.feed} was given up as dead; another one has taken its place.")


def slow_beat(run: SyncRun) -> Callable[[int], None]:
    """For the reading, which has no transactions: at most one sign of life in some seconds."""
    last = time.monotonic()

    def on_chunk(read: int) -> None:
        nonlocal last
        if run.pk and time.monotonic() - last > _BEAT_SECONDS:
            beat(run)
            last = time.monotonic()

    return on_chunk


def counted(run: SyncRun, staged: Staged, plan: Plan) -> None:
    """Put the counts of a reading and its plan on the run."""
    run.read, run.as_of, run.complete = staged.read, staged.as_of, staged.complete
    run.new, run.changed, run.unchanged, run.gone = plan.new, plan.changed, plan.unchanged, plan.gone
    run.refused = staged.refused + plan.unknown
    run.refused_by = dict((staged.refused_by + Counter(article_unknown=plan.unknown)).most_common())
    run.warned_by = dict(staged.warned_by.most_common())
    run.unmatched = plan.questions
    run.quarantined = plan.jumped + plan.held + plan.questions


def close(run: SyncRun, state: str, *, notes: Iterable[Reason] = (), issues: Iterable[RecordIssue] = ()) -> SyncRun:
    """End a run: its counts, words and issues in one transaction. A dry run, which has no row, only gets them."""
    run.state, run.ended_at, run.peak_memory_mb = state, timezone.now(), measuring.peak_memory_mb()
    with translation.override(run.feed.shop.language):
        run.notes = run.notes + [note_of(why) for why in notes]
    if run.pk is None:
        run.unsaved_issues = list(issues)
        return run
    with transaction.atomic():
        RecordIssue.objects.bulk_create(issues, batch_size=500)
        run.save()
        # A newer list ends the wait of an older one. What is pushed between lists, or undone, says nothing of them.
        is_list = run.undoes_id is None and not run.pushed
        if is_list and state in (SyncRun.State.DONE, SyncRun.State.AWAITING):
            waiting = SyncRun.objects.filter(feed=run.feed_id, lane=run.lane, state=SyncRun.State.AWAITING)
            waiting.filter(pushed=False, pk__lt=run.pk).update(state=SyncRun.State.REJECTED)
    return run


def note_of(why: Reason) -> dict[str, Any]:
    """As `SyncRun.notes` keeps it: words in the active language, and what they were made of."""
    return {"code": why.code, "values": dict(why.values), "text": why.words()}


def failed(run: SyncRun, error: FeedError) -> SyncRun:
    """End a run whose feed could not be read, in the words of the error. Its note says whether a person has to act."""
    with translation.override(run.feed.shop.language):
        why = error.reason
        note = note_of(why) if why else {"code": "feed_error", "values": {}, "text": str(error)}
    run.notes = [*run.notes, note | {"permanent": error.permanent, "later_seconds": error.later_seconds}]
    return close(run, SyncRun.State.FAILED)


def issues_of(run: SyncRun, staged: Staged) -> list[RecordIssue]:
    """What to tell the shop about single articles: at most MOST_ISSUES of each kind."""
    with translation.override(run.feed.shop.language):
        found = [
            _issue(run, RecordIssue.Kind.REFUSED, row.reason, sku=row.sku, position=row.position, raw=row.raw)
            for row in staged.refused_rows
        ]
        found += [
            _issue(run, RecordIssue.Kind.WARNING, row.reason, sku=row.sku, position=row.position)
            for row in staged.issues
        ]
        return found + _kept_back(run) + _in_other_currency(run)


def _kept_back(run: SyncRun) -> list[RecordIssue]:
    rows = bulk.rows(
        "SELECT verdict, sku, currency, old_price, price_minor, held_price, others_price, held_for, old_gtin, gtin"
        f" FROM {PLAN}"
        f" WHERE verdict IN ('{JUMPED}', '{QUESTION}', '{UNKNOWN}') OR held_price IS NOT NULL"
        f" ORDER BY n LIMIT {MOST_ISSUES}"
    )
    found = []
    for verdict, sku, currency, old_price, price, held, others, held_for, old_gtin, gtin in rows:

        def shown(amount: int, currency: str = currency) -> str:
            return money.display(amount, currency, run.feed.shop.language)

        kind = RecordIssue.Kind.QUARANTINED
        if held_for in (banding.FAR, banding.FIXED):
            why = reason(f"price_{held_for}", value=shown(held), others=shown(others))
        elif held_for == banding.LOW:
            why = reason("price_low", value=shown(held))
        elif verdict == JUMPED:
            why = reason("price_jumped", old=shown(old_price), value=shown(price))
        elif verdict == QUESTION and gtin is None and old_gtin is None:
            why, kind = reason("title_alike"), RecordIssue.Kind.QUESTION
        elif verdict == QUESTION:
            why, kind = reason("gtin_changed", old=old_gtin or "?", value=gtin), RecordIssue.Kind.QUESTION
        else:
            why, kind = reason("article_unknown"), RecordIssue.Kind.REFUSED
        found.append(_issue(run, kind, why, sku=sku))
    return found


def _in_other_currency(run: SyncRun) -> list[RecordIssue]:
    ours = network.current().currency
    rows = bulk.rows(
        f"SELECT sku, currency FROM {STAGE} WHERE currency <> %s AND price_minor IS NOT NULL AND (parts & {PRICE}) <> 0"
        f" ORDER BY ordinal LIMIT {MOST_ISSUES}",
        [ours],
    )
    return [
        _issue(run, RecordIssue.Kind.WARNING, reason("currency_other", value=currency, currency=ours), sku=sku)
        for sku, currency in rows
    ]


def _issue(run: SyncRun, kind: str, why: Reason, *, sku: str, position: int = 0, raw: str = "") -> RecordIssue:
    value = dict(why.values).get("value") or raw
    return RecordIssue(
        run=run,
        kind=kind,
        code=why.code,
        position=str(position) if position else "",
        sku=sku[:128],
        value=value[:300],
        text=why.words()[:500],
    )
