from __future__ import annotations

import pytest

from marketplace.checkout.delivery import Destination, options_by_shop, reaches
from shops.models import DeliveryOption, Shop
from tests import factories

SHOP = Shop(country="CA")


@pytest.mark.parametrize(
    ("option", "to", "expected"),
    [
        ({"kind": "pickup"}, None, True),
        ({"kind": "pickup"}, Destination("FR", "75001"), True),
        ({"kind": "post", "countries": ["CA"]}, None, False),
        ({"kind": "post", "countries": ["CA"]}, Destination("CA", "H2X 1Y4"), True),
        ({"kind": "post", "countries": ["CA"]}, Destination("FR", "75001"), False),
        ({"kind": "post", "countries": []}, Destination("CA", "H2X 1Y4"), True),
        ({"kind": "post", "countries": []}, Destination("FR", "75001"), False),
        (
            {"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H2", "h3"]},
            Destination("CA", "h2x1y4"),
            True,
        ),
        ({"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H 3"]}, Destination("CA", "H3A 0G4"), True),
        ({"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H2"]}, Destination("CA", "G1R 1A1"), False),
    ],
)
def test_option_reaches(option, to, expected):
    assert reaches(DeliveryOption(**option), SHOP, to) is expected


@pytest.mark.django_db
def test_options_are_the_active_ones_in_the_shops_order(django_assert_num_queries):
    a, b = factories.shop(), factories.shop()
    second = factories.delivery_option(a, position=2)
    first = factories.delivery_option(a, DeliveryOption.Kind.POST, position=1)
    factories.delivery_option(a, active=False)
    with django_assert_num_queries(1):
        found = options_by_shop([a.pk, b.pk])
    assert (found[a.pk], found[b.pk]) == ((first, second), ())
