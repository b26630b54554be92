"""Killed at any failpoint and run again, a feed ends as if nothing had happened; and never are two runs at once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import runs, sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SourceRecord, SyncRun
from marketplace.catalogue.models import ProductFacts, TitleChange
from shops.models import StockTerms
from tests.catalog_sync import memory

ROWS = 2300  # three slices, and the end of the run


def database_url() -> str:
    here = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{here['NAME']}"
    return f"postgres://{here['USER']}@{here['HOST']}:{here['PORT']}/{here['NAME']}"


def sync_in_a_child(*, fail: str = "") -> int:
    """Sync in a forked process; returns its exit code."""
    connections.close_all()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.environ["HALLES_FAIL"] = fail
        code = 0 if sync.run(Feed.objects.get(), now=timezone.now()).state == SyncRun.State.DONE else 2
    finally:
        os._exit(code)


def sync_in_a_program() -> subprocess.CompletedProcess:
    connections.close_all()
    return subprocess.run(
        [sys.executable, "manage.py", "sync", "books", "--json"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        timeout=120,
    )


def leave(step: int) -> None:
    path = feeds_folder() / "books.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"B{n:05};Titre {n};{20 + step},00;{2 + step}" for n in range(ROWS - 300 * step)]
    path.write_text("\n".join(["sku;titre;prix;quantité", *lines]) + "\n")
    stamp = timezone.now().timestamp() - 7200 + step * 3600
    os.utime(path, (stamp, stamp))


def state() -> list[list[tuple]]:
    """What a feed has written, without keys and times; a retired article says True."""
    sources = SourceRecord.objects.values_list("sku", "price_minor", "quantity", "retired_at")
    terms = StockTerms.objects.values_list("stock_record__partner_sku", "retired_at")
    return [
        sorted((*row[:-1], row[-1] is not None) for row in sources),
        sorted(StockRecord.objects.values_list("partner_sku", "price", "num_in_stock", "product__title")),
        sorted((sku, retired_at is not None) for sku, retired_at in terms),
        sorted(ProductFacts.objects.values_list("product__title", "provenance__title")),
    ]


FAILPOINTS = [f"sync.{side}_commit:{nth}" for side in ("before", "after") for nth in (1, 3)]  # of a slice; of the end


@pytest.mark.parametrize("fail", FAILPOINTS)
def test_killed_run_started_again_ends_the_same(committed_db, fail):
    memory.feed(kind="csv", location="books.csv", name="books")
    leave(0)
    assert sync_in_a_child(fail=fail) == 137
    SyncRun.objects.update(alive_at=timezone.now() - runs.DEAD_AFTER - timedelta(seconds=1))
    assert sync_in_a_child() == 0
    # By hand: every article once, with its price, number, product and facts, and every title marked for the index.
    assert state() == [
        [(f"B{n:05}", 2000, 2, False) for n in range(ROWS)],
        [(f"B{n:05}", 20, 2, f"Titre {n}") for n in range(ROWS)],
        [],
        sorted((f"Titre {n}", "books") for n in range(ROWS)),
    ]
    assert Product.objects.count() == ROWS
    assert set(TitleChange.objects.values_list("product_id", flat=True)) == set(
        Product.objects.values_list("pk", flat=True)
    )


@pytest.mark.parametrize("nth", [2, 3])  # a slice of what changed; of what is missing, which must not count twice
def test_killed_change_started_again_ends_the_same(committed_db, nth):
    memory.feed(kind="csv", location="books.csv", name="books")
    leave(0)
    assert sync_in_a_child() == 0
    leave(1)
    assert sync_in_a_child(fail=f"sync.after_commit:{nth}") == 137
    SyncRun.objects.update(alive_at=timezone.now() - runs.DEAD_AFTER - timedelta(seconds=1))
    assert sync_in_a_child() == 0
    left = ROWS - 300
    assert state()[0] == [(f"B{n:05}", *((2100, 3, False) if n < left else (2000, 2, False))) for n in range(ROWS)]
    assert state()[2] == [(f"B{n:05}", False) for n in range(left, ROWS)]
    assert StockTerms.objects.filter(availability="unknown").count() == 300
    assert SourceRecord.objects.filter(missed=1).count() == 300
    assert SyncRun.objects.filter(state="failed").count() == 1


def test_second_process_is_told_that_the_feed_is_being_read(committed_db):
    books = memory.feed(kind="csv", location="books.csv", name="books")
    leave(0)
    runs.begin(books, now=timezone.now())
    second = sync_in_a_program()
    assert (second.returncode, SyncRun.objects.count()) == (1, 1)
    assert "books" in second.stderr
    assert "Traceback" not in second.stderr
    assert Path(feeds_folder() / "books.csv").exists()
    assert Feed.objects.get().content_hash == ""
