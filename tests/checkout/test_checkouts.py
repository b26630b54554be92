"""A checkout while it is filled in."""

from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout
from shops.models import DeliveryOption
from tests import factories
from tests.checkout.buying import ADDRESS, frozen, ready, shop_with_delivery, two_shop_basket

pytestmark = pytest.mark.django_db


def start(basket, user=None):
    return checkouts.start(basket, user, language="fr", now=timezone.now())


def step(checkout):
    return checkouts.next_step(checkout, checkouts.plan_of(checkout, now=timezone.now()))


def test_start_gives_the_same_checkout_again_and_an_unguessable_token():
    basket = two_shop_basket()
    first = start(basket)
    assert start(basket).pk == first.pk
    assert len(first.token) == 43
    assert [getattr(first, name) for name in checkouts.AGREEMENTS] == [False, False, True]


def test_start_while_paying_gives_the_one_being_paid():
    basket = two_shop_basket()
    checkout = frozen(basket)
    assert start(basket) == checkout


def test_steps_follow_the_open_decisions():
    checkout = start(two_shop_basket())
    assert step(checkout) == "who"
    checkouts.set_person(checkout, email="lea@example.org", name="Léa")
    assert step(checkout) == "where"
    checkouts.set_address(checkout, ADDRESS)
    assert step(checkout) == "how"
    plan = checkouts.plan_of(checkout, now=timezone.now())
    checkouts.choose_delivery(checkout, {parcel.shop.pk: parcel.options[1].pk for parcel in plan.parcels})
    assert step(checkout) == "pay"


def test_everything_collected_needs_no_address():
    checkout = start(two_shop_basket())
    checkouts.set_person(checkout, email="lea@example.org", name="Léa")
    assert checkouts.collect_everything(checkout, checkouts.plan_of(checkout, now=timezone.now()))
    assert step(checkout) == "pay"
    checkouts.forget_delivery(checkout)
    assert step(checkout) == "where"


def test_collect_everything_is_refused_where_a_shop_has_no_pickup():
    shop = factories.shop()
    factories.delivery_option(shop, DeliveryOption.Kind.POST, countries=["CA"])
    other, *_ = shop_with_delivery()
    checkout = start(factories.basket((factories.stock_record(shop), 1), (factories.stock_record(other), 1)))
    assert not checkouts.collect_everything(checkout, checkouts.plan_of(checkout, now=timezone.now()))
    assert not checkout.parcels.exists()


def test_what_can_only_be_one_way_is_decided():
    shop = factories.shop()
    factories.delivery_option(shop)
    checkout = start(factories.basket((factories.stock_record(shop), 1)))
    checkouts.set_person(checkout, email="lea@example.org", name="Léa")
    assert checkouts.advance(checkout, now=timezone.now()) == "pay"


def test_options_of_other_shops_are_ignored():
    a, *_ = shop_with_delivery()
    _, theirs, _ = shop_with_delivery()
    checkout = start(factories.basket((factories.stock_record(a), 1)))
    checkouts.choose_delivery(checkout, {a.pk: theirs.pk})
    assert not checkout.parcels.exists()


def test_account_knows_name_mail_and_the_last_address():
    reader = factories.user("lea@example.org", first_name="Léa", last_name="Roy")
    first = start(two_shop_basket(reader), reader)
    assert (first.email, first.name, first.line1) == ("lea@example.org", "Léa Roy", "")
    checkouts.set_address(first, ADDRESS)
    again = start(two_shop_basket(reader), reader)
    assert (again.pk != first.pk, again.line1, again.postcode) == (True, "12, rue des Halles", "H2X 1Y4")


def test_guest_is_never_told_what_an_account_said_before():
    reader = factories.user()
    basket = two_shop_basket(reader)
    mine = ready(basket, user=reader)
    Checkout.objects.filter(pk=mine.pk).update(state=Checkout.State.ENDED)
    assert start(basket, None).email == ""


def test_frozen_checkout_is_not_changed():
    checkout = frozen(two_shop_basket())
    checkouts.set_person(checkout, email="other@example.org", name="Other")
    assert Checkout.objects.get().email == "lea@example.org"
