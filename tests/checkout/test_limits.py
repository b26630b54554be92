"""Limits of sale, up to the last guard before paying."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation
from oscar.apps.basket.models import Basket

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout import checkouts, freezing, placing, planning
from marketplace.checkout.models import CheckoutLine
from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import Buyer, LimitedError, NotForSaleError
from marketplace.payments.models import Payment
from shops.models import Allocation, ShopOrderLine
from tests import factories
from tests.checkout.buying import pay as pay_for
from tests.checkout.buying import ready, two_shop_basket


def limited(basket: Basket, **facts) -> None:
    """The title of two of its lines."""
    product = basket.lines.order_by("pk").first().product
    ProductFacts.objects.update_or_create(
        product=product, defaults={"updated_at": timezone.now(), "is_book": True, **facts}
    )


def freeze(checkout):
    now = timezone.now()
    seen = checkouts.plan_of(checkout, now=now).fingerprint()
    return freezing.freeze_and_hold(checkout, seen=seen, now=now)


def test_what_is_not_sold_where_it_goes_is_never_frozen(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    limited(basket, territory="+BE FR")
    refusal = freeze(checkout)
    titles = [line.title for line in refusal.short]
    assert (refusal.reason, titles) == ("not_sold", ["L'Étranger", "L'Étranger"])  # by post, and collected
    assert (CheckoutLine.objects.count(), Allocation.objects.count()) == (0, 0)
    limited(basket, territory="+CA FR")  # the control: the very same checkout, sold there
    assert freeze(checkout) is None


def test_guard_off_would_sell_it(db, monkeypatch):
    basket = two_shop_basket()
    checkout = ready(basket)
    limited(basket, territory="+BE FR")
    monkeypatch.setattr(planning.Plan, "not_sold", [])
    assert freeze(checkout) is None
    assert CheckoutLine.objects.count() == 3


def test_where_it_is_collected_counts_not_the_address(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    limited(basket, territory="+CA")
    checkouts.set_address(checkout, {**_address(checkout), "country": "FR", "postcode": "75011"})
    plan = checkouts.plan_of(checkout, now=timezone.now())  # A's post reaches Canada alone: not chosen any more
    assert [line.limits.place[:2] for line in plan.lines if line.limits.refused] == ["FR"]
    assert [line.limits.place for line in plan.parcels[1].lines] == ["CA-QC"]


def _address(checkout) -> dict[str, str]:
    return {name: getattr(checkout, name) for name in checkouts.ADDRESS}


def test_age_is_stated_before_paying_and_frozen_for_staff(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    limited(basket, age_limit="18")
    assert freeze(checkout).reason == "age"
    checkouts.state_age(checkout, 16)
    assert freeze(checkout).reason == "age"
    checkouts.state_age(checkout, 18)
    assert freeze(checkout) is None
    assert list(CheckoutLine.objects.order_by("pk").values_list("age_years", flat=True)) == [18, 0, 18]
    pay_for(_with_payment(checkout))
    placing.place(checkout.pk, now=timezone.now())
    assert list(ShopOrderLine.objects.order_by("pk").values_list("age_years", flat=True)) == [18, 0, 18]


def _with_payment(checkout):
    Payment.objects.create(
        checkout=checkout, state=Payment.State.OPEN, currency=checkout.currency, amount_minor=checkout.total_minor
    )
    return checkout


@pytest.mark.parametrize(
    ("facts", "buyer", "why"),
    [
        ({"territory": "+BE FR"}, Buyer(), "Not for sale in Canada"),
        ({"territory": "-US"}, Buyer("US", 30), "Not for sale in the United States"),
        ({"age_limit": "alcohol"}, Buyer("CA-ON", 18), "Sold from 19 years"),
    ],
)
def test_line_is_refused_with_its_reason(db, facts, buyer, why):
    factories.network(country="CA")
    record = factories.stock_record(factories.shop(), factories.product(is_book=True, **facts), units=3)
    with translation.override("en"), pytest.raises(LimitedError, match=why):
        lines.add(Basket(), record.pk, 1, now=timezone.now(), buyer=buyer)
    assert issubclass(LimitedError, NotForSaleError)
    allowed = Buyer("FR", 21)
    assert lines.add(Basket(), record.pk, 1, now=timezone.now(), buyer=allowed).quantity == 1


def test_used_copy_is_sold_everywhere(db):
    title = factories.product(is_book=True, territory="+BE FR")
    record = factories.stock_record(factories.shop(), title, units=1, condition="good")
    assert lines.add(Basket(), record.pk, 1, now=timezone.now(), buyer=Buyer("CA")).quantity == 1
