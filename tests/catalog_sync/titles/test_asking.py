"""The operator says which title an article without a number is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import planning
from catalog_sync.invariants import INVARIANTS
from catalog_sync.models import Feed
from catalog_sync.titles import asking, questions
from marketplace.foundation.models import AuditEntry
from shops.stock import sellable_units
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
CAMUS = [{"name": "Albert Camus", "role": "author"}]
AT = NOON + timedelta(hours=1)


@pytest.fixture
def title() -> Product:
    return factories.product("L'Étranger", gtin=9782070360024, contributors=CAMUS, publisher="Gallimard")


@pytest.fixture
def books(title) -> Feed:
    made = feed()
    shelve(made, article("a", title="L'Étranger", price=900, condition="good"), article("b"))
    sync_now(made)
    return made


def open_skus(at=AT) -> list[str]:
    return [record.sku for record in asking.waiting(at)]


def units(sku: str = "a") -> int:
    record = StockRecord.objects.select_related("partner__shop", "terms").get(partner_sku=sku)
    return sellable_units(record, shop=record.partner.shop, terms=record.terms, now=AT)


def violations() -> list[str]:
    return [text for name, check in INVARIANTS.items() if name.startswith("feeds") for text in check()]


def test_question_shows_the_article_beside_its_candidates(books, title):
    (question,) = asking.questions_of(list(asking.waiting(AT)))
    assert (question.record.sku, question.record.price_minor, question.says.title) == ("a", 900, "L'Étranger")
    assert [(choice.product, choice.likeness.score) for choice in question.choices] == [(title, 78)]
    assert questions.count([books]) == 0  # it is no question for the shop
    assert questions.open_questions([books]) == []


def test_answer_sells_it_at_once_and_the_next_list_agrees(books, title):
    assert asking.answer(books, "a", product_id=title.pk, by=factories.user(), now=AT) == title
    record = StockRecord.objects.get(partner_sku="a")
    assert (record.product, str(record.price), record.num_in_stock, record.terms.condition) == (
        title,
        "9.00",
        2,
        "good",
    )
    assert (units(), open_skus(), violations()) == (2, [], [])
    books.refresh_from_db()
    assert (books.due_at, books.content_hash) == (AT, "")
    assert AuditEntry.objects.get(action="article.match").facts["product"] == title.pk
    later = NOON + timedelta(days=1)
    shelve(books, article("a", title="L'Étranger", price=900, quantity=1, condition="good"), article("b"), at=later)
    assert sync_now(books, later).quarantined == 0
    assert (StockRecord.objects.get(partner_sku="a").num_in_stock, units()) == (1, 1)
    assert asking.answer(books, "a", product_id=title.pk, by=factories.user(), now=AT) is None


def test_price_far_from_the_others_is_kept_back_also_in_an_answer(books, title):
    for _ in range(3):
        factories.stock_record(factories.shop(), title, price="30.00")
    shelve(books, article("a", title="L'Étranger", price=900), article("b"), at=AT)
    sync_now(books, AT)
    assert asking.answer(books, "a", product_id=title.pk, by=factories.user(), now=AT) == title
    assert StockRecord.objects.get(partner_sku="a").price is None
    run = sync_now(books, AT)
    assert [(issue.kind, issue.sku) for issue in run.issues.all()] == [("quarantined", "a")]
    assert StockRecord.objects.get(partner_sku="a").price is None


def test_what_the_last_list_lacked_is_not_sold_by_an_answer(books, title):
    listed = [article(sku, title=f"Savon {sku}") for sku in "bcdefghi"]
    shelve(books, article("a", title="L'Étranger"), *listed, at=NOON)
    sync_now(books, NOON)
    shelve(books, *listed, at=AT)
    assert sync_now(books, AT).state == "done"
    assert asking.answer(books, "a", product_id=title.pk, by=factories.user(), now=AT) == title
    assert (StockRecord.objects.get(partner_sku="a").terms.availability, units()) == ("unknown", 0)


@pytest.mark.parametrize("change", [{"quantity": 5}, {"gtin": 9782070368228}])
def test_answer_given_while_the_feed_is_read_counts(books, title, monkeypatch, change):
    """A list that has changed the article asked about was compared before the answer, and is applied after it."""
    planned = planning.plan

    def plan_then_a_person_answers(*args, **kwargs):
        plan = planned(*args, **kwargs)
        assert asking.answer(books, "a", product_id=title.pk, by=factories.user(), now=AT) == title
        return plan

    monkeypatch.setattr(planning, "plan", plan_then_a_person_answers)
    shelve(books, article("a", title="L'Étranger", price=950, **change), article("b"), at=AT)
    assert sync_now(books, AT).state == "done"
    monkeypatch.undo()
    record = StockRecord.objects.get(partner_sku="a")
    assert (record.num_in_stock, units(), open_skus(), violations()) == (change.get("quantity", 2), units(), [], [])
    assert units() == record.num_in_stock
    if "gtin" in change:
        assert record.product.upc == str(change["gtin"])
        return
    assert (record.product, str(record.price)) == (title, "9.00")
    books.refresh_from_db()
    assert (books.content_hash, books.full_at, books.due_at) == ("", None, AT)


def test_new_title_is_made_with_its_facts(books, title):
    made = asking.answer(books, "a", product_id=None, by=factories.user(), now=AT)
    assert made != title
    assert (made.title, made.code, made.facts.provenance["title"]) == (
        "L'Étranger",
        f"shop-{books.shop_id}:a",
        books.name,
    )
    later = NOON + timedelta(days=1)
    shelve(books, article("a", title="L'Étranger", price=950), article("b"), at=later)
    sync_now(books, later)
    assert (StockRecord.objects.get(partner_sku="a").product, open_skus()) == (made, [])


def test_not_now_is_asked_again_in_a_week(books):
    asking.put_off(books, "a", by=factories.user(), now=AT)
    assert (open_skus(), open_skus(AT + timedelta(days=8))) == ([], ["a"])


def test_answer_without_such_a_title_changes_nothing(books):
    assert asking.answer(books, "a", product_id=999_999, by=factories.user(), now=AT) is None
    assert asking.answer(books, "zzz", product_id=None, by=factories.user(), now=AT) is None
    assert (open_skus(), AuditEntry.objects.exists()) == (["a"], False)
