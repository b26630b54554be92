"""What is accepted for a day: the shop is asked before it, the reader told on it, each once for each day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.orders import fulfilment
from shops.orders.back_orders import watch_back_orders
from shops.portal import queue
from tests import factories
from tests.checkout.test_crashes import dies_at


def ordered(days: int) -> ShopOrder:
    """An order of one title that its shop has accepted, to be there in so many days."""
    shop = factories.shop(timezone="UTC")
    order = factories.shop_order(shop, (factories.stock_record(shop, units=3), 2))
    order.lines.update(supply=Supply.ORDER, expected_on=timezone.now().date() + timedelta(days=days))
    fulfilment.accept_all(order, by="shop", now=timezone.now())
    return order


def mails() -> list[str]:
    kinds = ("back_order_due", "shop_order_not_there")
    return list(MailMessage.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "expected"), [(5, []), (2, ["back_order_due"]), (0, ["shop_order_not_there"]), (-30, [])]
)
def test_shop_is_asked_before_and_reader_told_on_the_day_once(days, expected):
    order, now = ordered(days), timezone.now()
    assert [watch_back_orders(now), watch_back_orders(now)] == [len(expected), 0]
    assert mails() == expected
    text = "".join(MailMessage.objects.filter(kind__in=expected).values_list("text", flat=True))
    line = order.lines.get()
    if days == 2:
        assert f"/lines/{line.pk}/offer/" in text
    if days == 0:
        assert f"/cancel/{line.pk}/" in text
        assert AuditEntry.objects.filter(action="shop_order.not_there").count() == 1


@pytest.mark.django_db
def test_another_day_is_followed_anew_and_what_is_packed_not_at_all():
    order, now = ordered(0), timezone.now()
    watch_back_orders(now)
    order.lines.update(expected_on=now.date() + timedelta(days=1))
    watch_back_orders(now)
    assert mails() == ["shop_order_not_there", "back_order_due"]
    fulfilment.pack(order, by="shop", now=now)
    assert watch_back_orders(now + timedelta(days=1)) == 0


@pytest.mark.django_db
def test_desk_says_for_when_an_order_waits_and_that_it_is_late():
    order, now = ordered(3), timezone.now()
    assert (queue.when(order, now)[:11], queue.is_overdue(order, now)) == ("there about", False)
    ShopOrderLine.objects.update(expected_on=now.date() - timedelta(days=2))
    order = ShopOrder.objects.get()
    assert (queue.when(order, now)[:15], queue.is_overdue(order, now)) == ("was to be there", True)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("failpoint", ["back_order.before_commit", "back_order.after_commit"])
def test_killed_on_the_way_the_reader_is_told_once(failpoint):
    ordered(0)
    assert dies_at(failpoint, lambda: watch_back_orders(timezone.now()))
    connections.close_all()
    watch_back_orders(timezone.now())
    assert mails() == ["shop_order_not_there"]
    assert AuditEntry.objects.filter(action="shop_order.not_there").count() == 1
