"""What a rule makes of a price: a table, and what the law on books leaves of it."""

from __future__ import annotations

from datetime import date

import pytest

from catalog_sync.models import PriceRule
from catalog_sync.price_rules import Article, fits, sold_for
from marketplace.catalogue.models import Form, ProductFacts

DAY = date(2026, 3, 2)
BOOK, THING = ProductFacts(is_book=True, form=Form.PAPERBACK), ProductFacts(is_book=False)


def article(listed: int = 1290, **columns: object) -> Article:
    values = {
        "condition": "good", "price_kind": "retail", "fixed": False, "publisher": "Éditions du Port",
        "subjects": ("FBA", "YFB"), "feeds": frozenset({7}), "facts": BOOK,
    }  # fmt: skip
    return Article(listed_minor=listed, **(values | columns))  # type: ignore[arg-type]


def sold(one: Article, *rules: PriceRule, country: str = "CA", unit: int = 100) -> int:
    return sold_for(one, rules, country=country, unit=unit, today=DAY)


@pytest.mark.parametrize(
    ("listed", "rule", "price"),
    [
        (1290, {"change_bp": -500}, 1226),
        (1290, {"change_bp": -500, "rounding": "05"}, 1225),
        (1290, {"change_bp": 1000}, 1419),
        (1290, {"change_minor": -90}, 1200),
        (1290, {"change_bp": -1000, "change_minor": 100}, 1261),
        (1290, {"rounding": "whole"}, 1300),
        (1249, {"rounding": "whole"}, 1200),
        (1250, {"rounding": "whole"}, 1300),
        (1290, {"rounding": "95"}, 1295),
        (1244, {"rounding": "95"}, 1195),
        (1245, {"rounding": "95"}, 1295),
        (20, {"rounding": "95"}, 95),
        (1290, {"change_bp": -9000, "floor_minor": 500}, 500),
        (300, {"change_bp": -1000, "floor_minor": 500}, 500),
        (100, {"change_minor": -100}, 10),
        (5, {"change_minor": -100}, 5),
    ],
)
def test_price_by_a_rule(listed, rule, price):
    assert sold(article(listed), PriceRule(**rule)) == price


def test_currency_without_hundredths_is_rounded_to_whole_amounts():
    for rounding in ("05", "95", "whole"):
        assert sold(article(1237), PriceRule(rounding=rounding), unit=1) == 1237


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({}, True),
        ({"subject": "YF"}, True),  # not its first subject
        ({"subject": "FB"}, True),
        ({"subject": "BA"}, False),
        ({"publisher": "editions du port"}, True),
        ({"publisher": "Éditions"}, False),
        ({"worn": "used"}, True),
        ({"worn": "new"}, False),
        ({"feed_id": 7}, True),
        ({"feed_id": 8}, False),
        ({"subject": "YF", "worn": "new"}, False),
    ],
)
def test_rule_names_what_fits_all_it_says(rule, named):
    assert fits(PriceRule(**rule), article()) == named


def test_first_rule_that_fits_counts_and_no_other():
    first, second = PriceRule(subject="Y", change_minor=-100), PriceRule(change_minor=-200)
    assert (sold(article(), first, second), sold(article(subjects=()), first, second)) == (1190, 1090)
    assert sold(article(feeds=frozenset()), second) == 1290  # no list has it


@pytest.mark.parametrize(
    ("country", "columns", "price"),
    [
        ("CA", {"condition": "new"}, 645),
        ("FR", {"condition": "new"}, 1290),
        ("DE", {"condition": "new"}, 1290),
        ("FR", {"condition": "good"}, 645),
        ("FR", {"condition": "new", "facts": THING}, 645),
        ("CA", {"condition": "new", "price_kind": "fixed"}, 1290),
        ("CA", {"condition": "new", "fixed": True}, 1290),
        ("CA", {"condition": "good", "fixed": True}, 645),
    ],
)
def test_price_that_is_law_is_neither_lowered_nor_raised(country, columns, price):
    one = article(**columns)
    assert sold(one, PriceRule(change_bp=-5000), country=country) == price
    assert (sold(one, PriceRule(change_bp=5000), country=country) == 1290) == (price == 1290)
    assert (sold(one, PriceRule(floor_minor=2000), country=country) == 1290) == (price == 1290)
