"""What a shop acts on, measured for all at once; the network's middle says nothing about one shop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shops import figures
from shops.models import Return, ReturnLine, Shop, ShopFigures, StockIncident
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def ordered(shop: Shop, units: int = 1, *, days_ago: float = 1, minutes: float | None = 60, due: float = 120, **line):
    """An order of that long ago, answered after `minutes`, by `due` minutes."""
    at = NOON - timedelta(days=days_ago)
    answered = at + timedelta(minutes=minutes) if minutes is not None else None
    columns = {"created_at": at, "answered_at": answered, "answer_due_at": at + timedelta(minutes=due)}
    if minutes is None:
        columns["expired_at"] = at + timedelta(minutes=due)
    made = factories.shop_order(shop, (factories.stock_record(shop, units=100), units), **columns)
    made.lines.update(**line)
    return made


def measured(shop: Shop, days: int = 30) -> figures.Figures:
    return figures.of_shop(shop, days)[0]


def test_answers_declines_and_accuracy_of_one_shop():
    shop = factories.shop()
    ordered(shop, 10, minutes=10)
    ordered(shop, 6, minutes=50, accepted=0, declined=2, decline_reason="not_found")
    ordered(shop, 2, minutes=600, declined=2, decline_reason="wrong_price")
    ordered(shop, 2, minutes=None, declined=2, decline_reason="no_answer")
    ordered(shop, 5, minutes=20, declined=5, cancelled=5)  # the reader took them back
    ordered(shop, 9, days_ago=31, declined=9, decline_reason="sold")
    figures.measure_figures(NOON)
    said = measured(shop)
    assert (said.orders, said.response_minutes, said.on_time) == (5, 35, 0.6)
    assert (said.units, said.declined) == (20, {"no_answer": 2, "not_found": 2, "wrong_price": 2})
    assert (said.declined_share, said.accuracy) == (0.3, 0.9)
    assert measured(shop, 90).declined["sold"] == 9


def test_incidents_and_returns_of_what_the_shop_sold():
    shop, other = factories.shop(), factories.shop()
    order = ordered(shop, 4, accepted=4, packed=4, handed_over=4)
    record = order.lines.get().stock_record
    for days_ago in (1, 40):
        closed = NOON - timedelta(days=days_ago)
        StockIncident.objects.create(stock_record=record, opened_at=closed, closed_at=closed, in_stock=1, allocated=2)
    for state, reason in (("asked", "damaged"), ("called_off", "changed")):
        ended = NOON if state == "called_off" else None
        sent = {"ended_at": ended, "basis": "fault"}
        sent |= {"reason": reason, "state": state, "asked_at": NOON, "once": state, "number": state}
        row = Return.objects.create(shop_order=order, goes_to=other, **sent)
        ReturnLine.objects.create(of=row, line=order.lines.get(), units=1)
    figures.measure_figures(NOON)
    said = measured(shop)
    assert (said.oversells, said.handed_over, said.returned, said.returned_share) == (1, 4, 1, 0.25)
    assert said.returns == {"damaged": 1}
    assert measured(other).returned == 0
    assert measured(shop, 90).oversells == 2


def test_step_says_what_is_new_and_keeps_one_row():
    shop = factories.shop()
    assert figures.measure_figures(NOON) == 2
    assert figures.measure_figures(NOON) == 0
    ordered(shop)
    assert figures.measure_figures(NOON) == 2
    assert ShopFigures.objects.count() == 2


def test_middle_is_told_of_five_shops_and_not_of_four():
    shops = [factories.shop() for _ in range(5)]
    for number, shop in enumerate(shops):
        ordered(shop, minutes=10 * (number + 1))
    figures.measure_figures(NOON)
    assert figures.middles(30)["response_minutes"] == 30
    assert "returned_share" not in figures.middles(30)  # nothing was handed over
    Shop.objects.filter(pk=shops[0].pk).update(status=Shop.Status.PAUSED)
    assert figures.middles(30) == {}


def test_step_asks_the_same_of_many_shops(django_assert_num_queries):
    for _ in range(3):
        ordered(factories.shop())
    figures.measure_figures(NOON)
    ordered(factories.shop())
    with django_assert_num_queries(16):
        figures.measure_figures(NOON)
