"""Articles without a number: which title they are, what is asked, and what is compared at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import SourceRecord, TitleBlock
from catalog_sync.records import CatalogRecord
from catalog_sync.titles import candidates
from catalog_sync.titles.describing import described
from marketplace.catalogue.models import ProductFacts
from tests import factories
from tests.catalog_sync.memory import NOON, article, codes, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
CAMUS = [{"name": "Albert Camus", "role": "author"}]
ISBN = 9782070360024
LATER = NOON + timedelta(days=1)


def there(title: str = "L'Étranger", gtin: int | None = ISBN, **facts: Any) -> Product:
    return factories.product(title, gtin=gtin, **{"contributors": CAMUS, "publisher": "Gallimard"} | facts)


def said(sku: str, title: str = "L'étranger", author: str = "Camus, Albert", **more: Any) -> CatalogRecord:
    return article(sku, title=title, contributors=((author, "author"),) if author else (), **more)


def sold() -> dict[str, int]:
    return dict(StockRecord.objects.values_list("partner_sku", "product_id"))


def asked() -> list[str]:
    return list(SourceRecord.objects.filter(product_id=None).values_list("sku", flat=True))


def test_article_without_number_is_the_title_it_describes():
    title = there()
    books = feed()
    shelve(books, said("a"), said("u", condition="good", signed=True, price=900))
    run = sync_now(books)
    assert (sold(), run.new, run.quarantined) == ({"a": title.pk, "u": title.pk}, 2, 0)
    assert set(title.stockrecords.values_list("terms__condition", flat=True)) == {None, "good"}


def test_article_that_may_be_a_title_is_a_question_and_is_kept():
    there()
    books = feed()
    shelve(books, said("a", author=""), said("b", "La Peste", "Albert Camus"))
    run = sync_now(books)
    assert (asked(), list(sold()), run.new, run.quarantined) == (["a"], ["b"], 1, 1)
    assert [(issue.kind, issue.code, issue.sku) for issue in run.issues.all()] == [("question", "title_alike", "a")]
    shelve(books, said("a", author="", price=2500), said("b", "La Peste", "Albert Camus"), at=LATER)
    assert (codes(sync_now(books, LATER)), asked()) == ([], ["a"])


def test_article_that_is_as_like_two_titles_is_a_question():
    there(form="hardback"), there(gtin=9782070368228, form="pocket")
    books = feed()
    shelve(books, said("a"), said("h", form="hardback"))
    sync_now(books)
    assert (asked(), list(sold())) == (["a"], ["h"])


def test_asked_article_that_gains_its_number_is_sold():
    title = there()
    books = feed()
    shelve(books, said("a", author=""))
    sync_now(books)
    shelve(books, said("a", author="", gtin=ISBN), at=LATER)
    sync_now(books, LATER)
    assert (asked(), sold()) == ([], {"a": title.pk})


@pytest.mark.parametrize(
    "record",
    [
        said("a", "L'Étranger, tome 2", language="fr"),
        said("a", language="en"),
        said("a", form="audio"),
        said("a", "L'Étranger (abrégé)"),
        said("a", author="Jean Étranger"),
    ],
)
def test_near_miss_is_a_title_of_its_own(record):
    there("L'Étranger, tome 1" if "tome" in record.title else "L'Étranger", form="paperback")
    books = feed()
    shelve(books, record)
    sync_now(books)
    assert (Product.objects.count(), asked()) == (2, [])


def test_two_used_copies_of_a_shop_are_offers_of_one_new_title():
    books = feed()
    shelve(books, said("u1", condition="good"), said("u2", "L'Étranger", price=700), said("u3", author=""))
    sync_now(books)
    first, second, third = (sold()[sku] for sku in ("u1", "u2", "u3"))
    assert (first == second, first == third) == (True, False)  # a shop's own are not asked about
    assert Product.objects.get(pk=first).code.endswith(":u1")
    shelve(books, said("u1"), said("u2", price=800), said("u3", author=""), said("u4"), said("u5", author=""), at=LATER)
    sync_now(books, LATER)
    assert (sold()["u4"] == first, sold()["u5"] in (first, third), asked()) == (True, False, [])


def test_other_shop_is_asked_whether_it_is_the_same():
    mine, other = feed(), feed()
    shelve(mine, said("u3", author=""))
    sync_now(mine)
    shelve(other, said("x", author=""), said("y", author=""))
    sync_now(other)
    assert (asked(), len(sold())) == (["x", "y"], 1)


def test_articles_with_a_number_are_not_compared(monkeypatch):
    there()
    books = feed()
    shelve(books, said("a", gtin=9782070368228))
    monkeypatch.setattr(candidates, "file_new", None)
    sync_now(books)
    assert (Product.objects.count(), TitleBlock.objects.exists()) == (2, False)


def test_crowded_block_is_passed_over(monkeypatch):
    monkeypatch.setattr(candidates, "MOST", 3)
    for number in range(4):
        there(f"Le Petit Prince {number}", gtin=None, contributors=[], contributors_text="")
    title = there("Le Petit Prince du désert", gtin=None)
    books = feed()
    shelve(books, said("a", "Le petit prince du désert"), said("b", "Le petit prince 5", ""))
    sync_now(books)
    assert (sold()["a"], asked()) == (title.pk, [])


def test_title_is_found_by_what_it_is_called_now():
    books, other = feed(), feed()
    shelve(books, article("a", gtin=ISBN, title="9782070360024"))
    sync_now(books)
    candidates.file_new()
    shelve(books, said("a", gtin=ISBN), at=LATER)
    sync_now(books, LATER)
    shelve(other, said("x"))
    sync_now(other)
    assert len(set(sold().values())) == 1


def test_title_that_changes_before_the_first_filing_hides_none_before_it(monkeypatch):
    monkeypatch.setattr(candidates, "_OVERLAP", 0)
    first, last = there(), there("La Peste", gtin=9782070368228)
    candidates.refile([last.pk])
    books = feed()
    shelve(books, said("a"), said("b", "La Peste"))
    sync_now(books)
    assert sold() == {"a": first.pk, "b": last.pk}
    ProductFacts.objects.filter(product=first).update(subtitle="roman")
    candidates.refile([first.pk])
    assert TitleBlock.objects.filter(product_id=first.pk).exists()


def test_forgotten_title_is_no_candidate():
    title = there()
    ProductFacts.objects.filter(product=title).delete()
    wanted = {"a": described("L'Étranger", {"contributors": [["Albert Camus", "author"]]})}
    candidates.file_new()
    assert candidates.candidates(wanted, shop_ids={"a": 1}) == {"a": []}


def test_candidates_of_many_take_the_same_queries(django_assert_num_queries):
    titles = [there(f"Roman {'abcdefghij'[number] * 4}", gtin=None) for number in range(10)]
    candidates.file_new()
    for count in (1, 10):
        wanted = {title.pk: described(title.title, {"contributors": CAMUS}) for title in titles[:count]}
        with django_assert_num_queries(2):
            found = candidates.candidates(wanted, shop_ids=dict.fromkeys(wanted, 1))
        assert {pk: [one.product_id for one in ones] for pk, ones in found.items()} == {pk: [pk] for pk in wanted}
