"""The two lanes of a feed: its own row, which is the first, and the stock lane beside it, where it has one."""

from __future__ import annotations

from datetime import datetime, timedelta

from catalog_sync.adapters.base import FeedSettings
from catalog_sync.models import Feed, ReadRow, StockLane, SyncRun

Lane = Feed.Lane


def row_of(feed: Feed, lane: str) -> Feed | StockLane:
    """The row that has the lane's schedule and cursor. Raises `StockLane.DoesNotExist` where the feed has no second
    lane."""
    return feed if lane == feed.lane else StockLane.objects.get(feed=feed)


def lanes_of(feed: Feed) -> list[str]:
    """Its own first."""
    return [feed.lane, Lane.STOCK] if has_stock_lane(feed) else [feed.lane]


def has_stock_lane(feed: Feed) -> bool:
    return feed.lane == Lane.CATALOGUE and StockLane.objects.filter(feed=feed).exists()


def is_beside(feed: Feed, lane: str) -> bool:
    """Whether it is the stock lane beside a catalogue, which says nothing of what the shop sells at all."""
    return lane == Lane.STOCK and feed.lane == Lane.CATALOGUE


def location_of(feed: Feed, row: ReadRow) -> str:
    """Where the lane is read from."""
    return row.location if isinstance(row, StockLane) and row.location else feed.location


def settings_of(feed: Feed, row: ReadRow) -> FeedSettings:
    return FeedSettings(
        kind=feed.kind,
        location=location_of(feed, row),
        options=feed.options,
        currency=feed.currency,
        language=feed.language,
        encoding=feed.encoding,
        timezone=feed.timezone,
        password=feed.password,
        stock_kind=feed.stock_kind,
        country=feed.country,
        mode=row.mode,
        lateness_hours=feed.lateness_hours,
    )


def is_whole_due(row: ReadRow, *, now: datetime) -> bool:
    """Whether a lane that is asked for changes has to be asked for everything."""
    return row.full_at is None or now - row.full_at >= timedelta(hours=row.full_every_hours)


def stock_lanes(shop_id: int) -> list[tuple[Feed, str]]:
    """The lanes of a shop's active feeds that say how many copies it has: those for the stock alone, where it has any;
    a feed whose promise has passed is left out as long as another one is there."""
    lanes = [(feed, lane) for feed in Feed.objects.filter(shop=shop_id, active=True) for lane in lanes_of(feed)]
    of_stock = [(feed, lane) for feed, lane in lanes if lane == Lane.STOCK] or lanes
    return [(feed, lane) for feed, lane in of_stock if feed.lapsed_at is None] or of_stock


def last_complete_as_of(feed: Feed, lane: str) -> datetime | None:
    """The age of the lane's last complete run: what it listed unchanged is at least that young."""
    done = SyncRun.objects.filter(feed=feed, lane=lane, state=SyncRun.State.DONE, complete=True, as_of__isnull=False)
    return done.order_by("-as_of").values_list("as_of", flat=True).first()
