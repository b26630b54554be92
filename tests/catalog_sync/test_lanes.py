"""A feed with a stock lane beside its catalogue: each has a cursor and a schedule, both speak of the same articles."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import lanes, sync
from catalog_sync.doors import pushing
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SourceRecord, StockLane, SyncRun
from catalog_sync.promises import follow_promises, set_apart
from catalog_sync.records import STOCK_FIELDS, Chunk, Cursor, Lane
from shops.models import Allocation, StockTerms
from shops.sellable import annotate_sellable
from tests.catalog_sync import memory
from tests.catalog_sync.memory import NOON, SHELVES, article, chunk, codes, feed, shelve, sync_now

HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_memory")]


def beside(of: Feed, **columns: Any) -> StockLane:
    return StockLane.objects.create(feed=of, location=f"{of.name}-stock", **{"made_at": NOON - HOUR} | columns)


def count(
    of: Feed, numbers: dict[str, int | None], at: datetime, *, complete: bool = True, cursor: str = ""
) -> SyncRun:
    """The stock lane says how many copies there are, and is read."""
    said = [
        article(sku, at, title="", price=None, quantity=units, speaks_for=STOCK_FIELDS)
        for sku, units in numbers.items()
    ]
    read = chunk(tuple(said), at=at, complete=complete)
    SHELVES[f"{of.name}-stock"] = [read._replace(cursor=Cursor(Lane.STOCK, cursor)) if cursor else read]
    return sync_now(of, at, lane=Lane.STOCK)


def sellable(at: datetime) -> dict[str, int]:
    rows = annotate_sellable(StockRecord.objects.all(), now=at)
    return dict(rows.order_by("partner_sku").values_list("partner_sku", "sellable"))


def test_both_lanes_speak_of_the_same_articles():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None), article("b", quantity=None))
    sync_now(books)
    assert sellable(NOON) == {"a": 0, "b": 0}  # nobody has said yet how many there are
    run = count(books, {"a": 3, "b": 0}, NOON + HOUR)
    assert (run.state, run.lane, run.changed, sellable(NOON + HOUR)) == ("done", "stock", 2, {"a": 3, "b": 0})
    assert StockRecord.objects.get(partner_sku="a").price == 20
    assert SourceRecord.objects.count() == 2


def test_catalogue_without_numbers_leaves_those_of_the_stock_lane():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    count(books, {"a": 3}, NOON + HOUR)
    shelve(books, article("a", quantity=None, price=2100), at=NOON + 2 * HOUR)
    assert sync_now(books, NOON + 2 * HOUR).changed == 1
    record = StockRecord.objects.get()
    assert (record.price, record.num_in_stock, sellable(NOON + 2 * HOUR)) == (21, 3, {"a": 3})


def test_without_a_stock_lane_a_full_list_without_numbers_makes_them_unknown():
    books = feed()
    shelve(books, article("a"))
    sync_now(books)
    shelve(books, article("a", quantity=None), at=NOON + HOUR)
    sync_now(books, NOON + HOUR)
    assert (StockRecord.objects.get().num_in_stock, sellable(NOON + HOUR)) == (None, {"a": 0})


def test_number_of_either_lane_is_ordered_by_its_age():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=5))
    sync_now(books)
    count(books, {"a": 3}, NOON + HOUR)
    shelve(books, article("a", quantity=5), at=NOON + HOUR / 2)  # the very same words as before, and older
    sync_now(books, NOON + HOUR / 2)
    assert sellable(NOON + HOUR) == {"a": 3}
    shelve(books, article("a", quantity=5), at=NOON + 2 * HOUR)  # the same words again, and younger
    sync_now(books, NOON + 2 * HOUR)
    assert sellable(NOON + 2 * HOUR) == {"a": 5}
    count(books, {"a": 3}, NOON + 3 * HOUR)  # as this lane's last reading said, and younger
    assert sellable(NOON + 3 * HOUR) == {"a": 3}


def test_reading_either_lane_again_writes_nothing():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None), article("b", quantity=None))
    sync_now(books)
    count(books, {"a": 3, "b": 1}, NOON + HOUR)
    again = count(books, {"a": 3, "b": 1}, NOON + 2 * HOUR)
    assert (again.written, again.unchanged) == (0, 2)
    shelve(books, article("a", quantity=None), article("b", quantity=None), at=NOON + 2 * HOUR)
    sync_now(books, NOON + 2 * HOUR)  # compared, since the other lane has spoken
    assert [sync_now(books, NOON + 2 * HOUR).written, count(books, {"a": 3, "b": 1}, NOON + 3 * HOUR).written] == [0, 0]


def test_article_that_the_stock_lane_lacks_is_not_sold_and_not_retired():
    books = feed(drop_limit=100)
    beside(books)
    shelve(books, article("a", quantity=None), article("b", quantity=None))
    sync_now(books)
    count(books, {"a": 3, "b": 1}, NOON + HOUR)
    for hours in (2, 3, 4):
        run = count(books, {"a": 3}, NOON + hours * HOUR)
        assert (run.gone, run.state) == (1 if hours == 2 else 0, "done")
        assert sellable(NOON + hours * HOUR) == {"a": 3, "b": 0}
    assert list(StockTerms.objects.exclude(retired_at=None)) == []
    count(books, {"a": 3, "b": 1}, NOON + 5 * HOUR)
    assert sellable(NOON + 5 * HOUR) == {"a": 3, "b": 1}


def test_stock_lane_that_lists_only_what_is_in_stock_sells_the_rest_out():
    books = feed(drop_limit=100)
    beside(books, missing_is_zero=True)
    shelve(books, article("a", quantity=None), article("b", quantity=None))
    sync_now(books)
    count(books, {"a": 3, "b": 1}, NOON + HOUR)
    count(books, {"a": 3}, NOON + 2 * HOUR)
    record = StockRecord.objects.get(partner_sku="b")
    assert (record.num_in_stock, record.terms.availability) == (0, "temporarily_unavailable")


def test_stock_lane_brings_nothing_back_that_the_catalogue_lacks():
    books = feed(drop_limit=100)
    beside(books)
    shelve(books, article("a", quantity=None), article("b", quantity=None))
    sync_now(books)
    count(books, {"a": 3, "b": 1}, NOON + HOUR)
    for hours in (2, 3):
        shelve(books, article("a", quantity=None), at=NOON + hours * HOUR)
        sync_now(books, NOON + hours * HOUR)
        count(books, {"a": 3, "b": 7}, NOON + hours * HOUR + HOUR / 2)
        assert sellable(NOON + hours * HOUR) == {"a": 3, "b": 0}
    assert SourceRecord.objects.get(sku="b").retired_at is not None


def test_article_unknown_to_the_catalogue_is_told():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    run = count(books, {"a": 1, "z": 1}, NOON + HOUR)
    assert run.notes == []
    assert (run.refused, list(run.issues.values_list("code", "sku"))) == (1, [("article_unknown", "z")])


def test_each_lane_has_its_cursor_stored_once_applied():
    books = feed()
    stock = beside(books, mode=StockLane.Mode.DELTA)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    count(books, {"a": 3}, NOON + HOUR, complete=False, cursor="here")
    stock.refresh_from_db()
    books.refresh_from_db()
    assert (stock.cursor, books.cursor, stock.full_at) == ("here", "", None)
    assert SyncRun.objects.get(lane="stock").cursor_before == ""


def test_shop_is_as_young_as_its_stock_lane():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    assert (lanes.number_lane(books), lanes.vouchers(books.shop_id)) == ("stock", {})
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of is None
    count(books, {"a": 3}, NOON + HOUR)
    books.shop.refresh_from_db()
    assert (books.shop.complete_as_of, books.shop.fresh_until) == (NOON + HOUR, NOON + 73 * HOUR)


def test_system_asked_for_changes_is_asked_for_everything_daily(monkeypatch):
    def fetch(self: memory.Memory, lane: Lane, since: Cursor | None):
        reached = Cursor(lane, f"{since.value}, then changes" if since else "all")
        yield Chunk([article("a", now - HOUR)], [], [], [], now - HOUR, since is None, reached, ())

    monkeypatch.setattr(memory.Memory, "capabilities", frozenset({"delta"}))
    monkeypatch.setattr(memory.Memory, "fetch", fetch)
    books = feed(mode=Feed.Mode.DELTA)
    reached = []
    for hours in (0, 1, 20, 25, 26):
        now = NOON + hours * HOUR
        books.refresh_from_db()
        sync.run(books, now=now)
        reached.append(books.cursor)
    twice = "all, then changes, then changes"
    assert reached == ["all", "all, then changes", twice, "all", "all, then changes"]


def test_step_reads_each_lane_in_its_own_time():
    books = feed(every_minutes=600, due_at=NOON)
    stock = beside(books, due_at=NOON + HOUR)
    shelve(books, article("a", quantity=None))
    SHELVES[stock.location] = [chunk((article("a", title="", price=None, speaks_for=STOCK_FIELDS),))]
    read = []
    for hours in (0, 0, 1, 1):
        before = set(SyncRun.objects.values_list("pk", flat=True))
        sync.sync_feeds(NOON + hours * HOUR)
        read.append([*SyncRun.objects.exclude(pk__in=before).values_list("lane", flat=True)])
    assert read == [["catalogue"], [], ["stock"], []]
    stock.refresh_from_db()
    assert stock.due_at is not None
    assert timedelta(minutes=54) <= stock.due_at - NOON - HOUR <= timedelta(minutes=66)


def test_newer_stock_list_leaves_a_waiting_catalogue_alone():
    books = feed()
    beside(books)
    shelve(books, *(article(f"a{number}", quantity=None) for number in range(10)))
    sync_now(books)
    shelve(books, article("a0", quantity=None), at=NOON + HOUR)
    waiting = sync_now(books, NOON + HOUR)
    assert codes(waiting) == ["run_drop"]
    count(books, {"a0": 1}, NOON + 2 * HOUR, complete=False)
    waiting.refresh_from_db()
    assert waiting.state == "awaiting"


def promised(of: str, units: int, reflected_at: datetime) -> Allocation:
    """Units of an order that the shop's own number contains from then on."""
    record = StockRecord.objects.get(partner_sku=of)
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=units)
    return Allocation.objects.create(
        stock_record=record, units=units, cause="line", created_at=NOON, reflected_at=reflected_at
    )


