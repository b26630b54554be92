"""How long is remembered what runs said. A network of a hundred feeds read each hour makes a million runs a year, most
of them "nothing new": what a shop can still use of them stays, and the rest goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from catalog_sync.models import Feed, RecordIssue, SyncRun

KEPT_RUNS = 30  # of each feed, however old
PROBLEMS_KEPT_FOR = timedelta(days=90)
RUNS_KEPT_FOR = timedelta(days=400)  # a year, and what a yearly look back at it needs
BATCH = 1_000

State = SyncRun.State
_ENDED = [State.DONE, State.FAILED, State.REJECTED]


def prune(now: datetime) -> int:
    """Step: problems of runs older than 90 days and runs older than 400 days are given up, but for the last 30 of each
    feed, what waits for a person, what was undone, and the runs that a feed's state rests on. Returns runs."""
    old = SyncRun.objects.filter(started_at__lt=now - PROBLEMS_KEPT_FOR).exclude(
        state__in=[State.RUNNING, State.AWAITING]
    )
    told = old.filter(Exists(RecordIssue.objects.filter(run=OuterRef("pk")))).exclude(pk__in=_recent())
    silenced = list(told.order_by("pk").values_list("pk", flat=True)[:BATCH])
    RecordIssue.objects.filter(run__in=silenced).delete()
    given_up = list(_given_up(now).order_by("pk").values_list("pk", flat=True)[:BATCH])
    SyncRun.objects.filter(pk__in=given_up).delete()
    return len(silenced) + len(given_up)


def _recent() -> list[int]:
    kept: list[int] = []
    for feed_id in Feed.objects.values_list("pk", flat=True):
        kept += SyncRun.objects.filter(feed=feed_id).order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS]
    return kept


def _given_up(now: datetime) -> QuerySet[SyncRun]:
    """The age of a lane's numbers is that of its last complete run, and a feed remembers no list that no run applied
    (`catalog_sync.invariants`): of complete runs, each that no later one stands in for stays."""
    old = SyncRun.objects.filter(
        started_at__lt=now - RUNS_KEPT_FOR, state__in=[State.DONE, State.FAILED, State.REJECTED]
    )
    complete = Q(state=State.DONE, complete=True)
    of_lane = SyncRun.objects.filter(complete, feed=OuterRef("feed"), lane=OuterRef("lane"))
    stands_in = Exists(of_lane.filter(pk__gt=OuterRef("pk"), as_of__gte=OuterRef("as_of")))
    remembered = Q(content_hash=F("feed__content_hash")) & ~Q(content_hash="")
    undoing = Q(undoes__isnull=False) | Q(undone_by__isnull=False) | Q(journal__isnull=False)
    dispensable = ~complete | Q(as_of=None) | stands_in
    return old.filter(dispensable).exclude(remembered).exclude(undoing).exclude(pk__in=_recent())
