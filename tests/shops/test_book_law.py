from __future__ import annotations

from datetime import date

import pytest

from marketplace.catalogue.models import ProductFacts
from shops import book_law
from shops.models import Shop

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("country", "currency", "new_books_minor", "on", "least"),
    [
        ("FR", "EUR", 3499, TODAY, 300),
        ("FR", "EUR", 3500, TODAY, 1),
        ("FR", "EUR", 1, date(2023, 10, 7), 300),
        ("FR", "EUR", 1000, date(2023, 10, 6), 0),
        ("FR", "EUR", 0, TODAY, 0),  # second-hand books, other goods
        ("FR", "CAD", 1000, TODAY, 0),
        ("CA", "CAD", 1000, TODAY, 0),
        ("BE", "EUR", 1000, TODAY, 0),
    ],
)
def test_sending_new_books_costs_at_least_what_the_law_says(country, currency, new_books_minor, on, least):
    assert book_law.delivery_minimum(country, currency, new_books_minor=new_books_minor, on=on) == least


@pytest.mark.parametrize(
    ("country", "asked", "limit"),
    [
        ("FR", {"new_book": True, "in_bookshop": True}, 500),
        ("FR", {"new_book": True, "in_bookshop": False}, 0),
        ("FR", {"new_book": True, "in_bookshop": False, "on": date(2014, 7, 9)}, 500),
        ("FR", {"new_book": False, "in_bookshop": False}, None),
        ("DE", {"new_book": True, "in_bookshop": True}, 0),
        ("CA", {"new_book": True, "in_bookshop": False}, None),
        ("IT", {"new_book": True, "in_bookshop": False, "price_fixed": True}, 0),
    ],
)
def test_discount_is_limited_by_country_and_by_how_the_book_is_got(country, asked, limit):
    assert book_law.discount_limit(country, **{"on": TODAY} | asked) == limit


@pytest.mark.parametrize(
    ("facts", "condition", "expected"),
    [
        (ProductFacts(is_book=True, form="paperback"), "new", True),
        (ProductFacts(is_book=True, form="paperback"), "good", False),
        (ProductFacts(is_book=True, form="ebook"), "new", False),
        (ProductFacts(is_book=False), "new", False),
        (None, "new", False),
    ],
)
def test_only_new_printed_books_are_meant(facts, condition, expected):
    assert book_law.is_new_book(facts, condition) is expected


def test_shop_sells_books_by_its_kind_or_its_shelves():
    assert [Shop(kind=kind, goods=goods).sells_books for kind, goods in [("books", []), ("food", ["children"])]] == [
        True,
        True,
    ]
    assert not Shop(kind="food", goods=["food"]).sells_books


def test_every_row_names_its_source_and_no_two_begin_at_once():
    rows = [*book_law.DELIVERY_MINIMUMS, *book_law.DISCOUNT_LIMITS]
    assert all(row.source for row in rows)
    assert len({(type(row), row.country, row.since) for row in rows}) == len(rows)
