"""What a reader's order page says of parcels, and of what waits at the counter."""

from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.checkout import placing
from shops.models import DeliveryOption, Parcel, ShopOrder
from shops.orders import carrying, fulfilment, uncollected
from tests import factories
from tests.checkout.buying import paid, two_shop_basket
from tests.storefront.test_order_views import page, states

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def order():
    return placing.place(paid(two_shop_basket()).pk, now=timezone.now())


def of(order, letter: str) -> ShopOrder:
    """Accepted."""
    part = ShopOrder.objects.select_related("shop", "order").get(number=f"{order.number}-{letter}")
    fulfilment.accept_all(part, by="shop", now=timezone.now())
    return part


def test_each_parcel_is_told_with_its_carrier(order):
    part = of(order, "A")
    line = part.lines.order_by("pk")[0]
    now = timezone.now()
    fulfilment.hand_over(part, by="a", now=now, parts={line.pk: 1}, carrier="UPS", tracking="1Z999")
    assert ("Parcel 1:" in page(order), states(order)[0][-1][1]) == (True, "next")
    fulfilment.hand_over(part, by="a", now=now, carrier="Le vélo de Paul", tracking="7")
    text = page(order)
    assert ("https://www.ups.com/track?tracknum=1Z999" in text, "Parcel 2:" in text) == (True, True)
    assert ("Le vélo de Paul <strong>7</strong>" in text, states(order)[0][-1][1]) == (True, "done")


def test_what_waits_is_kept_until_a_day_and_then_said_to_be_gone(order):
    part = of(order, "B")
    now = timezone.now()
    fulfilment.pack(part, by="b", now=now)
    assert ("It is kept for you until" in page(order), "Somebody else may collect" in page(order)) == (True, True)
    until = ShopOrder.objects.get(pk=part.pk).keep_until
    uncollected.take_back(ShopOrder.objects.get(pk=part.pk), by="system", now=until)
    text = page(order)
    assert ("not collected" in text, "You cancelled" in text, part.pickup_code in text) == (True, False, False)
    assert states(order)[1] == [("Ordered", "done"), ("Nobody collected it in time", "off")]


def test_missing_parcel_is_said_to_be(order):
    part = of(order, "A")
    other = factories.shop("Librairie C", receives_for_others=True)
    option = factories.delivery_option(part.shop, DeliveryOption.Kind.OTHER_SHOP, receiving_shop=other)
    ShopOrder.objects.filter(pk=part.pk).update(delivery_option=option, delivery_kind=option.kind, pickup_code="K7M3QX")
    fulfilment.hand_over(part, by="a", now=timezone.now())
    carrying.miss(Parcel.objects.get(), Parcel.Said.SENDER, by="a", now=timezone.now())
    assert "It is not at Librairie C: both shops look for it." in page(order)
    carrying.give_up(Parcel.objects.get(), borne_by="shop", by="operator", now=timezone.now())
    assert "This parcel was lost" in page(order)
