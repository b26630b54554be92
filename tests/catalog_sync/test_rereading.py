"""Rows that are as they were are passed over, and nothing else comes of it than of reading them."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync import rereading, sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, RecordIssue, SourceRecord, SyncRun
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.staging import SAME, STAGE
from catalog_sync.undoing import undo
from marketplace.foundation import bulk, network
from marketplace.foundation.models import Network
from shops.models import StockTerms
from shops.sellable import annotate_sellable
from tests.catalog_sync import memory

pytestmark = pytest.mark.django_db
DAY = 24 * 3600
START = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
HEADER = "sku;titre;prix;quantité"
LINES = [f"B{n:02};L'été n° {n};20,00;2" for n in range(20)]


@pytest.fixture
def books() -> Feed:
    feeds_folder().mkdir(parents=True, exist_ok=True)
    made = memory.feed(kind="csv", location="books.csv", name="books")
    assert leave(made, LINES, day=0).new == 20
    return made


def leave(feed: Feed, lines: list[str], *, day: float) -> SyncRun:
    """The shop leaves a list on a day, and we read it an hour later."""
    path = feeds_folder() / feed.location
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    stamp = START + day * DAY
    os.utime(path, (stamp, stamp))
    feed.refresh_from_db()
    return sync.run(feed, now=moment(day))


def moment(day: float) -> datetime:
    return datetime.fromtimestamp(START + day * DAY + 3600, UTC)


def passed_over() -> tuple[int, int]:
    """(rows that the last reading passed over, articles that it cleaned)."""
    return tuple(bulk.rows(f"SELECT count(*) FROM {table}")[0][0] for table in (SAME, STAGE))


def counts(run: SyncRun) -> tuple[str, int, int, int, int]:
    return run.state, run.read, run.new, run.changed, run.unchanged


def price(sku: str) -> str:
    return str(StockRecord.objects.get(partner_sku=sku).price)


def test_only_what_changed_is_cleaned(books):
    run = leave(books, [*LINES[::-1][:-1], LINES[0].replace("20,00", "21,00")], day=1)
    assert (counts(run), passed_over()) == (("done", 20, 0, 1, 19), (19, 1))
    assert (price("B00"), price("B01")) == ("21.00", "20.00")
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of.date() == datetime(2026, 3, 3).date()


def test_article_that_is_gone_is_missed_among_rows_that_are_passed_over(books):
    run = leave(books, LINES[1:], day=1)
    assert (counts(run), run.gone, passed_over()) == (("done", 19, 0, 0, 19), 1, (19, 0))
    assert list(
        StockTerms.objects.filter(availability="unknown").values_list("stock_record__partner_sku", flat=True)
    ) == ["B00"]
    run = leave(books, LINES[::-1], day=2)
    assert (counts(run), passed_over()) == (("done", 20, 0, 1, 19), (19, 1))


@pytest.mark.parametrize("first", [True, False])
def test_article_listed_again_otherwise_counts_as_its_last_line_says(books, first):
    other = [LINES[5].replace("20,00", "21,00")]
    run = leave(books, other + LINES if first else LINES + other, day=1)
    assert (price("B05"), passed_over()[0]) == ("20.00" if first else "21.00", 0)
    assert list(RecordIssue.objects.filter(run=run).values_list("code", "sku")) == [("sku_twice", "B05")]


def test_row_listed_twice_is_told_of_each_time(books):
    for day in (1, 2):
        run = leave(books, LINES[::day] + LINES[:1] if day == 1 else LINES[::-1] + LINES[:1], day=day)
        assert list(RecordIssue.objects.filter(run=run).values_list("code", "sku")) == [("sku_twice", "B00")]


def test_row_with_a_warning_is_told_of_each_time(books):
    odd = LINES[3][:-1] + "viele"
    for day in (1, 2):
        run = leave(books, [*LINES[4:], *LINES[:3], odd][:: 3 - 2 * day], day=day)
        assert list(RecordIssue.objects.filter(run=run).values_list("code", "sku")) == [
            ("quantity_not_understood", "B03")
        ]
        assert passed_over() == (19, 1)


def test_known_article_with_another_line_that_is_refused_is_still_sold(books):
    for day in (1, 2, 3, 4):
        assert leave(books, [*LINES[::-1], "B04;;20,00;2"], day=day).state == "done"
    sold = annotate_sellable(StockRecord.objects.all(), now=moment(4)).values_list("sellable", flat=True)
    assert list(sold) == [2] * 20


def test_list_is_read_once_where_an_article_is_listed_twice_each_night(books):
    leave(books, LINES[::-1] + LINES[:1], day=1)
    assert passed_over() == (0, 20)
    leave(books, LINES[10:] + LINES[:10] + LINES[:1], day=2)
    assert passed_over() == (19, 1)


def test_price_in_another_currency_is_told_of_each_time(books):
    Feed.objects.update(currency="USD")
    for day in (1, 2):
        run = leave(books, LINES[::-1] if day == 1 else LINES[1:] + LINES[:1], day=day)
        assert RecordIssue.objects.filter(run=run, code="currency_other").count() == 20


def test_other_currency_of_the_network_is_told_of(books):
    Network.objects.update(currency="USD")
    network.forget()
    run = leave(books, LINES[::-1], day=1)
    assert RecordIssue.objects.filter(run=run, code="currency_other").count() == 20


def test_undone_run_is_read_again(books):
    dearer = [line.replace("20,00", "21,00") for line in LINES]
    run = leave(books, dearer, day=1)
    undo(run, by="staff", now=moment(1.1))
    assert price("B00") == "20.00"
    run = leave(books, LINES[::-1], day=2)
    assert (run.state, passed_over(), price("B00")) == ("done", (0, 20), "20.00")
    assert passed_over_next(books) == (20, 0)


def passed_over_next(books: Feed) -> tuple[int, int]:
    leave(books, LINES[10:] + LINES[:10], day=3)
    return passed_over()


def test_other_settings_make_other_rows(books):
    books.options = {"condition": "good"}
    books.save()
    run = leave(books, LINES[::-1], day=1)
    assert (run.changed, passed_over(), run.written > 0) == (20, (0, 20), True)
    assert set(SourceRecord.objects.values_list("condition", flat=True)) == {"good"}


def test_rows_that_are_read_otherwise_and_say_the_same_are_known_from_then_on(books):
    SourceRecord.objects.update(row_hash=7)  # as an earlier version of the program read them
    run = leave(books, LINES[::-1], day=1)
    assert (counts(run), run.written, passed_over()) == (("done", 20, 0, 0, 20), 20, (0, 20))
    run = leave(books, LINES[10:] + LINES[:10], day=2)
    assert (counts(run), run.written, passed_over()) == (("done", 20, 0, 0, 20), 0, (20, 0))


def test_record_that_somebody_changes_meanwhile_has_all_read(books):
    leave(books, LINES[::-1], day=1)
    assert rereading.still_stand(books, "catalogue", 20)
    assert not rereading.still_stand(books, "catalogue", 21)
    SourceRecord.objects.filter(sku="B07").update(offer_hash=0)
    assert not rereading.still_stand(books, "catalogue", 20)


def test_row_that_is_taken_for_known_by_mistake_has_all_read(books):
    """Two rows of which the table keeps the same bits: the stored hash is changed in others."""
    row = SourceRecord.objects.get(sku="B07")
    SourceRecord.objects.filter(sku="B07").update(row_hash=row.row_hash ^ (1 << 20))
    run = leave(books, LINES[::-1], day=1)
    assert (counts(run), passed_over()) == (("done", 20, 0, 0, 20), (0, 20))


def test_table_knows_what_it_was_given():
    hashes = [number * 0x9E3779B97F4A7C15 % (1 << 64) - (1 << 63) for number in range(1, 4001)]
    known = KnownRows(b"", hashes[:2000], 2000)
    assert known.are_known(hashes) == [True] * 2000 + [False] * 2000
    assert KnownRows(b"").are_known(hashes[:3]) == [False] * 3
