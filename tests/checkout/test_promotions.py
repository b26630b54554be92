"""Promotions count without a code; the network's vouchers may be for one shop; book law bounds all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, freezing, placing, vouchers
from marketplace.checkout.models import Checkout, Voucher
from marketplace.checkout.voucher_forms import NetworkVoucherForm, VoucherForm
from marketplace.foundation import network
from marketplace.payments.models import LedgerEntry
from shops.models import Shop
from tests import factories
from tests.checkout.buying import paid, ready, two_shop_basket

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
    assert (Voucher.objects.get(pk=made.pk).used, made.uses.count()) == (0, 0)


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
