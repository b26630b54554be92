"""Each feed's freshness promise: past it nothing of the feed is sold, and all of the shop's other feeds still is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync.promises import follow_promises
from marketplace.catalogue.models import TitleChange
from shops.freshness import follow_freshness
from shops.models import StockTerms
from shops.sellable import annotate_sellable
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_memory")]


def sellable(at: datetime) -> dict[str, int]:
    rows = annotate_sellable(StockRecord.objects.all(), now=at)
    return dict(rows.order_by("partner_sku").values_list("partner_sku", "sellable"))


def test_promise_of_a_shops_only_feed_ends_at_once_and_holds_again_with_the_next_list():
    books = feed(freshness_hours=24)
    shelve(books, article("a"))
    sync_now(books)
    before = StockTerms.objects.count()
    assert [sellable(NOON + 24 * HOUR), sellable(NOON + 24 * HOUR + timedelta(seconds=1))] == [{"a": 2}, {"a": 0}]
    assert (follow_promises(NOON + 25 * HOUR), StockTerms.objects.count()) == (0, before)
    shelve(books, article("a"), at=NOON + 30 * HOUR)
    sync_now(books, NOON + 30 * HOUR)
    assert sellable(NOON + 54 * HOUR) == {"a": 2}


def two_feeds():
    books, crafts = feed(freshness_hours=24), None
    crafts = feed(books.shop, freshness_hours=14 * 24)
    shelve(books, article("a"))
    shelve(crafts, article("z"))
    sync_now(books)
    sync_now(crafts)
    return books, crafts


def test_patient_feed_does_not_hold_back_one_that_is_read_hourly():
    books, _crafts = two_feeds()
    later = NOON + 7 * DAY
    shelve(books, article("a"), at=later)
    sync_now(books, later)
    assert sellable(later + 23 * HOUR) == {"a": 2, "z": 2}


def test_lapsed_feed_is_set_apart_and_the_others_go_on():
    books, crafts = two_feeds()
    later = NOON + 2 * DAY
    assert sellable(later) == {"a": 0, "z": 0}  # the shop's first promise has passed
    TitleChange.objects.all().delete()
    assert follow_promises(later) == 1
    assert sellable(later) == {"a": 0, "z": 2}
    assert StockRecord.objects.get(partner_sku="a").terms.availability == "unknown"
    assert TitleChange.objects.filter(product_id=StockRecord.objects.get(partner_sku="a").product_id).exists()
    assert follow_promises(later) == 0
    shelve(books, article("a"), at=later + HOUR)  # the very same list
    sync_now(books, later + HOUR)
    assert sellable(later + HOUR) == {"a": 2, "z": 2}
    crafts.shop.refresh_from_db()
    assert (crafts.shop.complete_as_of, crafts.shop.fresh_until) == (NOON, later + 25 * HOUR)


def test_shop_that_has_lapsed_whole_is_left_to_its_own_end():
    two_feeds()
    later = NOON + 15 * DAY
    assert (follow_promises(later), sellable(later)) == (0, {"a": 0, "z": 0})


def test_index_hears_of_the_end_of_a_promise():
    books = feed(freshness_hours=24)
    shelve(books, article("a"))
    sync_now(books)
    assert [follow_freshness(NOON + hours * HOUR) for hours in (1, 23, 25)] == [1, 0, 1]
