"""Who is believed, what goes with its source, and what an operator says instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.catalogue.models import Product

from catalog_sync.models import Feed, FoldDue
from catalog_sync.titles import editing, precedence, sources
from marketplace.catalogue.models import FactEdit, ProductFacts
from marketplace.foundation.models import AuditEntry
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN = 9782070360024
LATER, LAST = NOON + timedelta(days=1), NOON + timedelta(days=2)


def listed(sender: str, publisher: str, *, at=NOON, **more) -> Feed:
    made = feed(sender=sender)
    shelve(made, article("a", gtin=ISBN, title=f"By {publisher}", publisher=publisher, **more), article("b"), at=at)
    sync_now(made, at)
    return made


def facts() -> ProductFacts:
    return ProductFacts.objects.select_related("product").get(gtin=ISBN)


def shown() -> tuple[str, str]:
    return facts().publisher, facts().product.title


def fold() -> None:
    while sources.fold_again(LAST):
        pass


@pytest.mark.parametrize(
    ("kind", "sender", "rank"),
    [
        ("onix", "", precedence.PUBLISHER),
        ("onix", "shop", precedence.SHOP),
        ("tite_live", "", precedence.WHOLESALER),
        ("csv", "", precedence.SHOP),
        ("csv", "publisher", precedence.PUBLISHER),
    ],
)
def test_rank_is_the_senders_and_else_that_of_the_kind(kind, sender, rank):
    assert precedence.rank_of(kind, sender) == rank
    assert precedence.EDIT < precedence.PUBLISHER < precedence.WHOLESALER < precedence.SERVICE < precedence.SHOP


def test_publisher_is_believed_before_wholesaler_before_shop():
    listed("shop", "Shop's very long word")
    assert shown()[0] == "Shop's very long word"
    listed("wholesaler", "Wholesale word")
    assert shown()[0] == "Wholesale word"
    listed("publisher", "Publisher")
    assert shown() == ("Publisher", "By Publisher")


def gone_by_pausing(of: Feed) -> None:
    of.refresh_from_db()
    of.active = False
    of.save()


def gone_by_deletion(of: Feed) -> None:
    of.delete()


def gone_by_retiring(of: Feed) -> None:
    for day in (LATER, LAST):
        shelve(of, article("b"), article("c"), at=day)
        run = sync_now(of, day)
        if run.state == "awaiting":
            sync_now(of, day, approve_run=run)


@pytest.mark.parametrize("go", [gone_by_pausing, gone_by_deletion, gone_by_retiring])
def test_source_that_goes_takes_along_what_it_brought(go):
    listed("shop", "Shop", pages=186)
    publisher = listed("publisher", "Publisher", series="Folio")
    assert (shown(), facts().series, facts().pages) == (("Publisher", "By Publisher"), "Folio", 186)
    go(publisher)
    fold()
    assert (shown(), facts().series, facts().pages) == (("Shop", "By Shop"), "", 186)
    assert not FoldDue.objects.exists()


def test_source_that_comes_back_counts_again():
    listed("shop", "Shop")
    publisher = listed("publisher", "Publisher")
    gone_by_retiring(publisher)
    fold()
    back = LAST + timedelta(days=1)
    shelve(
        publisher,
        article("a", gtin=ISBN, title="By Publisher", publisher="Publisher"),
        article("b"),
        article("c"),
        at=back,
    )
    run = sync_now(publisher, back)
    assert (run.state, shown()[0]) == ("done", "Publisher")


def test_last_source_that_goes_is_remembered_until_it_is_deleted():
    only = listed("shop", "Shop")
    gone_by_pausing(only)
    fold()
    assert shown()[0] == "Shop"
    only.delete()
    fold()
    assert not ProductFacts.objects.filter(gtin=ISBN).exists()
    assert not Product.objects.get(upc=str(ISBN)).is_public


def test_edit_wins_and_taken_back_the_others_are_shown():
    listed("publisher", "Publisher")
    someone, product = factories.user(), facts().product
    editing.say(product, "publisher", " Gallimard ", by=someone, now=NOON)
    editing.say(product, "title", "L'Étranger", by=someone, now=NOON)
    editing.say(product, "contributors", "Albert Camus\nJean Grenier (foreword)", by=someone, now=NOON)
    assert (shown(), facts().contributors_text) == (("Gallimard", "L'Étranger"), "Albert Camus")
    listed("publisher", "A publisher with a much longer name", at=LATER)
    assert shown()[0] == "Gallimard"
    assert editing.take_back(product, "publisher", by=someone, now=NOON)
    assert not editing.take_back(product, "publisher", by=someone, now=NOON)
    assert shown() == ("A publisher with a much longer name", "L'Étranger")
    entries = AuditEntry.objects.filter(subject_id=str(product.pk)).order_by("pk")
    assert [(entry.action, entry.facts["fact"]) for entry in entries] == [
        ("title.edit", "publisher"),
        ("title.edit", "title"),
        ("title.edit", "contributors"),
        ("title.edit_back", "publisher"),
    ]


def test_each_fact_has_its_source_and_what_the_others_say():
    shop, publisher = listed("shop", "Shop", pages=186), listed("publisher", "Publisher")
    product = facts().product
    editing.say(product, "pages", "", by=factories.user(), now=NOON)
    found = {fact.name: fact for fact in editing.facts_of(product)}
    named = found["publisher"]
    assert (named.shown.text, named.shown.by, named.shown.feed) == ("Publisher", publisher.shop.name, publisher.name)
    assert (named.shown.at, [(said.text, said.by) for said in named.others]) == (NOON, [("Shop", shop.shop.name)])
    pages = found["pages"]
    assert (pages.shown.text, pages.edited, [said.text for said in pages.others]) == ("", True, ["186"])
    assert found["series"].shown is None


@pytest.mark.parametrize(
    ("fact", "text"),
    [("title", " "), ("pages", "many"), ("form", "scroll"), ("language", "français"), ("publication_date", "soon"),
     ("cover", "http://x.example/a.jpg"), ("subjects", "<b>"), ("publisher", "x" * 201), ("price", "1")],
)  # fmt: skip
def test_edit_that_cannot_be_is_refused(fact, text):
    with pytest.raises(editing.EditError):
        editing.say(factories.product(), fact, text, by=factories.user(), now=NOON)
    assert not FactEdit.objects.exists()


@pytest.mark.parametrize(
    ("fact", "value"),
    [("contributors", [["Albert Camus", "author"], ["J. Grenier", "foreword"]]), ("subjects", [["thema", "FBA", ""]]),
     ("pages", 186), ("publication_date", "1942-05"), ("form", "pocket"), ("publisher", "P")],
)  # fmt: skip
def test_value_is_written_as_it_is_read(fact, value):
    assert editing.read(fact, editing.written(fact, value)) == value
