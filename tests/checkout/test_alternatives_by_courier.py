"""What a courier was to bring in a slot, all of it gone: something else may go in its place, in the same slot."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import override

from marketplace.checkout import alternatives, freezing, placing
from marketplace.checkout.alternative_plans import AlternativeError, What
from marketplace.checkout.checkouts import plan_of
from marketplace.payments import sessions
from marketplace.payments.models import Payment
from shops import slots
from shops.models import Alternative, DeliveryOption, ShopOrder, ShopOrderLine, SlotBooking, SlotDay
from shops.orders import fulfilment
from tests import factories
from tests.checkout.test_freezing import by_courier, courier_basket
from tests.checkout.test_rerouting import URLS, answer_all, broken, paid, work
from tests.payments import paying

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> ShopOrderLine:
    """One copy that a courier brings in the last slot that can be chosen, days ahead; paid and placed."""
    return placed().get()


def placed(*, units: int = 1, capacity: int = 1) -> QuerySet[ShopOrderLine]:
    now = timezone.now()
    option, (basket, _) = courier_basket(capacity)
    if units > 1:
        basket.lines.update(quantity=units)
    checkout, _ = by_courier(basket, option)
    payment = freezing.pay(checkout, seen=plan_of(checkout, now=now).fingerprint(), now=now, **URLS)
    assert isinstance(payment, Payment), payment
    paying.pay(payment)
    sessions.refresh(payment, now=now)
    assert placing.place(checkout.pk, now=now)
    return ShopOrderLine.objects.select_related("shop_order__shop")


@pytest.fixture
def line_of_two() -> ShopOrderLine:
    return of_two()


def offer(line: ShopOrderLine, *, on: date | None = None, within: timedelta = timedelta(hours=12)) -> Alternative:
    now, order = timezone.now(), line.shop_order
    record = None if on else factories.stock_record(order.shop, factories.product("Cup"), price="6.00", units=2)
    parts = alternatives.parts_of(order, line, 1)
    offered = alternatives.offered(order, parts, What(line.pk, record, 600, on), within, now=now)
    fulfilment.decline(line, 1, by="shop", reason="sold" if record else "later", offered=offered, now=now)
    return Alternative.objects.latest("pk")


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


def of_two(*, capacity: int = 1) -> ShopOrderLine:
    """A line of two copies that a courier brings, the reader taking one as well; one was declined with an offer."""
    placed(units=2, capacity=capacity)
    return ShopOrderLine.objects.select_related("shop_order__shop").get()


def again(line: ShopOrderLine) -> ShopOrderLine:
    return ShopOrderLine.objects.select_related("shop_order__shop").get(pk=line.pk)


def test_rest_declined_later_the_place_waits_for_what_is_offered(line_of_two):
    line, place = line_of_two, slots.of(line_of_two.shop_order)
    offered = offer(line)
    fulfilment.decline(again(line), 1, by="shop", reason="sold", now=timezone.now())
    assert (again(line).shop_order.status, taken(), broken()) == ("declined", [1], [])
    made = alternatives.take(offered, by="reader", now=timezone.now())
    assert (slots.of(made), taken(), broken()) == (place, [1], [])


@pytest.mark.parametrize(("capacity", "places"), [(1, [1]), (2, [2])])
def test_of_two_offers_the_first_that_is_taken_has_the_place(capacity, places):
    line = of_two(capacity=capacity)
    first, second = offer(line), offer(again(line))
    place = slots.held(second.key)
    made = alternatives.take(first, by="reader", now=timezone.now())
    assert (slots.of(made), taken()) == (place, [1])
    made = alternatives.take(second, by="reader", now=timezone.now())
    assert (slots.of(made) == place, taken(), broken()) == (capacity == 2, places, [])


def test_of_two_offers_the_one_that_is_refused_leaves_the_place_to_the_other(line_of_two):
    line, place = line_of_two, slots.of(line_of_two.shop_order)
    first, second = offer(line), offer(again(line))
    alternatives.refuse(second, elsewhere=False, by="reader", now=timezone.now())
    assert (slots.held(first.key), taken()) == (place, [1])
    alternatives.refuse(first, elsewhere=False, by="reader", now=timezone.now())
    assert (taken(), broken()) == ([], [])


@pytest.mark.parametrize(("capacity", "places"), [(1, [1]), (2, [2])])
def test_taken_beside_what_the_courier_brings_anyway_it_goes_along_where_there_is_room(capacity, places):
    line = of_two(capacity=capacity)
    made = alternatives.take(offer(line), by="reader", now=timezone.now())
    assert (slots.of(made) is not None, taken(), broken()) == (capacity == 2, places, [])
    assert slots.of(again(line).shop_order) is not None


def test_taken_too_late_for_the_courier_it_has_no_place(line_of_two):
    line, place = line_of_two, slots.of(line_of_two.shop_order)
    offered = offer(line, on=place.day)
    fulfilment.decline(again(line), 1, by="shop", reason="sold", now=timezone.now())
    made = alternatives.take(offered, by="reader", now=timezone.now())
    assert (slots.of(made), taken(), broken()) == (None, [], [])


def test_taken_too_late_for_the_courier_it_leaves_the_place_to_what_is_not(line_of_two):
    """The later copy is taken first; the cup may go with the courier yet."""
    line, place = line_of_two, slots.of(line_of_two.shop_order)
    later, cup = offer(line, on=place.day), offer(again(line))
    made = alternatives.take(later, by="reader", now=timezone.now())
    assert (slots.of(made), slots.held(cup.key), taken()) == (None, place, [1])
    made = alternatives.take(cup, by="reader", now=timezone.now())
    assert (slots.of(made), taken(), broken()) == (place, [1], [])


def test_what_goes_by_post_has_no_place_with_the_courier_that_brings_the_rest(line):
    order = line.shop_order
    assert slots.of_reader(order) == slots.of(order)
    order.delivery_option = factories.delivery_option(order.shop, kind=DeliveryOption.Kind.POST)
    assert slots.of_reader(order) is None
