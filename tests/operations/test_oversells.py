"""Oversells say why; shops without activity and orders by their age are lists of the board."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.operations import oversells
from marketplace.operations.listings import LISTINGS
from shops.models import Allocation, Shop, ShopOrder, StockIncident
from tests import factories

pytestmark = pytest.mark.django_db
Cause = Allocation.Cause
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("causes", "what", "why"),
    [
        ([Cause.LINE, Cause.LINE], "2 ordered", "till sold the copy first"),
        ([Cause.LINE, Cause.NOT_FOUND], "1 ordered, 1 not found", "did not find"),
        ([Cause.HOLD, Cause.CANCELLED], "1 kept for a reader, 1 taken back", "took an order back"),
        ([Cause.COUNTER], "1 paid at the counter", "paid at the counter"),
    ],
)
def test_oversell_says_of_what_and_why(board, causes, what, why):
    record, now = factories.stock_record(factories.shop()), timezone.now()
    for cause in causes:
        Allocation.objects.create(stock_record=record, units=1, cause=cause, created_at=now - DAY)
    Allocation.objects.create(stock_record=record, units=9, cause=Cause.LINE, created_at=now + DAY)
    over = {"ended_at": now - DAY, "ended_by": Allocation.End.ABSORBED}
    Allocation.objects.create(stock_record=record, units=9, cause=Cause.LINE, created_at=now - 2 * DAY, **over)
    row = StockIncident.objects.create(stock_record=record, opened_at=now, in_stock=0, allocated=len(causes))
    shown = board.get("/board/lists/oversells/?show=open", headers={"Accept-Language": "en"}).content.decode()
    assert (oversells.of_what(row), why in oversells.why(row), why in shown) == (what, True, True)


def counts(name: str) -> dict[str, int]:
    return {key: number for key, number in LISTINGS[name].counts(timezone.now()).items() if number}


def test_shops_without_activity():
    now = timezone.now()
    busy, quiet, new = factories.shop("Busy"), factories.shop("Quiet"), factories.shop("New")
    Shop.objects.exclude(pk=new.pk).update(joined_at=now - 90 * DAY)
    factories.shop_order(busy, (factories.stock_record(busy), 1))
    factories.shop_order(quiet, (factories.stock_record(quiet), 1))
    ShopOrder.objects.filter(shop=quiet).update(created_at=now - 31 * DAY)
    for shop, days in ((busy, 1), (quiet, 15)):
        factories.member(shop, factories.user(last_login=now - days * DAY))
    factories.member(busy)
    found = {key: counts("shops").get(key) for key in ("active", "idle", "unseen")}
    assert found == {"active": 3, "idle": 1, "unseen": 2}


def test_orders_by_state_and_age():
    now, shop = timezone.now(), factories.shop()
    for status, days in (("new", 2), ("new", 0), ("accepted", 4), ("accepted", 1), ("packed", 8), ("packed", 3)):
        row = factories.shop_order(shop, (factories.stock_record(shop), 1), status=status)
        ShopOrder.objects.filter(pk=row.pk).update(created_at=now - days * DAY, answered_at=now - days * DAY)
    found = counts("orders")
    assert [found.get(name) for name in ("old_new", "old_accepted", "old_packed")] == [1, 1, 1]
