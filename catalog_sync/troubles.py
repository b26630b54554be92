"""What is wrong with a shop's lists, told to the shop once, and once more when it is over.

A list that cannot be read is told at once where a person has to act, else once it has failed for an hour: a server that
does not answer for some minutes is nobody's business."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from catalog_sync import lanes, vouching
from catalog_sync.models import Feed, FeedTrouble, SyncRun
from marketplace.foundation import links
from shops import mailing
from shops.models import Shop

Kind, State = FeedTrouble.Kind, SyncRun.State
PATIENCE = timedelta(hours=1)
_TOLD = (Shop.Status.ACTIVE, Shop.Status.PAUSED)
_LOOKED_AT = 200  # runs that failed in a row


def watch_lists(now: datetime) -> int:
    """Step: tell each shop what is newly wrong with its lists, and what is over. Returns how many of both."""
    feeds = Feed.objects.filter(active=True, shop__status__in=_TOLD).select_related("shop").order_by("pk")
    done = sum(_follow(feed, now) for feed in feeds)
    elsewhere = FeedTrouble.objects.filter(ended_at=None).exclude(feed__in=feeds.values("pk"))
    elsewhere.update(ended_at=now)  # paused, or its shop is gone: nobody need hear of it
    return done


def found(feed: Feed, *, now: datetime) -> dict[str, str]:
    """What is wrong with it now: kinds of trouble, and of a list that failed why, in the shop's language."""
    wrong: dict[str, str] = {}
    for lane in lanes.lanes_of(feed):
        if (why := _why_failed(feed, lane, now)) is not None:
            wrong.setdefault(Kind.FAILED, why)
    if SyncRun.objects.filter(feed=feed, state=State.AWAITING, approved_at=None).exists():
        wrong[Kind.AWAITING] = ""
    age = lanes.age_of(feed)
    if age is not None and age + vouching.promise(feed) < now:
        wrong[Kind.LATE] = ""
    return wrong


def _why_failed(feed: Feed, lane: str, now: datetime) -> str | None:
    runs = SyncRun.objects.filter(feed=feed, lane=lane, pushed=False, undoes=None).exclude(state=State.RUNNING)
    last = runs.order_by("-pk").first()
    if last is None or last.state != State.FAILED:
        return None
    note = last.notes[-1] if last.notes else {}
    failed = runs.order_by("-pk").values_list("state", "started_at")[:_LOOKED_AT]
    began = last.started_at
    for state, started_at in failed:
        if state != State.FAILED:
            break
        began = started_at
    return str(note.get("text", "")) if note.get("permanent") or now - began >= PATIENCE else None


def _follow(feed: Feed, now: datetime) -> int:
    wrong = found(feed, now=now)
    told = {row.kind: row for row in FeedTrouble.objects.filter(feed=feed, ended_at=None)}
    if wrong.keys() == told.keys():
        return 0
    with transaction.atomic():
        Feed.objects.select_for_update(of=("self",)).get(pk=feed.pk)  # two processes at it tell it once
        told = {row.kind: row for row in FeedTrouble.objects.filter(feed=feed, ended_at=None)}
        new, over = wrong.keys() - told.keys(), told.keys() - wrong.keys()
        for kind in sorted(new):
            row = FeedTrouble.objects.create(feed=feed, kind=kind, began_at=now)
            _tell(row, "list_trouble", now, kind=kind, why=wrong[kind])
        FeedTrouble.objects.filter(pk__in=[told[kind].pk for kind in over]).update(ended_at=now)
        if over and not wrong and _was_read(feed, since=min(told[kind].began_at for kind in over)):
            _tell(told[min(over)], "list_well", now)
    return len(new) + len(over)


def _was_read(feed: Feed, *, since: datetime) -> bool:
    """What was rejected, or taken off, was seen by a person; that is no good news."""
    done = SyncRun.objects.filter(feed=feed, state=State.DONE, pushed=False, undoes=None)
    return done.filter(started_at__gte=since).exists()


def _tell(trouble: FeedTrouble, letter: str, now: datetime, **said: str) -> None:
    feed = trouble.feed
    mailing.post(
        letter,
        feed.shop,
        mailing.About.FEEDS,
        dedupe_key=f"{letter}:{trouble.pk}",
        context={
            "shop": feed.shop,
            "feed": feed.name,
            "hours": feed.freshness_hours,
            "url": links.absolute(reverse("portal:feeds", args=[feed.shop.slug])),
            **said,
        },
        now=now,
    )
