"""How young a shop's stock is as a whole, and until when it is sold: the ages and promises of its complete lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from catalog_sync.hashing import ABSENT, DIRTY
from catalog_sync.lanes import vouchers
from catalog_sync.models import Feed
from catalog_sync.planning import OWN_HASH
from marketplace.foundation import bulk
from shops import absorbing
from shops.models import Shop


def vouch(shop_id: int, *, now: datetime, anew: bool = False) -> int:
    """A complete list was applied: what it listed unchanged is as young as itself. A shop with several lists is as
    young as the oldest, and sold until the first of their promises ends. `anew`: one more feed vouches than before,
    perhaps an older one. Returns units absorbed."""
    ages = vouchers(shop_id)
    if not ages:
        return 0
    Shop.objects.filter(pk=shop_id).update(freshness_hours=min(feed.freshness_hours for feed in ages))
    until = min(age + promise(feed) for feed, age in ages.items())
    return absorbing.complete_run(shop_id, as_of=min(ages.values()), fresh_until=until, now=now, anew=anew)


def promise(feed: Feed) -> timedelta:
    return timedelta(hours=feed.freshness_hours)


def follow(feed: Feed, lane: str) -> int:
    """From now on what the feed lists follows its shop's runs: it vouches for the first time, or again, and its last
    list was read whole. Not what that list left unsaid or was kept back. Returns how many records."""
    words = {"feed": feed.pk, "partner": feed.shop.partner_id, "dirty": DIRTY, "absent": ABSENT}
    return bulk.execute(_FOLLOW.format(own=OWN_HASH[lane]), words)


_FOLLOW = """
UPDATE shops_stockterms SET follows_runs = true
WHERE NOT follows_runs AND stock_record_id IN (
    SELECT k.id FROM catalog_sync_sourcerecord r
    JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku
    WHERE r.feed_id = %(feed)s AND r.retired_at IS NULL AND r.missed = 0
        AND r.{own} NOT IN (%(dirty)s, %(absent)s))
"""
