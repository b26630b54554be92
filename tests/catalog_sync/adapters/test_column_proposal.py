"""What stands in a column, by its name and by what is in it."""

import pytest
from django.utils import translation

from catalog_sync.adapters.column_contents import FEW, looks_of
from catalog_sync.adapters.column_names import knows
from catalog_sync.adapters.column_proposal import Layout, find_layout, is_taxed, labels, propose
from catalog_sync.column_words import COLUMN_REASONS, LOOK_WORDS

ISBNS = ["9782070368228", "9782070360024", "9782070370481", "9782070411191", "9780439023481", "4006381333931"]
PRICES = ["12,90 €", "7,50 €", "1 234,50 €", "20,00 €", "9,95 €", "6,40 €"]
NET = ["12.23", "7.11", "1170.14", "18.96", "9.43", "6.07"]
GROSS = ["12.90", "7.50", "1234.50", "20.00", "9.95", "6.40"]
UNITS = ["3", "0", "12", "1", "1", "2"]
TITLES = ["L’été", "La nuit", "Nana (poche)", "Un cœur simple", "Le Horla et autres", "Bel-Ami, t. 1"]
PEOPLE = ["Lefèvre, Zoé", "Martin, Paul", "Zola, Émile", "Flaubert, Gustave", "Maupassant, Guy", "Roy, Gabrielle"]
DATES = ["2019-03-14", "14/03/2019", "2020", "2019-03", "01.02.2003", "2021-05-06"]


def layout(header: list[str] | None, *columns: list[str]) -> Layout:
    rows = [list(row) for row in zip(*columns, strict=True)]
    table = [header, *rows] if header else rows
    found = find_layout(list(enumerate(table, 1)), knows, unnamed=False)
    assert found is not None
    return found


def fields(header: list[str] | None, *columns: list[str], sure: bool = True) -> list[str]:
    guesses = propose(layout(header, *columns)).guesses
    return [guess.field if guess.sure or not sure else "" for guess in guesses]


@pytest.mark.parametrize(
    ("look", "cells"),
    [
        ("gtin", ISBNS),
        ("isbn", ["207036822X", "61120081", *ISBNS[:2]]),
        ("lost", ["9.78043902348e+12", "9,78207E+12", "9.78207E+12", "9782040000000"]),
        ("money", ["12,90", "7.50 €", "1 234,50", "€ 3.00"]),
        ("named_money", ["12,90 €", "CAD 12.90", "12 EUR", "$12"]),
        ("rate", ["5,5 %", "20%", "TVA 5,5 %", "2.1 %"]),
        ("whole", ["3", "0", "12.0", "+10"]),
        ("year", ["1987", "2008.0", "2020", "1999"]),
        ("date", DATES[:2] + DATES[4:]),
        ("address", ["https://a.example/1.jpg"] * FEW),
        ("stock", ["en stock", "épuisé", "rupture", "sur commande"]),
        ("condition", ["neuf", "bon état", "TBE", "occasion"]),
        ("language", ["fre", "Français", "en", "anglais"]),
        ("form", ["Poche", "Broché", "BD", "relié"]),
        ("currency", ["EUR", "CAD", "eur", "USD"]),
        ("person", PEOPLE),
        ("long", ["x" * 200] * FEW),
        ("text", TITLES),
        ("code", ["A-1", "A-2", "A-3", "77"]),
    ],
)
def test_cells_look_like_what_they_are(look, cells):
    looks = looks_of([*cells, "", " "])
    assert (looks.filled, looks.share(look)) == (len(cells), 1.0)


def test_looks_all_have_words_and_few_cells_tell_nothing():
    looks = looks_of(ISBNS[: FEW - 1])
    assert set(looks.counts) == set(LOOK_WORDS)
    assert looks.share(*LOOK_WORDS) == 0


def test_names_win_where_contents_do_not_contradict():
    assert fields(["ISBN", "Titre", "Prix", "Stock"], ISBNS, TITLES, PRICES, UNITS) == [
        *("isbn", "title", "price", "quantity")
    ]


def test_table_without_names_is_understood_by_its_contents():
    assert fields(None, TITLES, ISBNS, PEOPLE, GROSS, UNITS) == ["title", "gtin", "", "price", "quantity"]
    assert fields(None, TITLES, ISBNS, PEOPLE, GROSS, UNITS, sure=False)[2] == "contributors"
    assert fields(None, UNITS, ISBNS) == ["quantity", "gtin"]


