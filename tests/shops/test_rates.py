from __future__ import annotations

import pytest
from django.utils.translation import override

from shops import rates
from shops.rates import Rate, RateError

TABLE = """CA: H2, H3; 500; ; 4,20; 60
CA, US; 2000; 150; 8.95

; ; ; 12"""


def test_table_is_read_and_written_back_the_same():
    rows = rates.read(TABLE, "CAD")
    assert rows == [
        Rate(("CA",), ("H2", "H3"), 500, None, 420, 6000),
        Rate(("CA", "US"), (), 2000, 15000, 895, None),
        Rate((), (), None, None, 1200, None),
    ]
    assert rates.read(rates.write(rows, "CAD"), "CAD") == rows == rates.rows(rates.kept(rows))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("CA 4.20", "a line has four or five parts, with a semicolon between them"),
        ("Canada; ; ; 4.20", "a zone is written as in CA, or as in CA: H2, H3"),
        ("CA; 1 kg; ; 4.20", "the weight is a number of grams"),
        ("CA; 0; ; 4.20", "the weight is a number of grams"),
        ("CA; ; ; free", "an amount is written as in 4.20"),
        ("CA; ; ; -1", "an amount is written as in 4.20"),
        ("CA; ; ; 4.205", "an amount is written as in 4.20"),
        ("CA; ; ; NaN", "an amount is written as in 4.20"),
        ("CA; ; ; 1e999", "an amount is written as in 4.20"),
        ("CA; 500; 60; ", "the price is missing"),
    ],
)
def test_line_that_is_no_row_is_named_with_what_to_write(line, why):
    with override("en"), pytest.raises(RateError) as error:
        rates.read(f"CA; ; ; 1\n{line}", "CAD")
    assert str(error.value) == f"Line 2, “{line.strip()}”: {why}."


def test_table_has_an_end():
    with override("en"), pytest.raises(RateError, match="at most 200 lines"):
        rates.read("CA; ; ; 1\n" * 201, "CAD")
