"""Shops' own lists: CSV in any dialect, XLSX."""

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.reasons import FeedError
from catalog_sync.records import CatalogRecord, Chunk, Cursor, Lane
from tests.catalog_sync.feeds import FIXTURES


class TestListInCp1252(AdapterConformance):
    """Semicolons, decimal commas and points, a title above the header, "Excel has eaten the ISBN"."""

    kind = "csv"
    fixture = FIXTURES / "list_cp1252.csv"
    ends_may_be_open = True
    expected = {
        "L-001": {
            "gtin": 9782070368228,
            "title": "L'été indien",
            "price": 1290,
            "currency": "EUR",
            "price_kind": "retail",
            "quantity": 3,
            "availability": "in_stock",
            "condition": "new",
            "contributors": (("Zoé Lefèvre", "author"),),
            "publisher": "Éditions Exemple",
            "publication_date": "2019-03-14",
        },
        "L-003": {"gtin": None, "price": 150, "availability": "unknown", "publication_date": ""},
        "L-004": {"gtin": None, "price": 123450, "quantity": 0, "availability": "temporarily_unavailable"},
        "9780439023481-good": {"gtin": 9780439023481, "price": None, "quantity": 10, "condition": "good"},
        "L-006": {"gtin": None, "title": "Faute de frappe", "quantity": 0},
        "L-007": {
            "title": "Le cœur",
            "contributors": (("Martin", "author"), ("Paul", "author")),
            "condition": "acceptable",
        },
    }
    unknown_quantities = ("L-003", "L-007")
    expected_refused = ("gtin_digits_lost", "title_missing", "line_ragged")

    def test_issues_say_what_went_in_without(self, reading):
        issues = [(issue.sku, issue.reason.code, issue.position) for chunk in reading.chunks for issue in chunk.issues]
        assert sorted(issues) == [
            ("9780439023481-good", "price_on_request", 8),
            ("L-004", "gtin_in_store", 7),
            ("L-006", "gtin_check_digit", 9),
            ("L-006", "quantity_negative", 9),
            ("L-007", "condition_not_understood", 10),
            ("L-007", "quantity_not_understood", 10),
        ]

    def test_refusals_name_line_and_number(self, reading):
        refused = [(refused.position, refused.sku) for chunk in reading.chunks for refused in chunk.refused]
        assert sorted(refused) == [(5, "L-002"), (11, "L-008"), (12, "")]


class TestListWithMark(AdapterConformance):
    """Commas, a byte order mark, ISBN-10 with and without its zeros, no number of the shop's own."""

    kind = "csv"
    fixture = FIXTURES / "list_bom.csv"
    ends_may_be_open = True
    expected = {
        "9780439023481": {"title": "The Hunger Games, 1", "price": 1099, "quantity": 2, "language": "en"},
        "9780061120084": {"price": 109900, "quantity": 0, "language": "en"},
        "9780804429573": {"quantity": None, "availability": "unknown"},
        "9780316015844": {"title": "Twilight with a line break", "price": None},
    }
    unknown_quantities = ("9780804429573",)
    long_feed = ("ISBN,SKU,Title,Price,Stock\n", ",S-NUMBER,Title NUMBER,10.00,1\n", "")


class TestGoods(AdapterConformance):
    """Tabs, no GTIN, currencies in the cells, an inch mark that opens no quotation."""

    kind = "csv"
    fixture = FIXTURES / "goods.tsv"
    ends_may_be_open = True
    expected = {
        "POT-1": {"gtin": None, "price": 20000, "currency": "XOF", "quantity": 4, "unit_size": "1 l"},
        "POT-2": {"title": 'Bol 7" bleu', "price": 360000, "currency": "KES"},
        "POT-3": {"price": None, "subjects": (("sender", "", "Maison"),)},
    }


def read(path: Path, *, lane: Lane = Lane.CATALOGUE, since: Cursor | None = None, **settings) -> list[Chunk]:
    return list(adapter_for(FeedUnderTest("csv", str(path), **settings)).fetch(lane, since))


def records(chunks: list[Chunk]) -> list[CatalogRecord]:
    return [record for chunk in chunks for record in chunk.records]


