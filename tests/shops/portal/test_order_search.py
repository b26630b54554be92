"""Orders by anything a person at the counter has in hand, and never by whom a shop does not see any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.apps.address.models import Country
from oscar.apps.order.models import ShippingAddress

from marketplace.checkout.models import Checkout
from shops.models import ShopOrder
from shops.threads import writing
from shops.threads.writing import Side, Words
from tests import factories
from tests.shops.portal.conftest import Stall


def placed(of: Stall, *, phone: str = "", postcode: str = "", delivery: str = "post") -> ShopOrder:
    country, _ = Country.objects.get_or_create(iso_3166_1_a2="CA", defaults={"name": "Canada"})
    where = {"last_name": "Léa", "line1": "1, rue", "line4": "Montréal", "postcode": postcode, "country": country}
    order = factories.order(shipping_address=ShippingAddress.objects.create(**where))
    payment = factories.payment(order, checkout={"phone": phone})
    assert Checkout.objects.filter(order=order, phone=phone).exists(), payment
    record = factories.stock_record(of.shop, units=5)
    option = factories.delivery_option(of.shop, delivery)
    return factories.shop_order(of.shop, (record, 1), placed=order, delivery_option=option, delivery_kind=delivery)


def found(of: Stall, text: str) -> list[str]:
    answer = of.client.get(reverse("portal:orders", args=[of.shop.slug]), {"q": text})
    return [answer.url.split("/")[-2]] if answer.status_code == 302 else [row.number for row in answer.context["rows"]]


@pytest.mark.parametrize(
    "typed", ["0199", "555-0199", "514 555 0199", "(514) 555.0199", "+1 514-555-0199", "0015145550199"]
)
def test_telephone_is_found_by_its_last_digits_however_it_is_written(typed, ours):
    order = placed(ours, phone="+1 (514) 555-0199")
    placed(ours, phone="+1 (514) 555-0198")
    assert found(ours, typed) == [order.number]


def test_telephone_of_a_country_is_found_without_its_code(ours):
    order = placed(ours, phone="06 12 34 56 78")
    assert found(ours, "+33 6 12 34 56 78") == [order.number]


@pytest.mark.parametrize("typed", ["H2T 1S4", "h2t1s4", "H2T-1S4"])
def test_postcode_is_found_where_it_is_sent_to(typed, ours):
    order = placed(ours, postcode="H2T 1S4")
    placed(ours, postcode="H2T 1S4", delivery="pickup")  # the shop does not see where they live
    assert found(ours, typed) == [order.number]


@pytest.mark.parametrize("typed", ["978-2-07-036002-4", "9782070360024", "2-07-036002-4", "ISBN 2 07 036002 4"])
def test_book_is_found_by_its_number_however_it_is_written(typed, ours):
    order = placed(ours)
    order.lines.update(gtin=9782070360024)
    assert found(ours, typed) == [order.number]


def say(order: ShopOrder, words: str) -> None:
    thread = writing.of_order(order, now=timezone.now())
    writing.write(thread, Side.READER, Words(words), by=None, name="Léa", now=timezone.now())


def test_words_of_a_message_are_found(ours, theirs):
    say(ours.order, "Je viendrai avec ma sœur jeudi.")
    say(theirs.order, "Je viendrai avec ma sœur jeudi.")
    assert found(ours, "avec ma sœur") == [ours.order.number]
    assert found(ours, "sœ") == []


def test_whoever_is_out_of_sight_is_found_by_nothing_of_theirs(ours):
    factories.network(shop_sight_days=30)
    order = placed(ours, phone="514 555 0199", postcode="H2T 1S4")
    say(order, "Je viendrai jeudi.")
    assert found(ours, "0199") == found(ours, "H2T 1S4") == found(ours, "viendrai jeudi") == [order.number]
    over = timezone.now() - timedelta(days=31)
    ShopOrder.objects.filter(pk=order.pk).update(status="handed_over", handed_over_at=over, answered_at=over)
    assert found(ours, "0199") == found(ours, "H2T 1S4") == found(ours, "viendrai jeudi") == []


def test_nothing_of_another_shop_is_found(ours, theirs):
    placed(theirs, phone="514 555 0199", postcode="H2T 1S4")
    assert found(ours, "514 555 0199") == found(ours, "H2T 1S4") == []
