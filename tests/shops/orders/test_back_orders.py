"""What is accepted for a day: the shop is asked two days before, the reader told the day before, once for each day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.orders import fulfilment, late_days
from shops.orders.back_orders import watch_back_orders
from shops.portal import queue
from tests import factories
from tests.checkout.test_crashes import dies_at


def afternoon(days: int = 0) -> datetime:
    """At the shop, at any time of the day at which this runs."""
    return timezone.now().replace(hour=17, minute=0) + timedelta(days=days)


def ordered(days: int) -> ShopOrder:
    """An order of one title that its shop accepted two days ago, to be there in so many days."""
    shop = factories.shop(timezone="UTC")
    order = factories.shop_order(shop, (factories.stock_record(shop, units=3), 2))
    order.lines.update(supply=Supply.ORDER, expected_on=timezone.now().date() + timedelta(days=days))
    fulfilment.accept_all(order, by="shop", now=timezone.now())
    ShopOrder.objects.update(answered_at=timezone.now() - timedelta(days=2))
    return order


TOLD = ["shop_order_not_there"]


def mails() -> list[str]:
    kinds = ("back_order_due", "shop_order_not_there")
    return list(MailMessage.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(5, []), (2, ["back_order_due"]), (1, TOLD), (0, TOLD), (-30, [])])
def test_shop_is_asked_two_days_before_and_reader_told_the_day_before_once(days, expected):
    order, now = ordered(days), afternoon()
    assert [watch_back_orders(now), watch_back_orders(now)] == [len(expected), 0]
    assert mails() == expected
    text = "".join(MailMessage.objects.filter(kind__in=expected).values_list("text", flat=True))
    line = order.lines.get()
    if days == 2:
        assert f"/lines/{line.pk}/offer/" in text
    if expected == TOLD:
        assert f"/cancel/{line.pk}/" in text
        assert AuditEntry.objects.filter(action="shop_order.not_there").count() == 1


@pytest.mark.django_db
def test_who_accepts_it_for_tomorrow_is_not_late_today():
    """The shop has just bought it for the reader: they are told on the day itself, if it is not there at noon."""
    ordered(1)
    ShopOrder.objects.update(answered_at=afternoon())
    assert watch_back_orders(afternoon() + timedelta(minutes=5)) == 1
    assert mails() == ["back_order_due"]
    noon = afternoon(1).replace(hour=12)
    assert [watch_back_orders(noon - timedelta(minutes=1)), watch_back_orders(noon)] == [0, 1]
    assert mails() == ["back_order_due", *TOLD]


@pytest.mark.django_db
@pytest.mark.parametrize("answered", [True, False], ids=["whole", "in part"])
def test_who_accepts_it_on_the_day_itself_has_some_hours(answered):
    """Or has not answered another line of the order yet."""
    order = ordered(0)
    ShopOrder.objects.update(answered_at=afternoon().replace(hour=13) if answered else None)
    line = ShopOrderLine.objects.select_related("shop_order__shop").get(shop_order=order)
    due = afternoon() if answered else afternoon().replace(hour=12)
    assert [late_days.is_late(line, now=due + at) for at in (-timedelta(minutes=1), timedelta())] == [False, True]


@pytest.mark.django_db
def test_another_day_is_followed_anew_and_what_is_packed_not_at_all():
    order, now = ordered(0), afternoon()
    watch_back_orders(now)
    order.lines.update(expected_on=now.date() + timedelta(days=2))
    watch_back_orders(now)
    assert mails() == ["shop_order_not_there", "back_order_due"]
    fulfilment.pack(order, by="shop", now=now)
    assert watch_back_orders(now + timedelta(days=1)) == 0


@pytest.mark.django_db
def test_reader_hears_from_the_afternoon_on_and_not_in_the_night():
    ordered(1)
    told = [watch_back_orders(afternoon().replace(hour=hour, minute=minute)) for hour, minute in ((15, 59), (22, 0))]
    assert told == [1, 0]  # the shop is asked, since it was not
    assert mails() == ["back_order_due"]
    assert [watch_back_orders(afternoon(1).replace(hour=hour)) for hour in (3, 8)] == [0, 1]
    assert mails() == ["back_order_due", *TOLD]


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
    assert dies_at(failpoint, lambda: watch_back_orders(afternoon()))
    connections.close_all()
    watch_back_orders(afternoon())
    assert mails() == ["shop_order_not_there"]
    assert AuditEntry.objects.filter(action="shop_order.not_there").count() == 1
