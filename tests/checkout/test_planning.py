"""Every amount of a plan adds up to the cent, whatever is in the basket."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from oscar.apps.catalogue.models import Product

from marketplace.checkout import planning
from marketplace.checkout.delivery import Destination
from marketplace.checkout.planning import PlannedLine, PlannedParcel, priced
from marketplace.checkout.tax_tables import Component
from marketplace.foundation import network
from shops.models import DeliveryOption, Shop
from tests import factories
from tests.checkout.buying import shop_with_delivery, two_shop_basket

MILLI = st.sampled_from([0, 2_100, 5_000, 9_975, 20_000])
RATES = st.lists(st.builds(Component, st.sampled_from(["GST", "QST"]), st.just("CA"), MILLI), max_size=3).map(tuple)
LINES = st.builds(
    PlannedLine,
    basket_line_id=st.integers(1, 10**6),
    record=st.just(SimpleNamespace(pk=1)),
    title=st.just("Title"),
    quantity=st.integers(1, 99),
    unit_price_minor=st.integers(0, 100_000),
    rates=RATES,
    is_digital=st.booleans(),
    sellable=st.just(99),
)
OPTIONS = st.none() | st.builds(
    DeliveryOption, price_minor=st.integers(0, 5000), free_above_minor=st.none() | st.integers(0, 50_000)
)
PARCELS = st.lists(
    st.builds(
        PlannedParcel,
        shop=st.builds(Shop, pk=st.integers(1, 99)),
        lines=st.lists(LINES, min_size=1, max_size=6).map(tuple),
        option=OPTIONS,
    ),
    max_size=4,
)


@given(parcels=PARCELS, tax_included=st.booleans())
def test_sums_are_exact(parcels, tax_included):
    plan = priced(parcels, currency="CAD", tax_included=tax_included)
    for parcel in plan.parcels:
        for line in parcel.lines:
            assert line.total_minor == line.net_minor + line.tax_minor + line.delivery_share_minor
            assert line.goods_minor == line.quantity * line.unit_price_minor
            assert line.goods_minor == line.net_minor + (line.tax_minor if tax_included else 0)
            assert line.tax_minor == sum(part.minor for part in line.tax_parts)
            assert line.delivery_tax_minor == sum(part.delivery_minor for part in line.tax_parts)
            assert [part[:3] for part in line.tax_parts] == list(line.rates)
            assert all(part.minor >= 0 <= part.delivery_minor for part in line.tax_parts)
        added = 0 if tax_included else parcel.tax_minor
        assert parcel.total_minor == sum(line.total_minor for line in parcel.lines)
        assert parcel.total_minor == parcel.goods_minor + parcel.delivery_minor + added
        assert parcel.tax_minor == parcel.delivery_tax_minor + sum(line.tax_minor for line in parcel.lines)
        assert parcel.delivery_tax_minor == sum(line.delivery_tax_minor for line in parcel.lines)
    assert plan.total_minor == sum(parcel.total_minor for parcel in plan.parcels)
    assert plan.tax_minor == sum(plan.tax_by_rate.values()) == sum(parcel.tax_minor for parcel in plan.parcels)
    assert plan.total_minor == plan.goods_minor + plan.delivery_minor + (0 if tax_included else plan.tax_minor)


@pytest.mark.django_db
def test_plan_of_two_shops_in_numbers():
    factories.network(tax_included=False)
    basket = two_shop_basket()
    now, to = timezone.now(), Destination("CA", "H2X 1Y4")
    open_plan = planning.plan(basket, now=now)
    a, b = open_plan.parcels
    assert [parcel.shop.name for parcel in (a, b)] == ["Librairie A", "Librairie B"]
    assert [line.unit_price_minor for line in open_plan.lines] == [1290, 800, 2000]
    assert open_plan.undelivered == [a, b]
    plan = planning.plan(basket, now=now, chosen={a.shop.pk: a.options[1].pk, b.shop.pk: b.options[0].pk}, to=to)
    first = plan.parcels[0]
    # 25.80 + 8.00: GST is 1.29 on the book, 0.40 on the mug, whose QST is 0.80. Delivery 4.20 shared 25.80 : 8.00 is
    # 3.21 with 0.16 of GST, and 0.99 with 0.05 and 0.10.
    assert (first.goods_minor, first.delivery_minor, first.delivery_tax_minor, first.tax_minor) == (3380, 420, 31, 280)
    assert [line.delivery_share_minor for line in first.lines] == [321 + 16, 99 + 15]
    assert [line.total_minor for line in first.lines] == [2580 + 129 + 337, 800 + 120 + 114]
    assert plan.tax_by_rate == {("GST", 5_000): 129 + 16 + 40 + 5 + 100, ("QST", 9_975): 90}
    assert (plan.total_minor, plan.only_pickups, plan.undelivered) == (4080 + 2100, False, [])


@pytest.mark.django_db
def test_option_that_does_not_reach_the_address_counts_as_not_chosen():
    basket = two_shop_basket()
    now = timezone.now()
    parcel = planning.plan(basket, now=now).parcels[0]
    chosen = {parcel.shop.pk: parcel.options[1].pk}
    assert planning.plan(basket, now=now, chosen=chosen).parcels[0].option is None
    assert planning.plan(basket, now=now, chosen=chosen, to=Destination("FR", "75001")).parcels[0].option is None
    assert planning.plan(basket, now=now, chosen=chosen, to=Destination("CA", "H2X")).parcels[0].option is not None


@pytest.mark.django_db
def test_shortage_and_missing_price_are_told_line_by_line():
    shop, *_ = shop_with_delivery()
    fewer = factories.stock_record(shop, units=1)
    gone = factories.stock_record(shop, units=0)
    unpriced = factories.stock_record(shop)
    unpriced.price = None
    unpriced.save()
    plan = planning.plan(factories.basket((fewer, 2), (gone, 1), (unpriced, 1)), now=timezone.now())
    assert [(line.missing, line.for_sale) for line in plan.lines] == [(1, True), (1, False), (1, False)]
    assert plan.short == plan.lines


@pytest.mark.django_db
def test_title_that_was_hidden_since_is_not_sold_but_stays_held():
    shop, *_ = shop_with_delivery()
    record = factories.stock_record(shop, units=3)
    basket = factories.basket((record, 1))
    Product.objects.update(is_public=False)
    assert [line.missing for line in planning.plan(basket, now=timezone.now()).lines] == [1]
    assert planning.plan(basket, now=timezone.now(), held={record.pk: 1}).short == []


@pytest.mark.django_db
def test_fingerprint_changes_with_what_the_reader_saw():
    basket = two_shop_basket()
    now = timezone.now()
    before = planning.plan(basket, now=now).fingerprint()
    assert planning.plan(basket, now=now).fingerprint() == before
    record = basket.lines.first().stockrecord
    record.price += 1
    record.save()
    assert planning.plan(basket, now=now).fingerprint() != before


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 30])
def test_plan_takes_three_queries(count):
    shops = [shop_with_delivery()[0] for _ in range(2)]
    basket = factories.basket(*((factories.stock_record(shops[i % 2]), 1) for i in range(count)))
    network.current()
    with CaptureQueriesContext(connection) as queries:
        planning.plan(basket, now=timezone.now())
    assert len(queries) == 3  # lines, options, opening hours
