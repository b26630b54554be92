"""The wrong-shop price first: a line is priced from the record that its reader chose."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.partner import strategy as oscar_strategy

from marketplace.foundation import network
from marketplace.oscar_apps.partner.strategy import Selector, ShopStrategy
from tests import factories

pytestmark = pytest.mark.django_db


def two_shops_one_title():
    """The first shop's record is the older and dearer one."""
    title = factories.product("L'Étranger")
    dear = factories.stock_record(factories.shop("Dear"), title, price="20.00")
    fair = factories.stock_record(factories.shop("Fair"), title, price="12.90")
    return dear, fair


def priced(basket):
    basket.strategy = ShopStrategy()
    return {line.stockrecord.partner.name: line.purchase_info.price.excl_tax for line in basket.all_lines()}


def test_line_is_priced_from_its_own_record():
    dear, fair = two_shops_one_title()
    basket = factories.basket((fair, 1), (dear, 2))
    assert priced(basket) == {"Fair": Decimal("12.90"), "Dear": Decimal("20.00")}
    assert basket.total_excl_tax == Decimal("52.90")


def test_oscars_own_strategy_prices_the_second_shop_from_the_first():
    """Negative control: what the override is for."""
    dear, fair = two_shops_one_title()
    asked = []
    for record in (dear, fair):
        basket = factories.basket((record, 1))
        basket.strategy = oscar_strategy.Default()
        asked.append(basket.all_lines()[0].purchase_info.price.excl_tax)
    assert asked in ([dear.price] * 2, [fair.price] * 2)  # whichever the database gives first


def test_tax_is_estimated_where_the_shop_is_and_added_or_included():
    book = factories.stock_record(factories.shop(), factories.product(is_book=True), price="10.00")
    mug = factories.stock_record(factories.shop(), factories.product(is_book=False), price="10.00")
    unknown = factories.stock_record(factories.shop(), price="10.00")
    unknown.product.facts.delete()
    unknown.refresh_from_db()
    factories.network(tax_included=False)
    prices = [ShopStrategy().fetch_for_product(record.product, record).price for record in (book, mug, unknown)]
    assert [(price.excl_tax, price.tax, price.tax_code) for price in prices] == [
        (Decimal("10.00"), Decimal("0.50"), "5000"),
        (Decimal("10.00"), Decimal("1.50"), "14975"),
        (Decimal("10.00"), Decimal("1.50"), "14975"),
    ]
    factories.network(tax_included=True)
    price = ShopStrategy().fetch_for_product(book.product, book).price
    assert (price.excl_tax, price.tax, price.incl_tax) == (Decimal("9.52"), Decimal("0.48"), Decimal("10.00"))


def test_without_a_chosen_shop_the_cheapest_that_can_be_sold_is_taken():
    dear, fair = two_shops_one_title()
    strategy = ShopStrategy()
    assert strategy.fetch_for_product(dear.product).stockrecord == fair
    fair.num_in_stock = 0
    fair.save()
    assert ShopStrategy().fetch_for_product(dear.product).stockrecord == dear


def test_nothing_without_a_record_or_a_price():
    title = factories.product(is_book=True)
    assert not ShopStrategy().fetch_for_product(title).price.exists
    record = factories.stock_record(factories.shop(), title)
    record.price = None
    found = ShopStrategy().fetch_for_product(title, record)
    assert not found.price.exists


def test_availability_is_what_the_shop_can_sell():
    record = factories.stock_record(factories.shop(), units=2)
    policy = ShopStrategy().fetch_for_product(record.product, record).availability
    assert policy.is_purchase_permitted(2) == (True, "")
    assert policy.is_purchase_permitted(3)[0] is False
    gone = factories.stock_record(factories.shop(complete_as_of=None), units=2)
    assert not ShopStrategy().fetch_for_product(gone.product, gone).availability.is_available_to_buy


@pytest.mark.parametrize("count", [1, 30])
def test_basket_total_costs_no_query_per_line(count):
    shops = [factories.shop(), factories.shop()]
    basket = factories.basket(*((factories.stock_record(shops[i % 2]), 1) for i in range(count)))
    basket.strategy = Selector().strategy()
    network.current()
    with CaptureQueriesContext(connection) as queries:
        basket.total_excl_tax
        basket.total_incl_tax
    # Oscar's lines with attributes and images, then the records with all that prices depend on.
    assert len(queries) == 4
