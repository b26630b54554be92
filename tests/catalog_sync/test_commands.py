"""`read_feed` and `sync`, as typed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import Feed, SourceRecord, SyncRun
from tests import factories
from tests.catalog_sync.feeds import FIXTURES
from tests.catalog_sync.memory import article, feed, shelve

pytestmark = pytest.mark.usefixtures("_memory")
KEYS = ["read", "new", "changed", "unchanged", "gone", "refused", "quarantined", "unmatched", "awaiting"]
KEYS += ["written", "awaiting_approval", "refused_by", "seconds", "rows_per_second", "peak_memory_mb"]


def last_line(capsys: pytest.CaptureFixture) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_read_feed_needs_no_database(capsys):
    """Without the `db` fixture pytest-django refuses every query."""
    call_command("read_feed", "csv", str(FIXTURES / "list_cp1252.csv"), "--json")
    told = last_line(capsys)
    assert (told["charset"], told["kind_detected"]) == ("cp1252", "csv")
    assert told["records"] > 0
    assert told["fields"]["sku"] == 1.0
    assert {"code", "count", "example"} == set(told["issues"][0])


def test_read_feed_prints_records_with_the_names_of_the_schema(capsys):
    call_command("read_feed", "csv", str(FIXTURES / "list_bom.csv"), "--records")
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["gtin"], first["price"], first["quantity"]) == (9780439023481, "10.99", 2)


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [("csv", "nothing.csv", "nothing.csv"), ("teleprinter", "list_bom.csv", "teleprinter")],
)
def test_read_feed_says_what_is_wrong(kind, name, word):
    with pytest.raises(CommandError, match=word):
        call_command("read_feed", kind, str(FIXTURES / name))


def test_sync_ends_with_its_counts(db, capsys):
    books = feed(name="books")
    shelve(books, article("a"), article("b"), at=timezone.now() - timedelta(hours=1))
    call_command("sync", "books", "--json")
    told = last_line(capsys)
    assert list(told) == KEYS
    assert (told["read"], told["new"], told["awaiting_approval"]) == (2, 2, 0)


def test_sync_all_adds_up_and_dry_run_writes_nothing(db, capsys):
    for name, sku in (("one", "a"), ("two", "b")):
        shelve(feed(name=name), article(sku), at=timezone.now() - timedelta(hours=1))
    call_command("sync", "--all", "--dry-run", "--json")
    assert last_line(capsys)["new"] == 2
    assert (StockRecord.objects.count(), SyncRun.objects.count()) == (0, 0)
    call_command("sync", "--all", "--json")
    assert (last_line(capsys)["new"], StockRecord.objects.count()) == (2, 2)


def test_sync_due_reads_what_is_due(db, capsys):
    due, later = feed(name="due"), feed(name="later")
    for one in (due, later):
        shelve(one, article("a"), at=timezone.now() - timedelta(hours=1))
    Feed.objects.filter(pk=due.pk).update(due_at=timezone.now())
    call_command("sync", "--due", "--json")
    assert last_line(capsys)["read"] == 1
    assert list(StockRecord.objects.values_list("partner_id", flat=True)) == [due.shop.partner_id]


@pytest.mark.parametrize("words", [[], ["books", "--all"], ["unknown"]])
def test_sync_says_what_is_wrong(db, words):
    feed(name="books")
    with pytest.raises(CommandError):
        call_command("sync", *words)


def test_sync_exits_with_1_where_a_feed_could_not_be_read(db, capsys):
    feed(name="books", kind="csv", location="nothing.csv")
    with pytest.raises(SystemExit) as left:
        call_command("sync", "books")
    assert left.value.code == 1
    assert "nothing.csv" in capsys.readouterr().out


def test_sync_undoes_a_run(db, capsys):
    books = feed(shop=factories.shop(language="en", complete_as_of=None), name="books")
    shelve(books, article("a"), article("b"), at=timezone.now() - timedelta(hours=1))
    call_command("sync", "books")
    run = SyncRun.objects.get()
    assert f"books, run {run.pk}: " in capsys.readouterr().out
    with translation.override("en"):
        call_command("sync", "books", "--undo", str(run.pk))
    assert "2 articles are as they were" in capsys.readouterr().out
    assert not SourceRecord.objects.exists()
    for arguments, words in (
        (("books", "--undo", str(run.pk)), "undone already"),
        (("books", "--undo", "99999"), f"no run 99999. Its last ones: .*{run.pk}"),
        (("--all", "--undo", "1"), "Say the feed"),
    ):
        with translation.override("en"), pytest.raises(CommandError, match=words):
            call_command("sync", *arguments)


def test_read_feed_finds_the_kind_by_itself(capsys):
    call_command("read_feed", "auto", str(FIXTURES / "shopify_products.csv"), "--json")
    assert last_line(capsys)["kind_detected"] == "shopify_csv"
    call_command("read_feed", "csv", str(FIXTURES / "google.tsv"), "--json")
    assert last_line(capsys)["kind_detected"] == "google_merchant"
