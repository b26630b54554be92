"""Each row of a file that is brought in is checked by itself, and says what is wrong with it."""

from __future__ import annotations

import json

import pytest

from shops.onboarding import brought_rows
from shops.onboarding.brought_rows import RowError
from tests.shops.onboarding.brought import NOW, customer, line, moved, order, statement

LONG = "x" * 600


def why(check, row) -> tuple[str, object]:
    with pytest.raises(RowError) as refused:
        check(row, NOW)
    return refused.value.code, refused.value.values.get("column", "")


def test_good_rows_are_taken_as_they_are():
    taken = brought_rows.order(order(), NOW)
    assert (taken.number, taken.total_minor, taken.more) == ("100012-A", 2580, False)
    assert json.loads(taken.said)["lines"] == [line()]
    assert taken.text == "100012-a l'etranger s-1 9782070360024"
    assert brought_rows.statement(statement(), NOW).sums == (0, 2580, 206, 31, 0, 2343, 0)
    assert brought_rows.customer(customer(), NOW).email == "Lea@example.org"


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (order(number=""), "text_wrong", "number"),
        (order(number="1\0"), "text_wrong", "number"),
        (order(number=12), "text_wrong", "number"),
        (order(status="lost"), "status_unknown", ""),
        (order(status=["new"]), "status_unknown", ""),
        (order(currency="XYZ"), "currency_unknown", ""),
        (order(currency=None), "currency_unknown", ""),
        (order(total_minor=2581), "order_sum", ""),
        (order(total_minor=25.8), "number_wrong", "total_minor"),
        (order(total_minor=True), "number_wrong", "total_minor"),
        (order(tax_minor=-1), "number_wrong", "tax_minor"),
        (order(created_at="2026-01-05"), "time_wrong", "created_at"),
        (order(created_at="0001-01-01T00:00:00+14:00"), "time_wrong", "created_at"),
        (order(answered_at="2030-01-01T00:00:00+00:00"), "time_future", "answered_at"),
        (order(lines={}), "lines_missing", ""),
        (order(lines=[1]), "lines_missing", ""),
        (order(lines=[line(title="x" * 256)]), "text_wrong", "title"),
        (order(lines=[line(gtin=10**18)]), "number_wrong", "gtin"),
        (order(lines=[line(declined=1)]), "units_wrong", ""),
        (order(lines=[line(cancelled=1)]), "units_wrong", ""),
        (order(lines=[line(accepted=1)]), "units_wrong", ""),
        (order(lines=[line(quantity=0, accepted=0, handed_over=0)]), "units_wrong", ""),
        (order(network=7), "network_unknown", ""),
    ],
)
def test_order_that_contradicts_itself_is_told(row, code, column):
    assert why(brought_rows.order, row) == (code, column)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (statement(goods_minor=2581), "statement_sum", "goods_minor"),
        (statement(lines=[moved()]), "statement_sum", "transferred_minor"),
        (statement(opening_minor=1), "statement_balance", ""),
        (statement(closing_minor=1), "statement_balance", ""),
        (statement(number=0), "number_wrong", "number"),
        (statement(ends_at="2025-01-01T00:00:00+00:00"), "period_wrong", ""),
        (statement(lines=[moved(at="2026-02-01T05:00:00+00:00")]), "line_outside", ""),
        (statement(currency="cad"), "currency_unknown", ""),
        ({"network": "x", "number": 1, "currency": "CAD"}, "time_wrong", "begins_at"),
    ],
)
def test_statement_that_does_not_add_up_is_told(row, code, column):
    assert why(brought_rows.statement, row) == (code, column)


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (customer(email="lea"), "email_wrong", ""),
        (customer(email=None), "text_wrong", "email"),
        (customer(words=""), "text_wrong", "words"),
        (customer(words=LONG), "text_wrong", "words"),
        (customer(since=None), "time_wrong", "since"),
        (customer(since="2031-01-01T00:00:00+00:00"), "time_future", "since"),
    ],
)
def test_customer_without_their_consent_is_told(row, code, column):
    assert why(brought_rows.customer, row) == (code, column)


def test_what_says_whose_an_order_was_is_left_out_and_counted():
    for row in (order(name="Léa", line1="12 rue"), order(lines=[line(note="for Léa")])):
        taken = brought_rows.order(row, NOW)
        assert (taken.more, "Léa" in taken.said + taken.text) == (True, False)
