"""A shop with a million articles: read, compared and merged in a process whose memory hardly grows with the feed."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SourceRecord
from marketplace.catalogue.models import ProductFacts
from tests import factories
from tests.catalog_sync.test_crash import database_url
from tests.proof.sizes import sized

SEED, ROWS = 20260302, 1_000_000
CHANGED_EVERY = 100  # one article in so many has another price and number in the second list
MOST_MEGABYTES = 400
# The process says itself how much memory it needed at most: what its parent needed would count otherwise.
PROGRAM = """
import re, django
django.setup()
from django.core.management import call_command
call_command("sync", "books", "--json")
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def isbn(number: int) -> str:
    """The `number`th ISBN-13 (ISO 2108: weights 1 and 3)."""
    digits = f"978{number:09}"
    return digits + str(-sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits)) % 10)


def write(path: Path, rows: int, *, seed: int, step: int) -> None:
    """A shop's list; nine of ten articles have an ISBN. In a later step one in CHANGED_EVERY differs."""
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["sku", "isbn", "title", "author", "price", "quantity"])
        for number in range(rows):
            price, units = chance.randint(500, 6000), chance.randint(0, 9)
            if number % CHANGED_EVERY == 0:
                price, units = price + step, units + step
            code = isbn(number) if number % 10 else ""
            lines.writerow(
                [f"A{number}", code, f"Titre {number}", f"Autrice {number % 5000}", f"{price / 100:.2f}", units]
            )


def read() -> tuple[dict[str, float], int]:
    """What the command counted, and the megabytes its process needed at most."""
    connections.close_all()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "marketplace.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, counted, kilobytes = done.stdout.split("\n")[:-1]
    return json.loads(counted), int(kilobytes) // 1024


def read_three_times(*, rows: int, seed: int) -> Mapping[str, object]:
    """A first list, the same again, one with changes. Returns counts, seconds and megabytes of each reading."""
    path = feeds_folder() / "books.csv"
    shop = factories.shop(complete_as_of=None)
    Feed.objects.create(shop=shop, name="books", kind="csv", location=path.name, currency="CAD")
    found: dict[str, object] = {"seed": seed, "rows": rows}
    differing = -(-rows // CHANGED_EVERY)
    # (new, changed, unchanged)
    expected = {"first": (rows, 0, 0), "same": (0, 0, rows), "changed": (0, differing, rows - differing)}
    stamp = timezone.now().timestamp() - 7200
    for reading, step in (("first", 0), ("same", 0), ("changed", 1)):
        if reading != "same":
            write(path, rows, seed=seed, step=step)
            os.utime(path, (stamp + 3600 * step, stamp + 3600 * step))
        counted, megabytes = read()
        assert (counted["new"], counted["changed"], counted["unchanged"]) == expected[reading], (reading, counted)
        assert (counted["refused"], counted["quarantined"], counted["gone"]) == (0, 0, 0), (reading, counted)
        found |= {f"{reading}: s": counted["seconds"], f"{reading}: MB": megabytes}
    counts = [model.objects.count() for model in (Product, ProductFacts, StockRecord, SourceRecord)]
    assert counts == [rows] * 4
    return found


@pytest.mark.proof
def test_million_articles_are_read_in_little_memory(committed_db, said):
    counts = read_three_times(rows=sized(ROWS), seed=SEED)
    said(counts)
    assert max(counts["first: MB"], counts["changed: MB"]) < MOST_MEGABYTES
