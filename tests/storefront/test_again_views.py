"""What was ordered once more, and a guest's way back to their orders."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from oscar.apps.basket.models import Line
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from marketplace.readers import orders
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def address(order) -> str:
    return f"/orders/{order.number}/{links.order_key(order.number)}/"


def test_again_puts_in_what_is_there_and_offers_others_for_the_rest():
    shop, other = factories.shop("Librairie du Port"), factories.shop("Mile End Pages")
    there, gone = factories.stock_record(shop, units=5), factories.stock_record(shop, units=1)
    elsewhere = factories.stock_record(other, gone.product)
    order = factories.shop_order(shop, (there, 2), (gone, 1)).order
    StockRecord.objects.filter(pk=gone.pk).update(num_in_stock=0)
    client = Client()
    assert client.post(f"{address(order)}again/").url == f"{address(order)}again/"
    assert list(Line.objects.values_list("stockrecord", "quantity")) == [(there.pk, 2)]
    page = client.get(f"{address(order)}again/").content.decode()
    assert "Librairie du Port does not have it any more." in page
    assert f'value="{elsewhere.pk}"' in page


def test_again_leads_to_the_basket_where_everything_is_there():
    shop = factories.shop()
    order = factories.shop_order(shop, (factories.stock_record(shop), 1)).order
    assert Client().post(f"{address(order)}again/").url == "/basket/"


def test_again_costs_the_same_for_any_number_of_lines(django_assert_max_num_queries):
    shop = factories.shop()
    order = factories.shop_order(shop, *((factories.stock_record(shop), 1) for _ in range(12))).order
    client = Client()
    client.get(f"{address(order)}again/")
    with django_assert_max_num_queries(6):
        client.get(f"{address(order)}again/")


@pytest.mark.parametrize("email", ["LEA@example.org", "nobody@example.org"])
def test_lost_link_is_mailed_and_always_answers_the_same(email):
    order = factories.order(email="lea@example.org")
    answer = Client().post("/orders/lost/", {"email": email})
    assert "a mail with their links is on its way" in answer.content.decode()
    texts = list(MailMessage.objects.values_list("text", flat=True))
    assert [address(order) in text for text in texts] == ([True] if email.startswith("LEA") else [])


def test_lost_link_asked_for_again_at_once_is_one_mail():
    factories.order(email="lea@example.org")
    answers = [Client().post("/orders/lost/", {"email": "lea@example.org"}).status_code for _ in range(2)]
    assert (answers, MailMessage.objects.count() <= 2) == ([200, 200], True)


@pytest.mark.parametrize(("verified", "joined"), [(True, 1), (False, 0)])
def test_guest_orders_join_an_account_whose_address_is_confirmed(verified, joined):
    reader = factories.user("lea@example.org")
    EmailAddress.objects.create(user=reader, email=reader.email, verified=verified, primary=True)
    shop = factories.shop()
    mine, other = factories.order(email="Lea@example.org"), factories.order(email="tom@example.org")
    order = factories.shop_order(shop, (factories.stock_record(shop), 1), placed=mine).order
    client = Client()
    client.force_login(reader)
    assert ("without signing in" in client.get("/account/").content.decode()) is verified
    assert client.post("/account/join/").url == "/account/"
    order.refresh_from_db()
    other.refresh_from_db()
    assert (orders.of(reader).count(), other.user) == (joined, None)
    assert Client().get(address(order)).status_code == 200