def test_silent_catalogue_does_not_put_off_the_number_of_the_stock_lane():
    """Else a copy that the shop has handed over would be sold again."""
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    count(books, {"a": 1}, NOON + HOUR)
    promised("a", 1, NOON + 2 * HOUR)
    shelve(books, article("a", quantity=None, price=2100), at=NOON + 4 * HOUR)
    sync_now(books, NOON + 4 * HOUR)
    count(books, {"a": 0}, NOON + 3 * HOUR)  # its file is older than the catalogue's, its number is not
    assert (StockRecord.objects.get().num_in_stock, sellable(NOON + 4 * HOUR)) == (0, {"a": 0})


def test_older_catalogue_still_brings_its_price():
    books = feed()
    beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    count(books, {"a": 1}, NOON + 5 * HOUR)
    shelve(books, article("a", quantity=None, price=2100), at=NOON + HOUR)
    sync_now(books, NOON + HOUR)
    assert (StockRecord.objects.get().price, sellable(NOON + 5 * HOUR)) == (21, {"a": 1})


def test_lane_that_is_given_up_is_not_vouched_for_by_the_catalogue():
    books = feed()
    lane = beside(books)
    shelve(books, article("a", quantity=None))
    sync_now(books)
    count(books, {"a": 1}, NOON + HOUR)
    lane.delete()
    assert sellable(NOON + HOUR) == {"a": 0}
    shelve(books, article("a", quantity=None), at=NOON + 2 * HOUR)  # as it always said
    sync_now(books, NOON + 2 * HOUR)
    assert (StockRecord.objects.get().num_in_stock, sellable(NOON + 2 * HOUR)) == (None, {"a": 0})


