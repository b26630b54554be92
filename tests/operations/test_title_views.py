"""The operator finds a title, joins, parts, and undoes either."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import TitleMove
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.catalog_sync import memory
from tests.catalog_sync.memory import article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
PAPER, OTHER = 9782070360024, 9782070368228


@pytest.fixture
def _memory(monkeypatch):
    memory.register(monkeypatch)


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def two_titles() -> tuple[StockRecord, StockRecord]:
    books = feed(factories.shop("Librairie du Port", complete_as_of=None))
    shelve(books, article("a", gtin=PAPER, title="L'étranger"), article("b", gtin=OTHER, title="Etranger (L')"))
    sync_now(books)
    return tuple(StockRecord.objects.order_by("partner_sku"))


def said(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize(
    ("asked", "found"), [("978-2-07-036002-4", ["a"]), ("etranger", ["b"]), ("0", []), ("", ["a", "b"])]
)
def test_titles_are_found_by_number_and_words(board, asked, found):
    two_titles()
    pages = board.get(reverse("operations:titles"), {"q": asked}).context["pages"]
    assert sorted(title.stockrecords.get().partner_sku for title in pages) == found


def test_two_titles_are_shown_side_by_side_joined_and_undone(board):
    kept, other = two_titles()
    factories.basket((other, 1))
    where = reverse("operations:title-join", args=[kept.product_id])
    page = board.get(where, {"other": str(OTHER)})
    assert "Offers of shops 1 Articles in feeds 1 Lines of orders 0 Lines in baskets 1" in said(page)
    assert "L&#x27;étranger Etranger (L&#x27;)" in said(page)
    board.post(where, {"other": other.product_id, "reason": "the same book"})
    move = TitleMove.objects.get()
    assert (move.kind, move.reason, move.by.email) == ("join", "the same book", "operation@example.org")
    assert StockRecord.objects.filter(product=kept.product_id).count() == 2
    assert "the same book" in said(board.get(reverse("operations:title-changes")))
    found = board.get(reverse("operations:titles"), {"q": str(OTHER)}).context["pages"]
    assert [title.pk for title in found] == [kept.product_id]
    page = board.post(reverse("operations:title-undo", args=[move.pk]), follow=True)
    assert "Undone: everything is where it was." in said(page)
    assert "This is undone already." in said(board.post(reverse("operations:title-undo", args=[move.pk]), follow=True))
    assert StockRecord.objects.filter(product=kept.product_id).count() == 1
    assert set(AuditEntry.objects.values_list("action", "actor_label")) == {
        ("title.join", "operation@example.org"), ("title.undo_join", "operation@example.org")
    }  # fmt: skip


def test_page_says_why_titles_cannot_be_joined(board):
    kept, _other = two_titles()
    where = reverse("operations:title-join", args=[kept.product_id])
    assert "This is the same title twice." in said(board.get(where, {"other": str(PAPER)}))
    assert "There is no such title." in said(board.get(where, {"other": "9782070612758"}))
    nameless = factories.product("Nameless")
    page = board.get(reverse("operations:title-join", args=[nameless.pk]), {"other": str(PAPER)})
    assert page.context["kept"].pk == kept.product_id  # the one with the ISBN


def test_offers_are_parted_from_a_title(board):
    kept, other = two_titles()
    board.post(reverse("operations:title-join", args=[kept.product_id]), {"other": other.product_id})
    where = reverse("operations:title-part", args=[kept.product_id])
    assert "Librairie du Port, feed-1: Etranger (L&#x27;) (9782070368228)" in said(board.get(where))
    assert "Choose one or more of the offers" in said(board.post(where, follow=True))
    board.post(where, {"article": f"{other.partner_id}:b"})
    other.refresh_from_db()
    assert other.product_id != kept.product_id
    assert [move.kind for move in TitleMove.objects.all()] == ["part", "join"]
