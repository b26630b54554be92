"""How young a shop's stock is as a whole, and until when it is sold: the ages and promises of its complete lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from catalog_sync.hashing import ABSENT, DIRTY
from catalog_sync.lanes import vouchers
from catalog_sync.models import Feed
from catalog_sync.planning import OWN_HASH
from marketplace.foundation import bulk
from marketplace.foundation.failpoints import failpoint
from shops import absorbing
from shops.models import Shop

SLICE = 2000  # stock records in one transaction


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


def keep_ages(feed: Feed, as_of: datetime | None, *, alive: Callable[[], None]) -> None:
    """Before a shop's age goes back to `as_of`, since one more feed vouches with an older list: the numbers that have
    followed until now keep the age they have, so that no older one takes their place. In slices; a kill in between
    changes nothing that is not so."""
    age = Shop.objects.get(pk=feed.shop_id).complete_as_of
    if age is None or as_of is None or as_of >= age:
        return
    words = {"partner": feed.shop.partner_id, "age": bulk.moment(age), "after": 0}
    while ids := bulk.rows(_STOCK_RECORDS, words):
        words["last"] = ids[-1][0]
        with transaction.atomic():
            alive()
            bulk.execute(_KEEP_AGE, words)
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
        words["after"] = words["last"]


def promise(feed: Feed) -> timedelta:
    return timedelta(hours=feed.freshness_hours)


def follow(feed: Feed, lane: str) -> int:
    """From now on what the feed lists follows its shop's runs: it vouches for the first time, or again, and its last
    list was read whole. Not what that list left unsaid or was kept back. Returns how many records."""
    words = {"feed": feed.pk, "partner": feed.shop.partner_id, "dirty": DIRTY, "absent": ABSENT}
    return bulk.execute(_FOLLOW.format(own=OWN_HASH[lane]), words)


_STOCK_RECORDS = f"""
SELECT id FROM partner_stockrecord WHERE partner_id = %(partner)s AND id > %(after)s ORDER BY id LIMIT {SLICE}
"""

_KEEP_AGE = """
INSERT INTO shops_stockterms (stock_record_id, condition, signed, first_edition, note, availability, days, available_on,
    as_of, follows_runs, buffer, open_limit, retired_at, price_kind)
SELECT k.id, 'new', false, false, '', 'in_stock', NULL, NULL, %(age)s, true, NULL, 1, NULL, 'retail'
FROM partner_stockrecord k LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
WHERE k.partner_id = %(partner)s AND k.id > %(after)s AND k.id <= %(last)s
    AND (t.stock_record_id IS NULL OR (t.follows_runs AND COALESCE(t.as_of < %(age)s, true)))
ORDER BY k.id
ON CONFLICT (stock_record_id) DO UPDATE SET as_of = excluded.as_of
WHERE shops_stockterms.follows_runs AND COALESCE(shops_stockterms.as_of < excluded.as_of, true)
"""

_FOLLOW = """
UPDATE shops_stockterms SET follows_runs = true
WHERE NOT follows_runs AND stock_record_id IN (
    SELECT k.id FROM catalog_sync_sourcerecord r
    JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku
    WHERE r.feed_id = %(feed)s AND r.retired_at IS NULL AND r.missed = 0
        AND r.{own} NOT IN (%(dirty)s, %(absent)s))
"""
