"""Facts of a title out of what every source says."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone
from oscar.apps.catalogue.models import Product

from marketplace.catalogue import folding, subjects
from marketplace.catalogue.folding import Statement, fold, fold_one, is_book
from marketplace.catalogue.models import ProductFacts, Subject
from tests import factories


def said(source: str, rank: int = 1, title: str = "", product_id: int = 1, **facts: object) -> Statement:
    return Statement(product_id, source, rank, None, title, facts)


def folded(*statements: Statement) -> dict:
    return fold_one(statements, gtin=None)[1]


@pytest.mark.parametrize(
    ("gtin", "book"),
    [(9782070360024, True), (9791032102435, True), (9790260000438, False), (3760000000017, False), (None, False)],
)
def test_book_is_told_by_its_number(gtin, book):
    assert is_book(gtin) is book


def test_better_rank_wins_over_a_fuller_value():
    facts = folded(said("shop", 1, publisher="Éditions Gallimard, Paris"), said("onix", 0, publisher="Gallimard"))
    assert (facts["publisher"], facts["provenance"]) == ("Gallimard", {"publisher": "onix"})


def test_within_a_rank_the_fuller_value_wins():
    facts = folded(said("a", description="Short."), said("b", description="A longer one."))
    assert (facts["description"], facts["provenance"]["description"]) == ("<p>A longer one.</p>", "b")


def test_equal_values_come_from_the_first_source_by_name():
    assert folded(said("b", pages=190), said("a", pages=186))["pages"] == 186
    assert folded(said("b", weight=350), said("a"))["weight_grams"] == 350


def test_of_two_as_full_the_newer_one_counts():
    older, newer = said("a", pages=186)._replace(said_at=1.0), said("b", pages=190)._replace(said_at=2.0)
    assert folded(older, newer)["pages"] == 190


def test_edit_wins_even_where_it_says_nothing():
    shop = said("a", title="T", publisher="P", pages=3)
    facts = folded(shop, said(":operator", -1, publisher="Q"), said(":operator", -1, pages=None))
    assert (facts["publisher"], facts["pages"], facts["provenance"]["pages"]) == ("Q", None, ":operator")
    assert folded(shop, said("b", 1, pages=None))["pages"] == 3  # a source that knows nothing is no such edit


def test_made_up_facts_are_marked_as_long_as_they_are_shown():
    made_up = said("demo", pages=3)._replace(synthetic=True)
    assert folded(made_up)["synthetic"]
    assert not folded(made_up, said("onix", 0, pages=4))["synthetic"]


def test_each_fact_has_its_own_source():
    facts = folded(said("a", publisher="P"), said("b", series="S", pages=3))
    assert facts["provenance"] == {"publisher": "a", "series": "b", "pages": "b"}


def test_order_of_the_sources_changes_nothing():
    statements = [
        said("a", title="L'ÉTRANGER", pages=1),
        said("b", title="L'Étranger", pages=2),
        said("c", form="book"),
    ]
    assert fold_one(statements, gtin=None) == fold_one(statements[::-1], gtin=None)


def test_shouted_title_yields():
    assert fold_one([said("a", title="L'ÉTRANGER, ROMAN"), said("b", title="L'Étranger")], gtin=None)[0] == "L'Étranger"


def test_exact_form_wins_over_a_vague_one():
    assert folded(said("a", form="book"), said("b", form="pocket"))["form"] == "pocket"


def test_more_exact_date_wins():
    assert folded(said("a", publication_date="1942"), said("b", publication_date="1942-05-19"))[
        "publication_date"
    ] == date(1942, 5, 19)
    assert folded(said("a", publication_date="1942"))["publication_date"] == date(1942, 1, 1)
    assert folded(said("a", publication_date="1942-02-31"))["publication_date"] is None


def test_contributors_are_shown_by_the_role_that_made_the_work():
    people = [["Albert Camus", "author"], ["Jean Grenier", "foreword"]]
    facts = folded(said("a", contributors=people))
    assert facts["contributors_text"] == "Albert Camus"
    assert facts["contributors"] == [
        {"name": "Albert Camus", "role": "author"},
        {"name": "Jean Grenier", "role": "foreword"},
    ]
    assert folded(said("a", contributors=[["X", "translator"]]))["contributors_text"] == "X"


def test_subjects_are_thema_with_their_path():
    facts = folded(said("a", subjects=[["bisac", "FIC022020", ""], ["thema", "FFC", ""], ["thema", "JBSF", ""]]))
    assert (facts["subject_codes"], facts["subject_path"]) == (["FFC", "JBSF"], ["F", "FF"])
    assert folded(said("a", subjects=[["bisac", "FIC022020", "Mystery"]]))["subject_codes"] == ["FF"]
    assert folded(said("a", subjects=[["clil", "3442", ""]]))["subject_codes"] == ["FB"]


def test_every_column_is_a_column_of_the_facts():
    names = {column.name for column in ProductFacts._meta.fields}
    assert set(folding.COLUMNS) <= names
    assert names - set(folding.COLUMNS) == {"product", "cover", "picked", "updated_at", "work_id"}


def test_fold_writes_once(db):
    product = factories.product("Old title", gtin=9782070360024)
    statements = [said("a", title="New title", product_id=product.pk, pages=186, contributors=[["A", "author"]])]
    now = timezone.now()
    assert fold([product.pk], statements, now=now) == {product.pk}
    product.refresh_from_db()
    facts = ProductFacts.objects.get()
    assert (product.title, facts.pages, facts.gtin, facts.is_book) == ("New title", 186, 9782070360024, True)
    assert fold([product.pk], statements, now=now) == set()


def test_fold_makes_the_facts_of_a_bare_product(db):
    product = Product.objects.create(upc="9782070360024", title="T", product_class=factories.product_class())
    assert fold([product.pk], [said("a", title="T", product_id=product.pk)], now=timezone.now()) == {product.pk}
    assert ProductFacts.objects.get().gtin == 9782070360024


def test_fold_leaves_a_product_of_which_nothing_is_said(db):
    product = factories.product("Handmade", publisher="Me")
    assert fold([product.pk, 999_999], [], now=timezone.now()) == set()
    assert ProductFacts.objects.get().publisher == "Me"


def test_source_that_goes_takes_along_what_it_brought(db):
    product = factories.product("T")
    both = [said("a", title="T", product_id=product.pk, publisher="P"), said("b", product_id=product.pk, pages=9)]
    fold([product.pk], both, now=timezone.now())
    fold([product.pk], both[:1], now=timezone.now())
    facts = ProductFacts.objects.get()
    assert (facts.publisher, facts.pages, facts.provenance) == ("P", None, {"title": "a", "publisher": "a"})


@pytest.mark.parametrize("count", [1, 30])
def test_fold_takes_the_same_number_of_queries_for_many(db, count, django_assert_max_num_queries):
    products = [factories.product() for _ in range(count)]
    statements = [said("a", title="Same", product_id=product.pk) for product in products]
    with django_assert_max_num_queries(10):
        fold([product.pk for product in products], statements, now=timezone.now())


def test_subjects_are_loaded_once(db):
    assert subjects.load() == len(subjects.THEMA)
    assert subjects.load() == 0
    assert Subject.objects.get(code="FF").parent.code == "F"


def test_subject_table_is_whole():
    assert [code for code in subjects.THEMA if len(code) > 1 and code[0] not in subjects.THEMA] == []
    assert set(subjects.BISAC_PREFIXES.values()) <= set(subjects.THEMA)


@pytest.mark.parametrize(
    ("code", "path", "french", "english"),
    [
        ("FBA", ["F", "FB"], "Romans et littérature générale", "General and literary fiction"),
        ("F", ["F"], "Romans et fiction", "Fiction"),
        ("F9", ["F"], "Romans et fiction", "Fiction"),
        ("", [], "", ""),
        ("3442", [], "", ""),
    ],
)
def test_subject_path_and_label(code, path, french, english):
    assert (subjects.path(code), subjects.label(code, "fr"), subjects.label(code, "en")) == (path, french, english)


def test_age_limit_is_stated_or_follows_from_what_any_source_says():
    wine = said("shop", subjects=[["sender", "", "Épicerie > Vins & spiritueux"]])
    assert folded(wine, said("onix", 0, subjects=[["sender", "", "Divers"]]))["age_limit"] == "alcohol"
    for stated, limit in (("16", "alcohol"), ("18", "alcohol"), ("21", "21")):  # a lower figure lifts nothing
        assert folded(wine, said("other", 3, age_limit=stated))["age_limit"] == limit
    erotic = said("onix", 0, subjects=[["thema", "5X", ""]])
    assert folded(erotic, said("other", 3, age_limit="16"))["age_limit"] == "18"
    assert folded(said("onix", 0), said("other", 3, age_limit="16"))["age_limit"] == "16"
    lower = said("later", 3, age_limit="16")._replace(said_at=9.0)
    assert folded(said("shop", 3, age_limit="18"), lower)["age_limit"] == "18"  # nobody's lower figure lifts it
    assert folded(said("onix", 0, age_limit="16"), said("shop", 3, age_limit="18"))["age_limit"] == "18"
    assert folded(wine, said(":operator", -1, age_limit="16"))["age_limit"] == "16"
    assert folded(wine, said(":operator", -1, age_limit=None))["age_limit"] == ""
    guide = fold_one([wine], gtin=9782070360024)[1]
    assert (guide["age_limit"], guide["territory"]) == ("", "")  # a book about wine is none


def test_territory_of_the_better_source_counts():
    facts = folded(said("shop", 1, territory="-US"), said("onix", 0, territory="+BE FR"))
    assert (facts["territory"], facts["provenance"]["territory"]) == ("+BE FR", "onix")


def test_shop_says_where_it_may_be_sold_only_of_what_it_alone_lists():
    mine = said("shop", 3, territory="+AQ")
    assert folded(mine, said("shop", 3), said(":service", 2))["territory"] == "+AQ"
    facts = folded(mine, said("other", 3, title="Bordeaux"))
    assert (facts["territory"], "territory" in facts["provenance"]) == ("", False)
    assert folded(mine, said("other", 3), said("trade", 1, territory="-US"))["territory"] == "-US"
    assert folded(mine, said("other", 3), said(":operator", -1, territory="+FR"))["territory"] == "+FR"