def test_stock_lane_of_one_feed_does_not_vouch_for_another_feed():
    books = feed()
    beside(books)
    used = feed(books.shop)
    shelve(books, article("a", quantity=None))
    shelve(used, article("u", quantity=1))
    sync_now(books)
    sync_now(used)
    count(books, {"a": 1}, NOON + HOUR)
    open_one = promised("u", 1, NOON + 2 * HOUR)
    count(books, {"a": 1}, NOON + 3 * HOUR)
    open_one.refresh_from_db()
    assert (open_one.ended_at, sellable(NOON + 3 * HOUR)) == (None, {"a": 1, "u": 0})


def pause(of: Feed) -> None:
    of.refresh_from_db()
    of.active = False
    of.save()


def test_paused_feed_is_not_vouched_for_by_the_others():
    books = feed()
    used = feed(books.shop)
    shelve(books, article("a"))
    shelve(used, article("u"))
    sync_now(books)
    sync_now(used)
    pause(used)
    assert sellable(NOON + HOUR) == {"a": 2, "u": 0}
    used.active = True
    used.save()
    shelve(books, article("a"), at=NOON + HOUR)
    sync_now(books, NOON + HOUR)
    assert sellable(NOON + HOUR) == {"a": 2, "u": 0}
    shelve(used, article("u"), at=NOON + 2 * HOUR)  # the very same words
    sync_now(used, NOON + 2 * HOUR)
    assert sellable(NOON + 2 * HOUR) == {"a": 2, "u": 2}


