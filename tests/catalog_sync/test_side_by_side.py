"""Several shops' feeds of the same titles at the same time, and readers who buy meanwhile."""

from __future__ import annotations

import os
import random
import traceback
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import Sum
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import invariants, sync
from catalog_sync.models import Feed
from catalog_sync.records import CatalogRecord
from marketplace.catalogue.models import ProductFacts
from shops import stock
from shops.invariants import counters_that_differ
from shops.models import Allocation
from tests.catalog_sync import memory

pytestmark = pytest.mark.usefixtures("_memory")
SHOPS, TITLES = 3, 600


def gtin(number: int) -> int:
    body = f"9782{number:08}"
    return int(body + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10))


def in_children(tasks: list) -> list[int]:
    """Run each task in a forked process, all at once; their exit codes."""
    connections.close_all()
    children = []
    for task in tasks:
        child = os.fork()
        if not child:
            code = 1
            try:
                task()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def shelf(shop: int, quantity: int = 2) -> list[CatalogRecord]:
    """The same titles in each shop, by its own numbers, so that each goes through them in another order."""
    order = list(range(TITLES))
    random.Random(shop).shuffle(order)
    return [
        memory.article(f"{place:04}", gtin=gtin(number), title=f"Title {number}", quantity=quantity, pages=shop + 1)
        for place, number in enumerate(order)
    ]


def test_same_titles_from_several_feeds_at_once(committed_db):
    feeds = [memory.feed(name=f"feed-{n}") for n in range(SHOPS)]
    now = timezone.now()
    for number, feed in enumerate(feeds):
        memory.shelve(feed, *shelf(number), at=now - timedelta(hours=1))
    run = [lambda feed=feed: sync.run(Feed.objects.get(pk=feed.pk), now=now) for feed in feeds]
    assert in_children(run) == [0] * SHOPS
    assert Product.objects.count() == ProductFacts.objects.exclude(gtin=None).count() == TITLES
    assert StockRecord.objects.count() == SHOPS * TITLES
    assert [found for check in invariants.INVARIANTS.values() for found in check()] == []


def test_buying_while_a_feed_is_applied(committed_db):
    """Each buyer takes ten titles at a time in another order; the feed writes every number meanwhile."""
    feed = memory.feed(name="books")
    now = timezone.now()
    memory.shelve(feed, *shelf(0, quantity=50), at=now - timedelta(hours=2))
    sync.run(feed, now=now)
    memory.shelve(feed, *shelf(0, quantity=40), at=now - timedelta(hours=1))
    records = list(StockRecord.objects.order_by("?").values_list("pk", flat=True))

    def buy(buyer: int) -> None:
        chance = random.Random(buyer)
        for turn in range(20):
            wanted = [(record, 1) for record in chance.sample(records, 10)]
            assert stock.hold(wanted, key=f"checkout:{buyer}-{turn}", now=now) == []

    buyers = [lambda buyer=buyer: buy(buyer) for buyer in range(3)]
    assert in_children([lambda: sync.run(Feed.objects.get(), now=now), *buyers]) == [0, 0, 0, 0]
    assert set(StockRecord.objects.values_list("num_in_stock", flat=True)) == {40}
    held = Allocation.objects.filter(ended_at=None).aggregate(units=Sum("units"))["units"]
    assert (held, counters_that_differ()) == (600, [])
