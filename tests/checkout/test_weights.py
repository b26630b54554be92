from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.catalogue.models import Form, ProductFacts
from marketplace.checkout import planning, weights
from marketplace.checkout.delivery import Destination
from shops.models import DeliveryOption
from tests import factories


@pytest.mark.parametrize(
    ("facts", "grams"),
    [
        (ProductFacts(form="hardback", is_book=True), 600),
        (ProductFacts(form="hardback", is_book=True, weight_grams=1250), 1250),
        (ProductFacts(form="", is_book=True), 400),
        (ProductFacts(form="", is_book=False), 500),
        (ProductFacts(form="ebook", is_book=True), 0),
        (None, 500),
    ],
)
def test_weight_is_what_a_source_says_else_that_of_the_form(facts, grams):
    assert weights.grams(facts) == grams


def test_every_form_has_a_weight():
    assert set(weights.BY_FORM) == set(Form.values)


def test_delivery_table_asks_for_the_default_where_nobody_says_the_weight(db):
    """600 g of a hardback and 100 g around it are beyond the first row, 500 g."""
    shop = factories.shop()
    everywhere = {"countries": [], "prefixes": [], "amount_minor": None, "free_above_minor": None}
    rates = [{**everywhere, "grams": 500, "price_minor": 400}, {**everywhere, "grams": 1000, "price_minor": 900}]
    post = factories.delivery_option(shop, DeliveryOption.Kind.POST, countries=["CA"], price_minor=0, rates=rates)
    record = factories.stock_record(shop, factories.product(form="hardback"), units=3)
    plan = planning.plan(
        factories.basket((record, 1)),
        now=timezone.now(),
        chosen={shop.pk: post.pk},
        to=Destination(country="CA", postcode="H2X 1Y4"),
    )
    assert (plan.parcels[0].quote.weight_grams, plan.delivery_minor) == (700, 900)