def test_feed_that_is_never_complete_does_not_hold_up_its_shop():
    books = feed()
    prices = feed(books.shop)
    shelve(books, article("a"))
    shelve(prices, article("p"), complete=False)
    sync_now(prices)
    sync_now(books)
    books.shop.refresh_from_db()
    assert (books.shop.complete_as_of, sellable(NOON + HOUR)) == (NOON, {"a": 2, "p": 2})
    shelve(books, article("a"), at=NOON + 100 * HOUR)
    sync_now(books, NOON + 100 * HOUR)
    assert sellable(NOON + 100 * HOUR) == {"a": 2, "p": 0}, "what no complete list has is as old as itself"


def test_first_complete_list_makes_what_was_there_before_follow():
    books = feed()
    shelve(books, article("a"), complete=False)
    sync_now(books)
    shelve(books, article("a"), at=NOON + 50 * HOUR)
    sync_now(books, NOON + 50 * HOUR)
    assert sellable(NOON + 100 * HOUR) == {"a": 2}


def test_same_file_is_compared_again_where_its_number_did_not_count():
    books = feed(kind="csv", location="list.csv")
    path = feeds_folder() / "list.csv"
    path.parent.mkdir(parents=True, exist_ok=True)

    def leave(at: datetime) -> SyncRun:
        path.write_text("sku;titre;prix;stock\na;Nana;12,90;3\n")
        os.utime(path, (at.timestamp(),) * 2)
        books.refresh_from_db()
        return sync.run(books, now=at + HOUR / 2)

    leave(NOON)
    pushing.accept(books, key="k", as_of=NOON + HOUR, rows=[{"sku": "a", "quantity": 5}], now=NOON + HOUR)
    assert pushing.apply_pushes(NOON + HOUR) == 1
    leave(NOON + HOUR / 2)
    assert StockRecord.objects.get().num_in_stock == 5
    leave(NOON + 2 * HOUR)
    assert StockRecord.objects.get().num_in_stock == 3


def test_list_whose_promise_has_passed_already_lets_nothing_follow():
    """Else another feed's lists would make its numbers younger."""
    books, slow = feed(), None
    slow = feed(books.shop, freshness_hours=24)
    shelve(books, article("a"))
    shelve(slow, article("s", quantity=1))
    sync_now(books)
    sync_now(slow)
    later = NOON + 48 * HOUR
    shelve(books, article("a"), at=later)
    sync_now(books, later)
    assert follow_promises(later) == 1
    shelve(slow, article("s", quantity=1), at=NOON + 2 * HOUR)  # late, but younger than what is stored
    slow.refresh_from_db()
    sync.run(slow, now=later + HOUR)
    open_one = promised("s", 1, later)
    shelve(books, article("a"), at=later + 2 * HOUR)
    sync_now(books, later + 2 * HOUR)
    open_one.refresh_from_db()
    assert (open_one.ended_at, sellable(later + 2 * HOUR)) == (None, {"a": 2, "s": 0})


def test_paused_feed_that_is_read_by_hand_vouches_for_nothing():
    books = feed()
    used = feed(books.shop)
    shelve(books, article("a"))
    shelve(used, article("u"))
    sync_now(books)
    pause(used)
    sync_now(used)
    assert set(StockTerms.objects.filter(stock_record__partner_sku="u").values_list("follows_runs", flat=True)) == {
        False
    }
    assert used not in lanes.vouchers(books.shop_id)


def test_feed_without_numbers_beside_one_with_a_lane_lets_nothing_follow():
    books = feed()
    beside(books)
    bare = feed(books.shop)
    shelve(books, article("a", quantity=None))
    shelve(bare, article("u", quantity=None, availability="orderable", days=5))
    sync_now(books)
    count(books, {"a": 1}, NOON + HOUR)
    sync_now(bare)
    assert not StockTerms.objects.get(stock_record__partner_sku="u").follows_runs


