"""Promotions count without a code; the network's vouchers may be for one shop; book law bounds all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, ending, freezing, placing, vouchers
from marketplace.checkout.models import Checkout, Voucher
from marketplace.checkout.voucher_forms import NetworkVoucherForm, VoucherForm
from marketplace.foundation import network
from marketplace.payments.models import LedgerEntry, Payment
from shops.models import DeliveryOption, Shop
from tests import factories
from tests.checkout import downloading
from tests.checkout.buying import ADDRESS, frozen, paid, pay, ready, two_shop_basket

pytestmark = pytest.mark.django_db


def promotion(**columns) -> Voucher:
    made = factories.voucher(automatic=True, **columns)
    vouchers.forget()
    return made


def test_shops_promotion_lowers_its_prices_and_is_used_once():
    basket = two_shop_basket()
    made = promotion(shop=Shop.objects.get(name="Librairie A"))
    checkout = paid(basket)
    placing.place(checkout.pk, now=timezone.now())
    checkout, made = Checkout.objects.get(pk=checkout.pk), Voucher.objects.get(pk=made.pk)
    assert (checkout.discount_minor, checkout.voucher_minor, made.used) == (338, 0, 1)  # 10 % of 33.80


def test_networks_promotion_for_one_shop_is_borne_by_the_network():
    basket = two_shop_basket()
    promotion(only_shop=Shop.objects.get(name="Librairie B"), amount_minor=500)
    checkout = ready(basket)
    plan = checkouts.plan_of(checkout, now=timezone.now())
    assert (plan.voucher_minor, plan.discount_minor, plan.promotion.label) == (500, 0, "Spring")
    assert freezing.freeze_and_hold(checkout, seen=freezing.shown(plan, 0), now=timezone.now()) is None
    found = Checkout.objects.get(pk=checkout.pk)
    assert (found.voucher_minor, found.voucher_use.held) == (500, True)
    vouchers.spend(found, order_id=factories.order().pk, now=timezone.now())
    assert LedgerEntry.objects.values_list("debit", "amount_minor").get() == ("promotions", 500)


def test_best_promotion_counts_and_a_voucher_instead_of_it():
    basket, now = two_shop_basket(), timezone.now()
    promotion(basis_points=500), promotion(amount_minor=900)
    promotion(basis_points=9000, begins_at=now + timedelta(days=1))
    promotion(basis_points=9000, begins_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    checkout = ready(basket)
    assert checkouts.plan_of(checkout, now=now).voucher_minor == 900
    vouchers.enter(checkout, factories.voucher(amount_minor=100).code, now=now)
    plan = checkouts.plan_of(checkout, now=now)
    assert (plan.voucher_minor, plan.promotion) == (100, None)


def test_promotion_is_entered_by_nobody_and_forgotten_when_nothing_was_paid():
    basket = two_shop_basket()
    made = promotion(amount_minor=900)
    checkout = ready(basket)
    with pytest.raises(vouchers.VoucherError):
        vouchers.enter(checkout, made.code, now=timezone.now())
    plan = checkouts.plan_of(checkout, now=timezone.now())
    freezing.freeze_and_hold(checkout, seen=freezing.shown(plan, 0), now=timezone.now())
    assert vouchers.release_hold(checkout)
    assert Voucher.objects.get(pk=made.pk).used == 0
    Checkout.objects.update(state=Checkout.State.ENDED)
    again = checkouts.start(basket, None, language="en", now=timezone.now())
    assert vouchers.of(again, now=timezone.now()) is None


def test_new_books_in_france_are_lowered_by_five_per_cent_in_the_shop_at_most():
    of = network.current()
    of.country, of.currency = "FR", "EUR"
    of.save(), network.forget()
    shop = factories.shop("Librairie F", country="FR", postcode="75001")
    factories.delivery_option(shop)
    title = factories.product("L'Étranger", gtin=9782070360024, is_book=True)
    record = factories.stock_record(shop, title, price="20.00")
    StockRecord.objects.filter(pk=record.pk).update(price_currency="EUR")
    promotion(basis_points=5000, currency="EUR", shop=shop)
    checkout = ready(factories.basket((record, 1)), post=False)
    assert checkouts.plan_of(checkout, now=timezone.now()).discount_minor == 100  # 5 % of 20.00, not 50


def test_form_makes_a_promotion_without_a_code_or_asks_for_one():
    person, shop = factories.user(), factories.shop()
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    form = NetworkVoucherForm(
        {"label": "Été", "automatic": "on", "percent": "5", "begins_on": day, "only_shop": shop.pk}
    )
    made = form.is_valid() and form.save(shop=None, by=person, now=timezone.now())
    assert (made.automatic, made.only_shop, made.once_each, made.begins_at > timezone.now()) == (
        True, shop, False, True,
    )  # fmt: skip
    assert list(VoucherForm({"label": "x", "percent": "5"}).errors) == ["code"]


@pytest.mark.parametrize("of_shop", [False, True])
def test_payment_that_comes_after_its_end_is_placed_with_its_promotion(of_shop):
    basket = two_shop_basket()
    shop = Shop.objects.get(name="Librairie A") if of_shop else None
    made = promotion(shop=shop, most_uses=1, **({} if of_shop else {"amount_minor": 900}))
    checkout = frozen(basket)
    Payment.objects.update(state=Payment.State.EXPIRED)
    assert ending.end(checkout, now=timezone.now())
    pay(checkout)
    assert placing.place_paid(timezone.now()) == 1
    assert (Checkout.objects.get().state, Voucher.objects.get(pk=made.pk).used) == ("placed", 1)


def test_promotion_that_makes_it_dearer_does_not_count():
    """What is lowered to less than what is free of postage costs the postage."""
    shop = factories.shop("Librairie A")
    post = factories.delivery_option(
        shop, DeliveryOption.Kind.POST, price_minor=420, free_above_minor=3500, countries=["CA"]
    )
    record = factories.stock_record(shop, factories.product("Mug", is_book=False), price="36.00")
    checkout = checkouts.start(factories.basket((record, 1)), None, language="en", now=timezone.now())
    checkouts.set_person(checkout, email="l@example.org", name="L")
    checkouts.set_address(checkout, ADDRESS)
    checkouts.choose_delivery(checkout, {shop.pk: post.pk})
    before = checkouts.plan_of(checkout, now=timezone.now())
    promotion(shop=shop, basis_points=500)
    after = checkouts.plan_of(checkout, now=timezone.now())
    assert (after.left_minor, after.promotion) == (before.left_minor, None)


def test_shop_lowers_its_own_goods_not_what_it_sells_for_the_network():
    whole = factories.shop("Halles", sells_for_all=True)
    earner = factories.shop("Librairie X")
    promotion(shop=earner, basis_points=10_000)
    checkout = downloading.ready(factories.basket((downloading.e_book(whole), 1)), shop_id=earner.pk)
    plan = checkouts.plan_of(checkout, now=timezone.now())
    assert (plan.parcels[0].shop, plan.discount_minor) == (earner, 0)
