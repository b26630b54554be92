"""A feed that vouches no more: its promise has passed, it was paused or deleted, or lost its stock lane. Its articles
are set apart, so that no list of another feed makes their numbers look younger.

Where a feed whose promise has passed is its shop's only one, the shop's `fresh_until` says so by itself, at once and
without a row written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils import timezone

from catalog_sync import runs, vouching
from catalog_sync.hashing import ABSENT, DIRTY
from catalog_sync.lanes import Lane, vouchers
from catalog_sync.models import Feed, StockLane, SyncRun
from marketplace.foundation import bulk
from marketplace.foundation.failpoints import failpoint
from shops import absorbing

SLICE = 2000  # articles in one transaction


def follow_promises(now: datetime) -> int:
    """Step: set the articles of each lapsed feed apart, and let the rest of its shop be sold again; and those of a feed
    that was paused while that was not done. Killed in between it starts over. Returns how many feeds."""
    paused = Feed.objects.filter(active=False, lapsed_at=None).exclude(setup__isnull=False, setup__went_at=None)
    done = sum(_lapse(feed, now) for feed in paused)
    shops = Feed.objects.filter(active=True, lapsed_at=None).order_by("shop_id").values_list("shop_id", flat=True)
    for shop_id in list(shops.distinct()):
        ages = vouchers(shop_id)
        lapsed = [feed for feed, age in ages.items() if age + vouching.promise(feed) < now]
        if len(lapsed) < len(ages):  # else nothing of the shop is sold anyway
            done += sum(_lapse(feed, now) for feed in lapsed)
    return done


def _lapse(feed: Feed, now: datetime) -> int:
    """In the place of a run, so that nobody reads the feed meanwhile: what a run has planned must not be undone beside
    it."""
    try:
        slot = runs.begin(feed, now=now, pushed=True)
    except runs.AlreadyRunningError:
        return 0
    try:
        age = vouchers(feed.shop_id).get(feed)
        if age is not None and age + vouching.promise(feed) >= now:
            return 0  # a list has come since
        set_apart(feed, alive=lambda: runs.beat(slot))
        with transaction.atomic():
            runs.beat(slot)
            Feed.objects.filter(pk=feed.pk).update(lapsed_at=now)
            vouching.vouch(feed.shop_id, now=now)
    except runs.TakenOverError:
        return 0
    finally:
        slot.delete()
    return 1


def set_apart(feed: Feed, *, alive: Callable[[], None] = lambda: None) -> None:
    """Its articles become unknown, keeping the age of their numbers; its next list, even the same one, says again what
    is there. First that, so that a kill in between hides nothing for good. `alive` is called in each transaction."""
    others = Feed.objects.filter(shop=feed.shop_id).exclude(pk=feed.pk)
    concerned = [feed.pk, *others.values_list("pk", flat=True)]
    StockLane.objects.filter(feed__in=concerned).update(content_hash="", full_at=None)
    Feed.objects.filter(pk__in=concerned).update(content_hash="", full_at=None)
    words = {"feed": feed.pk, "shop": feed.shop_id, "partner": feed.shop.partner_id, "after": ""}
    while skus := bulk.rows(_SKUS, words):
        with transaction.atomic():
            alive()
            lock_feeds(feed.shop_id)
            bulk.execute(_SOIL, {**words, "last": skus[-1][0]})
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
        words["after"] = skus[-1][0]
    ids = [stock_record_id for (stock_record_id,) in bulk.rows(_TRUSTED, words)]
    for start in range(0, len(ids), SLICE):
        with transaction.atomic():
            alive()
            lock_feeds(feed.shop_id)
            absorbing.distrust(ids[start : start + SLICE])
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")


def lock_feeds(shop_id: int) -> None:
    """In a transaction, before any stock record: the rows of a shop's lanes and feeds, in order of key."""
    if bulk.is_postgres():
        for statement in (_LANES, _FEEDS):
            bulk.rows(statement, {"shop": shop_id})


_LANES = """
SELECT l.id FROM catalog_sync_stocklane l JOIN catalog_sync_feed g ON g.id = l.feed_id
WHERE g.shop_id = %(shop)s ORDER BY l.id FOR NO KEY UPDATE OF l
"""
_FEEDS = "SELECT id FROM catalog_sync_feed WHERE shop_id = %(shop)s ORDER BY id FOR NO KEY UPDATE"
_SKUS = f"""
SELECT sku FROM catalog_sync_sourcerecord WHERE feed_id = %(feed)s AND sku > %(after)s ORDER BY sku LIMIT {SLICE}
"""
# Those of its own, and of the same article numbers where other feeds of the shop list them.
_SOIL = f"""
UPDATE catalog_sync_sourcerecord SET offer_hash = {DIRTY},
    stock_hash = CASE WHEN stock_hash = {ABSENT} THEN {ABSENT} ELSE {DIRTY} END
WHERE feed_id IN (SELECT g.id FROM catalog_sync_feed g WHERE g.shop_id = %(shop)s)
    AND sku > %(after)s AND sku <= %(last)s AND (feed_id = %(feed)s OR sku IN (
        SELECT o.sku FROM catalog_sync_sourcerecord o
        WHERE o.feed_id = %(feed)s AND o.sku > %(after)s AND o.sku <= %(last)s))
"""
_TRUSTED = """
SELECT k.id FROM catalog_sync_sourcerecord r
JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku
LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
WHERE r.feed_id = %(feed)s AND r.retired_at IS NULL
    AND (COALESCE(t.follows_runs, true) OR t.availability = 'in_stock')
ORDER BY k.id
"""


def connect() -> None:
    """Feeds that are paused or deleted, and stock lanes that are given up, wherever that is done."""
    pre_save.connect(_remember, sender=Feed, dispatch_uid="catalog_sync.promises")
    post_save.connect(_follow_pause, sender=Feed, dispatch_uid="catalog_sync.promises")
    pre_delete.connect(_follow_deletion, sender=Feed, dispatch_uid="catalog_sync.promises")
    pre_delete.connect(_follow_loss, sender=StockLane, dispatch_uid="catalog_sync.promises")


def _remember(sender: type[Feed], instance: Feed, **_: Any) -> None:
    instance.was_active = Feed.objects.filter(pk=instance.pk, active=True).exists()  # type: ignore[attr-defined]


def _follow_pause(sender: type[Feed], instance: Feed, **_: Any) -> None:
    """Resumed, it vouches again with its next complete list."""
    if getattr(instance, "was_active", False) and not instance.active:
        set_apart(instance)
        now = timezone.now()
        Feed.objects.filter(pk=instance.pk).update(lapsed_at=now)
        instance.lapsed_at, instance.content_hash, instance.full_at = now, "", None  # as stored, if it is saved again


def _follow_deletion(sender: type[Feed], instance: Feed, **_: Any) -> None:
    set_apart(instance)


def _follow_loss(sender: type[StockLane], instance: StockLane, **_: Any) -> None:
    """The catalogue speaks of the numbers again, and everything it says is compared. What waits of the lane's lists can
    not be applied any more."""
    waiting = SyncRun.objects.filter(feed=instance.feed_id, lane=Lane.STOCK, state=SyncRun.State.AWAITING)
    waiting.update(state=SyncRun.State.REJECTED, approved_at=None)
    set_apart(instance.feed)
