from __future__ import annotations

import csv
import re

import pytest
from stdnum import isbn

from demo.titles import AUTHORS, FRENCH, SUBJECTS, check_digit, french, goodbooks, inverted, isbn13_from_isbn10

SEED = 20260101


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with FRENCH.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_french_titles_are_enough_and_distinct(rows):
    assert len(rows) >= 600
    works = [(row["title"], row["contributors"], row["series"], row["series_number"]) for row in rows]
    assert len(set(works)) == len(rows)
    assert len({row["number"] for row in rows}) == len(rows)


def test_french_numbers_are_valid_and_of_the_made_up_block(rows):
    assert [row["number"] for row in rows if not isbn.is_valid(row["number"])] == []
    assert {row["number"][:8] for row in rows} == {"97829999"}


def test_french_rows_are_whole(rows):
    for row in rows:
        assert re.fullmatch(r"[^\[\];]+ \[[AB]\d\d\](; [^\[\];]+ \[[AB]\d\d\])*", row["contributors"]), row
        assert row["subject"] in SUBJECTS, row
        assert row["subject_label"] == SUBJECTS[row["subject"]][0], row
        assert row["form"] in ("BB", "BC"), row
        assert 1400 < int(row["publication_date"]) < 2027, row
        assert 16 <= int(row["pages"]) <= 2000, row
        assert 300 < int(row["price_eur_cents"]) < int(row["price_cad_cents"]) < 12_000, row
        assert row["language"] == "fre", row
        assert row["title"] == " ".join(row["title"].split()), row
        assert row["publisher"], row
        assert len(row["description"]) > 15, row
        assert {"number", "price"} <= set(row["synthetic"].split()), row


def test_french_titles_have_the_traits_that_search_must_forgive(rows):
    titles = [row["title"] for row in rows]
    for start in ("L'", "D'", "Qu'", "J'"):
        assert [title for title in titles if title.startswith(start)], start
    assert len([title for title in titles if "œ" in title or "Œ" in title]) >= 8
    assert len([title for title in titles if "-" in title]) >= 10
    assert {"L'Étranger", "D'un château l'autre", "Les Belles-Sœurs", "L'Œuvre au noir"} <= set(titles)
    asterix = [int(row["series_number"]) for row in rows if row["series"] == "Une aventure d'Astérix"]
    assert len(asterix) >= 30
    assert len(set(asterix)) == len(asterix)
    subjects = {row["subject"] for row in rows}
    assert {"FB", "YF", "YB", "XQ", "XA", "DC", "DD", "QD", "WB", "WT"} <= subjects


def test_goodbooks_recovers_all_numbers_its_isbn10_allows():
    titles = list(goodbooks(SEED))
    numbers = [title.gtin for title in titles if title.gtin]
    assert len(titles) == 10_000
    assert len(numbers) == len(set(numbers)) == 9277
    assert [number for number in numbers if not isbn.is_valid(number)] == []


def test_goodbooks_says_what_is_made_up_and_links_nowhere():
    titles = list(goodbooks(SEED))
    assert {title.synthetic for title in titles} == {"publisher subject form pages price"}
    assert {title.subject for title in titles} <= set(SUBJECTS)
    assert "http" not in "".join("".join(map(str, title)) for title in titles)


def test_author_subjects_are_known_codes_and_no_author_twice():
    with AUTHORS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["subject"] for row in rows} <= set(SUBJECTS)
    assert len({row["author"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("isbn10", "isbn13"),
    [
        ("439023483", "9780439023481"),
        ("61120081", "9780061120084"),
        ("043965548X", "9780439655484"),
        ("439023484", ""),
        ("", ""),
        ("abc", ""),
    ],
)
def test_isbn13_from_isbn10_pads_and_checks(isbn10, isbn13):
    assert isbn13_from_isbn10(isbn10) == isbn13


def test_check_digit_agrees_with_stdnum():
    assert [number for title in french(SEED) if check_digit((number := title.gtin)[:12]) != number[12]] == []


@pytest.mark.parametrize(
    ("name", "turned"), [("Albert Camus", "Camus, Albert"), ("Hergé", "Hergé"), ("J.R.R. Tolkien", "Tolkien, J.R.R.")]
)
def test_inverted_puts_the_last_name_first(name, turned):
    assert inverted(name) == turned