@pytest.fixture
def written(tmp_path):
    def write(text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_columns_in_another_order_read_the_same(written):
    one = records(read(written("SKU;Titre;Prix;Stock\nA;T;1,50;2\n")))
    other = records(read(written("Stock;Prix;Titre;SKU\n2;1,50;T;A\n", "other.csv")))
    assert [record._replace(as_of=one[0].as_of) for record in other] == one


def test_missing_quantity_column_is_told_and_unknown(written):
    (chunk,) = read(written("SKU;Titre;Prix\nA;T;1,50\n"))
    assert chunk.records[0].quantity is None
    missing = [dict(note.values)["columns"] for note in chunk.notes if note.code == "columns_missing"]
    assert missing == ["quantity, availability"]


def test_columns_of_our_own_choice_win(written):
    path = written("Naziv,Naziv na sajtu,Cena (CHF)\na,Vino,1220\n")
    options = {"columns": {"sku": "Naziv", "title": "Naziv na sajtu"}}
    (record,) = records(read(path, options=options))
    assert (record.sku, record.title, record.price, record.currency) == ("a", "Vino", 122000, "CHF")


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("Titre;Prix\nT;1\n", {}, "columns_unknown"),
        ("x;y\n1;2\n", {}, "columns_unknown"),
        ("SKU;Titre\nA;T\n", {"columns": {"price": "Tarif"}}, "column_mapped_missing"),
    ],
)
def test_columns_not_understood_need_a_person(text, options, code, written):
    with pytest.raises(FeedError) as caught:
        read(written(text), options=options)
    assert (caught.value.permanent, caught.value.reason.code) == (True, code)


def test_header_alone_is_no_empty_shop(written):
    with pytest.raises(FeedError) as caught:
        read(written("SKU;Titre;Prix;Stock\n"))
    assert (caught.value.permanent, caught.value.reason.code) == (False, "file_without_articles")


def test_file_whose_every_line_is_refused_is_not_complete(written):
    (chunk,) = read(written("SKU;Titre;Prix;Stock\nA;;1;1\nB;;2;2\n"))
    assert (len(chunk.records), len(chunk.refused), chunk.complete) == (0, 2, False)


def test_last_line_without_newline_is_cut_where_the_last_file_had_one(written):
    path = written("SKU;Titre;Prix;Stock\nA;T;1;15\nB;T;1;1")
    (whole,) = read(path)
    assert (len(whole.records), whole.complete) == (2, True)
    (first,) = read(written("SKU;Titre;Prix;Stock\nA;T;1;15\nB;T;1;12\n", "before.csv"))
    (cut,) = read(path, since=first.cursor)
    assert ([record.sku for record in cut.records], cut.complete) == (["A"], False)
    assert [refused.reason.code for refused in cut.refused] == ["record_cut"]


def test_short_line_goes_in_when_it_holds_what_is_needed(written):
    (chunk,) = read(written("SKU;Titre;Prix;Stock\nA;T;1\nB;T\nC;T;1;3\n"))
    assert [(record.sku, record.quantity) for record in chunk.records] == [("A", None), ("C", 3)]
    assert [refused.position for refused in chunk.refused] == [3]


def test_used_copies_without_a_number_of_their_own_are_kept_apart(written):
    text = "ISBN;Titre;Prix;Stock;Etat\n9782070368228;T;9;1;neuf\n9782070368228;T;4;1;bon\n"
    assert [record.sku for record in records(read(written(text)))] == ["9782070368228", "9782070368228-good"]


def test_isbn10_column_rescues_lost_digits(written):
    text = "book_id,isbn,isbn13,title\n1,439023483,9.78043902348e+12,A\n2,,9.78043902348e+12,B\n3,,,C\n"
    (chunk,) = read(written(text))
    assert [(record.sku, record.gtin) for record in chunk.records] == [("1", 9780439023481), ("3", None)]
    assert [(refused.sku, refused.reason.code) for refused in chunk.refused] == [("2", "gtin_digits_lost")]
    assert [(issue.sku, issue.reason.code) for issue in chunk.issues] == [("1", "gtin_recovered")]


def test_stock_list_without_titles_is_a_stock_lane(written):
    path = written("ISBN;Stock\n9782070368228;3\n")
    (record,) = records(read(path, lane=Lane.STOCK))
    assert (record.quantity, record.title) == (3, "")
    assert record.speaks_for == ("quantity", "contains_our_orders", "availability")


def test_bare_thousands_follow_the_column(written):
    points = records(read(written("SKU;Titre;Prix\nA;T;1.234\nB;T;5.50\n")))
    commas = records(read(written("SKU;Titre;Prix\nA;T;1.234\nB;T;5,50\n", "commas.csv")))
    assert ([record.price for record in points], [record.price for record in commas]) == ([123, 550], [123400, 550])


