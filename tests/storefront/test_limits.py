"""What the pages say of a title that is not sold everywhere, or not to everybody."""

from __future__ import annotations

import json
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.basket.models import Line

from marketplace.checkout.models import Checkout
from marketplace.foundation.models import MailMessage
from search.availability import Place
from search.reader import Reader, remember_place
from search.rows import rows
from shops import reservations
from shops.models import Reservation, Shop, ShopOrderLine
from tests import factories
from tests.checkout.buying import ready, shop_with_delivery
from tests.storefront.buying_pages import guest_with
from tests.storefront.test_title_views import text_of

pytestmark = pytest.mark.django_db
REFUSAL = "Not for sale in Canada: the publisher keeps it for Belgium and France."


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"
    factories.network(country="CA", currency="CAD")


def offered(*, used: bool = False, **facts):
    product = factories.product("Un livre", gtin=9782070360024, is_book=True, **facts)
    shop, *_ = shop_with_delivery("Librairie A")
    terms = {"condition": "good"} if used else {}
    return product, factories.stock_record(shop, product, units=3, **terms)


def stand_in(client: Client, area: str) -> None:
    response = HttpResponse()
    remember_place(response, Place(latitude=48.8, longitude=2.3, label="ici", area=area))
    client.cookies.update(response.cookies)


def test_title_that_is_not_sold_there_says_why_instead_of_selling_it(client):
    product, _record = offered(territory="+BE FR")
    page = client.get(product.get_absolute_url())
    assert REFUSAL in text_of(page)
    assert "basket/add" not in page.content.decode()
    stand_in(client, "FR-75")  # the control: the same title where it is sold
    page = client.get(product.get_absolute_url())
    assert ("Not for sale" in text_of(page), "basket/add" in page.content.decode()) == (False, True)


def test_used_copy_of_it_is_sold(client):
    product, _record = offered(territory="+BE FR", used=True)
    assert "basket/add" in client.get(product.get_absolute_url()).content.decode()


def test_age_is_stated_once_and_kept_in_the_session(client):
    product, record = offered(age_limit="18")
    address = product.get_absolute_url()
    page = client.get(address)
    assert "Sold from 18 years." in text_of(page)
    assert ("basket/add" in page.content.decode(), 'name="stated"' in page.content.decode()) == (False, True)
    tampered = client.post(reverse("storefront:basket-add"), {"stock_record": record.pk}, follow=True)
    assert "Sold from 18 years. Say on the title’s page that you are old enough" in text_of(tampered)
    assert not Line.objects.exists()
    unticked = client.post(reverse("storefront:age"), {"years": 18, "next": address}, follow=True)
    assert "Tick that you are old enough" in text_of(unticked)
    page = client.post(reverse("storefront:age"), {"years": 18, "stated": "on", "next": address}, follow=True)
    assert ("You have said that you are old enough." in text_of(page), "basket/add" in page.content.decode()) == (
        True,
        True,
    )
    client.post(reverse("storefront:basket-add"), {"stock_record": record.pk})
    assert Line.objects.count() == 1


def test_form_that_was_tampered_with_is_refused_in_the_same_words(client):
    _product, record = offered(territory="+BE FR")
    page = client.post(reverse("storefront:basket-add"), {"stock_record": record.pk}, follow=True)
    assert REFUSAL in text_of(page)
    assert not Line.objects.exists()


def test_basket_and_checkout_name_the_line_that_is_not_sold_there():
    product, record = offered(territory="+BE FR")
    basket = factories.basket((record, 1))
    checkout = ready(basket)
    client = guest_with(basket)
    client.cookies["django_language"] = "en"
    page = client.get(reverse("storefront:basket"))
    assert (REFUSAL in text_of(page), "Go to checkout" in text_of(page)) == (True, False)
    pay = reverse("storefront:checkout-pay", args=[checkout.token])
    page = client.get(pay)
    assert f"“{product.title}”: {REFUSAL} Have it sent where it is for sale" in text_of(page)
    assert "checkout-go" not in page.content.decode()
    client.post(pay, {"seen": page.context["form"]["seen"].value()})
    assert Checkout.objects.get().state == "open"


