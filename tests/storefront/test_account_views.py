import re

import pytest
from django.urls import reverse

from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from tests import factories

pytestmark = pytest.mark.django_db


def test_account_needs_a_reader(client):
    assert client.get("/account/").url == "/accounts/login/?next=/account/"


def test_account_lists_ones_own_orders(client):
    reader, other = factories.user(), factories.user()
    mine, theirs = factories.order(reader), factories.order(other)
    shop = factories.shop("Librairie du Port")
    factories.shop_order(shop, (factories.stock_record(shop), 1), placed=mine)
    client.force_login(reader)
    page = client.get("/account/", headers={"Accept-Language": "en"}).content.decode()
    assert reverse("storefront:order", args=[mine.number, links.order_key(mine.number)]) in page
    assert "Librairie du Port" in page
    assert "The shop has been asked" in page
    assert theirs.number not in page


@pytest.mark.parametrize("number", [1, 15])
def test_account_costs_the_same_with_1_and_15_orders(client, django_assert_num_queries, number):
    reader = factories.user()
    shop = factories.shop()
    for _ in range(number):
        factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order(reader))
    client.force_login(reader)
    client.get("/account/")
    # session, user, count, orders, parts, shops, lines; badge; addresses, reserved, local currencies
    with django_assert_num_queries(12):
        client.get("/account/")


@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]
)
def test_sign_in_pages_are_ours(client, name):
    page = client.get(reverse(name)).content.decode()
    assert "site-header" in page
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


@pytest.mark.parametrize("name", ["account_logout", "account_email", "account_change_password", "mfa_index"])
def test_account_pages_are_ours(client, name):
    client.force_login(factories.user())
    assert "site-header" in client.get(reverse(name), follow=True).content.decode()


def test_reader_registers_signs_out_and_in(client):
    response = client.post(reverse("account_signup"), {"email": "lea@example.org", "password1": "un-bon-mot-de-passe"})
    assert response.url == "/account/"
    client.post(reverse("account_logout"))
    assert client.get("/account/").status_code == 302
    client.post(reverse("account_login"), {"login": "lea@example.org", "password": "un-bon-mot-de-passe"})
    assert client.get("/account/").status_code == 200


def test_wrong_password_is_said_in_words(client):
    factories.user("lea@example.org")
    response = client.post(reverse("account_login"), {"login": "lea@example.org", "password": "faux"})
    assert 'class="form-errors" role="alert"' in response.content.decode()


def test_reset_mail_goes_through_the_outbox(client, mailoutbox):
    factories.user("lea@example.org")
    client.post(reverse("account_reset_password"), {"email": "lea@example.org"}, headers={"Accept-Language": "fr"})
    message = MailMessage.objects.get()
    assert (message.to, message.language, message.kind) == ("lea@example.org", "fr", "account_note")
    assert "/accounts/password/reset/key/" in message.text
    assert "example.com" not in message.text + message.subject
    assert mailoutbox == []
