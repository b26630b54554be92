"""Records to rows, and the hashes by which they are compared."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

from catalog_sync import staged_rows, staging
from catalog_sync.records import FACT_FIELDS, OFFER_FIELDS, STOCK_FIELDS, CatalogRecord
from catalog_sync.staged_rows import CONDITION, EVERYTHING, PRICE, SOME_FACTS, STOCK, TITLE, parts_of
from marketplace.foundation import bulk
from tests.catalog_sync.memory import article, chunk, refused

COLUMNS = list(staging.COLUMNS)
OTHER_VALUES = {
    "price": 1,
    "currency": "EUR",
    "price_kind": "net",
    "quantity": 9,
    "contains_our_orders": True,
    "availability": "orderable",
    "condition": "good",
    "signed": True,
    "first_edition": True,
    "days": 3,
    "available_from": "2026-05-01",
    "title": "Other",
    "gtin": 9782070360024,
    "subtitle": "s",
    "contributors": (("A", "author"),),
    "publisher": "P",
    "subjects": (("thema", "FB", ""),),
    "language": "en",
    "form": "pocket",
    "pages": 7,
    "publication_date": "1942",
    "description": "d",
    "cover": "https://x.example/c",
    "series": "S",
    "series_number": "1",
    "audience": "children",
    "unit_size": "1 l",
    "tax_code": "5",
    "related": (("work", "istc", "A0220090000154FA"),),
    "weight": 350,
    "territory": "+FR",
    "age_limit": "18",
    "shelf": "A 2",
    "note": "Jaquette déchirée",
    "photo": f"covers/ab/{'ab' * 16}-page.webp",
}


def row(record: CatalogRecord) -> dict:
    return dict(zip(COLUMNS, *staged_rows.RowMaker().tuples([record]), strict=True))


def hashes(record: CatalogRecord) -> tuple[int, int]:
    return row(record)["offer_hash"], row(record)["facts_hash"]


@pytest.mark.parametrize(
    "field", [name for name in CatalogRecord._fields if name not in ("sku", "as_of", "speaks_for")]
)
def test_every_field_changes_one_hash(field):
    """A field that no hash contains would never be written again."""
    before, after = hashes(article("a")), hashes(article("a")._replace(**{field: OTHER_VALUES[field]}))
    is_offer = field in OFFER_FIELDS
    assert (before[0] != after[0], before[1] != after[1]) == (is_offer, not is_offer)


def test_age_and_number_of_an_article_change_no_hash():
    later = article("b", article("a").as_of.replace(year=2027), title="Title a")
    assert hashes(article("a")) == hashes(later)


def test_hash_is_the_same_in_another_process():
    code = "from catalog_sync.hashing import stable_hash; print(stable_hash('L\\'Étranger'))"
    found = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        cwd=settings.BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "marketplace.settings", "PYTHONHASHSEED": "1", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(found.stdout) == staged_rows.stable_hash("L'Étranger")
    assert -(2**63) <= staged_rows.stable_hash("x") < 2**63


def test_parts_name_what_a_record_speaks_for():
    assert parts_of(STOCK_FIELDS) == STOCK
    assert parts_of(("price", "currency")) == PRICE
    assert parts_of(("condition", "title")) == CONDITION | TITLE
    assert parts_of(("publisher",)) == SOME_FACTS
    assert parts_of(("title", *FACT_FIELDS)) == TITLE
    assert row(article("a"))["parts"] == EVERYTHING


def test_facts_hold_what_is_known_alone():
    assert row(article("a"))["facts"] == "{}"
    assert row(article("a", pages=3, publisher="É"))["facts"] == '{"publisher":"É","pages":3}'
    part = article("a", pages=3, speaks_for=("publisher", "pages"))
    assert row(part)["facts"] == '{"publisher":null,"pages":3}'


AWKWARD = 'back\\slash, \ttab, “quotes”, "more", \\N and \r\nlines'


def test_rows_arrive_as_they_were_made(db):
    """PostgreSQL reads them from a text, SQLite as values: in both they are what the tuples say."""
    articles = [
        article("plain", pages=3, publisher="É"),
        article(AWKWARD, title=AWKWARD, publisher=AWKWARD, description=AWKWARD, gtin=9782070360024),
        article("nothing", price=None, quantity=None, days=3, available_from="2026-05"),
        article("part", speaks_for=("publisher", "quantity"), signed=True),
    ]
    staging.stage([chunk(tuple(articles))])
    for name in set(COLUMNS) - {"as_of", "ordinal", "available_on"}:
        stored = [value for (value,) in bulk.rows(f"SELECT {name} FROM sync_stage ORDER BY ordinal")]
        assert (name, stored) == (name, [row(record)[name] for record in articles])


def test_values_fit_their_columns():
    made = row(article("a", price=10**15, days=10**6, available_from="2026-05"))
    assert (made["price_minor"], made["days"], made["available_on"]) == (None, 32_767, "2026-05-01")


def test_counts_of_a_reading(db):
    staged = staging.stage(
        [
            chunk((article("a"), article("b")), refused=(refused("r"), refused()), complete=False),
            chunk((article("a", quantity=5),), complete=True),
        ]
    )
    assert (staged.read, staged.refused, staged.nameless, staged.repeated, staged.complete) == (5, 2, 1, 1, True)
    assert [issue.reason.code for issue in staged.issues] == ["sku_twice"]
