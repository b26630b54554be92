"""The share of units that a shop could hand over of those its numbers said were there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shops.keeping import measure_keeping
from shops.models import Shop, ShopOrderLine, StockIncident
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
Reason = ShopOrderLine.Reason


def answered(shop: Shop, *, accepted: int = 0, declined: int = 0, reason: str = "", days_ago: int = 1) -> None:
    record = factories.stock_record(shop, units=100)
    of = factories.shop_order(shop, (record, accepted + declined), answered_at=NOON - timedelta(days=days_ago))
    of.lines.update(accepted=accepted, declined=declined, decline_reason=reason)


def share(shop: Shop) -> float:
    shop.refresh_from_db()
    return shop.kept_share


def test_share_falls_with_what_was_not_there_alone():
    kept, missed, priced = factories.shop(), factories.shop(), factories.shop()
    answered(kept, accepted=20)
    answered(missed, accepted=10, declined=10, reason=Reason.NOT_FOUND)
    answered(priced, accepted=10, declined=10, reason=Reason.WRONG_PRICE)
    assert measure_keeping(NOON) == 3
    assert [share(shop) for shop in (kept, missed, priced)] == [0.975, 0.725, 0.975]
    assert measure_keeping(NOON) == 0


def test_share_forgets_after_half_a_year():
    shop = factories.shop()
    answered(shop, declined=10, reason=Reason.SOLD, days_ago=181)
    assert (measure_keeping(NOON), share(shop)) == (0, 0.95)


def test_share_falls_each_time_the_till_was_faster():
    shop = factories.shop()
    record = factories.stock_record(shop)
    StockIncident.objects.create(stock_record=record, opened_at=NOON, closed_at=NOON, in_stock=0, allocated=1)
    StockIncident.objects.create(stock_record=record, opened_at=NOON, in_stock=0, allocated=1)
    assert (measure_keeping(NOON), share(shop)) == (1, 0.864)


@pytest.mark.parametrize(("days_apart", "expected"), [(1, 0.905), (3, 0.864)])
def test_an_incident_and_the_decline_that_tells_of_it_count_once(days_apart, expected):
    shop = factories.shop()
    record = factories.stock_record(shop, units=100)
    order = factories.shop_order(shop, (record, 1), answered_at=NOON)
    order.lines.update(declined=1, decline_reason=Reason.SOLD)
    at = NOON - timedelta(days=days_apart)
    StockIncident.objects.create(stock_record=record, opened_at=at, closed_at=at, in_stock=0, allocated=1)
    assert (measure_keeping(NOON), share(shop)) == (1, expected)