def test_number_that_another_feed_has_overwritten_is_compared_again():
    books = feed()
    used = feed(books.shop)
    shelve(books, article("x", quantity=1))
    sync_now(books)
    shelve(used, article("x", quantity=5), at=NOON + HOUR)
    sync_now(used, NOON + HOUR)
    shelve(books, article("x", quantity=1), at=NOON + 2 * HOUR)  # as it always said
    sync_now(books, NOON + 2 * HOUR)
    assert StockRecord.objects.get().num_in_stock == 1


def test_number_as_before_of_an_older_list_is_compared_again():
    """Else what was set apart would stay unknown for ever."""
    books = feed()
    shelve(books, article("x", quantity=2))
    sync_now(books)
    pushing.accept(books, key="k", as_of=NOON + 2 * HOUR, rows=[{"sku": "x", "quantity": 2}], now=NOON + 2 * HOUR)
    pushing.apply_pushes(NOON + 2 * HOUR)
    set_apart(books)
    shelve(books, article("x", quantity=2), at=NOON + HOUR)
    sync_now(books, NOON + HOUR)
    shelve(books, article("x", quantity=2), at=NOON + 3 * HOUR)
    sync_now(books, NOON + 3 * HOUR)
    assert sellable(NOON + 3 * HOUR) == {"x": 2}


def test_feed_whose_run_died_still_lapses():
    books = feed(freshness_hours=24)
    used = feed(books.shop, freshness_hours=300)
    shelve(books, article("a"))
    shelve(used, article("u"))
    sync_now(books)
    sync_now(used)
    later = NOON + 48 * HOUR
    long_ago = timezone.now() - timedelta(hours=1)
    SyncRun.objects.create(feed=books, state="running", started_at=later, alive_at=long_ago)
    assert (follow_promises(later), sellable(later)) == (1, {"a": 0, "u": 2})


def test_first_list_that_is_too_old_hides_nothing_for_good():
    books = feed()
    shelve(books, article("a"))
    books.refresh_from_db()
    sync.run(books, now=NOON + 96 * HOUR)
    assert sellable(NOON + 96 * HOUR) == {"a": 0}
    shelve(books, article("a"), at=NOON + 97 * HOUR)
    sync_now(books, NOON + 97 * HOUR)
    assert sellable(NOON + 97 * HOUR) == {"a": 2}


def test_feed_that_begins_beside_a_younger_one_ends_nothing_by_that_ones_age():
    books, late = feed(), None
    late = feed(books.shop)
    shelve(books, article("a"), at=NOON + 5 * HOUR)
    sync_now(books, NOON + 5 * HOUR)
    shelve(late, article("s", quantity=1), at=NOON, complete=False)
    sync_now(late)
    open_one = promised("s", 1, NOON + 3 * HOUR)
    shelve(late, article("s", quantity=2), at=NOON + HOUR)
    sync_now(late, NOON + HOUR)
    open_one.refresh_from_db()
    assert (open_one.ended_at, sellable(NOON + 5 * HOUR)) == (None, {"a": 2, "s": 1})


def test_number_keeps_its_age_where_an_older_list_begins_to_vouch_beside_it():
    books, late = feed(), None
    shelve(books, article("x", quantity=3), at=NOON)
    sync_now(books, NOON)
    shelve(books, article("x", quantity=1), at=NOON + 5 * HOUR)
    sync_now(books, NOON + 5 * HOUR)
    late = feed(books.shop)
    for hours in (1, 2):  # at first it vouches, then its number is an older one than that of the other
        shelve(late, article("x", quantity=hours + 1), at=NOON + hours * HOUR)
        sync_now(late, NOON + (5 + hours) * HOUR)
        assert StockRecord.objects.get().num_in_stock == 1
    assert StockTerms.objects.get().as_of == NOON + 5 * HOUR


@pytest.mark.parametrize("condition", ["new", "good"])
def test_number_has_its_age_at_once_where_another_feed_looks_at_it(condition):
    """A run that is killed, or another one that was planned before, has no age of the shop to go by."""
    books = feed()
    feed(books.shop)
    for hours, quantity in ((0, 3), (5, 1)):
        shelve(books, article("x", quantity=quantity, condition=condition), at=NOON + hours * HOUR)
        sync_now(books, NOON + hours * HOUR)
        assert StockTerms.objects.get().as_of == NOON + hours * HOUR
