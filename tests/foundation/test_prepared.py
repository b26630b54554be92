import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.partner.models import StockRecord

from marketplace.foundation.prepared import Prepared
from tests import factories

pytestmark = pytest.mark.django_db


def named(product_ids, title):
    found = StockRecord.objects.filter(product_id__in=product_ids, product__title=title).order_by("pk")
    return found.values_list("pk", "product_id", "price", "date_created")


def test_answers_as_the_queryset_would():
    products = [factories.product(title) for title in ("Nana", "Nana", "Germinal")]
    for product in products:
        factories.stock_record(factories.shop(), product, price="12.90")
    prepared = Prepared(named)
    for chosen in (products, products[:2], products[1:], products[:1]):
        keys = [product.pk for product in chosen]
        for title in ("Nana", "Germinal", "%s ' \" ?"):
            assert prepared.rows(keys, title) == list(named(keys, title))


def test_is_compiled_once_for_each_number_of_values():
    made = []

    def build(product_ids):
        made.append(len(product_ids))
        return StockRecord.objects.filter(product_id__in=product_ids).values_list("pk")

    prepared = Prepared(build)
    for keys in ([1], [2], [1, 2], [3, 4], [2, 2]):
        prepared.rows(keys)
    assert made == [1, 2]


def test_is_one_query_which_can_be_counted():
    prepared = Prepared(named)
    with CaptureQueriesContext(connection) as captured:
        prepared.rows([1], "Nana")
    assert len(captured) == 1
