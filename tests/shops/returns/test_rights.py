"""The law's days, exceptions and money, as a table."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shops.returns import rights
from shops.returns.rights import Basis, Case, Excepted

MONDAY = date(2026, 3, 2)
W, T, F = Basis.WITHDRAWAL, Basis.TERMS, Basis.FAULT


def case(**columns: object) -> Case:
    known = {"country": "FR", "received_on": MONDAY, "today": MONDAY, "return_days": 0}
    return Case(**(known | columns))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, [W, F]),
        ({"country": "NO"}, [W, F]),
        ({"country": "GB"}, [W, F]),
        ({"country": "CA"}, [F]),
        ({"country": "CA", "return_days": 10}, [T, F]),
        ({"return_days": 30}, [W, T, F]),
        ({"received_on": None, "return_days": 30}, []),
        ({"is_consumer": False, "return_days": 30}, [T, F]),
        ({"by_professional": False}, [F]),
        ({"excepted": frozenset({Excepted.PRESS})}, [F]),
        ({"excepted": frozenset({Excepted.PERISHABLE}), "return_days": 5}, [T, F]),
        ({"today": date(2026, 3, 16)}, [W, F]),  # the fourteenth day after, a Monday
        ({"today": date(2026, 3, 17)}, [F]),
        ({"today": date(2026, 3, 17), "return_days": 30}, [T, F]),
        ({"today": date(2026, 4, 2), "return_days": 30}, [F]),
        ({"country": "CA", "today": date(2036, 3, 2)}, [F]),  # for a person to judge
        ({"today": date(2036, 3, 2)}, []),
    ],
)
def test_right_by_place_day_and_goods(columns, expected):
    assert [right.basis for right in rights.rights(case(**columns))] == expected


@pytest.mark.parametrize(
    ("received", "until"),
    [
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 3, 7), date(2026, 3, 23)),  # a Saturday: until the Monday
        (date(2026, 3, 8), date(2026, 3, 23)),  # a Sunday
        (date(2026, 3, 6), date(2026, 3, 20)),
    ],
)
def test_withdrawal_ends_on_a_working_day(received, until):
    assert rights.by_basis(case(received_on=received, today=received), W).until == until


def test_money_waits_for_the_goods_or_the_proof_and_never_longer():
    said = datetime(2026, 3, 2, 12, tzinfo=UTC)
    day = timedelta(days=1)

    def by(basis, sent=None, arrived=None):
        return rights.refund_by(basis, asked_at=said, sent_at=sent, arrived_at=arrived)

    assert by(W) is None
    assert by(W, sent=said + 2 * day) == said + 14 * day
    assert by(W, arrived=said + 3 * day) == said + 14 * day
    assert by(W, sent=said + 20 * day, arrived=said + 25 * day) == said + 20 * day
    assert (by(F, sent=said), by(F, arrived=said + day)) == (None, said + 15 * day)


@pytest.mark.parametrize(
    ("paid", "chosen", "standard", "back"),
    [
        (1029, 895, 895, 1029),
        (1029, 895, None, 1029),
        (2058, 1790, 895, 1029),
        (0, 0, 895, 0),
        (500, 500, 700, 500),  # the counter of another shop was cheaper than the post
        (500, 500, 0, 0),
    ],
)
def test_delivery_goes_back_at_most_at_the_standard_price(paid, chosen, standard, back):
    assert rights.delivery_back(paid, chosen_minor=chosen, standard_minor=standard) == back
