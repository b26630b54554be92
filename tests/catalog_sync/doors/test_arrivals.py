"""A list that is sent to us: where it lies, how old it is, and that nothing else can be made of it."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import translation

from catalog_sync.doors import arrivals
from catalog_sync.doors.arrivals import ArrivalError, receive
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed
from catalog_sync.sync import sync_feeds
from tests.catalog_sync.memory import NOON, feed

pytestmark = pytest.mark.django_db
LIST = b"sku;titre;prix;quantit\xc3\xa9\na;Nana;20,00;2\n"


@pytest.fixture(autouse=True)
def _english_in_a_folder_of_its_own(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with translation.override("en"):
        yield


def send(books: Feed, content: bytes = LIST, *, name: str = "stock.csv", hours: float = 0) -> int:
    made_at = NOON + timedelta(hours=hours)
    return receive(books, [content[:5], content[5:]], name=name, made_at=made_at, now=made_at + timedelta(minutes=5))


def files(place: str = "") -> list[Path]:
    return sorted(path for path in (feeds_folder() / place).rglob("*") if path.is_file())


@pytest.mark.parametrize("location", ["books.csv", "books/"])
def test_list_lies_where_the_feed_is_read_and_is_read_at_once(location):
    books = feed(kind="csv", location=location, name="books", every_minutes=600)
    assert send(books) == len(LIST)
    (path,) = files()
    assert path.read_bytes() == LIST
    assert path.stat().st_mtime == NOON.timestamp()
    books.refresh_from_db()
    assert sync_feeds(NOON + timedelta(minutes=6)) == 1
    run = books.runs.get()
    assert (run.state, run.new, run.as_of) == ("done", 1, NOON - timedelta(minutes=15))


def test_in_a_folder_the_youngest_counts_and_older_ones_stay():
    books = feed(kind="csv", location="books/", name="books")
    send(books, hours=2)
    send(books, LIST.replace(b"20", b"21"), hours=1)
    assert len(files("books")) == 2
    sync_feeds(NOON + timedelta(hours=3))
    assert books.runs.get().as_of == NOON + timedelta(hours=2) - timedelta(minutes=15)


def test_younger_file_is_not_replaced_by_an_older_list():
    books = feed(kind="csv", location="books.csv", name="books")
    send(books, hours=2)
    with pytest.raises(ArrivalError, match="A younger list is here already"):
        send(books, b"older", hours=1)
    assert [path.read_bytes() for path in files()] == [LIST]


HOSTILE = [
    "../../evil.csv",
    "/etc/passwd",
    "..",
    "a/b.csv",
    "x.php\x00.csv",
    "con.CSV",
    "no ending",
    "a" * 300 + ".csv",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_others_lead_nowhere(name):
    books = feed(kind="csv", location="books/", name="books")
    send(books, name=name)
    (path,) = files()
    assert path.parent == feeds_folder() / "books"
    assert path.name.startswith("20260302T120000-")


def test_feed_that_points_outside_takes_nothing(tmp_path):
    books = feed(kind="csv", location="../outside.csv", name="books")
    with pytest.raises(ArrivalError):
        send(books)
    assert files() == []


def test_feed_with_an_address_takes_no_list():
    books = feed(kind="csv", location="https://example.org/list.csv", name="books")
    assert not arrivals.takes_lists(books.location)
    with pytest.raises(ArrivalError, match="fetched from its address"):
        send(books)


def test_what_is_too_large_or_empty_leaves_nothing_behind(monkeypatch):
    books = feed(kind="csv", location="books.csv", name="books")
    send(books)
    monkeypatch.setattr(arrivals, "LARGEST_BYTES", 10)
    for content, words in ((b"x" * 11, "larger than"), (b"", "empty")):
        with pytest.raises(ArrivalError, match=words):
            send(books, content, hours=1)
    assert [path.read_bytes() for path in files()] == [LIST]
    assert os.listdir(feeds_folder()) == ["books.csv"]


def test_list_of_the_future_is_not_taken():
    books = feed(kind="csv", location="books.csv", name="books")
    with pytest.raises(ArrivalError, match="in the future"):
        receive(books, [LIST], name="a.csv", made_at=NOON + timedelta(minutes=1), now=NOON)


def test_feed_that_was_stopped_is_tried_again():
    books = feed(kind="csv", location="books.csv", name="books", parked_at=NOON, attempts=10)
    send(books)
    books.refresh_from_db()
    assert (books.parked_at, books.attempts, books.due_at) == (None, 0, NOON + timedelta(minutes=5))


PROGRAM, FILM, NOISE = b"\x7fELF\x02\x01\x01", b"\0\0\0\x18ftypmp42", random.Random(4).randbytes(500)


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7", PROGRAM, FILM, NOISE], ids=range(7)
)
def test_what_is_no_list_does_not_take_its_place(start):
    books = feed(kind="csv", location="books.csv", name="books")
    send(books)
    with pytest.raises(ArrivalError, match=r"^This is no list we can read: it is "):
        receive(
            books, [start + b"x" * 50], name="photo", made_at=NOON + timedelta(hours=1), now=NOON + timedelta(hours=2)
        )
    assert [path.read_bytes() for path in files()] == [LIST]
