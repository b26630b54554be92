"""A day that was said has come and it is not there: the reader waits, has another shop looked for, or cancels."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from marketplace.checkout import alternatives
from marketplace.foundation import links
from marketplace.foundation.models import AuditEntry
from marketplace.payments.models import Payment
from shops.models import Cancellation, ShopOrder, ShopOrderLine
from shops.orders import back_orders, fulfilment, late_days
from shops.orders.changing import changing
from shops.orders.fulfilment import FulfilmentError
from shops.orders.transitions import Asked, Event
from tests import factories
from tests.checkout.buying import shop_with_delivery
from tests.checkout.test_alternatives import later, offer
from tests.checkout.test_crashes import dies_at
from tests.checkout.test_rerouting import answer_all, broken, mails, paid, placed, work


def late(**agreed: bool) -> ShopOrderLine:
    """The mug, which its shop has ordered for the reader, was to be there yesterday."""
    placed(**{"agrees_other_shop": False} | agreed)
    made = alternatives.take(offer(on=later()), by="reader", now=timezone.now())
    made.lines.filter(title="Mug").update(expected_on=today(made) - timedelta(days=1))
    return ShopOrderLine.objects.select_related("shop_order__shop", "shop_order__order").get(
        shop_order=made, title="Mug"
    )


def today(order: ShopOrder) -> date:
    """Where the shop is: near midnight it is not everybody's."""
    return late_days.today(order, now=timezone.now())


def page(line: ShopOrderLine) -> str:
    return links.late_url(line.shop_order.order, line.pk).removeprefix("http://testserver")


@pytest.mark.django_db
@pytest.mark.parametrize("has_it", [True, False])
def test_another_shop_is_looked_for_though_it_was_not_agreed_before(has_it):
    line, payment = late(), Payment.objects.get()
    if has_it:
        c, *_ = shop_with_delivery("Librairie C")
        factories.stock_record(c, line.product, price="3.00", units=3)
    late_days.look_elsewhere(line, by="reader", now=timezone.now())
    left = ShopOrder.objects.get(pk=line.shop_order_id)
    assert (left.status, Cancellation.objects.get().cause) == ("declined", "late")
    work(), answer_all(), work()
    assert ShopOrder.objects.filter(shop__name="Librairie C").exists() == has_it
    assert ("shop_order_rerouted" if has_it else "shop_order_declined") in mails()
    taken = ShopOrderLine.objects.filter(shop_order__shop__name="Librairie C").first()
    assert paid(payment) == payment.amount_minor - line.total_minor + (taken.paid_minor if taken else 0)
    assert broken() == []
    with pytest.raises(FulfilmentError):  # once
        late_days.look_elsewhere(line, by="reader", now=timezone.now())


@pytest.mark.django_db
def test_wanted_whole_all_of_it_goes_together():
    line = late(agrees_in_part=False)
    others = {row.title for row in late_days.gone_with(line)}
    assert others == {"Mug", "L'Étranger"}
    late_days.look_elsewhere(line, by="reader", now=timezone.now())
    assert ShopOrder.objects.get(pk=line.shop_order_id).status == "declined"
    work(), answer_all(), work()
    assert broken() == []


@pytest.mark.django_db
def test_what_the_shop_has_not_answered_yet_goes_with_what_is_late():
    """Else that would leave first, and what is late stay."""
    line = late()
    line.quantity, line.accepted, line.packed = 4, 3, 1
    assert late_days.gone_with(line) == {line: 3}


@pytest.mark.django_db
def test_who_waits_names_a_day_and_the_shop_is_asked_before_it():
    line, now = late(), timezone.now()
    day = today(line.shop_order) + timedelta(days=2)
    for wrong in (today(line.shop_order), today(line.shop_order) + timedelta(days=200)):
        with pytest.raises(FulfilmentError):
            late_days.wait_until(line, wrong, by="reader", now=now)
    late_days.wait_until(line, day, by="reader", now=now)
    assert ShopOrderLine.objects.get(pk=line.pk).expected_on == day
    assert back_orders.watch_back_orders(now) == 1
    assert AuditEntry.objects.get(action="shop_order.wait").facts["until"] == day.isoformat()
    with pytest.raises(FulfilmentError):  # said meanwhile
        late_days.wait_until(line, day + timedelta(days=1), by="reader", now=now)


