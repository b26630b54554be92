"""One run of a feed at a time; the step over the feeds that are due; the invariants."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import invariants, runs
from catalog_sync.adapters import ADAPTERS
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reasons import feed_error
from catalog_sync.sync import sync_feeds
from tests.catalog_sync.memory import SHELVES, article, codes, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]


def test_second_run_of_a_feed_is_refused():
    books = feed()
    runs.begin(books, now=timezone.now())
    with pytest.raises(runs.AlreadyRunningError):
        runs.begin(books, now=timezone.now())
    assert runs.begin(feed(), now=timezone.now()).state == "running"


def test_run_without_a_sign_of_life_is_given_up_and_can_write_no_more():
    books = feed()
    slow = runs.begin(books, now=timezone.now())
    SyncRun.objects.update(alive_at=timezone.now() - runs.DEAD_AFTER - timedelta(seconds=1))
    runs.begin(books, now=timezone.now())
    slow.refresh_from_db()
    assert (slow.state, slow.notes[0]["code"]) == ("failed", "run_interrupted")
    with pytest.raises(runs.TakenOverError):
        runs.beat(slow)


def test_step_reads_what_is_due_and_sets_its_next_time():
    books, idle = feed(every_minutes=60), feed(active=False)
    now = timezone.now()
    shelve(books, article("a"), at=now - timedelta(hours=1))
    Feed.objects.update(due_at=now)
    assert (sync_feeds(now), sync_feeds(now)) == (1, 0)
    books.refresh_from_db()
    assert timedelta(minutes=54) <= books.due_at - now <= timedelta(minutes=66)
    assert (books.attempts, books.lease_token, idle.runs.count()) == (0, "", 0)


def test_feed_is_read_on_its_own_from_its_first_good_run_on():
    books = feed(every_minutes=60)
    shelve(books, article("a"))
    run = sync_now(books)
    books.refresh_from_db()
    assert timedelta(minutes=54) <= books.due_at - run.started_at <= timedelta(minutes=66)


@pytest.mark.parametrize("permanent", [True, False])
def test_step_parks_a_feed_that_needs_a_person_and_tries_others_later(permanent):
    books = feed()
    now = timezone.now()
    SHELVES[books.location] = [feed_error("file_empty", permanent=permanent)]
    Feed.objects.update(due_at=now)
    assert sync_feeds(now) == 1
    books.refresh_from_db()
    assert (books.parked_at is not None, books.due_at > now) == (permanent, not permanent)
    assert books.last_error.startswith("Le fichier") or books.last_error.startswith("The file")


def test_error_of_ours_in_reading_closes_the_run_and_waits_for_a_person(caplog):
    books = feed()
    now = timezone.now()
    SHELVES[books.location] = [None]
    Feed.objects.update(due_at=now)
    assert sync_feeds(now) == 1
    books.refresh_from_db()
    assert (books.runs.get().state, codes(books.runs.get())) == ("failed", ["reading_crashed"])
    assert (books.lease_token, books.parked_at is not None) == ("", True)
    assert "AttributeError" in caplog.text


def test_error_of_ours_elsewhere_closes_the_run_and_is_tried_again(monkeypatch):
    books = feed()
    now = timezone.now()
    monkeypatch.setitem(ADAPTERS, "memory", ("In memory", "tests.catalog_sync.memory.Nowhere"))
    Feed.objects.update(due_at=now)
    with pytest.raises(AttributeError):
        sync_feeds(now)
    books.refresh_from_db()
    assert (books.runs.get().state, books.lease_token, books.due_at > now) == ("failed", "", True)


def test_invariants_hold_and_notice():
    books = feed()
    shelve(books, article("a", gtin=9782070360024), article("b"))
    sync_now(books)
    checks = (
        invariants.records_without_stock_record,
        invariants.facts_with_another_gtin,
        invariants.feeds_ahead_of_their_runs,
    )
    assert [check() for check in checks] == [[], [], []]
    StockRecord.objects.filter(partner_sku="b").delete()
    Product.objects.filter(upc="9782070360024").update(upc="9782070368228")
    Feed.objects.update(content_hash="0" * 64)
    assert [len(check()) for check in checks] == [1, 1, 1]
