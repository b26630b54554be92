"""How young a shop's stock is as a whole, and until when it is sold: the ages and promises of its complete lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from catalog_sync.lanes import last_complete_as_of, stock_lanes
from catalog_sync.models import Feed
from shops import absorbing
from shops.models import Shop


def vouch(feed: Feed, *, now: datetime) -> int:
    """A complete list of the feed was applied: what it listed unchanged is as young as itself. A shop with several
    lists is as young as the oldest, is sold until the first of their promises ends, and vouches for nothing until each
    was complete once. Returns units absorbed."""
    lanes = stock_lanes(feed.shop_id)
    Shop.objects.filter(pk=feed.shop_id).update(
        freshness_hours=min((other.freshness_hours for other, _lane in lanes), default=feed.freshness_hours)
    )
    ages = [(last_complete_as_of(other, lane), promise(other)) for other, lane in lanes]
    known = [(age, age + kept) for age, kept in ages if age is not None]
    if not known or len(known) < len(ages):
        return 0
    return absorbing.complete_run(
        feed.shop_id, as_of=min(age for age, _end in known), fresh_until=min(end for _age, end in known), now=now
    )


def promise(feed: Feed) -> timedelta:
    return timedelta(hours=feed.freshness_hours)
