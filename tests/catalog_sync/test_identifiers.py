"""ISBN and GTIN in any spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.identifiers import (
    check_digit_fits,
    gtin_text,
    identify,
    identify_column,
    identify_isbn,
    identify_row,
    isbn_hyphenated,
)

ISBN = 9782070368228


@pytest.mark.parametrize(
    "text",
    [
        "9782070368228",
        "978-2-07-036822-8",
        "978 2 07 036822 8",
        "978‑2‑07‑036822‑8",
        "9782070368228.0",
        "9782070368228,00",
        "'9782070368228",
        '="9782070368228"',
        "ISBN 978-2-07-036822-8",
        "ISBN-13: 9782070368228",
        "EAN: 9782070368228",
        "urn:isbn:9782070368228",
        "207036822X",
        "2-07-036822-x",
        "9782070368228 00500",
        "09782070368228",
        "9.782070368228E+12",
        "9.782070368228E12",
        "9,782070368228e+12",
        "978\u00a02070368228",
        "978\u2009207\u202f0368228",
        "\ufeff9782070368228",
        " 9782070368228\n",
    ],
)
def test_identify_reads_any_spelling_of_one_isbn(text):
    assert identify(text) == (ISBN, None)


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("4006381333931", 4006381333931),
        ("96385074", 96385074),
        ("012345678905", 12345678905),
        ("12345678905", 12345678905),
        ("10012345678902", 10012345678902),
        ("439023483", 9780439023481),
    ],
    ids=["GTIN-13", "GTIN-8", "GTIN-12", "GTIN-12 without its zero", "GTIN-14", "ISBN-10 without its zero"],
)
def test_identify_reads_every_length(text, gtin):
    assert identify(text) == (gtin, None)


@pytest.mark.parametrize("text", ["", "  ", "-", "0", "0000000000000"])
def test_identify_takes_blanks_for_no_number(text):
    assert identify(text) == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9782070368229", "gtin_check_digit"),
        ("2070368220", "gtin_check_digit"),
        ("123", "gtin_length"),
        ("978207036822812345678", "gtin_length"),
        ("voir note", "gtin_not_a_number"),
        ("9782070368228; 9780439023481", "gtin_not_a_number"),
        ("9.78043902348e+12", "gtin_digits_lost"),
        ("9,78204E+12", "gtin_digits_lost"),
        ("9,78207E+12", "gtin_digits_lost"),
        ("9.78E12", "gtin_digits_lost"),
        ("9782040000000", "gtin_digits_lost"),
        ("2000000000015", "gtin_in_store"),
        ("0212345000003", "gtin_check_digit"),
        ("0212345000007", "gtin_in_store"),
        ("0400000000008", "gtin_in_store"),
        ("20123451", "gtin_in_store"),
    ],
)
def test_identify_refuses_with_its_reason(text, code):
    found = identify(text)
    assert found.gtin is None
    assert found.reason is not None
    assert found.reason.code == code


def test_isbn_column_pads_what_a_spreadsheet_stripped():
    assert identify_isbn("61120081").gtin == 9780061120084
    assert identify("61120081").gtin is None


@pytest.mark.parametrize(
    ("gtin_text_", "isbn10", "gtin", "code"),
    [
        ("9780439023481", "", 9780439023481, None),
        ("9.78043902348e+12", "439023483", 9780439023481, "gtin_recovered"),
        ("9.78043902348e+12", "", None, "gtin_digits_lost"),
        ("9.78043902348e+12", "439023484", None, "gtin_digits_lost"),
        ("", "439023483", 9780439023481, None),
        ("", "439023484", None, "gtin_check_digit"),
        ("", "", None, None),
    ],
)
def test_row_is_rescued_by_its_isbn10(gtin_text_, isbn10, gtin, code):
    found = identify_row(gtin_text_, isbn10)
    assert (found.gtin, found.reason and found.reason.code) == (gtin, code)


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_check_digit_is_the_standards(number):
    """GS1's own description: threes and ones from the right, up to the next ten."""
    body = f"{number:012d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    right = body + str(-total % 10)
    assert check_digit_fits(right)
    assert not check_digit_fits(body + str((-total + 1) % 10))
    assert check_digit_fits(f"00{right}") == check_digit_fits(right)


@given(st.text(max_size=30))
def test_identify_never_raises(text):
    for found in (identify(text), identify_isbn(text)):
        assert found.gtin is None or check_digit_fits(str(found.gtin))


def test_printed_forms():
    assert gtin_text(96385074) == "96385074"
    assert gtin_text(12345678905) == "0012345678905"
    assert isbn_hyphenated(ISBN) == "978-2-07-036822-8"
    assert isbn_hyphenated(4006381333931) == "4006381333931"


@pytest.mark.parametrize("isbns", [True, False])
def test_column_is_identified_as_each_text_alone(isbns):
    texts = [
        *("9782070368228", "978-2-07-036822-8", "207036822X", "207036822x", "2070360024", "2070360025", "0000000000"),
        *("9782070300000", "9782070368229", "3017620422003", "12345678", "1234567", "", "978-2-07-036822-9"),
        *("²070360024", "９７８２０７０３６８２２８", "2012345678900", "-------97820703682", "épuisé"),
    ]
    each = [(identify_isbn if isbns else identify)(text) for text in texts]
    why = [(row, found.reason) for row, found in enumerate(each) if found.reason]
    assert identify_column(texts, isbns=isbns) == ([found.gtin for found in each], why)
