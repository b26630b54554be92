"""The operator's pages about titles: which one it is, what is said of it, whether it is shown."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import translation
from oscar.apps.catalogue.models import Product

from catalog_sync.models import Feed, SourceRecord
from catalog_sync.titles import joining
from catalog_sync.titles.describing import Described
from catalog_sync.titles.likeness import score
from marketplace.catalogue.models import ProductFacts
from marketplace.operations.question_views import why
from tests import factories
from tests.catalog_sync import memory
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = pytest.mark.django_db
CAMUS = [{"name": "Albert Camus", "role": "author"}]


@pytest.fixture
def books(monkeypatch) -> Feed:
    memory.register(monkeypatch)
    for letter in "abcdefghij":
        factories.product(f"Roman {letter * 5}", contributors=CAMUS, publisher="Gallimard")
    return feed()


def ask(books: Feed, count: int) -> None:
    shelve(books, *(article(letter, title=f"Roman {letter * 5}") for letter in "abcdefghij"[:count]))
    sync_now(books)


@pytest.mark.parametrize("count", [1, 10])
def test_questions_take_the_same_queries(board, books, count, django_assert_max_num_queries):
    ask(books, count)
    with django_assert_max_num_queries(12):
        page = board.get(reverse("operations:questions"))
    assert len(page.context["questions"]) == count
    assert b"the same title" in page.content or "le même titre".encode() in page.content


def test_answer_on_the_page_sells_the_article(board, books):
    ask(books, 2)
    title = Product.objects.get(title="Roman aaaaa")
    where = reverse("operations:answer-alike", args=[books.pk])
    for sku, said in (("a", str(title.pk)), ("b", "new"), ("zzz", "new"), ("a", "perhaps")):
        assert board.post(where, {"sku": sku, "answer": said}).status_code == 302
    matched = dict(SourceRecord.objects.values_list("sku", "product_id"))
    assert matched["a"] == title.pk
    assert matched["b"] not in (None, title.pk)
    assert len(board.get(reverse("operations:questions")).context["questions"]) == 0


def test_score_is_put_into_words():
    found = score(Described("Dune", year=1965), Described("Dune", year=1966))
    with translation.override("en"):
        words = [str(word) for word in why(found)]
    assert words == [
        "the same title",
        "one of them names nobody",
        "one of them names no publisher",
        "the year before or after",
    ]


def test_title_page_shows_each_fact_and_takes_an_edit(board, books):
    shelve(books, article("a", gtin=9782070360024, title="Title", publisher="Folio"))
    sync_now(books)
    product = Product.objects.get(upc="9782070360024")
    page = board.get(reverse("operations:title", args=[product.pk]))
    assert books.shop.name in page.content.decode()
    where = reverse("operations:edit-fact", args=[product.pk, "publisher"])
    assert board.post(where, {"text": "Gallimard"}).status_code == 302
    assert ProductFacts.objects.get(product=product).publisher == "Gallimard"
    assert board.post(reverse("operations:edit-fact", args=[product.pk, "pages"]), {"text": "many"}).status_code == 422
    board.post(reverse("operations:fact-back", args=[product.pk, "publisher"]))
    assert ProductFacts.objects.get(product=product).publisher == "Folio"
    names = dict(ProductFacts.objects.get(product=product).provenance)
    assert names["publisher"] == books.name


def test_title_that_was_joined_takes_no_edit(board):
    other = factories.product("Another")
    joining.join(factories.product("Kept"), other, by="staff", reason="", now=NOON)
    assert board.get(reverse("operations:title", args=[other.pk])).status_code == 404
    where = reverse("operations:edit-fact", args=[other.pk, "publisher"])
    assert board.post(where, {"text": "Gallimard"}).status_code == 404
    assert not ProductFacts.objects.filter(product=other).exists()
