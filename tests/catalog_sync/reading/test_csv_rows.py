"""CSV as really met."""

import pytest

from catalog_sync.reading.csv_rows import MOST_LINES_PER_ROW, decide_delimiter, read_csv
from catalog_sync.reading.tables import Table, column_name
from catalog_sync.reasons import FeedError
from catalog_sync.records import Refused

NAMES = {"isbn", "titre", "prix", "stock", "texte"}


@pytest.fixture
def table(tmp_path):
    def read(text: str, encoding: str = "utf-8", declared: str = "", newline_expected: bool = False) -> Table:
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode(encoding))
        return read_csv(path, declared, lambda cell: column_name(cell) in NAMES, lambda header: 2, newline_expected)

    return read


def rows(table: Table) -> list[tuple[int, str] | tuple[int, str, str]]:
    """(line, cells joined), or (line, code, raw) for a refused line."""
    return [
        (item.position, item.reason.code, item.raw) if isinstance(item, Refused) else (item[0], "|".join(item[1]))
        for item in table.rows
    ]


HEADER = "ISBN;Titre;Prix;Stock\n"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b;c\n1,5;2;3\n2,5;3;4\n", ";"),
        ("a,b,c\n1,x;y,3\n", ","),
        ("a\tb\tc\n1\tx, y\t3\n", "\t"),
        ("a,\tb,\tc\n1,\t2,\t3\n", ","),
        ("a|b|c\n1|2|3\n", "|"),
        ('a,b,c\n"x; y; z",2,3\n', ","),
        ("a\nb\n", ";"),
    ],
)
def test_delimiter_is_the_one_that_splits_evenly(text, delimiter):
    assert decide_delimiter(text) == delimiter


def test_header_is_found_below_blank_lines_a_title_and_a_mark(table):
    found = table("Liste de prix;;;\n\n\ufeff" + HEADER + "1;a;2;3\n")
    assert (found.header, rows(found)) == (["ISBN", "Titre", "Prix", "Stock"], [(4, "1|a|2|3")])
    assert "header_late" in [note.code for note in found.notes]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(ending, table):
    found = table((HEADER + "1;a;2;3\n2;b;2;3\n").replace("\n", ending))
    assert rows(found) == [(2, "1|a|2|3"), (3, "2|b|2|3")]
    assert found.ending.whole


def test_cell_over_several_lines_is_one_row(table):
    found = table(HEADER + '1;"a\nb";2;3\n2;c;2;3\n')
    assert rows(found) == [(2, "1|a\nb|2|3"), (4, "2|c|2|3")]


def test_blank_lines_are_passed_over(table):
    assert rows(table(HEADER + "\n1;a;2;3\n;;;\n\n")) == [(3, "1|a|2|3")]


def test_surplus_is_good_only_where_all_rows_end_with_a_delimiter(table):
    assert rows(table(HEADER + "1;a;2;3;\n2;b;2;3;\n")) == [(2, "1|a|2|3"), (3, "2|b|2|3")]
    shifted = table(HEADER + "1;a;2;3\n2;b;2;3\n3;c; d;2;\n")
    assert rows(shifted)[2] == (4, "line_ragged", "3;c; d;2;")


def test_lone_quotation_mark_glues_no_rows_together(table):
    found = table(HEADER + '1;"7" single;2;3\n2;b;2;3\n3;12" disque;2;3\n4;d;2;"3\n5;e;2;"3\n6;f;2;3\n')
    assert [line for line, *_ in rows(found)] == [2, 3, 4, 5, 6, 7]


def test_quotation_mark_never_closed_costs_no_other_row(table):
    lines = [f"{number};t{number};2;3\n" for number in range(3 * MOST_LINES_PER_ROW)]
    lines[10] = '10;"t10;2;3\n'
    found = table(HEADER + "".join(lines))
    assert [line for line, *_ in rows(found)] == list(range(2, len(lines) + 2))


