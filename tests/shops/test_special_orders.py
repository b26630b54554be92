import pytest
from django.utils import timezone

from shops import special_orders
from shops.models import Shop, StockTerms, Supply
from shops.supplying import supplied
from tests import factories

pytestmark = pytest.mark.django_db


def priced(title, price, kind, **columns):
    record = factories.stock_record(factories.shop(), title, price=price, units=0, **columns)
    StockTerms.objects.update_or_create(stock_record=record, defaults={"price_kind": kind, "as_of": timezone.now()})
    return record


def test_known_is_the_fixed_price_then_the_recommended_one_and_never_a_shops_own():
    title = factories.product()
    priced(title, "11.00", "retail")
    assert special_orders.known_price(title.pk, "CAD") is None
    priced(title, "12.00", "recommended")
    assert special_orders.known_price(title.pk, "CAD").minor == 1200
    priced(title, "13.00", "fixed")
    assert special_orders.known_price(title.pk, "CAD").minor == 1300
    assert special_orders.known_price(title.pk, "EUR") is None


def test_shop_that_orders_any_title_gets_one_record_that_takes_no_stock():
    title, now = factories.product(), timezone.now()
    priced(title, "12.00", "recommended")
    shop = factories.shop(services=[Shop.Service.ORDERING])
    record = special_orders.record_for(shop, title.pk, currency="CAD", now=now)
    assert special_orders.record_for(shop, title.pk, currency="CAD", now=now) == record
    record = shop.partner.stockrecords.select_related("terms").get()
    got = supplied(record, shop=shop, terms=record.terms, now=now, download=None)
    assert (str(record.price), got.supply, got.units > 0, got.expected_on) == ("12.00", Supply.ORDER, True, None)


def test_other_shops_order_nothing_unknown():
    title, now = factories.product(), timezone.now()
    priced(title, "12.00", "recommended")
    assert special_orders.record_for(factories.shop(), title.pk, currency="CAD", now=now) is None
    paused = factories.shop(services=[Shop.Service.ORDERING], status=Shop.Status.PAUSED)
    assert special_orders.record_for(paused, title.pk, currency="CAD", now=now) is None
