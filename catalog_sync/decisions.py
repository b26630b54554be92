"""What a person decides about a run: approve it, reject it, undo it. The decision is a row; the step below carries it
out, since reading a list again may take minutes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from catalog_sync import sync, undoing
from catalog_sync.doors import pushing
from catalog_sync.models import TYPED, SourceRecord, SyncRun
from catalog_sync.runs import AlreadyRunningError
from marketplace.foundation import audit
from marketplace.models import User

State = SyncRun.State
TWO_ABOVE_PERCENT = 30  # of what a feed listed before
_PRICES = ("price_jumped", "price_far", "price_fixed", "price_low")
logger = logging.getLogger("halles.sync")


class Approval(StrEnum):
    """What became of somebody's word: it is enough; the shop's, or the operator's, is needed too; nothing is asked."""

    GIVEN = "given"
    HALF = "half"
    NOT_ASKED = "not asked"


def needs_two(run: SyncRun) -> bool:
    """Whether a run that awaits approval touches so much of what its feed listed before that two must agree."""
    touched, known = run.changed + run.gone, run.changed + run.gone + run.unchanged
    return run.state == State.AWAITING and touched * 100 > known * TWO_ABOVE_PERCENT


def approve(
    run: SyncRun, *, by: User, now: datetime, as_operator: bool = False, signed_in_again: bool = False
) -> Approval:
    """A person vouches for a run that awaits approval, or for the prices that it kept back: it will be read again, and
    applied if its list is still the same. Where two must agree, one is of the shop and one an operator; the only
    person of a shop may sign in again instead."""
    if run.state != State.AWAITING and not has_prices_kept_back(run):
        return Approval.NOT_ASKED
    with transaction.atomic():
        open_ = SyncRun.objects.select_for_update().filter(pk=run.pk, state=run.state, approved_at=None).first()
        if open_ is None:
            return Approval.NOT_ASKED
        if as_operator:
            open_.seconded_by = by
        else:
            open_.approved_by = by
        both = open_.approved_by_id is not None and open_.seconded_by_id is not None
        enough = both or (signed_in_again and not as_operator) or not needs_two(run)
        open_.approved_at = now if enough else None
        open_.save(update_fields=["approved_by", "seconded_by", "approved_at"])
        audit.record("sync_run.approve", run, by=by, shop_id=run.feed.shop_id, feed=run.feed.name, enough=enough)
    return Approval.GIVEN if enough else Approval.HALF


def reject(run: SyncRun, *, by: User) -> bool:
    """A person says that the list is wrong. False: it did not await approval any more."""
    with transaction.atomic():
        waiting = SyncRun.objects.filter(pk=run.pk, state=State.AWAITING, approved_at=None)
        if not waiting.update(state=State.REJECTED):
            return False
        audit.record("sync_run.reject", run, by=by, shop_id=run.feed.shop_id, feed=run.feed.name)
        return True


def ask_to_undo(run: SyncRun, *, by: User, now: datetime) -> bool:
    """A person wants back what was before the run. False: it cannot be undone (any more), or is being undone."""
    if not undoing.can_be_undone(run):
        return False
    return SyncRun.objects.filter(pk=run.pk, undo_asked_at=None).update(undo_asked_at=now, undo_asked_by=by) == 1


def has_prices_kept_back(run: SyncRun) -> bool:
    """Whether its feed's last run left prices alone because they had moved far: a person may vouch for them."""
    if run.state != State.DONE or not run.quarantined:
        return False
    kept_back = run.issues.filter(code__in=_PRICES)
    if run.pushed and run.feed.kind == TYPED:  # each push is of its own articles: until their price is said anew
        said = SourceRecord.objects.filter(feed=run.feed_id, sku__in=kept_back.values("sku"), retired_at=None)
        return said.filter(said_as_of__lte=run.as_of).exists()
    newer = SyncRun.objects.filter(feed=run.feed_id, pk__gt=run.pk, undoes=None, pushed=run.pushed)
    return not newer.exists() and kept_back.exists()


def follow_decisions(now: datetime) -> int:
    """The step: carry out what was decided, in the order of deciding. A feed that is being read waits for the next
    call. Returns how many."""
    decided = SyncRun.objects.filter(Q(approved_at__isnull=False) | Q(undo_asked_at__isnull=False))
    return sum(
        _carry_out(run, now) for run in decided.select_related("feed__shop").order_by("approved_at", "undo_asked_at")
    )


def _carry_out(run: SyncRun, now: datetime) -> int:
    done: Callable[[], object]
    if run.approved_at is not None:
        name, done = "approved_at", lambda: sync.run(run.feed, now=now, approve_run=run, pushed=pushing.reading_of(run))
    else:
        name, done = "undo_asked_at", lambda: undoing.undo(run, by=run.undo_asked_by, now=now)
    try:
        done()
    except AlreadyRunningError:
        return 0
    except undoing.UndoError as error:
        logger.warning("Run %s is not undone: %s", run.pk, error)
    except Exception:
        # Its run says that it was interrupted; the person decides again. Asked for ever, it would fail for ever.
        SyncRun.objects.filter(pk=run.pk).update(**{name: None})
        raise
    SyncRun.objects.filter(pk=run.pk).update(**{name: None})
    return 1
