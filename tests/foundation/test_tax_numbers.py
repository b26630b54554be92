from __future__ import annotations

import pytest

from marketplace.foundation.tax_numbers import TaxNumberError, checked, checked_qst


@pytest.mark.parametrize(
    ("country", "number", "kept"),
    [
        ("CA", "12302 6635 rt 0001", "123026635RT0001"),
        ("FR", "fr 40 303 265 045", "FR40303265045"),
        ("GR", "EL 094259216", "EL094259216"),
        ("CH", "CHE-107.787.577", "CHE107787577"),
    ],
)
def test_number_is_kept_without_spaces(country, number, kept):
    assert checked(country, number) == kept


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("CA", "123456783RT0001"),
        ("CA", "123026635"),
        ("CA", "123026635RP0001"),
        ("FR", "FR84323140391"),
        ("BE", "FR40303265045"),
    ],
)
def test_number_of_another_kind_or_with_a_wrong_digit_is_refused(country, number):
    with pytest.raises(TaxNumberError):
        checked(country, number)


def test_quebecs_number_has_its_form():
    assert checked_qst("1234567890 tq 0001") == "1234567890TQ0001"
    with pytest.raises(TaxNumberError):
        checked_qst("123456789RT0001")
