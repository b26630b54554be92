"""What is ordered and nobody said for when: the shop is asked each week, the reader told after four."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import Alternative, ShopOrder, ShopOrderLine, Supply
from shops.orders import fulfilment, held
from shops.orders.back_orders import watch_back_orders
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.checkout.test_rerouting import placed
from tests.shops.portal.conftest import signed_in

WEEK = timedelta(days=7)


def midday() -> datetime:
    return timezone.now().replace(hour=12, minute=0)


def ordered() -> ShopOrder:
    """An order of one title that its shop accepted, and orders without knowing the day."""
    shop = factories.shop(timezone="UTC", language="en")
    order = factories.shop_order(shop, (factories.stock_record(shop, units=3), 2))
    order.lines.update(supply=Supply.ORDER)
    fulfilment.accept_all(order, by="shop", now=timezone.now())
    ShopOrder.objects.update(created_at=midday())
    return order


def mails() -> list[str]:
    kinds = ("back_order_undated", "shop_order_undated")
    return list(MailMessage.objects.filter(kind__in=kinds).order_by("pk").values_list("kind", flat=True))


@pytest.mark.django_db
def test_shop_is_asked_for_a_day_each_week_and_the_reader_told_after_four():
    order, begun = ordered(), midday()
    assert watch_back_orders(begun + WEEK - timedelta(minutes=1)) == 0
    told = [watch_back_orders(begun + weeks * WEEK) for weeks in (1, 1, 2, 3, 4, 4, 5, 12, 13)]
    assert told == [1, 0, 1, 1, 2, 0, 1, 1, 0]
    assert mails().count("shop_order_undated") == 1
    asked, *_, last = MailMessage.objects.filter(kind="back_order_undated").order_by("pk")
    line = order.lines.get()
    assert (f"/lines/{line.pk}/offer/" in asked.text, "A week has passed" in asked.text) == (True, True)
    assert "12 weeks have passed" in last.text
    assert f"/cancel/{line.pk}/" in MailMessage.objects.get(kind="shop_order_undated").text
    assert AuditEntry.objects.filter(action="shop_order.undated").count() == 1


@pytest.mark.django_db
def test_reader_is_not_told_in_the_night():
    ordered()
    night = (midday() + 4 * WEEK).replace(hour=3)
    assert [watch_back_orders(night + timedelta(days=1)), watch_back_orders(night + timedelta(days=1, hours=6))] == [
        1,
        1,
    ]
    assert mails() == ["back_order_undated", "shop_order_undated"]


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["dated", "packed", "on the shelf", "cancelled"])
def test_what_has_a_day_or_lies_ready_is_not_asked_for(how):
    order, now = ordered(), midday() + WEEK
    if how == "dated":
        order.lines.update(expected_on=now.date() + timedelta(days=20))
    if how == "packed":
        fulfilment.pack(order, by="shop", now=now)
    if how == "on the shelf":
        order.lines.update(supply=Supply.STOCK)
    if how == "cancelled":
        order.lines.update(accepted=0)
    assert (watch_back_orders(now), mails()) == (0, [])


@pytest.mark.django_db
def test_shop_says_the_day_where_the_mail_leads():
    placed(agrees_other_shop=False)
    ShopOrderLine.objects.filter(title="Mug").update(supply=Supply.ORDER)
    line = ShopOrderLine.objects.select_related("shop_order__shop").get(title="Mug")
    fulfilment.accept_all(line.shop_order, by="shop", now=timezone.now())
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    watch_back_orders(timezone.now() + WEEK)
    where = f"/portal/{order.shop.slug}/orders/{order.number}/lines/{line.pk}/offer/"
    assert where in MailMessage.objects.get(kind="back_order_undated").text
    day = timezone.localdate() + timedelta(days=9)
    said = {"kind": "later", "on": day.isoformat(), "units": 1, "hours": 24, "version": order.version, "once": "x"}
    answer = signed_in(factories.member(order.shop).user).post(where, said)
    assert answer.status_code == 302
    held.do_desk_actions(timezone.now() + timedelta(minutes=1))
    assert Alternative.objects.get().expected_on == day


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("failpoint", ["undated.before_commit", "undated.after_commit"])
def test_killed_on_the_way_the_reader_is_told_once(failpoint):
    ordered()
    when = midday() + 4 * WEEK
    assert dies_at(failpoint, lambda: watch_back_orders(when))
    connections.close_all()
    watch_back_orders(when)
    assert mails().count("shop_order_undated") == 1
    assert AuditEntry.objects.filter(action="shop_order.undated").count() == 1
