"""What a shop says of a very copy: carried beside its offer, left alone, cleared, put back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog_sync import undoing
from catalog_sync.models import Feed, SyncRun
from catalog_sync.records import FACT_FIELDS
from shops.models import StockTerms
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
PHOTO, OTHER = (f"covers/{digit * 2}/{digit * 32}-page.webp" for digit in "ab")


def listed(books: Feed, hours: float, *articles, **how) -> SyncRun:
    shelve(books, *articles, at=NOON + timedelta(hours=hours), **how)
    return sync_now(books, NOON + timedelta(hours=hours))


def said() -> dict[str, tuple[str, str]]:
    rows = StockTerms.objects.values_list("stock_record__partner_sku", "note", "photo")
    return {sku: (note, photo) for sku, note, photo in rows if note or photo}


def test_words_and_picture_of_a_copy_stand_beside_its_offer_as_the_list_has_them():
    books = feed()
    listed(books, 0, article("a", condition="good", note="Jaquette déchirée"), article("b"), article("c", photo=PHOTO))
    assert said() == {"a": ("Jaquette déchirée", ""), "c": ("", PHOTO)}  # of a new one, too
    listed(books, 1, article("a", condition="good", note="Sans jaquette"), article("b", note="Envoi"), article("c"))
    assert said() == {"a": ("Sans jaquette", ""), "b": ("Envoi", "")}
    listed(books, 2, article("a", condition="good"), article("b", note="Envoi"), article("c", photo=OTHER))
    assert said() == {"b": ("Envoi", ""), "c": ("", OTHER)}


def test_what_a_list_does_not_speak_of_stays():
    books = feed()
    listed(books, 0, article("a", condition="good", note="Envoi", photo=PHOTO))
    listed(books, 1, article("a", quantity=1, speaks_for=("quantity", "availability")), complete=False)
    listed(books, 2, article("a", publisher="Plon", speaks_for=("publisher",)), complete=False)
    assert said() == {"a": ("Envoi", PHOTO)}
    listed(books, 3, article("a", speaks_for=("note",)), complete=False)
    assert said() == {"a": ("", PHOTO)}
    listed(books, 4, article("a", title="Nana", speaks_for=("title", *FACT_FIELDS)), complete=False)
    assert said() == {}


def test_an_undone_run_puts_back_what_was_said_before():
    books = feed()
    listed(books, 0, article("a", condition="good", note="Envoi", photo=PHOTO), article("b", condition="good"))
    run = listed(books, 1, article("a", condition="good", note="Perdu"), article("b", condition="good", note="Perdu"))
    assert said() == {"a": ("Perdu", ""), "b": ("Perdu", "")}
    run.refresh_from_db()
    undoing.undo(run, by="staff", now=NOON + timedelta(hours=3))
    assert said() == {"a": ("Envoi", PHOTO)}
