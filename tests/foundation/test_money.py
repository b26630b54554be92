from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.foundation import money


def test_split_parts_sum_to_the_amount_exactly():
    assert money.split(100, [1, 1, 1]) == [34, 33, 33]


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_split_never_loses_a_cent(amount, weights):
    assert sum(money.split(amount, weights)) == amount


def test_split_refuses_negative_weights():
    with pytest.raises(ValueError, match="not negative"):
        money.split(10, [1, -1])


def test_to_minor_refuses_more_decimals_than_the_currency_has():
    with pytest.raises(ValueError, match="more decimals"):
        money.to_minor(Decimal("1.005"), "CAD")


@pytest.mark.parametrize(("amount", "currency"), [(1290, "CAD"), (1290, "JPY"), (1290, "TND"), (-5, "EUR")])
def test_to_decimal_and_to_minor_are_inverse(amount, currency):
    assert money.to_minor(money.to_decimal(amount, currency), currency) == amount


def test_share_rounds_half_up():
    assert money.share(1010, 500) == 51


@pytest.mark.parametrize(
    ("language", "currency", "shown"),
    [("fr", "CAD", "12,90\xa0$"), ("en", "CAD", "$12.90"), ("fr", "EUR", "12,90\xa0€"), ("en", "EUR", "€12.90")],
)
def test_display_is_written_as_the_locale_does(language, currency, shown):
    assert money.display(1290, currency, language) == shown
