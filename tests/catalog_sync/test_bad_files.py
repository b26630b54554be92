"""Bad input, as real files through the spreadsheet adapter: what is readable goes in, nothing is deleted, and the run
says what happened in words."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SourceRecord, SyncRun
from shops.models import StockTerms
from tests.catalog_sync import memory
from tests.catalog_sync.memory import codes

pytestmark = pytest.mark.django_db
DAY = 24 * 3600
START = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def books() -> Feed:
    feeds_folder().mkdir(parents=True, exist_ok=True)
    made = memory.feed(kind="csv", location="books.csv", name="books")
    assert leave(made, whole(), day=0).state == "done"
    return made


def rows(count: int) -> list[list[str]]:
    return [[f"B{n:03}", f"L'été n° {n}", "20,00", "2"] for n in range(count)]


def whole(count: int = 40, header: tuple[str, ...] = ("sku", "titre", "prix", "quantité")) -> str:
    return "\n".join(";".join(row) for row in [list(header), *rows(count)]) + "\n"


def leave(feed: Feed, content: str | bytes, *, day: float, encoding: str = "utf-8") -> SyncRun:
    """The shop leaves a file on a day, and we read it an hour later."""
    path = feeds_folder() / feed.location
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    stamp = START + day * DAY
    os.utime(path, (stamp, stamp))
    feed.refresh_from_db()
    return sync.run(feed, now=datetime.fromtimestamp(stamp + 3600, UTC))


def nothing_is_lost() -> bool:
    return (StockRecord.objects.count(), StockTerms.objects.exclude(retired_at=None).count()) == (40, 0)


def test_same_file_stops_before_it_is_read(books):
    before = list(SourceRecord.objects.order_by("sku").values_list())
    run = leave(books, whole(), day=1)
    assert (run.state, run.read, run.unchanged, run.written, codes(run)) == ("done", 40, 40, 0, ["run_unchanged"])
    assert list(SourceRecord.objects.order_by("sku").values_list()) == before
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of.date() == datetime(2026, 3, 3).date()


def test_settings_of_the_feed_are_part_of_what_is_the_same(books):
    Feed.objects.update(currency="EUR")
    run = leave(books, whole(), day=1)
    assert (run.changed, codes(run)[0] != "run_unchanged") == (40, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n", "file_empty"),
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "file_is_web_page"),
        (b"sku;titre;prix;quantit\xe9\n", "file_without_articles"),
        (b"a;b;c\n1;2;3\n", "columns_unknown"),
    ],
)
def test_unusable_file_fails_in_words(books, content, code):
    run = leave(books, content, day=1)
    assert (run.state, codes(run)) == ("failed", [code])
    assert run.notes[0]["text"]
    assert nothing_is_lost()


def test_missing_file_fails_in_words(books):
    (feeds_folder() / books.location).unlink()
    run = sync.run(books, now=datetime.fromtimestamp(START + DAY, UTC))
    assert (run.state, codes(run)) == ("failed", ["file_missing"])


def test_file_outside_the_feeds_folder_is_not_read(books):
    for location in ("../halles.sqlite3", "/etc/passwd"):
        books.location = location
        assert codes(sync.run(books, now=datetime.fromtimestamp(START + DAY, UTC))) == ["file_missing"]


def test_wrong_charset_is_found_out(books):
    run = leave(books, whole().replace("20,00", "21,00"), day=1, encoding="cp1252")
    assert (run.state, run.changed) == ("done", 40)
    assert SourceRecord.objects.get(sku="B000").title == "L'été n° 0"
    assert nothing_is_lost()


def test_columns_in_another_order_are_the_same(books):
    content = "\n".join(";".join(row[::-1]) for row in [["sku", "titre", "prix", "quantité"], *rows(40)]) + "\n"
    run = leave(books, content, day=1)
    assert (run.state, run.unchanged, run.written) == ("done", 40, 0)


@pytest.mark.parametrize("missing", [2, 3])
def test_missing_column_changes_no_price_and_sells_nothing_out(books, missing):
    def without(row: list[str]) -> list[str]:
        return row[:missing] + row[missing + 1 :]

    content = "\n".join(";".join(without(row)) for row in [["sku", "titre", "prix", "quantité"], *rows(40)]) + "\n"
    run = leave(books, content, day=1)
    assert nothing_is_lost()
    assert set(StockRecord.objects.values_list("price", "num_in_stock")) == {(20, 2)}
    assert run.notes


def test_sixty_per_cent_fewer_rows_await_approval(books):
    run = leave(books, whole(16), day=1)
    assert (run.state, run.gone, run.written) == ("awaiting", 24, 0)
    assert nothing_is_lost()
    again = leave(books, whole(16), day=2)
    assert again.pk == run.pk, "the same file does not wait twice"


def test_broken_rows_are_refused_beside_the_good(books):
    content = whole() + 'B900;"lost;quote\nB901;Ok;12,00;1\n'
    run = leave(books, content, day=1)
    assert nothing_is_lost() or StockRecord.objects.count() == 41
    assert run.refused >= 1
    assert run.issues.filter(kind="refused").exists()
    assert Path(feeds_folder() / "books.csv").exists()
