"""Cells to values: one table of examples per rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync import cleaning
from catalog_sync.vocabulary import (
    AVAILABILITY_WORDS,
    CONDITION_WORDS,
    FORM_WORDS,
    LANGUAGE_WORDS,
    PRICE_ON_REQUEST_WORDS,
    TRUE_WORDS,
)


def test_tables_are_spelled_as_they_are_looked_up():
    tables = (AVAILABILITY_WORDS, CONDITION_WORDS, FORM_WORDS, LANGUAGE_WORDS, PRICE_ON_REQUEST_WORDS, TRUE_WORDS)
    assert [word for table in tables for word in table if cleaning.fold(word) != word] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a  b ", "a b"),
        ("a\r\nb\tc", "a b c"),
        ("a\x10b", "a b"),
        ("l'e\u0301te\u0301", "l'\u00e9t\u00e9"),
        ("\ufeffa\u200bb\u00a0c", "a b c"),
        ("", ""),
    ],
)
def test_one_line(text, line):
    assert cleaning.one_line(text) == line


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Tasse &amp; soucoupe", "Tasse & soucoupe"),
        ("L&eacute;on <i>le</i> chat", "Léon le chat"),
        ("a < b", "a < b"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_title(text, title):
    assert cleaning.title(text) == title


def test_description_keeps_markup_and_drops_what_a_database_cannot_hold():
    assert cleaning.description(" <p>a\x00b\n<b>c</b></p> ") == "<p>ab\n<b>c</b></p>"


@pytest.mark.parametrize(
    ("text", "units", "code"),
    [
        ("3", 3, None),
        ("3.0", 3, None),
        ("3,00", 3, None),
        ("2.5", 2, None),
        ("1 200", 1200, None),
        ("10+", 10, None),
        ("> 5", 5, None),
        ("5-10", 5, None),
        ("100 - 500", 100, None),
        ("5 ex.", 5, None),
        ("0", 0, None),
        ("-2", 0, "quantity_negative"),
        ("< 5", None, None),
        ("", None, None),
        ("?", None, None),
        ("n/a", None, None),
        ("en stock", None, None),
        ("rupture", None, None),
        ("plusieurs", None, "quantity_not_understood"),
        ("9782070368228", None, "quantity_not_understood"),
        ("+10", 10, None),
        ("plus de 10", 10, None),
        ("más de 5", 5, None),
        ("mehr als 5", 5, None),
        ("более 10", 10, None),
        ("au moins 3 exemplaires", 3, None),
        ("moins de 5", None, "quantity_not_understood"),
        ("en stock (3)", 3, None),
        ("3 en stock", 3, None),
        ("Auf Lager: 2", 2, None),
        ("В наличии: 4 шт.", 4, None),
        ("4 шт.", 4, None),
        ("2 Stück", 2, None),
        ("7 uds.", 7, None),
        ("0 en stock", 0, None),
        ("rupture 3", None, "quantity_not_understood"),
        ("en stock sous 5 jours", None, "quantity_not_understood"),
        ("1\u202f200", 1200, None),
        ("12\u00a0", 12, None),
        ("épuisé", None, None),
        ("нет в наличии", None, None),
    ],
)
def test_quantity(text, units, code):
    found = cleaning.quantity(text)
    assert (found.value, found.reason and found.reason.code) == (units, code)


@given(st.text(max_size=12))
def test_quantity_is_zero_only_where_a_number_was_written(text):
    found = cleaning.quantity(text)
    assert found.value is None or found.value >= 0
    assert found.value != 0 or any(character.isdigit() for character in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(
            ("en stock", "in_stock"),
            ("disponible", "in_stock"),
            ("Sur commande", "orderable"),
            ("À paraître", "preorder"),
        ),
        *(
            ("Épuisé", "unavailable"),
            ("rupture", "temporarily_unavailable"),
            ("plus en stock", "temporarily_unavailable"),
        ),
        *(("in stock", "in_stock"), ("Out of stock", "temporarily_unavailable"), ("out of print", "unavailable")),
        *(("En existencia", "in_stock"), ("Agotado", "temporarily_unavailable"), ("Descatalogado", "unavailable")),
        *(("bajo pedido", "orderable"), ("sin existencias", "temporarily_unavailable")),
        *(("auf Lager", "in_stock"), ("vorrätig", "in_stock"), ("lieferbar", "in_stock"), ("bestellbar", "orderable")),
        *(("vergriffen", "temporarily_unavailable"), ("nicht mehr lieferbar", "unavailable")),
        *(("В наличии", "in_stock"), ("нет в наличии", "temporarily_unavailable"), ("под заказ", "orderable")),
        *(("Предзаказ", "preorder"), ("снят с производства", "unavailable")),
        *(("1", ""), ("", ""), ("abc", "")),
    ],
)
def test_word_in_a_quantity_column_is_an_availability(text, said):
    assert cleaning.availability_in_quantity(text) == said


@pytest.mark.parametrize(
    ("text", "availability"),
    [
        ("in stock", "in_stock"),
        ("in_stock", "in_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/BackOrder", "orderable"),
        ("En rupture", "temporarily_unavailable"),
        ("À paraître", "preorder"),
        ("Discontinued", "unavailable"),
        ("Numérique", "digital"),
        ("", None),
        ("zzz", "unknown"),
    ],
)
def test_availability(text, availability):
    found = cleaning.availability(text)
    assert found.value == availability
    assert (found.reason is not None) == (text == "zzz")


@pytest.mark.parametrize(
    ("stated", "units", "together"),
    [
        (None, None, "unknown"),
        (None, 2, "in_stock"),
        (None, 0, "temporarily_unavailable"),
        ("unknown", 2, "in_stock"),
        ("in_stock", 0, "temporarily_unavailable"),
        ("in_stock", None, "in_stock"),
        ("unavailable", 5, "unavailable"),
        ("orderable", 0, "orderable"),
    ],
)
def test_availability_and_quantity_together(stated, units, together):
    assert cleaning.availability_of(stated, units) == together


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Neuf", "new"),
        ("Comme neuf", "as_new"),
        ("TBE", "very_good"),
        ("Occasion - bon état", "good"),
        ("used", "acceptable"),
        ("https://schema.org/UsedCondition", "acceptable"),
        ("", None),
        ("bof", "acceptable"),
    ],
)
def test_condition(text, condition):
    found = cleaning.condition(text)
    assert found.value == condition
    assert (found.reason is not None) == (text == "bof")


@pytest.mark.parametrize(
    ("text", "code"),
    [("fre", "fr"), ("fr-CA", "fr"), ("Français", "fr"), ("en_US", "en"), ("grc", "grc"), ("und", ""), ("", "")],
)
def test_language(text, code):
    assert cleaning.language(text) == (code, None)


def test_unknown_language_is_told():
    found = cleaning.language("klingon")
    assert (found.value, found.reason and found.reason.code) == ("", "language_not_understood")


@pytest.mark.parametrize(
    ("text", "form"),
    [("Poche", "pocket"), ("Broché", "paperback"), ("Hardcover", "hardback"), ("BD", "comic"), ("", "")],
)
def test_form(text, form):
    assert cleaning.form(text) == form


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2008-07-01", "2008-07-01"),
        ("20080701", "2008-07-01"),
        ("20110601T000000+0200", "2011-06-01"),
        ("2008-07-01T10:00:00", "2008-07-01"),
        ("200807", "2008-07"),
        ("2008-07", "2008-07"),
        ("2008", "2008"),
        ("2008.0", "2008"),
        ("14/03/1987", "1987-03-14"),
        ("03/14/1987", "1987-03-14"),
        ("3.1987", "1987-03"),
        ("01/01/2070", ""),
        ("31/02/2001", "2001"),
        ("0000-00-00", ""),
        ("-500.0", ""),
        ("bientôt", ""),
        ("", ""),
    ],
)
def test_partial_date(text, date):
    assert cleaning.partial_date(text) == date


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sjöwall, Maj", ("Maj Sjöwall",)),
        ("Maj Sjöwall, Per Wahlöö", ("Maj Sjöwall", "Per Wahlöö")),
        ("Goscinny, René & Uderzo, Albert", ("René Goscinny", "Albert Uderzo")),
        ("A; B | C", ("A", "B", "C")),
        ("Hergé", ("Hergé",)),
        ("", ()),
    ],
)
def test_names(text, names):
    assert cleaning.names(text) == names


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example/x.jpg", "https://a.example/x.jpg"),
        ("https://a.example/x.jpg, https://a.example/y.jpg", "https://a.example/x.jpg"),
        ("http://a.example/x.jpg;https://b.example/y.jpg", "http://a.example/x.jpg"),
        ("javascript:alert(1)", ""),
        ("x.jpg", ""),
        ("", ""),
    ],
)
def test_web_address(text, address):
    assert cleaning.web_address(text) == address


@pytest.mark.parametrize(("text", "pages"), [("184", 184), ("184.0", 184), ("184 p.", 184), ("0", None), ("", None)])
def test_pages(text, pages):
    assert cleaning.pages(text) == pages


@pytest.mark.parametrize(
    "odd", ["", " a", "b ", "a  b", "x|y", "tom &amp; jerry", "<b>a</b>", "e\u0301", "a\tb", "t" * 400]
)
def test_column_of_lines_is_cleaned_as_each_alone(odd):
    texts = ["L'Étranger", *["La Peste"] * 60, odd, "Noces"]
    assert cleaning.lines(texts, cleaning.title, longest=cleaning.TITLE_LENGTH) == list(map(cleaning.title, texts))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "5.5") for text in ("5,5 %", "5.5", "5.50%", "TVA 5.5", "TVA 5,5 %", "0.055", "0,055", "5,5\u202f%")),
        *((text, "20") for text in ("20", "20.0", "20 %", "0.2", "0,20", "20,00 %", "MwSt. 20 %", "НДС 20%")),
        *((("0", "0"), ("0 %", "0"), ("2.1", "2.1"), ("0.9 %", "0.9"), ("7", "7"), ("IVA 4%", "4"), (".055", "5.5"))),
        *((("standard", "standard"), ("A", "A"), ("", ""), ("zone 3", "zone 3"), ("5 5", "5 5"), ("TX-20", "TX-20"))),
    ],
)
def test_tax_code(text, code):
    assert cleaning.tax_code(text) == code


@pytest.mark.parametrize(
    ("number", "unit", "grams"),
    [
        ("350", "gr", 350),
        ("0,35", "KG", 350),
        ("1", "lb", 454),
        ("12.5", "oz", 354),
        ("0", "gr", None),
        ("-3", "gr", None),
        ("NaN", "gr", None),
        ("2000", "kg", None),
        ("350", "", None),
        ("heavy", "gr", None),
    ],
)
def test_weight_is_whole_grams_or_nothing(number, unit, grams):
    assert cleaning.grams(number, unit) == grams
