"""Where a title may be sold, and from which age."""

from __future__ import annotations

import pytest
from django.utils import translation

from marketplace.catalogue import sale_limits, sale_words
from marketplace.catalogue.models import ProductFacts
from marketplace.foundation.countries import CODES, code_of


def test_territory_is_written_the_shorter_way():
    assert sale_limits.territory(["FR", "BE", "??"]) == "+BE FR"
    assert sale_limits.territory(None, ["US", "CA"]) == "-CA US"
    assert sale_limits.territory(["FR", "US"], ["US"]) == "+FR"
    assert sale_limits.territory([], []) == ""
    assert sale_limits.of_countries(CODES - {"US"}) == "-US"
    assert (sale_limits.of_countries(CODES), sale_limits.of_countries([])) == ("", "+")


@pytest.mark.parametrize(
    ("text", "right"),
    [("", True), ("+", True), ("+BE FR", True), ("-US", True), ("-", False), ("+ZZ", False), ("FR", False)],
)
def test_territory_is_told_from_other_texts(text, right):
    assert sale_limits.is_territory(text) is right


@pytest.mark.parametrize(
    ("territory", "country", "refused"),
    [
        ("", "CA", False),
        ("+BE FR", "CA", True),
        ("+BE FR", "FR", False),
        ("-US", "US", True),
        ("-US", "FR", False),
        ("+", "FR", True),
        ("+BE FR", "", False),
    ],
)
def test_new_copies_are_refused_outside_and_used_ones_never(territory, country, refused):
    facts = ProductFacts(territory=territory)
    assert sale_limits.refuses(facts, country) is refused
    assert sale_limits.refuses(facts, country, used=True) is False


def test_age_for_alcohol_is_that_of_the_place():
    wine = ProductFacts(age_limit="alcohol")
    found = [sale_limits.years(wine, place) for place in ("FR", "CA-QC", "CA-ON", "CA", "US", "DE", "FR-75")]
    assert found == [18, 18, 19, 19, 21, 18, 18]
    assert [sale_limits.years(ProductFacts(age_limit=limit), "US") for limit in ("", "16")] == [0, 16]


@pytest.mark.parametrize(
    ("cell", "years"),
    [("18", "18"), ("18+", "18"), ("interdit -16 ans", "16"), ("3+", ""), ("dès 12 ans", ""), ("2018", ""), ("", "")],
)
def test_age_of_a_cell_is_one_that_a_law_may_ask(cell, years):
    assert sale_limits.stated_years(cell) == years


@pytest.mark.parametrize(
    ("category", "limit"),
    [
        ("Épicerie > Vins & spiritueux", "alcohol"),
        ("Food, Beverages & Tobacco > Beverages > Alcoholic Beverages > Wine", "alcohol"),
        ("Bières artisanales", "alcohol"),
        ("Verres à vin", ""),
        ("Bières sans alcool", ""),
        ("Vinaigres", ""),
    ],
)
def test_drinks_are_told_by_the_whole_name_of_a_category(category, limit):
    assert sale_limits.implied({"subjects": [["sender", "", category]]}) == limit


def test_countries_are_known_by_code_and_name():
    found = [code_of(word) for word in ("fr", "Belgique", "États-Unis", "Deutschland", "uk", "Atlantis")]
    assert found == ["FR", "BE", "US", "DE", "GB", None]


def test_refusal_says_why_and_for_whom_it_is_kept():
    book, mug = ProductFacts(territory="+BE FR", is_book=True), ProductFacts(territory="-CA")
    with translation.override("en"):
        assert sale_words.refusal(book, "CA-QC") == (
            "Not for sale in Canada: the publisher keeps it for Belgium and France."
        )
        assert sale_words.refusal(mug, "CA") == "Not for sale in Canada."
        many = ProductFacts(territory="+AT BE CH DE FR IT")
        assert sale_words.refusal(many, "CA") == "Not for sale in Canada: it is kept for 6 other countries."
