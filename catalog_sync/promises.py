"""What becomes of a feed whose freshness promise has passed: nothing of it is sold until its next good list.

Where it is its shop's only one, the shop's `fresh_until` says so by itself, at once and without a row written. Where
other feeds of the shop are young enough, its articles are set apart, so that those of the others go on being sold.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from catalog_sync import vouching
from catalog_sync.lanes import Lane, last_complete_as_of, stock_lanes
from catalog_sync.models import Feed, SourceRecord, StockLane
from catalog_sync.staging import DIRTY
from marketplace.foundation import bulk
from marketplace.foundation.failpoints import failpoint
from shops import absorbing

SLICE = 2000  # articles in one transaction


def follow_promises(now: datetime) -> int:
    """Step: set the articles of each lapsed feed apart, and let the rest of its shop be sold again. Killed in between
    it starts over. Returns how many feeds."""
    done = 0
    for shop_id in list(
        Feed.objects.filter(active=True).values_list("shop_id", flat=True).order_by("shop_id").distinct()
    ):
        lanes = stock_lanes(shop_id)
        if len(lanes) < 2:
            continue
        ages = {feed: last_complete_as_of(feed, lane) for feed, lane in lanes}
        lapsed = [feed for feed, age in ages.items() if age is not None and age + vouching.promise(feed) < now]
        if len(lapsed) == len(lanes):
            continue  # nothing of the shop is sold anyway
        for feed in lapsed:
            _set_apart(feed, now)
            done += 1
    return done


def _set_apart(feed: Feed, now: datetime) -> None:
    """Its articles in stock become unknown, keeping the age of their numbers; its next list, even the same one, says
    again what is there."""
    words = {"feed": feed.pk, "shop": feed.shop_id, "partner": feed.shop.partner_id}
    ids = bulk.rows(_IN_STOCK, words)
    for start in range(0, len(ids), SLICE):
        with transaction.atomic():
            absorbing.distrust(stock_record_id for (stock_record_id,) in ids[start : start + SLICE])
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
    with transaction.atomic():
        SourceRecord.objects.filter(feed=feed, retired_at=None).update(offer_hash=DIRTY, stock_hash=DIRTY)
        StockLane.objects.filter(feed=feed).update(content_hash="")
        Feed.objects.filter(pk=feed.pk).update(content_hash="", lapsed_at=now)
        vouching.vouch(feed, now=now)


# Not what another feed of the shop lists too: that one vouches for it.
_IN_STOCK = f"""
SELECT k.id FROM catalog_sync_sourcerecord r
JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku
LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
WHERE r.feed_id = %(feed)s AND r.retired_at IS NULL AND COALESCE(t.availability, 'in_stock') = 'in_stock'
    AND NOT EXISTS (
        SELECT 1 FROM catalog_sync_sourcerecord o JOIN catalog_sync_feed g ON g.id = o.feed_id
        WHERE o.sku = r.sku AND o.feed_id <> r.feed_id AND g.shop_id = %(shop)s AND g.active AND g.lapsed_at IS NULL
            AND o.retired_at IS NULL AND (g.lane = '{Lane.STOCK}' OR o.quantity IS NOT NULL))
ORDER BY k.id
"""
