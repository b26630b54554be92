"""Which column gives which field: chosen, as before, or by name and contents; and what has changed since."""

import pytest

from catalog_sync.adapters.column_names import knows
from catalog_sync.adapters.column_proposal import find_layout
from catalog_sync.adapters.spreadsheet_columns import AWAITED, Columns, Remembered, remembered, understand
from catalog_sync.reasons import FeedError
from tests.catalog_sync.adapters.test_column_proposal import GROSS, ISBNS, NET, TITLES, UNITS

HEADER = ["ISBN", "Titre", "Prix", "Stock"]
BEFORE = Remembered({"isbn": "ISBN", "title": "Titre", "price": "Prix", "quantity": "Stock"}, (), True)
NOTHING = Remembered({}, (), False)


def read(header: list[str], *columns: list[str], options=None, before: Remembered = NOTHING) -> Columns:
    rows = [header, *(list(row) for row in zip(*columns, strict=True))]
    layout = find_layout(list(enumerate(rows, 1)), knows, unnamed=False)
    assert layout is not None
    return understand(layout, options or {}, before)


def codes(columns: Columns) -> list[str]:
    return [note.code for note in columns.notes]


def test_what_is_remembered_comes_back():
    columns = read(HEADER, ISBNS, TITLES, GROSS, UNITS)
    assert remembered(columns.memory(newline=True).text()) == BEFORE


@pytest.mark.parametrize("cursor", ["", "ends with a newline", "[]", '{"columns": 3}', "null"])
def test_cursor_of_another_kind_remembers_nothing(cursor):
    assert remembered(cursor) == NOTHING


def test_moved_columns_are_no_matter():
    columns = read(["Stock", "Prix", "Titre", "ISBN"], UNITS, GROSS, TITLES, ISBNS, before=BEFORE)
    assert (columns.names, codes(columns)) == (BEFORE.names, [])


@pytest.mark.parametrize(
    ("header", "code", "values"),
    [
        (["ISBN", "Titre", "Tarif", "Stock"], "column_renamed", ("Prix", "selling price", "Tarif")),
        (["ISBN", "Titre", "Prix", "Qté"], "column_renamed", ("Stock", "copies in stock", "Qté")),
        (["EAN", "Titre", "Prix", "Stock"], "column_renamed", ("ISBN", "ISBN", "EAN")),
        (["ISBN", "Titre", "Remise", "Stock"], "column_dropped", ("Prix", "selling price")),
        (["ISBN", "Désignation", "Prix", "Stock"], "column_gone", ("Titre", "title")),
    ],
)
def test_column_that_is_not_there_any_more_is_told(header, code, values):
    columns = read(header, ISBNS, TITLES, GROSS, UNITS, before=BEFORE)
    assert [(note.code, tuple(value for _, value in note.values)) for note in columns.notes] == [(code, values)]


def test_column_of_last_time_wins_over_a_new_one_with_a_better_name():
    columns = read([*HEADER, "Prix TTC"], ISBNS, TITLES, GROSS, UNITS, NET, before=BEFORE)
    assert columns.names["price"] == "Prix"
    assert codes(columns) == ["columns_several"]
    assert read([*HEADER, "Prix TTC"], ISBNS, TITLES, NET, UNITS, GROSS).names["price"] == "Prix TTC"


def test_values_under_the_wrong_names_await_a_person():
    columns = read(HEADER, GROSS, TITLES, UNITS, ISBNS, before=BEFORE)
    assert set(codes(columns)) == {"columns_denied"}
    assert {"columns_denied"} <= AWAITED
    assert (columns.places.get("isbn"), columns.places.get("price")) == (None, 2)


def test_contradiction_that_was_approved_is_a_word_beside():
    first = read(["Réf", *HEADER], TITLES, GROSS, TITLES, UNITS, ISBNS)
    again = read(["Réf", *HEADER], TITLES, GROSS, TITLES, UNITS, ISBNS, before=first.memory(newline=True))
    assert first.places == again.places
    assert (set(codes(first)), set(codes(again))) == ({"columns_denied"}, {"column_left"})


def test_what_a_person_has_chosen_wins_and_what_is_not_to_be_read_is_not():
    options = {"columns": {"price": "Prix conseillé", "sku": "Stock"}, "unused": ["Titre"]}
    columns = read([*HEADER, "Prix conseillé"], ISBNS, TITLES, GROSS, UNITS, NET, options=options, before=BEFORE)
    assert columns.names == {"price": "Prix conseillé", "sku": "Stock", "isbn": "ISBN"}


def test_chosen_column_that_is_gone_stops_the_reading_where_it_matters():
    with pytest.raises(FeedError) as caught:
        read(HEADER, ISBNS, TITLES, GROSS, UNITS, options={"columns": {"price": "Tarif"}})
    assert (caught.value.permanent, caught.value.reason and caught.value.reason.code) == (True, "column_mapped_missing")
    columns = read(HEADER, ISBNS, TITLES, GROSS, UNITS, options={"columns": {"cover": "Photo"}})
    assert codes(columns) == ["column_gone"]


def test_two_columns_of_one_name_are_told_apart():
    header = ["ISBN", "Titre", "Prix", "Prix"]
    assert codes(read(header, ISBNS, TITLES, NET, GROSS)) == ["columns_several"]
    chosen = read(header, ISBNS, TITLES, NET, GROSS, options={"columns": {"price": "Prix #2"}})
    assert chosen.places["price"] == 3


def test_brackets_tell_columns_apart():
    header = ["ISBN", "Titre", "Prix (HT)", "Prix (TTC)"]
    assert read(header, ISBNS, TITLES, NET, GROSS).names["price"] == "Prix (TTC)"
    chosen = read(header, ISBNS, TITLES, NET, GROSS, options={"columns": {"price": "prix (ht)"}})
    assert chosen.names["price"] == "Prix (HT)"


def test_several_prices_of_which_none_can_be_chosen_are_named():
    other = ["3.00", "4.10", "7.77", "1.15", "2.50", "9.99"]
    columns = read(["ISBN", "Titre", "A", "B"], ISBNS, TITLES, GROSS, other)
    assert ("price" in columns.places, codes(columns)) == (False, ["price_undecided"])


def test_numbers_of_the_shop_that_are_isbns_are_isbns_too():
    columns = read(["Référence", "Titre", "Prix"], ISBNS, TITLES, GROSS)
    assert columns.places == {"sku": 0, "title": 1, "price": 2, "gtin": 0}
