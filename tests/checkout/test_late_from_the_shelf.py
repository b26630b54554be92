"""Accepted from the shelf, paid, and neither ready nor sent: the reader waits, has another shop looked for, or has the
money back; also where it lies packed and nobody sends it. Copies, money and mails are right on each way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.foundation import links
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments.models import Payment
from shops.models import Allocation, Cancellation, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, late_days, not_ready
from shops.orders.changing import BeingHandedOverError
from shops.orders.fulfilment import FulfilmentError
from shops.orders.held import Deed, Press, press
from tests import factories
from tests.checkout.buying import shop_with_delivery
from tests.checkout.test_rerouting import answer_all, broken, hand_over_all, mails, paid, placed, told, work
from tests.shops.racing import at_once


def line_of(title: str = "Mug") -> ShopOrderLine:
    related = ("shop_order__shop", "shop_order__order", "shop_order__delivery_option")
    return ShopOrderLine.objects.select_related(*related).get(title=title, shop_order__shop__name="Librairie A")


def late(*, packed: bool = False, **agreed: bool) -> ShopOrderLine:
    """The mug of A, which comes by post with two titles: accepted and paid, and its reader told that it is not sent."""
    placed(**{"agrees_other_shop": False} | agreed)
    told(), answer_all(), work()
    order = line_of().shop_order
    if packed:
        fulfilment.pack(order, by="shop", now=timezone.now())
    for _ in range(2):
        not_ready.watch_ready(ShopOrder.objects.get(pk=order.pk).ready_watch_at)
    assert ShopOrder.objects.get(pk=order.pk).is_late
    return line_of()


def page(line: ShopOrderLine) -> str:
    return links.late_url(line.shop_order.order, line.pk).removeprefix("http://testserver")


def open_units(line: ShopOrderLine) -> int:
    rows = Allocation.objects.filter(stock_record=line.stock_record_id, ended_at=None)
    return sum(rows.values_list("units", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("has_it", [True, False])
def test_another_shop_is_looked_for_and_the_rest_is_refunded(packed, has_it):
    line, payment = late(packed=packed), Payment.objects.get()
    assert paid(payment) == payment.amount_minor  # captured
    if has_it:
        c, *_ = shop_with_delivery("Librairie C")
        factories.stock_record(c, line.product, price="3.00", units=3)
    late_days.look_elsewhere(line, by="reader", now=timezone.now())
    cancellation = Cancellation.objects.get()
    assert (cancellation.cause, cancellation.units, cancellation.put_back_at) == ("late", 1, None)
    assert open_units(line) == 1  # promised until the shop says that it is on its shelf
    work(), answer_all(), work()
    taken = ShopOrderLine.objects.filter(shop_order__shop__name="Librairie C").first()
    assert (taken is not None) == has_it
    assert ("shop_order_rerouted" if has_it else "shop_order_declined") in mails()
    assert paid(payment) == payment.amount_minor - line.total_minor + (taken.paid_minor if taken else 0)
    fulfilment.put_back(ShopOrder.objects.get(pk=line.shop_order_id), by="shop", now=timezone.now())
    assert (open_units(line), broken()) == (0, [])
    with pytest.raises(FulfilmentError):  # once
        late_days.look_elsewhere(line, by="reader", now=timezone.now())
    assert ShopOrder.objects.get(pk=line.shop_order_id).is_late  # the two titles are
    hand_over_all()
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize("packed", [False, True])
def test_money_goes_back_of_what_its_reader_takes_back(packed):
    line, payment = late(packed=packed), Payment.objects.get()
    fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    work()
    assert paid(payment) == payment.amount_minor - line.total_minor
    assert (line_of().cancelled, line_of().packed, broken()) == (1, 0, [])
    fulfilment.cancel_whole(ShopOrder.objects.get(pk=line.shop_order_id), by="reader", now=timezone.now())
    work()
    others = ShopOrder.objects.exclude(pk=line.shop_order_id).get()
    assert (paid(payment), broken()) == (others.total_minor, [])


@pytest.mark.django_db
def test_what_is_packed_in_time_is_not_taken_back():
    """Negative control: only what is late may be, packed."""
    late(packed=True)
    ShopOrder.objects.update(late_at=None)
    line = line_of()
    with pytest.raises(FulfilmentError):
        fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    for act in (late_days.look_elsewhere, lambda line, **how: late_days.wait_until(line, day(line), **how)):
        with pytest.raises(FulfilmentError):
            act(line_of(), by="reader", now=timezone.now())
    assert broken() == []


def day(line: ShopOrderLine, days: int = 5):
    return late_days.today(line.shop_order, now=timezone.now()) + timedelta(days=days)


@pytest.mark.django_db
@pytest.mark.parametrize("packed", [False, True])
def test_who_waits_names_a_day_before_which_both_are_told_again(packed):
    line, now = late(packed=packed), timezone.now()
    for wrong in (0, 200):
        with pytest.raises(FulfilmentError):
            late_days.wait_until(line, day(line, wrong), by="reader", now=now)
    late_days.wait_until(line, day(line), by="reader", now=now)
    with pytest.raises(FulfilmentError):  # said meanwhile
        late_days.wait_until(line, day(line, 6), by="reader", now=now)
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    others = [row for row in order.lines.select_related("shop_order__shop") if row.pk != line.pk]
    # What else of it is late stays so, whoever waits for this one.
    assert order.is_late is (others != [])
    assert [late_days.is_late(row, now=now) for row in (line_of(), *others)] == [False, *[True] * len(others)]
    for other in others:
        late_days.wait_until(other, day(line, 7), by="reader", now=now)
    order.refresh_from_db()
    assert (order.is_late, order.ready_by.astimezone().date() >= day(line) - timedelta(days=1)) == (False, True)
    assert AuditEntry.objects.filter(action="shop_order.wait").first().facts["until"]
    for _ in range(2):
        assert not_ready.watch_ready(ShopOrder.objects.get(pk=order.pk).ready_watch_at) >= 1
    both = MailMessage.objects.filter(kind__in=["shop_order_not_ready", "shop_order_late_now"])
    assert both.filter(dedupe_key__contains=order.number).count() == 4
    assert broken() == []


@pytest.mark.django_db
def test_wanted_whole_all_of_it_goes_together():
    line, payment = late(agrees_in_part=False), Payment.objects.get()
    late_days.look_elsewhere(line, by="reader", now=timezone.now())
    assert ShopOrder.objects.get(pk=line.shop_order_id).status == "declined"
    work(), answer_all(), work()
    others = ShopOrder.objects.filter(shop__name="Librairie B").get()
    assert (paid(payment), broken()) == (others.total_minor, [])


@pytest.mark.django_db
def test_readers_page_leads_to_the_choices_and_each_is_carried_out_once():
    line = late(packed=True)
    reader = Client(headers={"Accept-Language": "en"})
    order_page = links.order_url(line.shop_order.order).removeprefix("http://testserver")
    shown = reader.get(order_page).content.decode()
    assert (page(line) in shown, page(line_of("L'Étranger")) in shown, "It is late." in shown) == (True, True, True)
    shown = reader.get(page(line)).content.decode()
    assert ("was to leave Librairie A by" in shown, 'name="elsewhere"' in shown) == (True, True)
    cancel = f"/cancel/{line.pk}/"
    assert cancel in shown
    assert 'type="submit"' in reader.get(page(line).replace(f"/late/{line.pk}/", cancel)).content.decode()
    version = ShopOrder.objects.get(pk=line.shop_order_id).version
    answers = [reader.post(page(line), {"version": version, "elsewhere": "1"}).status_code for _ in range(2)]
    assert answers == [302, 200]  # nothing is late there any more
    assert Cancellation.objects.count() == 1
    other = line_of("L'Étranger")
    assert reader.post(page(other), {"version": version + 1, "on": day(other).isoformat()}).status_code == 302
    assert page(other) not in reader.get(order_page).content.decode()
    assert "You wait for it until" in reader.get(order_page).content.decode()


@pytest.mark.django_db
def test_what_staff_hand_over_at_this_moment_is_not_taken_back():
    line = late(packed=True)
    order = ShopOrder.objects.select_related("shop").get(pk=line.shop_order_id)
    press(order, Press(Deed.HAND_OVER, order.version, "1"), by=factories.user(), now=timezone.now())
    for act in (lambda: fulfilment.cancel(line, 1, by="reader", now=timezone.now()),
                lambda: late_days.look_elsewhere(line, by="reader", now=timezone.now())):  # fmt: skip
        with pytest.raises(BeingHandedOverError):
            act()
    assert not Cancellation.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_handed_over_and_given_up_at_one_moment_are_one_or_the_other():
    line = late(packed=True)
    seen = ShopOrder.objects.select_related("shop").get(pk=line.shop_order_id)

    def act(number: int) -> object:
        if number:
            return fulfilment.hand_over(seen, by="shop", now=timezone.now())
        return late_days.look_elsewhere(line, by="reader", now=timezone.now())

    found = at_once(act, 2)
    assert sum(isinstance(one, FulfilmentError) for one in found) == 1
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    assert (order.status == "handed_over") != Cancellation.objects.exists()
    work()
    assert broken() == []
