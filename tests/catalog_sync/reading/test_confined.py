"""A feed read in a child: the same chunks, and limits on what reading it takes."""

from __future__ import annotations

import io
import pickle
import time
from dataclasses import replace
from datetime import timedelta
from mmap import PAGESIZE
from pathlib import Path
from threading import Barrier, Thread

import pytest

from catalog_sync import cleaning, reasons, sync
from catalog_sync.adapters import ADAPTERS, adapter_for, spreadsheet
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors import locations
from catalog_sync.doors.locations import feeds_folder, read_in_child
from catalog_sync.models import Feed, SourceRecord
from catalog_sync.reading import confined
from catalog_sync.reading.confined import confined_value
from catalog_sync.reading.shares import Share
from catalog_sync.reasons import FeedError, reason
from catalog_sync.records import Chunk, Cursor, Issue, Lane, Refused
from marketplace.foundation.confinement import ConfinedError
from tests.catalog_sync import memory
from tests.catalog_sync.feeds import FIXTURES
from tests.catalog_sync.memory import NOON, SHELVES, article, codes, shelve, sync_now

MB = 1024**2


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("csv", "list_cp1252.csv"),
        ("jsonl", "articles.jsonl"),
        ("google_merchant", "google.xml"),
        ("dfc", "dfc_catalog.json"),
    ],
)
def test_chunks_are_those_that_the_adapter_gives(kind, name):
    path = FIXTURES / name
    wanted = FeedUnderTest(kind, str(path))
    here = list(adapter_for(wanted).fetch(Lane.CATALOGUE, None))
    with read_in_child(wanted, str(path), Lane.CATALOGUE) as (chunks, _):
        there = list(chunks)
    assert there == here
    assert {type(each) for each in there} == {Chunk}


@pytest.mark.usefixtures("_memory")
def test_large_chunk_comes_in_parts_that_say_the_same(monkeypatch):
    monkeypatch.setattr(confined, "LARGEST_PART", 2000)
    whole = Chunk(
        [article(f"A{n}", description=f"{n:03}" * 300) for n in range(20)],
        [Refused("raw", reason("sku_missing"), 3, "R")],
        [Issue("A1", reason("price_zero"), 4)],
        ["G"],
        NOON,
        True,
        Cursor(Lane.CATALOGUE, "next"),
        (reason("delta_only"),),
    )
    SHELVES["large"] = [whole]
    with read_in_child(FeedUnderTest("memory", "large"), "large", Lane.CATALOGUE) as (chunks, _):
        parts = list(chunks)
    assert len(parts) > 4
    assert [record for part in parts for record in part.records] == whole.records
    assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [(part.cursor, part.notes) for part in (parts[0], parts[-1])] == [(None, whole.notes), (whole.cursor, ())]
    assert [[*p.refused, *p.issues, *p.gone] for p in parts if p.refused or p.issues or p.gone] == [
        [*whole.refused],
        [*whole.issues, *whole.gone],
    ]


def test_error_of_the_adapter_comes_through_with_its_reason():
    def failing() -> None:
        raise reasons.feed_error("file_locked", permanent=True)

    with pytest.raises(FeedError) as caught:
        confined_value(failing, 0)
    assert (caught.value.permanent, caught.value.reason) == (True, reason("file_locked"))


def test_child_can_send_nothing_but_values():
    """A child that a hostile file has taken over must not have code run in its parent."""
    values = (NOON, timedelta(1), [("a", None, True)])
    assert confined._PlainValues(io.BytesIO(pickle.dumps(values))).load() == values
    with pytest.raises(ConfinedError, match=r"Path"):
        confined._PlainValues(io.BytesIO(pickle.dumps(Path("/")))).load()


ROWS, LONG = 2000, 20_000  # 40 MB of them


def remembered(texts: int) -> list[str]:
    """Rows whose every cell is long and occurs once: what the cleaning functions remember grows with each."""
    start = ["sku;titre;éditeur"]
    return start + [f"S{n};T{n};{n:06}{'x' * LONG}" for n in range(texts)]


def threads_that_were() -> None:
    """Of which each has left address space to its process."""
    together = Barrier(8)

    def thread() -> None:
        kept = [bytes(LONG) for _ in range(20)]
        together.wait()
        kept.clear()

    threads = [Thread(target=thread) for _ in range(together.parties)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def nothing_to_spare() -> list[bytes]:
    """A process that has run for long has memory that it freed, for a child to fill: it is taken here."""
    pages, taken = Path("/proc/self/statm"), []
    grown = int(pages.read_text().split()[0]) + 8 * MB // PAGESIZE  # by less it grows for other reasons
    while int(pages.read_text().split()[0]) < grown:
        taken += [bytes(LONG) for _ in range(20)]
    return taken


@pytest.mark.django_db
def test_memory_that_a_hostile_file_takes_ends_its_run_alone(monkeypatch):
    monkeypatch.setattr(spreadsheet, "CHUNK_SIZE", 500)
    monkeypatch.setattr(locations, "shares", lambda size, children=1: [Share()])  # one child meets all of it
    feeds_folder().mkdir(parents=True, exist_ok=True)
    books = memory.feed(kind="csv", location="books.csv", name="books")
    (feeds_folder() / "books.csv").write_text("\n".join(remembered(ROWS)) + "\n")
    cleaning.name.cache_clear()
    monkeypatch.setattr(confined, "MEMORY_BYTES", 16 * MB)
    threads_that_were()
    taken = nothing_to_spare()
    ended = sync.run(books, now=NOON)
    del taken
    assert (ended.state, codes(ended), ended.notes[0]["permanent"]) == ("failed", ["reading_memory"], True)
    assert (SourceRecord.objects.count(), cleaning.name.cache_info().currsize) == (0, 0)
    monkeypatch.setattr(confined, "MEMORY_BYTES", 512 * MB)  # without the limit it grows on, and is read
    assert sync.run(books, now=NOON, dry_run=True).read == ROWS


@pytest.mark.django_db
@pytest.mark.usefixtures("_memory")
def test_what_was_read_before_the_end_changes_nothing(monkeypatch):
    books = memory.feed()
    shelve(books, article("a"))
    assert sync_now(books).state == "done"
    shelve(books, article("a", price=2100), at=NOON + timedelta(1))
    within = confined.limits_of(None)
    monkeypatch.setattr(confined, "limits_of", lambda *_: replace(within, silence_seconds=0.2))
    monkeypatch.setitem(ADAPTERS, "memory", ("Slow", "tests.catalog_sync.reading.test_confined.Slow"))
    ended = sync_now(books, NOON + timedelta(1))
    assert (ended.state, codes(ended), ended.notes[0]["permanent"]) == ("failed", ["reading_time"], False)
    assert SourceRecord.objects.get().price_minor == 2000
    assert Feed.objects.get().runs.filter(state="done").count() == 1


class Slow(memory.Memory):
    """Gives its first chunk, and then never another."""

    def fetch(self, lane, since):
        yield next(super().fetch(lane, since))
        time.sleep(600)
