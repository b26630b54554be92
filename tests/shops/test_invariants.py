"""Each invariant is silent on a sound market, and speaks when it is broken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from shops import invariants
from shops.models import Allocation, ShopOrder, ShopOrderLine, Transmission
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed() -> ShopOrder:
    shop = factories.shop(complete_as_of=NOON)
    record = factories.stock_record(shop, units=3, price="20.00")
    made = factories.shop_order(shop, (record, 1), created_at=NOON, answer_due_at=timezone.now())
    Transmission.objects.create(shop_order=made, shop=shop, channel="email")
    return made


def violations() -> dict[str, int]:
    return {name: len(found) for name, check in invariants.INVARIANTS.items() if (found := check())}


def test_sound_market_breaks_nothing(placed):
    assert violations() == {}


def test_counter_that_differs_is_told(placed):
    StockRecord.objects.update(num_allocated=2)
    assert violations() == {"stock: counters are the sum of open allocations": 1}
    record = StockRecord.objects.get()
    assert invariants.counters_that_differ() == [
        f"Stock record {record.pk} counts 2 units, its open allocations are 1."
    ]


def test_end_without_cause_is_told(placed):
    StockRecord.objects.update(num_allocated=0)
    Allocation.objects.update(ended_at=NOON)
    assert violations() == {"stock: allocations end once and say why": 1}


def test_end_before_reflection_is_told(placed):
    StockRecord.objects.update(num_allocated=0)
    Allocation.objects.update(ended_at=NOON, ended_by="absorbed", reflected_at=NOON + timedelta(hours=1))
    assert violations() == {"stock: allocations end once and say why": 1}


def test_line_without_its_units_is_told(placed):
    StockRecord.objects.update(num_allocated=0)
    Allocation.objects.update(ended_at=NOON, ended_by="released")
    assert violations() == {"stock: every line has its units": 1}


def test_line_that_keeps_declined_units_is_told(placed):
    ShopOrderLine.objects.update(declined=1)
    ShopOrder.objects.update(status="declined")
    assert violations() == {"stock: every line has its units": 1}


def test_order_that_does_not_add_up_is_told(placed):
    placed.order.total_incl_tax = Decimal("20.01")
    placed.order.save()
    assert violations() == {"orders: shop orders add up to their order": 1}


def test_order_line_in_no_shop_order_is_told(placed):
    factories.order_line(placed.order, StockRecord.objects.get())
    assert violations() == {"orders: shop orders add up to their order": 1}


def test_lines_that_do_not_add_up_are_told(placed):
    ShopOrderLine.objects.update(total_minor=1999)
    assert violations() == {"orders: shop orders add up to their order": 1}


def test_status_that_the_lines_do_not_say_is_told(placed):
    ShopOrder.objects.update(status="packed")
    assert violations() == {"orders: shop orders add up to their order": 1}


def test_shop_order_without_transmission_is_told(placed):
    Transmission.objects.all().delete()
    assert violations() == {"orders: every shop order goes to its shop": 1}
