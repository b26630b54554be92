"""What each shop has to do, how often it says no, and what came to it from others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shops.load import measure_load
from shops.models import ReroutedUnits, Rerouting, Shop, ShopLoad, ShopOrder
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def ordered(shop: Shop, units: int = 1, *, days_ago: float = 0.1, declined: int = 0, cancelled: int = 0, **columns):
    record = factories.stock_record(shop, units=100)
    at = NOON - timedelta(days=days_ago)
    made = factories.shop_order(shop, (record, units), created_at=at, **columns)
    made.lines.update(declined=declined, cancelled=cancelled)
    return made


def load(shop: Shop) -> tuple[int, int, float, int]:
    row = ShopLoad.objects.get(shop=shop)
    return row.open_orders, row.orders_today, row.declined_share, row.routed_units


def test_open_orders_and_those_since_the_shops_own_midnight():
    here, far = factories.shop(timezone="America/Toronto"), factories.shop(timezone="Pacific/Auckland")
    for shop in (here, far):
        ordered(shop)  # 9:36 UTC: 4:36 in Toronto, 22:36 in Auckland, where it is 1 o'clock of the next day
        ordered(shop, days_ago=2, status=ShopOrder.Status.ACCEPTED)
        ordered(shop, status=ShopOrder.Status.HANDED_OVER)
    assert measure_load(NOON) == 2
    assert (load(here), load(far)) == ((2, 2, 0, 0), (2, 0, 0, 0))
    assert measure_load(NOON) == 0


def test_what_a_shop_declined_or_left_unanswered_counts_and_what_a_reader_took_back_does_not():
    no, silent, taken_back, waiting = (factories.shop() for _ in range(4))
    done = {"status": ShopOrder.Status.DECLINED}
    ordered(no, 20, declined=10, answered_at=NOON, **done)
    ordered(silent, 20, declined=20, expired_at=NOON, **done)
    ordered(taken_back, 20, declined=20, cancelled=20, answered_at=NOON, **done)
    ordered(waiting, 20)
    ordered(no, 20, declined=20, days_ago=91, answered_at=NOON, **done)
    measure_load(NOON)
    assert [load(shop)[2] for shop in (no, silent, taken_back, waiting)] == [0.25, 0.5, 0, 0]


def test_what_others_lacked_counts_for_thirty_days():
    lacking, helping = factories.shop(), factories.shop()
    for days_ago in (1, 29, 31):
        at = NOON - timedelta(days=days_ago)
        was, now = ordered(lacking, 3), ordered(helping, 3)
        row = Rerouting.objects.create(
            shop_order=was, spoken_of=was.lines.get(), declined_at=at, decided_at=at, outcome="moved"
        )
        ReroutedUnits.objects.create(
            rerouting=row, line=was.lines.get(), units=3, agreed_minor=0, moved_to=now.lines.get()
        )
    measure_load(NOON)
    assert (load(helping)[3], load(lacking)[3]) == (6, 0)