def test_lost_quotation_marks_confine_the_damage(table):
    found = table("ISBN;Titre;Prix;Texte\n1;a;2;<p>un\ndeux</p>\n2;b;2;x\n")
    assert rows(found) == [(2, "1|a|2|<p>un"), (3, "line_ragged", "deux</p>"), (4, "2|b|2|x")]


def test_huge_cell_is_survived(table):
    found = table(HEADER + f"1;a;2;3\n2;{'x' * (3 << 20)};2;3\n3;c;2;3\n")
    assert [line for line, *_ in rows(found)] == [2, 3, 4]


@pytest.mark.parametrize("end", ["3;c", '3;"c', "3;c;2"])
def test_cut_last_line_is_refused_and_the_file_not_whole(end, table):
    found = table(HEADER + "1;a;2;3\n2;b;2;3\n" + end)
    assert rows(found) == [(2, "1|a|2|3"), (3, "2|b|2|3"), (4, "record_cut", end)]
    assert not found.ending.whole


def test_last_line_without_newline_is_whole_unless_one_is_expected(table):
    found = table(HEADER + "1;a;2;3\n2;b;2;3")
    assert (len(rows(found)), found.ending.whole, found.ending.final_newline) == (2, True, False)
    expected = table(HEADER + "1;a;2;3\n2;b;2;3", newline_expected=True)
    assert (rows(expected)[1][:2], expected.ending.whole) == ((3, "record_cut"), False)


@pytest.mark.parametrize(
    ("encoding", "declared", "how"),
    [
        ("utf-8", "", "valid UTF-8"),
        ("utf-8-sig", "", "mark"),
        ("utf-16", "", "mark"),
        ("utf-16-le", "", "zero bytes"),
        ("cp1252", "", "assumed"),
        ("latin-1", "iso-8859-1", "declared"),
        ("cp1250", "cp1250", "declared"),
        ("cp1252", "no-such-charset", "assumed"),
        ("cp1252", "utf-8", "assumed"),
    ],
)
def test_encoding_is_decided_by_rule_and_told(encoding, declared, how, table):
    found = table(HEADER + "1;été;2;3\n", encoding, declared)
    assert rows(found) == [(2, "1|été|2|3")]
    assert dict(found.notes[0].values)["how"] == how


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<html><title>Login</title>", "file_is_web_page"),
        ('{"a": 1}', "file_wrong_kind"),
        ("<rss/>", "file_wrong_kind"),
        ("x;y\n1;2\n", "columns_unknown"),
        (" \n", "file_empty"),
    ],
)
def test_what_is_no_list_says_what_it_is(text, code, table):
    with pytest.raises(FeedError) as caught:
        table(text)
    assert caught.value.reason is not None
    assert caught.value.reason.code == code


@pytest.mark.parametrize(
    "odd", ['9;"two\nlines";1;2\n', '9;"7" single;1;2\n', "9;short\n", "9;a;1;2;more\n", "\n", ";;;\n", ""]
)
@pytest.mark.parametrize("place", [0, 99, 100, 101, 249])
def test_odd_line_changes_nothing_around_it(table, odd, place):
    """Many plain lines are read at once; one that is odd among them is read as it is by itself."""
    plain = [f"{n};Titre {n};1;2\n" for n in range(250)]
    found = rows(table(HEADER + "".join([*plain[:place], odd, *plain[place:]])))
    (alone,) = [rows(table(HEADER + plain[0] + odd + plain[1]))[1:-1]]
    shifted = [(2 + place + (line - 3), *more) for line, *more in alone]
    before = [(2 + n, f"{n}|Titre {n}|1|2") for n in range(place)]
    after = [(2 + n + odd.count("\n"), f"{n}|Titre {n}|1|2") for n in range(place, 250)]
    assert found == [*before, *shifted, *after]


@pytest.mark.parametrize("count", [0, 1, 2, 100, 101, 102])
def test_as_many_rows_as_lines(table, count):
    assert len(rows(table(HEADER + "1;a;2;3\n" * count))) == count
