"""Which title an article is, answered by a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import planning
from catalog_sync.models import Feed
from catalog_sync.titles import joining, questions
from catalog_sync.titles.questions import Choice
from marketplace.catalogue.models import OtherGtin, ProductFacts
from marketplace.foundation.models import AuditEntry
from shops import absorbing
from shops.stock import sellable_units
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN, OTHER = 9782070360024, 9782070368228


@pytest.fixture
def books() -> Feed:
    """One article of three has another ISBN today."""
    made = feed()
    list_at(made, 0, ISBN)
    list_at(made, 1, OTHER)
    return made


def list_at(books: Feed, day: int, gtin: int) -> None:
    at = NOON + timedelta(days=day)
    shelve(books, article("a", gtin=gtin, title="Kamouraska"), article("b"), article("c"), at=at)
    sync_now(books, at)


def sold_as(day: int) -> tuple[Product, int]:
    row = StockRecord.objects.select_related("product", "partner__shop", "terms").get(partner_sku="a")
    units = sellable_units(
        row, shop=row.partner.shop, terms=getattr(row, "terms", None), now=NOON + timedelta(days=day, hours=1)
    )
    return row.product, units


def say(books: Feed, choice: Choice, sku: str = "a") -> bool:
    return questions.answer(books, sku, choice, by=factories.user(), now=NOON)


def test_question_names_what_it_was_and_may_be(books, django_assert_num_queries):
    other = factories.product("La Peste", gtin=OTHER)
    with django_assert_num_queries(4):
        (question,) = questions.open_questions([books])
    was = ProductFacts.objects.get(gtin=ISBN).product
    assert (question.sku, question.title, question.gtin) == ("a", "Kamouraska", OTHER)
    assert (question.was, question.other, question.choices) == (was, other, [Choice.SAME, Choice.OTHER])
    assert questions.count([books]) == 1


@pytest.mark.parametrize("choice", [Choice.SAME, Choice.OTHER])
def test_answer_sells_the_article_as_that_title(books, choice):
    other = factories.product("La Peste", gtin=OTHER)
    was = ProductFacts.objects.get(gtin=ISBN).product
    assert sold_as(1)[1] == 0
    assert say(books, choice)
    list_at(books, 2, OTHER)
    assert sold_as(2) == (was if choice is Choice.SAME else other, 2)
    assert questions.count([books]) == 0
    list_at(books, 3, OTHER)
    assert sold_as(3)[1] == 2
    entry = AuditEntry.objects.get(action="article.match")
    assert (entry.facts["sku"], entry.facts["choice"]) == ("a", choice)


@pytest.mark.parametrize("choice", [Choice.SAME, Choice.OTHER])
def test_answer_brings_the_offer_back_where_lists_say_changes_alone(books, choice):
    """No later list need name the article. The next number sells it; not at the price of another title."""
    other = factories.product("La Peste", gtin=OTHER)
    was = ProductFacts.objects.get(gtin=ISBN).product
    assert say(books, choice)
    books.refresh_from_db()
    product, units = sold_as(1)
    assert (product, units, books.full_at) == (was if choice is Choice.SAME else other, 0, None)
    offer = StockRecord.objects.get(partner_sku="a")
    assert (offer.terms.retired_at, offer.terms.availability, offer.price is None) == (
        None,
        "unknown",
        choice is Choice.OTHER,
    )
    at = NOON + timedelta(days=2)
    absorbing.write_number(offer, 1, as_of=at, now=at)
    assert sold_as(2)[1] == 1
    list_at(books, 3, OTHER)
    assert sold_as(3) == (product, 2)
    assert str(StockRecord.objects.get(partner_sku="a").price) == "20.00"


@pytest.mark.parametrize("listed", [OTHER, 9782070360284])
def test_answer_given_while_the_feed_is_read_counts_for_its_number(books, monkeypatch, listed):
    other = factories.product("La Peste", gtin=OTHER)
    planned = planning.plan

    def plan_then_a_person_answers(*args, **kwargs):
        plan = planned(*args, **kwargs)
        assert say(books, Choice.OTHER)
        return plan

    monkeypatch.setattr(planning, "plan", plan_then_a_person_answers)
    at = NOON + timedelta(days=2)
    shelve(books, article("a", gtin=listed, title="Kamouraska", quantity=3), article("b"), article("c"), at=at)
    sync_now(books, at)
    assert (sold_as(2), questions.count([books])) == (((other, 3), 0) if listed == OTHER else ((other, 0), 1))


def test_title_that_is_not_there_yet_is_made(books):
    (question,) = questions.open_questions([books])
    assert question.choices == [Choice.SAME, Choice.NEW]
    assert say(books, Choice.NEW)
    books.refresh_from_db()
    assert books.due_at == NOON
    list_at(books, 2, OTHER)
    product, units = sold_as(2)
    assert (product.upc, product.title, product.slug, units) == (str(OTHER), "Kamouraska", "kamouraska", 2)
    assert product.facts.gtin == OTHER


def test_number_of_a_joined_title_stands_for_the_kept_one(books):
    kept, gone = factories.product("La Peste", gtin=9782070409341), factories.product("Peste (La)", gtin=OTHER)
    Product.objects.filter(pk=gone.pk).update(upc=str(OTHER))
    joining.join(kept, gone, by="staff", reason="", now=NOON)
    (question,) = questions.open_questions([books])
    assert (question.other, question.choices) == (kept, [Choice.SAME, Choice.OTHER])
    OtherGtin.objects.update(gtin=1)  # as if it were joined while the person reads
    assert say(books, Choice.NEW)
    OtherGtin.objects.update(gtin=OTHER)
    list_at(books, 2, OTHER)
    assert sold_as(2) == (kept, 2)


@pytest.mark.parametrize(("choice", "sku"), [(Choice.OTHER, "a"), (Choice.SAME, "b"), (Choice.SAME, "zzz")])
def test_what_nobody_asks_or_cannot_be_is_refused(books, choice, sku):
    assert not say(books, choice, sku)
    assert not AuditEntry.objects.exists()


def test_question_is_answered_once(books):
    assert say(books, Choice.SAME)
    assert not say(books, Choice.SAME)
