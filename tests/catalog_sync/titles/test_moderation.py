"""What readers do not see before an operator has said yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.records import CatalogRecord
from catalog_sync.titles import moderation
from marketplace.catalogue.models import Moderation
from marketplace.foundation.models import AuditEntry
from marketplace.oscar_apps.basket import lines
from search import indexing
from shops.models import Shop
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN = 9782070360024
EROTIC = (("bisac", "FIC005000", ""),)


def brought(*records: CatalogRecord, shop: Shop | None = None, at=NOON, **columns) -> dict[str, bool]:
    """{SKU: is it shown} after a list."""
    books = feed(shop or factories.shop(complete_as_of=None), **columns)
    shelve(books, *records, at=at)
    sync_now(books, at)
    return dict(StockRecord.objects.values_list("partner_sku", "product__is_public"))


def new_shop() -> Shop:
    shop = factories.shop(complete_as_of=None, vouched_at=None)
    Shop.objects.filter(pk=shop.pk).update(joined_at=NOON - timedelta(days=2))
    shop.refresh_from_db()
    return shop


@pytest.mark.parametrize(
    ("facts", "adults"),
    [
        ({"subjects": [["thema", "FP", ""]]}, True),
        ({"subjects": [["thema", "FBA", ""], ["thema", "5X", ""]]}, True),
        ({"subjects": [["bisac", "FIC005020", "Fiction"]]}, True),
        ({"subjects": [["sender", "", "Littérature érotique"]]}, True),
        ({"audience": "18+"}, True),
        ({"subjects": [["thema", "FBA", "Fiction"], ["clil", "3442", ""]], "audience": "general"}, False),
        ({"subjects": [["dewey", "FP", ""]]}, False),
        ({"audience": None}, False),
        ({}, False),
    ],
)
def test_for_adults_only_is_told_by_subject_and_audience(facts, adults):
    assert moderation.adults_only(facts) is adults


def test_what_is_for_adults_waits_whoever_says_so():
    assert brought(article("a", gtin=ISBN, subjects=EROTIC), article("b"), sender="publisher") == {
        "a": False,
        "b": True,
    }
    assert Moderation.objects.get().reason == "adults"


def test_title_that_turns_out_to_be_for_adults_waits_from_then_on():
    assert brought(article("a", gtin=ISBN))["a"]
    assert not brought(article("x", gtin=ISBN, subjects=EROTIC))["a"]


def test_new_shop_waits_without_a_number_alone():
    assert brought(article("a", gtin=ISBN), article("b"), shop=new_shop()) == {"a": True, "b": False}
    assert Moderation.objects.get().reason == "new_shop"


def test_shop_is_new_no_more_after_its_first_days():
    shop = new_shop()
    assert moderation.is_new(shop, now=NOON)
    assert not moderation.is_new(shop, now=NOON + timedelta(days=28))
    factories.network(new_shop_days=0)
    assert not moderation.is_new(shop, now=NOON)


def test_waiting_title_is_on_no_page_and_in_no_basket(client):
    brought(article("a", gtin=ISBN, subjects=EROTIC))
    record = StockRecord.objects.select_related("product").get()
    assert client.get(record.product.get_absolute_url()).status_code == 404
    assert indexing.documents([record.product_id], now=NOON) == []
    with pytest.raises(lines.NotForSaleError):
        lines.add(Basket(), record.pk, 1, now=NOON)


def test_yes_shows_it_and_holds_and_no_hides_it_again():
    books = feed()
    shelve(books, article("a", gtin=ISBN, subjects=EROTIC), article("b"))
    sync_now(books)
    product, someone = Product.objects.get(upc=str(ISBN)), factories.user()
    assert moderation.answer([product.pk], "yes", by=someone, now=NOON, why="A classic") == 1
    later = NOON + timedelta(days=1)
    shelve(books, article("a", gtin=ISBN, subjects=EROTIC, pages=3), article("b"), at=later)
    sync_now(books, later)
    product.refresh_from_db()
    assert product.is_public
    assert moderation.answer([product.pk], "yes", by=someone, now=NOON) == 0
    assert moderation.answer([product.pk], "no", by=someone, now=NOON) == 1
    product.refresh_from_db()
    assert not product.is_public
    said = AuditEntry.objects.filter(action="title.moderate").order_by("pk")
    assert [(entry.facts["answer"], entry.reason) for entry in said] == [("yes", "A classic"), ("no", "")]


def test_vouching_for_a_shop_shows_what_waited_for_it():
    shop = new_shop()
    brought(article("a"), article("b", subjects=EROTIC), shop=shop)
    assert moderation.vouch(shop, by=factories.user(), now=NOON) == 1
    shop.refresh_from_db()
    assert shop.vouched_at == NOON
    shown = dict(StockRecord.objects.values_list("partner_sku", "product__is_public"))
    assert shown == {"a": True, "b": False}


def test_page_answers_many_at_once(client, django_assert_max_num_queries):
    brought(*(article(f"s{number}") for number in range(30)), shop=new_shop())
    client.force_login(factories.operator())
    with django_assert_max_num_queries(16):
        page = client.get(reverse("operations:moderation"))
    assert len(page.context["pages"]) == 30
    ids = [row.product_id for row in page.context["pages"]]
    client.post(reverse("operations:moderate"), {"title": ids[:29], "answer": "yes"})
    assert Product.objects.filter(is_public=True).count() == 29
