"""What runs said is given up when nobody can use it any more, and not before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from catalog_sync import history, lanes
from catalog_sync.invariants import feeds_ahead_of_their_runs
from catalog_sync.models import Feed, RecordIssue, SyncRun
from tests.catalog_sync.memory import feed as new_feed
from tests.factories import NOON as NOW

pytestmark = pytest.mark.django_db
State = SyncRun.State


@pytest.fixture(autouse=True)
def _few(monkeypatch) -> None:
    monkeypatch.setattr(history, "KEPT_RUNS", 1)


def ran(feed: Feed, days_ago: int, *, told: bool = True, **values) -> SyncRun:
    """A run of so many days ago, with a problem. Later ones are made later."""
    at = NOW - timedelta(days=days_ago)
    values = {"state": State.DONE, "complete": True, "as_of": at} | values
    run = SyncRun.objects.create(feed=feed, started_at=at, ended_at=at, **values)
    if told:
        RecordIssue.objects.create(run=run, kind="refused", code="gtin_wrong", text="The check digit is wrong.")
    return run


def pruned(now: datetime = NOW) -> tuple[set[int], set[int]]:
    """(runs, runs whose problems are listed) that are left."""
    while history.prune(now):
        pass
    return set(SyncRun.objects.values_list("pk", flat=True)), set(RecordIssue.objects.values_list("run", flat=True))


def test_problems_are_kept_ninety_days_and_runs_four_hundred():
    feed = new_feed()
    gone, silent, told, last = (ran(feed, days) for days in (401, 91, 89, 1))
    assert pruned() == ({silent.pk, told.pk, last.pk}, {told.pk, last.pk})
    assert gone.pk not in {silent.pk, told.pk, last.pk}


def test_last_runs_of_a_feed_stay_however_old():
    quiet, busy = new_feed(), new_feed()
    last_of_quiet, old, last = ran(quiet, 900), ran(busy, 900), ran(busy, 1)
    assert pruned() == ({last_of_quiet.pk, last.pk}, {last_of_quiet.pk, last.pk})
    assert old.pk != last.pk


@pytest.mark.parametrize("state", [State.AWAITING, State.RUNNING])
def test_what_is_not_finished_stays_with_its_problems(state):
    feed = new_feed()
    open_, last = ran(feed, 900, state=state, complete=False), ran(feed, 1)
    assert pruned() == ({open_.pk, last.pk}, {open_.pk, last.pk})


def test_what_was_undone_stays():
    feed = new_feed()
    undone = ran(feed, 900, state=State.UNDONE)
    undoing = ran(feed, 899, undoes=undone)
    last = ran(feed, 1)
    assert pruned()[0] == {undone.pk, undoing.pk, last.pk}


def test_a_feeds_state_rests_on_runs_that_stay():
    """The age of a lane's numbers, and the list that the feed remembers; later runs of that lane failed."""
    feed = new_feed(content_hash="abc")
    applied, complete = ran(feed, 900, content_hash="abc"), ran(feed, 800)
    of_stock = ran(feed, 700, lane=Feed.Lane.STOCK)
    failed = ran(feed, 600, state=State.FAILED, complete=False, as_of=None)
    last = ran(feed, 1, state=State.FAILED, complete=False, as_of=None)
    before = lanes.last_complete_as_of(feed, feed.lane), lanes.last_complete_as_of(feed, Feed.Lane.STOCK)
    assert pruned()[0] == {applied.pk, complete.pk, of_stock.pk, last.pk}
    assert before == (lanes.last_complete_as_of(feed, feed.lane), lanes.last_complete_as_of(feed, Feed.Lane.STOCK))
    assert feeds_ahead_of_their_runs() == []
    assert failed.pk != last.pk


def test_step_takes_no_more_than_a_batch_at_once(monkeypatch):
    monkeypatch.setattr(history, "BATCH", 2)
    feed = new_feed()
    for days in range(410, 404, -1):
        ran(feed, days, told=False)
    assert history.prune(NOW) == 2
    assert SyncRun.objects.count() == 4
