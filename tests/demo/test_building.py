"""`manage.py demo --no-serve` as a newcomer runs it: the embedded default, a folder of its own, twice."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from demo.accounts import PASSWORD


@pytest.fixture(autouse=True)
def _embedded():
    if connection.vendor != "sqlite":
        pytest.skip("The demo stands on the embedded default, also where the suite runs on PostgreSQL.")


def demo(folder: Path, **settings_of_it: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "demo", "--no-serve", "--json"],
        cwd=settings.BASE_DIR,
        env={**environment, "HALLES_VAR": str(folder), **settings_of_it},
        capture_output=True,
        text=True,
        timeout=300,
    )


def build(folder: Path) -> dict[str, float]:
    done = demo(folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def rows(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "halles.sqlite3")) as database:
        return database.execute(query).fetchall()


def test_the_demo_is_built_whole_and_a_second_time_writes_no_row(tmp_path):
    first = build(tmp_path)
    assert first["shops"] == 11
    assert first["products"] == first["indexed"] > 10_000
    assert first["offers"] > 30_000
    kinds = {kind for (kind,) in rows(tmp_path, "SELECT DISTINCT kind FROM catalog_sync_feed")}
    assert kinds == {"onix", "csv", "xlsx", "shopify_csv", "google_merchant"}
    reasons = dict(rows(tmp_path, "SELECT code, count(*) FROM catalog_sync_recordissue GROUP BY code"))
    assert (reasons["gtin_digits_lost"], reasons["sku_missing"]) == (156, 565)
    # What is made up says so on its page.
    assert rows(tmp_path, "SELECT count(*) FROM titles_productfacts WHERE NOT synthetic") == [(0,)]
    shelf = "SELECT partner_sku, product_id, price, num_in_stock, date_updated FROM partner_stockrecord ORDER BY id"
    before = rows(tmp_path, shelf)
    second = build(tmp_path)
    assert [second[name] for name in ("products", "offers")] == [first[name] for name in ("products", "offers")]
    assert rows(tmp_path, shelf) == before
    assert rows(tmp_path, "SELECT sum(written) FROM catalog_sync_syncrun WHERE id > 11") == [(0,)]


def test_the_demo_is_refused_where_debug_is_off(tmp_path):
    done = demo(tmp_path, HALLES_DEBUG="0", HALLES_SECRET_KEY="x" * 60, HALLES_HOSTS="example.org")
    assert done.returncode != 0
    assert PASSWORD not in done.stdout
