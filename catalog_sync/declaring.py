"""What a shop declares of a feed: how complete, how late and how young its lists are, and what makes one suspicious."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog_sync import lanes, vouching
from catalog_sync.models import TYPED, Feed, StockLane
from marketplace.foundation import audit
from marketplace.models import User
from shops.models import Shop

DECLARED = (
    *("every_minutes", "mode", "missing_is_zero", "lateness_hours", "freshness_hours", "drop_limit", "price_jump"),
    "price_floor_minor",
)
A_DAY = 24 * 60
OF_THE_STOCK_LANE = ("location", "every_minutes", "missing_is_zero")
# What changes how a list is understood: the same one must then be read again.
_MEANING = {"mode", "missing_is_zero", "lateness_hours"}


def stock_folder(feed: Feed) -> str:
    """Where lists of numbers are put that a shop sends: below the feeds folder, its own."""
    return f"{feed.name}-stock/"


def lag_of(shop: Shop) -> int:
    """The booking lag that a shop has declared, in minutes; a day for one that only typed so far: that its shelf needs
    none says nothing of its till."""
    lists = Feed.objects.filter(shop=shop).exclude(kind=TYPED).exclude(setup__isnull=False, setup__went_at=None)
    return shop.booking_lag_minutes if shop.booking_lag_minutes or lists.exists() else A_DAY


def stock_lane_of(feed: Feed) -> dict[str, Any] | None:
    """What `declare` takes to leave the stock lane as it is."""
    row = StockLane.objects.filter(feed=feed).first()
    return {name: getattr(row, name) for name in OF_THE_STOCK_LANE} if row else None


def declare(
    feed: Feed,
    values: Mapping[str, Any],
    *,
    stock_lane: Mapping[str, Any] | None,
    booking_lag_minutes: int,
    by: User,
    now: datetime,
) -> list[str]:
    """Keep what the shop declares: `values` are those of DECLARED, `stock_lane` those of OF_THE_STOCK_LANE (None: it
    has none). The booking lag is the shop's, for it has one kind of number. Returns the names of what changed."""
    with transaction.atomic():
        feed = Feed.objects.select_for_update().select_related("shop").get(pk=feed.pk)
        changed = [name for name in DECLARED if getattr(feed, name) != values[name]]
        for name in changed:
            setattr(feed, name, values[name])
        if _MEANING & set(changed):
            feed.content_hash, feed.full_at = "", None
        feed.save(update_fields=[*changed, "content_hash", "full_at"])
        if feed.shop.booking_lag_minutes != booking_lag_minutes:
            Shop.objects.filter(pk=feed.shop_id).update(booking_lag_minutes=booking_lag_minutes)
            changed.append("booking_lag_minutes")
        changed += _declare_stock_lane(feed, stock_lane, now)
        if changed:
            vouching.vouch(feed.shop_id, now=now)
            audit.record("feed.declare", feed, by=by, shop_id=feed.shop_id, changed=changed)
    return changed


def _declare_stock_lane(feed: Feed, wanted: Mapping[str, Any] | None, now: datetime) -> list[str]:
    if wanted is None:
        gone, _rows = StockLane.objects.filter(feed=feed).delete()  # `titles.sources` sets its articles apart
        return ["stock_lane"] if gone else []
    if feed.lane != lanes.Lane.CATALOGUE:
        return []
    row, made = StockLane.objects.get_or_create(feed=feed, defaults={**wanted, "due_at": now})
    changed = [name for name in OF_THE_STOCK_LANE if getattr(row, name) != wanted[name]]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        row.content_hash, row.cursor, row.full_at = "", "", None
        row.save()
    return ["stock_lane"] if made else [f"stock_{name}" for name in changed]
