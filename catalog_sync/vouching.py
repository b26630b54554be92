"""How young a shop's stock is as a whole: the age of its last complete lists."""

from __future__ import annotations

from datetime import datetime

from catalog_sync.models import Feed
from catalog_sync.planning import last_complete_as_of
from shops import absorbing


def stock_feeds(feed: Feed) -> list[Feed]:
    """The feeds that say how many copies the feed's shop has: those of its stock lane, where it has any."""
    feeds = [other for other in Feed.objects.filter(shop=feed.shop_id, active=True) if other != feed] + [feed]
    of_stock = [other for other in feeds if other.lane == Feed.Lane.STOCK]
    return of_stock or feeds


def vouch(feed: Feed, *, now: datetime) -> int:
    """A complete list of the feed was applied: what it listed unchanged is as young as itself. A shop with several
    lists is as young as the oldest, and vouches for nothing until each was complete once. Returns units absorbed."""
    ages = [last_complete_as_of(other) for other in stock_feeds(feed)]
    known = [age for age in ages if age is not None]
    if len(known) < len(ages):
        return 0
    return absorbing.complete_run(feed.shop_id, as_of=min(known), now=now)
