"""What a courier was to bring in a slot, all of it gone: something else may go in its place, in the same slot."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from marketplace.checkout import alternatives, freezing, placing
from marketplace.checkout.alternative_plans import AlternativeError, What
from marketplace.checkout.checkouts import plan_of
from marketplace.payments import sessions
from marketplace.payments.models import Payment
from shops import slots
from shops.models import Alternative, ShopOrder, ShopOrderLine, SlotBooking, SlotDay
from shops.orders import fulfilment
from tests import factories
from tests.checkout.test_freezing import by_courier, courier_basket
from tests.checkout.test_rerouting import URLS, answer_all, broken, paid, work
from tests.payments import paying

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> ShopOrderLine:
    """One copy that a courier brings in the last slot that can be chosen, days ahead; paid and placed."""
    now = timezone.now()
    option, (basket, _) = courier_basket()
    checkout, _ = by_courier(basket, option)
    payment = freezing.pay(checkout, seen=plan_of(checkout, now=now).fingerprint(), now=now, **URLS)
    assert isinstance(payment, Payment), payment
    paying.pay(payment)
    sessions.refresh(payment, now=now)
    assert placing.place(checkout.pk, now=now)
    return ShopOrderLine.objects.select_related("shop_order__shop").get()


def offer(line: ShopOrderLine, *, on: date | None = None, within: timedelta = timedelta(hours=12)) -> Alternative:
    now, order = timezone.now(), line.shop_order
    record = None if on else factories.stock_record(order.shop, factories.product("Cup"), price="6.00", units=2)
    parts = alternatives.parts_of(order, line, 1)
    offered = alternatives.offered(order, parts, What(line.pk, record, 600, on), within, now=now)
    fulfilment.decline(line, 1, by="shop", reason="sold" if record else "later", offered=offered, now=now)
    return Alternative.objects.get()


def taken() -> list[int]:
    return list(SlotDay.objects.filter(taken__gt=0).values_list("taken", flat=True))


def test_taken_it_goes_in_the_slot_that_was_chosen(line):
    offered, order = offer(line), ShopOrder.objects.get()
    assert (order.status, taken(), broken()) == ("declined", [1], [])  # nothing goes, and the place is kept
    made = alternatives.take(offered, by="reader", now=timezone.now())
    assert SlotBooking.objects.get(ended_at=None).shop_order == made
    assert (made.expected_from, made.expected_until) == (order.expected_from, order.expected_until)
    assert (taken(), broken()) == ([1], [])


@pytest.mark.parametrize("deed", ["refuse", "withdraw", "silence"])
def test_not_taken_the_courier_does_not_come(line, deed):
    payment, offered, now = Payment.objects.get(), offer(line), timezone.now()
    if deed == "refuse":
        alternatives.refuse(offered, elsewhere=False, by="reader", now=now)
    elif deed == "withdraw":
        alternatives.withdraw(offered, by="shop", now=now)
    else:
        work(timedelta(hours=13))
    answer_all(), work()
    assert (taken(), paid(payment), broken()) == ([], 0, [])


def test_same_article_comes_with_the_courier_where_it_is_there_before_that_day(line):
    slot = slots.of(line.shop_order)
    with pytest.raises(AlternativeError, match="before that day"), override("en"):
        offer(line, on=slot.day)
    made = alternatives.take(offer(line, on=slot.day - timedelta(days=1)), by="reader", now=timezone.now())
    assert (slots.of(made), made.lines.get().supply) == (slot, "order")


def test_reader_answers_before_the_shop_must_pack_for_the_courier(line):
    order, slot = line.shop_order, slots.of(line.shop_order)
    parts = alternatives.parts_of(order, line, 1)
    packs = slot.begins - timedelta(minutes=order.shop.preparation_minutes)
    assert alternatives.answer_by(order, timedelta(days=30), parts=parts, now=timezone.now()) <= packs
    record = factories.stock_record(order.shop, price="6.00", units=2)
    what = What(line.pk, record, 600, None)
    with pytest.raises(AlternativeError, match="no time"), override("en"):
        alternatives.priced(order, parts, what, now=packs - timedelta(hours=1))