@pytest.mark.usefixtures("committed_db")
def test_day_of_the_reader_is_not_lost_while_the_shop_does_something_with_the_order():
    line = late()
    day = today(line.shop_order) + timedelta(days=9)

    def wait() -> None:
        try:
            late_days.wait_until(line, day, by="reader", now=timezone.now())
        finally:
            connections.close_all()

    reader = Thread(target=wait)
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    with changing(order, timezone.now(), Event.CANCEL, Asked(line.pk, 1)) as (_order, lines):
        reader.start()
        reader.join(0.5)
        lines[line.pk].save()  # as it was read
    reader.join(30)
    assert ShopOrderLine.objects.get(pk=line.pk).expected_on == day


@pytest.mark.django_db
def test_what_lies_ready_is_late_no_more():
    line, now = late(), timezone.now()
    fulfilment.pack(ShopOrder.objects.get(pk=line.shop_order_id), by="shop", now=now)
    line.refresh_from_db()
    with pytest.raises(FulfilmentError):
        late_days.wait_until(line, today(line.shop_order) + timedelta(days=3), by="reader", now=now)
    line.shop_order.refresh_from_db()
    with pytest.raises(FulfilmentError):
        late_days.look_elsewhere(line, by="reader", now=now)


@pytest.mark.django_db
def test_readers_page_leads_to_the_choices_and_each_is_carried_out_once():
    line = late()
    order, reader = line.shop_order.order, Client(headers={"Accept-Language": "en"})
    order_page = links.order_url(order).removeprefix("http://testserver")
    assert page(line) in reader.get(order_page).content.decode()
    shown = reader.get(page(line)).content.decode()
    assert 'name="elsewhere"' in shown
    assert f"/cancel/{line.pk}/" in shown
    version = ShopOrder.objects.get(pk=line.shop_order_id).version
    assert reader.post(page(line), {"version": version, "on": ""}).status_code == 422
    day = today(line.shop_order) + timedelta(days=5)
    assert reader.post(page(line), {"version": version, "on": day.isoformat()}).status_code == 302
    assert page(line) not in reader.get(order_page).content.decode()
    ShopOrderLine.objects.filter(pk=line.pk).update(expected_on=today(line.shop_order) - timedelta(days=1))
    assert reader.post(page(line), {"version": version - 1, "elsewhere": "1"}).status_code == 302  # an old page
    assert not Cancellation.objects.exists()
    reader.post(page(line), {"version": version, "elsewhere": "1"})
    reader.post(page(line), {"version": version, "elsewhere": "1"})
    assert Cancellation.objects.count() == 1
    assert "elsewhere" not in reader.get(page(line)).content.decode()


@pytest.mark.django_db
def test_where_no_other_shop_can_have_it_none_is_offered():
    line = late()
    ShopOrderLine.objects.filter(pk=line.pk).update(supply="preorder")
    assert 'name="elsewhere"' not in Client().get(page(line)).content.decode()
    version = ShopOrder.objects.get(pk=line.shop_order_id).version
    Client().post(page(line), {"version": version, "elsewhere": "1"})
    assert not Cancellation.objects.exists()


@pytest.mark.parametrize("failpoint", ["late_day.before_commit", "late_day.after_commit"])
@pytest.mark.usefixtures("committed_db")
def test_killed_while_the_reader_decides_it_is_done_once_or_not_at_all(failpoint):
    line = late()
    assert dies_at(failpoint, lambda: late_days.look_elsewhere(line, by="reader", now=timezone.now()))
    connections.close_all()
    if failpoint.endswith("before_commit"):
        line.refresh_from_db()
        line.shop_order.refresh_from_db()
        late_days.look_elsewhere(line, by="reader", now=timezone.now())
    assert Cancellation.objects.count() == 1
    work(), answer_all(), work()
    assert broken() == []