def test_age_that_was_not_stated_is_asked_on_the_pay_page():
    _product, record = offered(age_limit="alcohol")
    basket = factories.basket((record, 1))
    checkout = ready(basket)
    client = guest_with(basket)
    client.cookies["django_language"] = "en"
    pay = reverse("storefront:checkout-pay", args=[checkout.token])
    page = client.get(pay)
    assert "I am 18 or older." in text_of(page)
    seen = {"seen": page.context["form"]["seen"].value()}
    assert client.post(pay, seen).status_code == 422
    client.post(pay, {**seen, "of_age": "on"})
    assert (Checkout.objects.get().age_stated, client.session["age_stated"]) == (18, 18)


def test_programs_are_told_the_same(client):
    product, _record = offered(territory="+BE FR", age_limit="18")
    block = re.search(r"ld\+json\">(.*?)</script>", client.get(product.get_absolute_url()).content.decode(), re.S)
    said = json.loads(block[1])["@graph"][0]
    assert said["offers"][0]["eligibleRegion"] == ["BE", "FR"]
    assert said["audience"] == {"@type": "PeopleAudience", "requiredMinAge": 18}
    whole = client.get("/api/v1/products/9782070360024").json()
    assert (whole["sold_in"], whole["not_sold_in"], whole["age_limit"]) == (["BE", "FR"], [], 18)
    button = client.get("/widget/buy/9782070360024/?lang=en")
    assert (REFUSAL in text_of(button), "Buy at" in text_of(button)) == (True, False)


def test_result_row_says_it_without_another_query(django_assert_num_queries):
    limited, _record = offered(territory="-CA")
    plain, adult = factories.product(), factories.product(age_limit="18")
    reader = Reader(now=timezone.now())
    rows([limited.pk], reader)  # shops and network are known then, as on every page
    with django_assert_num_queries(2):
        found = rows([plain.pk, limited.pk, adult.pk], reader)
    assert [row.limit and (bool(row.limit.refusal), row.limit.asks) for row in found] == [
        None,
        (True, False),
        (False, True),
    ]


def test_staff_are_told_to_look_at_the_age(client):
    shop = factories.shop()
    made = factories.shop_order(shop, (factories.stock_record(shop, factories.product(), units=2), 1))
    person = factories.member(shop).user
    client.force_login(person)
    addresses = [
        reverse(f"portal:{name}", args=[shop.slug, made.number]) for name in ("order", "slip", "order-pick-list")
    ]
    assert ["Check age" in text_of(client.get(address)) for address in addresses] == [False] * 3
    ShopOrderLine.objects.update(age_years=18)
    said = "Check age at hand-over: 18 or older"
    assert [said in text_of(client.get(address)) for address in addresses] == [True] * 3


def test_reservation_is_refused_in_the_same_words(client):
    _product, record = offered(age_limit="18")
    Shop.objects.update(reserve_hours=24, language="en")
    given = {"units": 1, "name": "Léa", "email": "lea@example.org"}
    page = client.post(reverse("storefront:reserve", args=[record.pk]), given)
    assert (page.status_code, "Sold from 18 years." in text_of(page)) == (422, True)
    client.post(reverse("storefront:age"), {"years": 18, "stated": "on"})
    assert client.post(reverse("storefront:reserve", args=[record.pk]), given).status_code == 302
    made = Reservation.objects.get()
    reservations.confirm(made, now=timezone.now())
    said = "Check age at hand-over: 18 or older"
    assert said in MailMessage.objects.get(kind="reservation_new").text
    client.force_login(factories.member(made.shop).user)
    assert said in text_of(client.get(reverse("portal:reservations", args=[made.shop.slug])))