def test_names_we_do_not_know_leave_it_to_the_contents_where_these_are_sure():
    header = ["Kod", "Nazwa", "Cena brutto", "Ilosc"]
    assert fields(header, ISBNS, TITLES, PRICES, UNITS) == ["gtin", "", "price", ""]
    assert fields(header, ISBNS, TITLES, GROSS, UNITS) == ["gtin", "", "", ""]  # it may be a weight
    assert fields(header, ISBNS, TITLES, GROSS, UNITS, sure=False) == ["gtin", "title", "price", "quantity"]


def test_column_called_isbn_that_is_full_of_prices_is_none():
    found = propose(layout(["ISBN", "Titre", "Prix"], PRICES, TITLES, ISBNS))
    assert [(guess.field, guess.sure) for guess in found.guesses] == [("price", True), ("title", True), ("gtin", True)]
    assert {field: dict(why.values)["look"] for field, why in found.denied.items()} == {
        "isbn": LOOK_WORDS["money"],
        "price": LOOK_WORDS["gtin"],
    }


@pytest.mark.parametrize(
    ("name", "cells", "denied"),
    [
        ("EAN", GROSS, True),
        ("EAN", TITLES, True),
        ("EAN", ["voir A1", "A-2", "77", "1234"], False),  # numbers of the shop's own
        ("EAN", ["9.78043902348e+12"] * 5, False),
        ("Prix", ISBNS, True),
        ("Prix", TITLES, True),
        ("Prix", DATES, True),
        ("Prix", ["sur demande"] * 6, False),
        ("Prix", ["12", "7", "20", "9"], False),
        ("Prix", PRICES, False),
        ("Stock", GROSS, True),
        ("Stock", ["3.00", "2.00", "0.00", "1.00"], False),
        ("Stock", ["en stock", "épuisé", "3", "en stock"], False),
        ("Stock", ISBNS, True),
        ("Stock", TITLES[: FEW - 1], False),
        ("Référence", GROSS, True),
        ("Référence", ISBNS, False),
        ("Titre", ISBNS, True),
        ("Auteur", GROSS, True),
    ],
)
def test_name_is_denied_by_what_is_in_the_column(name, cells, denied):
    found = propose(layout([name, "Langue"], cells, ["fr"] * len(cells)))
    assert bool(found.denied) == denied


def test_of_two_prices_the_one_with_tax_is_the_price():
    assert is_taxed(NET, GROSS)
    assert not is_taxed(GROSS, NET)
    assert fields(None, ISBNS, NET, GROSS) == ["gtin", "", "price"]
    assert fields(None, ISBNS, GROSS, NET) == ["gtin", "price", ""]


def test_of_prices_that_have_nothing_to_do_with_each_other_none_is_taken():
    other = ["3.00", "4.10", "7.77", "1.15", "2.50", "9.99"]
    with_units = fields(None, ISBNS, GROSS, other, UNITS, sure=False)
    assert with_units == ["gtin", "", "", "quantity"]


def test_name_says_which_price_is_without_tax():
    assert fields(["EAN", "Prix HT", "Prix TTC"], ISBNS, NET, GROSS) == ["gtin", "", "price"]
    assert fields(["EAN", "Prix (HT)", "Prix (TTC)"], ISBNS, NET, GROSS, sure=False) == ["gtin", "", "price"]


def test_several_whole_numbers_are_no_quantity():
    assert fields(None, ISBNS, UNITS, GROSS, [str(n) for n in range(6)], sure=False) == ["gtin", "", "price", ""]


def test_header_below_a_title_and_none_at_all():
    rows = [["Stock du 12 mars", ""], ["", ""], *(list(pair) for pair in zip(ISBNS, GROSS, strict=True))]
    found = find_layout(list(enumerate(rows, 1)), knows, unnamed=False)
    assert found is not None
    assert (found.start, found.named, found.header, len(found.rows)) == (2, False, ["#1", "#2"], 6)
    assert find_layout([(1, ["Bonjour", "Madame"]), (2, ["a", "b"])], knows, unnamed=False) is None


def test_every_column_has_a_name_of_its_own():
    assert labels(["Prix", "", "Prix", "EAN", ""]) == ["Prix", "#2", "Prix #2", "EAN", "#5"]


def test_reasons_are_in_words():
    found = propose(layout(None, TITLES, ISBNS, NET, GROSS, UNITS))
    assert {guess.why.code for guess in found.guesses} <= set(COLUMN_REASONS)
    with translation.override("en"):
        assert found.guesses[1].why.words() == "6 of 6 cells are ISBNs or EANs."
