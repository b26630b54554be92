"""Titles that are on no shelf: ordered at the distributor, or before they appear. None takes stock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, placing, planning
from marketplace.checkout import invariants as of_checkout
from marketplace.checkout.models import CheckoutLine
from marketplace.oscar_apps.basket import lines
from marketplace.payments import captures
from marketplace.payments.models import MoneyCall
from shops import invariants as of_shops
from shops.models import Allocation, Availability, ShopOrder, ShopOrderLine, StockTerms, Supply
from shops.orders import answer_times, fulfilment
from tests import factories
from tests.checkout.buying import paid, shop_with_delivery

pytestmark = pytest.mark.django_db


def later(shop, title=None, *, availability=Availability.ORDERABLE, **terms):
    """A record without a copy that can be ordered."""
    record = factories.stock_record(shop, title or factories.product(), units=0)
    StockTerms.objects.update_or_create(
        stock_record=record, defaults={"availability": availability, "as_of": timezone.now(), **terms}
    )
    return record


def mixed():
    """One title on the shelf, one to order within 8 days, one that appears in 30 days."""
    now = timezone.now()
    shop, *_ = shop_with_delivery("Librairie du Port")
    shelf = factories.stock_record(shop, factories.product("Nadja"), units=2)
    order = later(shop, factories.product("Molloy"), days=8)
    preorder = later(
        shop, factories.product("Demain"), availability=Availability.PREORDER, available_on=now.date() + timedelta(30)
    )
    return now, shelf, order, preorder


def no_violations():
    return [
        *(found for ask in of_checkout.INVARIANTS.values() for found in ask()),
        *(found for ask in of_shops.INVARIANTS.values() for found in ask()),
    ]


def test_plan_says_how_each_line_is_supplied_and_when():
    now, shelf, order, preorder = mixed()
    plan = planning.plan(factories.basket((shelf, 1), (order, 2), (preorder, 1)), now=now)
    assert [(line.supply, line.expected_on, line.missing) for line in plan.lines] == [
        (Supply.STOCK, None, 0),
        (Supply.ORDER, now.date() + timedelta(8), 0),
        (Supply.PREORDER, now.date() + timedelta(30), 0),
    ]
    assert [line.record.pk for line in plan.held] == [shelf.pk]


def test_what_reader_saw_changes_when_a_copy_is_to_be_ordered():
    now, _, order, _ = mixed()
    basket = factories.basket((order, 1))
    seen = planning.plan(basket, now=now).fingerprint()
    StockTerms.objects.filter(pk=order.pk).update(days=20)
    assert planning.plan(basket, now=now).fingerprint() != seen


def test_order_takes_no_stock_from_payment_to_hand_over():
    now, shelf, order, preorder = mixed()
    checkout = paid(factories.basket((shelf, 1), (order, 2), (preorder, 1)), now=now)
    assert checkouts.units_held(checkout) == {shelf.pk: 1}
    assert no_violations() == []
    placed = placing.place(checkout.pk, now=now)
    assert list(CheckoutLine.objects.order_by("pk").values_list("supply", flat=True)) == ["stock", "order", "preorder"]
    found = ShopOrderLine.objects.order_by("pk").values_list("supply", "expected_on", "quantity")
    assert list(found) == [
        ("stock", None, 1),
        ("order", now.date() + timedelta(8), 2),
        ("preorder", now.date() + timedelta(30), 1),
    ]
    assert list(Allocation.objects.values_list("stock_record_id", "units")) == [(shelf.pk, 1)]
    shop_order = ShopOrder.objects.get(order=placed)
    assert shop_order.answer_due_at == now + answer_times.ANSWER_OF_DISTRIBUTOR
    fulfilment.accept_all(shop_order, by="test", now=now)
    second = shop_order.lines.get(supply=Supply.ORDER)
    fulfilment.decline(second, 1, by="test", reason="not_found", now=now)
    fulfilment.hand_over(shop_order, by="test", now=now, code=shop_order.pickup_code)
    assert Allocation.objects.exclude(stock_record=shelf).count() == 0
    assert no_violations() == []


def test_order_of_ordered_titles_alone_is_placed():
    now, _, order, _ = mixed()
    checkout = paid(factories.basket((order, 1)), now=now)
    placing.place(checkout.pk, now=now)
    assert (ShopOrderLine.objects.get().supply, Allocation.objects.count()) == ("order", 0)


def test_order_from_the_shelf_alone_is_answered_within_the_networks_hours():
    now, shelf, *_ = mixed()
    placing.place(paid(factories.basket((shelf, 1)), now=now).pk, now=now)
    assert ShopOrder.objects.get().answer_due_at < now + answer_times.ANSWER_OF_DISTRIBUTOR


@pytest.mark.parametrize(("which", "captured"), [(1, 0), (2, 0), (3, 1)])
def test_pre_ordered_title_is_charged_at_order(which, captured):
    now, *records = mixed()
    placing.place(paid(factories.basket((records[which - 1], 1)), now=now).pk, now=now)
    captures.settle_answers(now)
    assert MoneyCall.objects.filter(kind=MoneyCall.Kind.CAPTURE).count() == captured


@pytest.mark.parametrize(
    ("terms", "units"),
    [
        ({"days": 8}, 5),
        ({}, 5),
        ({"days": 8, "as_of": None, "follows_runs": False}, 0),  # nobody vouches for it
        ({"days": 8, "retired_at": timezone.now()}, 0),
        ({"availability": Availability.PREORDER}, 0),  # no date
        ({"availability": Availability.TEMPORARILY_UNAVAILABLE}, 0),
    ],
)
def test_only_what_a_shop_vouches_for_can_be_ordered(terms, units):
    record = later(shop_with_delivery()[0], **terms)
    basket = factories.basket()
    assert lines.add(basket, record.pk, 5, now=timezone.now()).quantity == units


def test_title_that_has_appeared_is_ordered_though_its_list_says_pre_order():
    now = timezone.now()
    record = later(shop_with_delivery()[0], availability=Availability.PREORDER, available_on=now.date())
    (line,) = planning.plan(factories.basket((record, 1)), now=now).lines
    assert (line.supply, line.expected_on, line.missing) == (Supply.ORDER, None, 0)
