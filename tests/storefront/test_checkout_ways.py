"""How a shop's part reaches the reader: what is offered, when, at what price, and why something is not."""

from __future__ import annotations

import re
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts
from marketplace.storefront.checkout_ways import slot_of
from search import directory
from shops import slots
from shops.models import DeliveryOption, PickupPoint
from shops.readiness import day_name
from tests import factories
from tests.checkout.buying import ADDRESS, ready
from tests.storefront.buying_pages import guest_with, said

pytestmark = pytest.mark.django_db
Kind = DeliveryOption.Kind


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


def buying(shop, **facts):
    """A reader with one copy of the shop's in the basket and an address; their browser, the checkout, the how page."""
    basket = factories.basket((factories.stock_record(shop, factories.product(**facts), units=3), 1))
    checkout = checkouts.start(basket, None, language="en", now=timezone.now())
    checkouts.set_person(checkout, email="lea@example.org", name="Léa Roy")
    checkouts.set_address(checkout, ADDRESS)
    return guest_with(basket), checkout, f"/checkout/{checkout.token}/how/"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_courier_asks_for_a_time_and_never_offers_a_full_one():
    shop = factories.shop("Librairie A")
    factories.delivery_option(shop)
    option = factories.delivery_option(shop, Kind.COURIER, name_en="Bicycle", countries=["CA"], price_minor=500)
    for weekday in range(7):
        factories.slot(option, weekday=weekday)
    client, checkout, how = buying(shop)
    choices = client.get(how).context["form"].fields[f"when-{option.pk}"].choices
    first, second = choices[1][0], choices[2][0]
    sent = {f"shop-{shop.pk}": option.pk}
    response = client.post(how, sent)
    assert (response.status_code, "Choose a time at which the courier comes." in text_of(response)) == (422, True)
    assert slots.hold([slot_of(first)], key="x", now=timezone.now()) == []
    response = client.post(how, sent | {f"when-{option.pk}": first})
    assert (response.status_code, "That time is taken meanwhile" in text_of(response)) == (422, True)
    page = client.post(how, sent | {f"when-{option.pk}": second}, follow=True)
    assert page.redirect_chain[-1][0] == f"/checkout/{checkout.token}/pay/"
    assert "5 p.m. to 7 p.m." in text_of(page)
    assert slots.hold([slot_of(second)], key="y", now=timezone.now()) == []
    seen = page.context["form"].initial["seen"]
    page = client.post(f"/checkout/{checkout.token}/pay/", {"seen": seen}, follow=True)
    assert page.redirect_chain[-1][0] == how
    assert said(page) == ["The courier’s time that you chose is taken meanwhile. Please choose another."]


def test_what_is_not_offered_says_why():
    shop = factories.shop("Librairie A")
    factories.delivery_option(shop)
    row = {"countries": ["CA"], "prefixes": [], "grams": 500, "amount_minor": None}
    row |= {"price_minor": 400, "free_above_minor": None}
    factories.delivery_option(shop, Kind.POST, name_en="Letter", countries=["CA"], rates=[row])
    factories.delivery_option(shop, Kind.POST, name_en="Abroad", countries=["FR"])
    other = factories.shop("Librairie B")
    factories.delivery_option(shop, Kind.OTHER_SHOP, name_en="At B", receiving_shop=other)
    client, _, how = buying(shop, form="hardback", is_book=True)
    page = text_of(client.get(how))
    for words in (
        "Letter: does not carry 0.7 kg there",
        "Abroad: does not go to this address",
        "At B: takes no parcels at present",
    ):
        assert words in page


def test_pickup_says_when_and_points_say_where():
    shop = factories.shop("Librairie A")
    for weekday in range(7):
        factories.opening_hours(shop, weekday=weekday, opens=time(0), closes=time(23, 59))
    factories.delivery_option(shop)
    point = PickupPoint.objects.create(
        name="Bibliothèque", line1="2, rue", city="Laval", postcode="H7A 1A1", hours_en="Noon to six"
    )
    factories.delivery_option(shop, Kind.POINT, point=point, price_minor=200, days_min=1, days_max=2)
    client, checkout, how = buying(shop)
    page = text_of(client.get(how))
    assert re.search(r"ready (today|tomorrow) from (\d|noon|midnight)", page)
    assert "1 to 2 days · Bibliothèque, 2, rue, Laval · Noon to six" in page
    page = client.post(how, {f"shop-{shop.pk}": shop.delivery_options.get(kind="pickup").pk}, follow=True)
    assert page.redirect_chain[-1][0] == f"/checkout/{checkout.token}/pay/"


def test_shop_that_is_away_says_from_when_it_sends():
    shop, today = factories.shop("Librairie A"), timezone.localdate(timezone=ZoneInfo("America/Toronto"))
    for weekday in range(7):
        factories.opening_hours(shop, weekday=weekday, opens=time(0), closes=time(23, 59))
    factories.special_hours(shop, today, today + timedelta(days=9))
    factories.delivery_option(shop, Kind.POST, countries=["CA"], price_minor=500, days_min=1, days_max=2)
    client, _, how = buying(shop)
    back = day_name(today + timedelta(days=10))
    assert f"1 to 2 days from {back} on" in text_of(client.get(how))
    title = shop.partner.stockrecords.first().product
    assert f"Sent from $5.00, 1–2 days from {back} on" in text_of(client.get(title.get_absolute_url()))


def test_law_is_named_where_it_makes_the_price():
    factories.network(country="FR", currency="EUR", tax_included=True)
    shop = factories.shop("Librairie A", country="FR", timezone="Europe/Paris")
    option = factories.delivery_option(shop, Kind.POST, countries=["FR"], price_minor=0)
    title = factories.product(is_book=True, form="paperback")
    record = factories.stock_record(shop, title)
    record.price_currency = "EUR"
    record.save()
    basket = factories.basket((record, 1))
    checkout = ready(basket, post=False)
    checkouts.set_address(checkout, ADDRESS | {"country": "FR", "postcode": "75011"})
    page = text_of(guest_with(basket).get(f"/checkout/{checkout.token}/how/"))
    assert "By law, sending new books for less than €35.00 costs at least €3.00." in page
    checkouts.choose_delivery(checkout, {shop.pk: option.pk})
    assert checkouts.plan_of(checkout, now=timezone.now()).delivery_minor == 300
