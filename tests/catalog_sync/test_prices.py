"""Prices as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_sync.prices import decimal_mark, read_price


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.90", 1290),
        ("12,90", 1290),
        ("12,9", 1290),
        ("12", 1200),
        ("12.", 1200),
        (".99", 99),
        ("5,-", 500),
        ("12,90 €", 1290),
        ("€12.90", 1290),
        ("EUR 12,90", 1290),
        ("12,90 EUR TTC", 1290),
        ("1 234,50 €", 123450),
        ("1\u00a0234,50", 123450),
        ("1\u202f234,50", 123450),
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("1'234.50", 123450),
        ("1.234.567", 123456700),
        ("1.234", 123400),
        ("0.055", 6),
        ("12.3456", 1235),
        ("1\u2009234,50\u00a0€", 123450),
        ("12,90\u202f€", 1290),
        ("12€90", 1290),
        ("12 € 90", 1290),
        ("12,90 € TTC", 1290),
        ("12,90 T.T.C.", 1290),
        ("12,90 € (TVA incluse)", 1290),
        ("€12.90 incl. VAT", 1290),
        ("12,90 EUR inkl. MwSt.", 1290),
        ("12,90 € IVA incluido", 1290),
        ("12,90 евро с НДС", 1290),
        ("12,90 Euros", 1290),
    ],
)
def test_price_in_euros(text, minor):
    assert read_price(text, "EUR") == (minor, "EUR", None)


@pytest.mark.parametrize(
    ("text", "default", "minor", "currency"),
    [
        ("3600 KES", "EUR", 360000, "KES"),
        ("20 000Fcfa", "EUR", 20000, "XOF"),
        ("CHF 12.-", "EUR", 1200, "CHF"),
        ("$12.50", "CAD", 1250, "CAD"),
        ("12,50 $ CA", "EUR", 1250, "CAD"),
        ("US$ 12.50", "CAD", 1250, "USD"),
        ("1500", "JPY", 1500, "JPY"),
        ("12.500", "TND", 12500, "TND"),
        ("12 $ 90", "CAD", 1290, "CAD"),
        ("CAD 12.90", "EUR", 1290, "CAD"),
        ("12,90 dollars canadiens", "EUR", 1290, "CAD"),
        ("1 290 руб.", "EUR", 129000, "RUB"),
        ("1290 ₽", "EUR", 129000, "RUB"),
        ("12.90 GBP", "EUR", 1290, "GBP"),
        ("kr 129", "SEK", 12900, "SEK"),
    ],
)
def test_price_names_its_currency(text, default, minor, currency):
    assert read_price(text, default) == (minor, currency, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "price_missing"),
        (" ", "price_missing"),
        ("Na upit", "price_on_request"),
        ("sur demande", "price_on_request"),
        ("1930 / 1890 / 1520", "price_not_understood"),
        ("12-15", "price_not_understood"),
        ("-5", "price_not_understood"),
        ("gratuit", "price_not_understood"),
        ("1.23.4", "price_not_understood"),
        ("9782070368228", "price_not_understood"),
        ("$12", "price_not_understood"),
        ("12 $ 90", "price_not_understood"),
        ("12,90 € HT", "price_without_tax"),
        ("12,90 H.T.", "price_without_tax"),
        ("12,90 hors taxes", "price_without_tax"),
        ("12.90 excl. VAT", "price_without_tax"),
        ("12,90 zzgl. MwSt.", "price_without_tax"),
        ("12,90 + IVA", "price_without_tax"),
        ("12,90 без НДС", "price_without_tax"),
        ("0", "price_zero"),
        ("0,00 €", "price_zero"),
    ],
)
def test_price_that_is_none_says_why(text, code):
    found = read_price(text, "EUR")
    assert (found.price, found.reason and found.reason.code) == (None, code)


def test_zero_is_free_where_it_is_meant():
    assert read_price("0.00", "EUR", ".", True) == (0, "EUR", None)


def test_unknown_currency_is_no_price():
    found = read_price("12", "USDD")
    assert (found.price, found.currency, found.reason and found.reason.code) == (None, "XXX", "currency_unknown")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [(["12,90", "1.234"], ","), (["12.90", "1,234"], "."), (["12.90", "12,90"], ""), (["12", "1.234"], ""), ([], "")],
)
def test_column_tells_its_decimal_mark(texts, mark):
    assert decimal_mark(texts) == mark


@pytest.mark.parametrize(("mark", "minor"), [("", 123400), (",", 123400), (".", 123)])
def test_bare_thousand_follows_the_mark(mark, minor):
    assert read_price("1.234", "EUR", mark).price == minor


@given(
    st.integers(min_value=1, max_value=10**9),
    st.sampled_from([".", ","]),
    st.sampled_from(["", " ", " €", "\u00a0EUR"]),
)
def test_written_prices_come_back(minor, mark, unit):
    whole, cents = divmod(minor, 100)
    assert read_price(f"{whole}{mark}{cents:02d}{unit}", "EUR").price == minor


@given(st.text(max_size=20))
def test_price_never_raises_and_never_is_negative(text):
    found = read_price(text, "EUR")
    assert (found.price is None) == (found.reason is not None)
    assert found.price is None or found.price > 0


@pytest.mark.parametrize("text", ["9" * 40, "9" * 5000, "0," + "9" * 100, "x" * 1_000_000, "1 " * 500_000])
def test_endless_cell_is_no_price_and_soon_said_to_be_none(text):
    """A million letters took a careless pattern a million million steps."""
    found = read_price(text, "EUR")
    assert found.price in (None, 100)
