"""Editions of one work are found, whatever the order in which they come, and let go when what linked them goes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import timezone

from catalog_sync.models import SourceRecord
from catalog_sync.records import CatalogRecord
from catalog_sync.titles import joining, works
from catalog_sync.titles.works import group_works, grouped, title_key
from marketplace.catalogue.models import ProductFacts, WorkChange
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
CAMUS = (("Camus, Albert", "author"), ("Grenier, Jean", "foreword"))
ISBN = [9782070360024, 9782070368228, 9782070409341, 9782070612758, 9782070413119]


def title(sku: str, name: str, **facts: Any) -> CatalogRecord:
    return article(sku, title=name, **{"contributors": CAMUS} | facts)


def relate(sku: str, *related: list[str], retired: bool = False) -> None:
    """What ONIX says of other titles, in the canonical schema's form."""
    record = SourceRecord.objects.get(sku=sku)
    SourceRecord.objects.filter(pk=record.pk).update(
        facts=record.facts | {"related": list(related)}, retired_at=NOON if retired else None
    )
    WorkChange.objects.create(product_id=record.product_id, marked_at=NOON)


def works_found() -> list[str]:
    """Groups of article numbers."""
    group_works(timezone.now())
    assert not WorkChange.objects.exists()
    found: dict[int, str] = {}
    facts = dict(ProductFacts.objects.exclude(work_id=None).values_list("product_id", "work_id"))
    for sku, product in SourceRecord.objects.order_by("sku").values_list("sku", "product_id"):
        if product in facts:
            found[facts[product]] = found.get(facts[product], "") + sku
    return sorted(found.values())


@pytest.mark.parametrize(
    ("name", "series_number", "key", "volume"),
    [
        ("L'Étranger", "", "etranger|albert camus|", ""),
        ("LE PETIT PRINCE", "", "petit prince|albert camus|", ""),
        ("Dune, tome 2", "", "dune|albert camus|2", "2"),
        ("Dune T02", "", "dune|albert camus|2", "2"),
        ("Dune. Book II", "", "dune|albert camus|2", "2"),
        ("Dune", "Tome 2", "dune|albert camus|2", "2"),
        ("1984", "", "1984|albert camus|", ""),
        ("?", "", "", ""),
    ],
)
def test_title_key(name, series_number, key, volume):
    people = [{"name": "Camus, Albert", "role": "author"}]
    assert title_key(name, people, series_number) == (key, volume)
    assert title_key(name, [{"name": "Camus, Albert", "role": "editor"}], series_number) == ("", volume)


def test_groups_are_the_same_in_any_order_of_arrival():
    said = [
        title("a", "L'Étranger", gtin=ISBN[0], form="paperback"),
        title("b", "Étranger", gtin=ISBN[1], form="ebook"),
        title("c", "The Stranger", gtin=ISBN[2], language="en"),
        title("d", "The Stranger, volume 2", gtin=ISBN[3], language="en"),
        title("e", "L'Étranger", form="calendar"),
        title("f", "L'Étranger", contributors=(("Sadoul, Numa", "author"),)),
    ]
    books = feed()
    for order in itertools.islice(itertools.permutations(said), 0, None, 143):
        SourceRecord.objects.all().delete()
        ProductFacts.objects.all().delete()
        for record in order:
            shelve(books, record, complete=False)
            sync_now(books)
            if record.sku == "c":
                relate("c", ["work", "01", "W-1"], ["other_language", "15", str(ISBN[0])])
            if record.sku == "d":
                relate("d", ["work", "01", "W-2"], ["contains", "15", str(ISBN[1])])
            group_works(timezone.now())
        assert works_found() == ["abc"]
        assert set(ProductFacts.objects.exclude(work_id=None).values_list("work_id", flat=True)) == {
            min(ProductFacts.objects.exclude(work_id=None).values_list("product_id", flat=True))
        }


def test_source_that_goes_takes_its_link_along():
    books = feed()
    shelve(books, title("a", "L'Étranger", gtin=ISBN[0]), title("b", "The Stranger", gtin=ISBN[1]))
    sync_now(books)
    assert works_found() == []
    relate("b", ["other_language", "15", str(ISBN[0])])
    assert works_found() == ["ab"]
    relate("b", ["other_language", "15", str(ISBN[0])], retired=True)
    assert works_found() == []


def test_title_that_is_said_otherwise_leaves_its_work_and_a_joined_one_is_no_edition():
    books = feed()
    names = {"a": "L'Étranger", "b": "L'Étranger", "c": "L'Étranger"}
    shelve(books, *(title(sku, name, gtin=ISBN[place]) for place, (sku, name) in enumerate(names.items())))
    sync_now(books)
    assert works_found() == ["abc"]
    names["a"] = "La Peste"
    shelve(books, *(title(sku, name, gtin=ISBN[place]) for place, (sku, name) in enumerate(names.items())))
    sync_now(books)
    assert works_found() == ["bc"]
    kept, other = (ProductFacts.objects.get(gtin=gtin).product for gtin in (ISBN[2], ISBN[1]))
    joining.join(kept, other, by="staff", reason="", now=NOON)
    assert works_found() == []


def test_volumes_that_differ_are_apart_however_they_are_linked():
    keys = {1: {7}, 2: {7}, 3: {7, 8}, 4: {8}, 5: {7}}
    assert grouped(keys, {1: "1", 2: "2", 5: "1"}) == {1: 1, 5: 1, 2: None, 3: 3, 4: 3}
    assert grouped(keys, {1: "1", 5: "1"}) == dict.fromkeys(keys, 1)


def test_key_that_too_many_share_is_no_work(monkeypatch):
    monkeypatch.setattr(works, "MOST_EDITIONS", 2)
    books = feed()
    names = ["Poèmes"] * 3 + ["La Peste"] * 2
    shelve(books, *(title(sku, name, gtin=gtin) for sku, name, gtin in zip("abcde", names, ISBN, strict=True)))
    sync_now(books)
    assert works_found() == ["de"]
