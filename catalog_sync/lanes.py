"""The two lanes of a feed: its own row, which is the first, and the stock lane beside it, where it has one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from catalog_sync.adapters import adapter_class
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.models import Feed, ReadRow, SourceRecord, StockLane, SyncRun
from catalog_sync.reasons import FeedError
from catalog_sync.records import Availability
from marketplace.foundation import network
from shops.systems import SYSTEMS

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
        tax_included=network.current().tax_included,
    )


def is_whole_due(row: ReadRow, *, now: datetime) -> bool:
    """Whether a lane that is asked for changes has to be asked for everything."""
    return row.full_at is None or now - row.full_at >= timedelta(hours=row.full_every_hours)


def asks_for_changes(feed: Feed, lane: str) -> bool:
    """Not where its system cannot say what changed in the lane, whatever that is set to."""
    try:
        whole: Collection[str] = getattr(adapter_class(feed.kind), "whole_lanes", ())
    except FeedError:  # of a package that is not there any more
        whole = ()
    return row_of(feed, lane).mode == Feed.Mode.DELTA and lane not in whole


def changes_come_first(feed: Feed, lane: str, *, now: datetime) -> bool:
    """Whether a system that is to be asked for all of its numbers is asked for their changes just before: what is found
    beyond those is what they had missed (`health`), and no sale of today."""
    row = row_of(feed, lane)
    is_due = bool(row.cursor) and is_whole_due(row, now=now)
    return is_due and feed.kind in SYSTEMS and lane == number_lane(feed) and asks_for_changes(feed, lane)


def number_lane(feed: Feed) -> str:
    """The lane by which the feed says how many copies there are."""
    return Lane.STOCK if has_stock_lane(feed) else feed.lane


def vouchers(shop_id: int) -> dict[Feed, datetime]:
    """The feeds whose complete lists make a shop's numbers younger, with the age of each one's last: active, within
    their promise, and not those that never give a number beside one that does. Only what such a feed lists follows its
    shop's runs."""
    feeds = list(Feed.objects.filter(shop=shop_id, active=True, lapsed_at=None))
    with_lane = {feed for feed in feeds if number_lane(feed) == Lane.STOCK}
    ages = {feed: age_of(feed) for feed in feeds if not with_lane - {feed} or feed in with_lane or _gives_numbers(feed)}
    return {feed: age for feed, age in ages.items() if age is not None}


def _gives_numbers(feed: Feed) -> bool:
    said = Q(quantity__isnull=False) | Q(availability=Availability.IN_STOCK)
    return SourceRecord.objects.filter(said, feed=feed, retired_at=None).exists()


def may_begin(feed: Feed, lane: str, as_of: datetime | None, *, says: bool, now: datetime) -> bool:
    """Whether with a whole list of a lane, read at `as_of`, the feed will be among the `vouchers`. `says`: the list has
    a number, or says that something is there."""
    stored = Feed.objects.filter(pk=feed.pk, active=True).first()
    if stored is None or as_of is None or lane != number_lane(feed):
        return False
    if as_of + timedelta(hours=stored.freshness_hours) < now:
        return False
    others = Feed.objects.filter(shop=feed.shop_id, active=True, lapsed_at=None).exclude(pk=feed.pk)
    alone = not any(number_lane(other) == Lane.STOCK for other in others)
    return alone or says or lane == Lane.STOCK or _gives_numbers(feed)


def numbers_come_apart(feed: Feed) -> bool:
    """Whether a catalogue of the feed that does not know a number says nothing of it: another lane or feed does."""
    others = Feed.objects.filter(shop=feed.shop_id, active=True, lane=Lane.STOCK).exclude(pk=feed.pk)
    return has_stock_lane(feed) or others.exists()


def age_of(feed: Feed) -> datetime | None:
    """The age of its last complete list of numbers. Until a new stock lane has had one, that of the catalogue's last
    list from before the lane was made: later ones may say nothing of numbers."""
    lane = number_lane(feed)
    age = last_complete_as_of(feed, lane)
    if age is None and lane != feed.lane:
        age = last_complete_as_of(feed, feed.lane, before=StockLane.objects.get(feed=feed).made_at)
    return age


def last_complete_as_of(feed: Feed, lane: str, *, before: datetime | None = None) -> datetime | None:
    """The age of the lane's last complete run: what it listed unchanged is at least that young. `before`: of those that
    began before then."""
    done = SyncRun.objects.filter(feed=feed, lane=lane, state=SyncRun.State.DONE, complete=True, as_of__isnull=False)
    if before is not None:
        done = done.filter(started_at__lt=before)
    return done.order_by("-as_of").values_list("as_of", flat=True).first()
