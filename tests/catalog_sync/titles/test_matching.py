"""Which product an article is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import SourceRecord
from catalog_sync.titles import asking, joining, matching
from marketplace.catalogue.models import ProductFacts
from shops.models import StockTerms
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN, OTHER = 9782070360024, 9782070368228
LATER = NOON + timedelta(days=1)


def product_of(sku: str = "a") -> Product:
    return StockRecord.objects.get(partner_sku=sku).product


def test_gtin_finds_the_product_that_has_it():
    there = factories.product("L'Étranger", gtin=ISBN)
    books = feed()
    shelve(books, article("a", gtin=ISBN))
    sync_now(books)
    assert (product_of(), Product.objects.count()) == (there, 1)


def test_gtin_finds_a_product_without_facts():
    there = Product.objects.create(upc=str(ISBN), title="Handmade", product_class=factories.product_class())
    books = feed()
    shelve(books, article("a", gtin=ISBN))
    sync_now(books)
    assert product_of() == there
    assert ProductFacts.objects.get().gtin == ISBN


def test_article_without_gtin_stays_with_its_product():
    books = feed()
    shelve(books, article("a", title="Savon"))
    sync_now(books)
    first = product_of()
    shelve(books, article("a", title="Savon d'Alep", price=2100), at=LATER)
    sync_now(books, LATER)
    assert product_of() == first
    first.refresh_from_db()
    assert (first.title, Product.objects.count()) == ("Savon d'Alep", 1)


def test_article_that_gains_a_gtin_keeps_its_product():
    books = feed()
    shelve(books, article("a"))
    sync_now(books)
    first = product_of()
    shelve(books, article("a", gtin=ISBN), at=LATER)
    sync_now(books, LATER)
    assert product_of() == first
    assert (ProductFacts.objects.get().gtin, Product.objects.get().upc) == (ISBN, str(ISBN))


def test_article_that_gains_a_known_gtin_moves_to_its_product():
    there = factories.product(gtin=ISBN)
    books = feed()
    shelve(books, article("a"))
    sync_now(books)
    shelve(books, article("a", gtin=ISBN), at=LATER)
    sync_now(books, LATER)
    assert product_of() == there


def test_article_that_gains_a_gtin_leaves_a_title_that_has_another():
    """Alike or answered for, it was that title; its number says that it is another edition."""
    there = factories.product("Kamouraska", gtin=ISBN)
    books = feed()
    shelve(books, article("a", title="Kamouraska"), article("b"))
    sync_now(books)
    assert matching.answer(books, "a", product_id=there.pk)
    for day, gtin in ((1, None), (2, OTHER), (3, OTHER)):
        at = NOON + timedelta(days=day)
        shelve(books, article("a", gtin=gtin, title="Kamouraska", quantity=day), article("b"), at=at)
        assert sync_now(books, at).quarantined == 0
    assert (product_of().upc, product_of().facts.gtin) == (str(OTHER), OTHER)
    assert ProductFacts.objects.get(product=there).gtin == ISBN


def test_articles_of_one_title_that_gain_different_gtins_are_two_titles():
    books = feed()
    shelve(books, article("a", title="Kamouraska"), article("b"))
    sync_now(books)
    SourceRecord.objects.filter(sku="b").update(product_id=product_of().pk)
    StockRecord.objects.update(product=product_of())
    shelve(books, article("a", gtin=ISBN), article("b", gtin=OTHER), at=LATER)
    sync_now(books, LATER)
    assert {sku: product_of(sku).facts.gtin for sku in "ab"} == {"a": ISBN, "b": OTHER}


def test_changed_gtin_is_a_question_and_not_sold_until_answered():
    books = feed()
    shelve(books, article("a", gtin=ISBN), article("b"))
    sync_now(books)
    first = product_of()
    for day in (1, 2):
        at = NOON + timedelta(days=day)
        shelve(books, article("a", gtin=OTHER), article("b", quantity=day), at=at)
        run = sync_now(books, at)
        assert (run.quarantined, run.changed) == ((1, 1), (0, 1))[day - 1]
        assert StockTerms.objects.get(stock_record__partner_sku="a").retired_at is not None
        assert product_of() == first
        if day == 1:
            assert [(i.kind, i.code, i.sku) for i in run.issues.all()] == [("question", "gtin_changed", "a")]
    right = factories.product(gtin=OTHER)
    assert matching.answer(books, "a", product_id=right.pk)
    assert not matching.answer(books, "a", product_id=right.pk)
    at = NOON + timedelta(days=3)
    shelve(books, article("a", gtin=OTHER), article("b", quantity=2), at=at)
    assert sync_now(books, at).changed == 1
    assert (product_of(), StockTerms.objects.get(stock_record__partner_sku="a").retired_at) == (right, None)


def test_second_list_of_a_shop_cannot_turn_an_article_into_another():
    shop = factories.shop(complete_as_of=None)
    first, second = feed(shop), feed(shop)
    shelve(first, article("a", gtin=ISBN))
    sync_now(first)
    shelve(second, article("a", gtin=OTHER))
    assert sync_now(second).quarantined == 1
    assert ProductFacts.objects.get(product=product_of()).gtin == ISBN


def test_deleted_product_is_made_again_when_the_article_changes():
    books = feed()
    shelve(books, article("a", gtin=ISBN))
    sync_now(books)
    Product.objects.all().delete()
    shelve(books, article("a", gtin=ISBN, price=2100), at=LATER)
    sync_now(books, LATER)
    assert (product_of().upc, SourceRecord.objects.get().product_id) == (str(ISBN), product_of().pk)


def test_own_title_that_was_joined_is_the_kept_one_and_does_not_hide_it():
    """The shop dropped the article altogether, and it is a new one again: by a list, and by the operator's answer."""
    shop = factories.shop(complete_as_of=None, vouched_at=None, joined_at=NOON)
    books = feed(shop)
    shelve(books, article("a", title="Etranger"), article("b"))
    sync_now(books)
    publisher = feed(sender="publisher")
    shelve(publisher, article("p", gtin=ISBN, title="Kept"))
    sync_now(publisher)
    kept = product_of("p")
    joining.join(kept, product_of(), by="staff", reason="", now=NOON)
    for answered in (False, True):
        StockRecord.objects.filter(partner_sku="a").delete()
        records = SourceRecord.objects.filter(sku="a")
        if answered:
            records.update(product_id=None)
            assert asking.answer(books, "a", product_id=None, by=factories.user(), now=LATER) == kept
        else:
            records.delete()
            shelve(books, article("a", title="Etranger"), article("b"), at=LATER)
            sync_now(books, LATER)
        kept.refresh_from_db()
        assert (product_of(), kept.is_public) == (kept, True)