def test_as_of_is_the_files_time_less_the_tolerance(written):
    path = written("SKU;Titre\nA;T\n")
    stamp = datetime(2024, 3, 5, 8, 0).astimezone()
    os.utime(path, (stamp.timestamp(), stamp.timestamp()))
    (chunk,) = read(path)
    assert chunk.as_of == stamp - timedelta(minutes=15)


@pytest.fixture
def workbook(tmp_path):
    def write(rows: list[list[object]], title: str = "Stock") -> Path:
        book = openpyxl.Workbook()
        book.active.title = "Lisez-moi"
        book.active.append(["Bonjour"])
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        path = tmp_path / "list.xlsx"
        book.save(path)
        return path

    return write


def test_workbook_numbers_are_made_whole(workbook):
    path = workbook(
        [
            [],
            [None, "Réf", "EAN", "Titre", "Prix", "Stock", "Parution"],
            [None, 1234567.0, 9782070368228.0, "Un titre", 12.9, 3, date(2019, 3, 14)],
            [None, "B", "9780439023481", "Autre", 7, None, None],
        ]
    )
    (chunk,) = read(path)
    assert [(r.sku, r.gtin, r.price, r.quantity, r.publication_date) for r in chunk.records] == [
        ("1234567", 9782070368228, 1290, 3, "2019-03-14"),
        ("B", 9780439023481, 700, None, ""),
    ]
    assert chunk.complete


def test_workbook_number_with_three_decimals_is_no_thousand(workbook):
    path = workbook([["SKU", "Titre", "Prix", "TVA"], ["A", "T", 7.125, 0.055], ["B", "T", 12.899999999999999, 20]])
    assert [(r.price, r.tax_code) for r in records(read(path))] == [(713, "5.5"), (1290, "20")]


def test_list_without_names_is_read_by_its_contents(written):
    isbns = ("9782070368228", "9782070360024", "9782070370481", "9782070411191")
    path = written("".join(f"Titre {n};{isbn};{n + 5},90;{n}\n" for n, isbn in enumerate(isbns)))
    (chunk,) = read(path)
    found = [(record.gtin, record.title, record.price, record.quantity) for record in chunk.records]
    assert found[:2] == [(9782070368228, "Titre 0", 590, 0), (9782070360024, "Titre 1", 690, 1)]
    assert (len(found), chunk.complete, "header_none" in {note.code for note in chunk.notes}) == (4, True, True)


def test_cut_workbook_is_damaged_and_tried_again_later(workbook, tmp_path):
    content = workbook([["SKU", "Titre"], ["A", "T"]]).read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FeedError) as caught:
        read(path)
    assert (caught.value.permanent, caught.value.reason.code) == (False, "file_damaged")


def test_workbook_without_known_columns_needs_a_person(workbook):
    with pytest.raises(FeedError) as caught:
        read(workbook([["x", "y"], [1, 2]]))
    assert (caught.value.permanent, caught.value.reason.code) == (True, "columns_unknown")


def test_countries_and_age_of_sale_are_read_from_their_columns(tmp_path):
    path = tmp_path / "list.csv"
    rows = [
        "EAN;Titre;Prix;Stock;Vendu en;Pays exclus;Âge minimum",
        "9782070368228;Un;5,00;1;France, Belgique;;18 ans",
        "9782070360024;Deux;5,00;1;;États-Unis;3+",
        "9782070370481;Trois;5,00;1;FR BE CH;CH;",
        "9782070411191;Quatre;5,00;1;Monde;;",
        "9780439023481;Cinq;5,00;1;Atlantide, France;;",
    ]
    path.write_text("\n".join(rows) + "\n")
    chunks = read(path)
    assert [(record.territory, record.age_limit) for record in records(chunks)] == [
        ("+BE FR", "18"),
        ("-US", ""),
        ("+BE FR", ""),
        ("", ""),
        ("+FR", ""),
    ]
    issues = [(issue.sku, issue.reason.code, issue.reason.words()) for chunk in chunks for issue in chunk.issues]
    assert [(sku, code) for sku, code, _ in issues] == [("9780439023481", "country_unknown")]
    assert "Atlantide" in issues[0][2]


def test_shelf_is_read_from_its_column_and_the_shops_category_stays_one(tmp_path):
    path = tmp_path / "list.csv"
    lines = ["EAN;Titre;Prix;Stock;Rayon;Emplacement", f"9782070368228;Un;5,00;1;BD;  Mur  nord  {'x' * 80}"]
    path.write_text("\n".join(lines) + "\n")
    (found,) = records(read(path))
    assert (found.subjects, found.shelf[:12], len(found.shelf)) == ((("sender", "", "BD"),), "Mur nord xxx", 60)
