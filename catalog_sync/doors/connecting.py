"""A shop connects its system: what it entered is kept, called by a step within seconds, and then its stock is tried and
read, and its orders are sent there."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from catalog_sync.doors import setting_up
from catalog_sync.models import Feed, FeedSetup, StockLane
from marketplace.foundation import audit, leases
from marketplace.models import User
from shops import drops
from shops.models import Shop, ShopSystem, Transmission
from shops.systems import SYSTEMS, keeping
from shops.systems.access import Access

EVERY_MINUTES, STOCK_EVERY_MINUTES = 30, 5
FRESH_HOURS = 30  # a system is read whole once a day


def connect(shop: Shop, access: Access, *, by: User, now: datetime) -> ShopSystem:
    """Keep what was entered, in the place of what was there; the step calls it within seconds, and the feed is read
    again."""
    with transaction.atomic():
        before = keeping.connection_of(shop.pk, access.kind)
        connection = keeping.keep(shop.pk, access, now=now)
        keeping.call_soon(connection, now=now)
        audit.record("shop_system.connect", connection, by=by, shop_id=shop.pk, kind=access.kind)
        for feed in Feed.objects.filter(shop=shop, kind=access.kind):
            Feed.objects.filter(pk=feed.pk).update(location=access.address[:500])
            for rows in (Feed.objects.filter(pk=feed.pk, active=True), StockLane.objects.filter(feed=feed)):
                rows.exclude(due_at=None).update(due_at=now, parked_at=None, attempts=0)
        if before and before.address != access.address and before.shop.channel == access.kind:
            _tell(connection, now)
    return connection


def feed_of(connection: ShopSystem) -> Feed | None:
    """What is read from it, be it on trial."""
    return Feed.objects.filter(shop=connection.shop_id, kind=connection.kind).order_by("pk").first()


def begin_feed(connection: ShopSystem, *, by: User, now: datetime) -> FeedSetup:
    """Its stock is to be tried; one that was begun already is gone on with. Raises `SetupError`."""
    begun = FeedSetup.objects.filter(feed__shop=connection.shop_id, feed__kind=connection.kind).first()
    if begun is not None:
        return begun
    currency = str(connection.options.get(keeping.FOUND, {}).get("currency") or "")
    setup = setting_up.begin_system(connection, str(SYSTEMS[connection.kind].label), currency, by=by, now=now)
    values = {"mode": Feed.Mode.DELTA, "every_minutes": EVERY_MINUTES, "freshness_hours": FRESH_HOURS}
    Feed.objects.filter(pk=setup.feed_id).update(**values)
    lane = {"mode": Feed.Mode.DELTA, "every_minutes": STOCK_EVERY_MINUTES}
    StockLane.objects.create(feed=setup.feed, **lane)
    return setup


def take_orders(connection: ShopSystem, *, by: User, now: datetime) -> None:
    """The shop's orders go into its system from now on; its numbers may be of another kind then, and are read anew."""
    with transaction.atomic():
        keeping.take_orders(connection, by=by, now=now)
        _tell(connection, now)
        feeds = Feed.objects.filter(shop=connection.shop_id, kind=connection.kind)
        for rows in (feeds, StockLane.objects.filter(feed__in=feeds)):
            rows.update(full_at=None, content_hash="")
            rows.exclude(due_at=None).update(due_at=now)


def end(connection: ShopSystem, *, by: User, now: datetime) -> None:
    """Nothing is called any more, and the keys are forgotten. What it said of stock is sold until that is too old. The
    orders that wait for it go where the shop's orders go from now on: parked they would hold all that come later."""
    with transaction.atomic():
        shop_id, kind = connection.shop_id, connection.kind
        Feed.objects.filter(shop=shop_id, kind=kind).update(active=False)
        ours = Shop.objects.filter(pk=shop_id, channel=kind)
        if ours.exists():
            keeping.take_no_more_orders(shop_id)
            ours.update(channel="email")
        channel = Shop.objects.values_list("channel", flat=True).get(pk=shop_id)
        waiting = Transmission.objects.filter(shop=shop_id, channel=kind, sent_at=None)
        keys = list(waiting.exclude(outcome=Transmission.Outcome.WITHDRAWN).values_list("pk", flat=True))
        Transmission.objects.filter(pk__in=keys).update(channel=channel)
        leases.unpark(list(Transmission.objects.filter(pk__in=keys).exclude(parked_at=None)), now=now)
        audit.record("shop_system.end", connection, by=by, shop_id=shop_id, kind=kind)
        connection.delete()


def _tell(connection: ShopSystem, now: datetime) -> None:
    """Where orders go from now on."""
    label, key = str(SYSTEMS[connection.kind].label), f"system:{connection.pk}:{now.isoformat()}"
    drops.tell_changed(connection.shop, connection.address, key=key, now=now, system=label)
