"""A reader buys a gift card, prints it, has it replaced, and asks what is left."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from marketplace.payments import gift_card_sales
from marketplace.payments.models import GiftCard, GiftCardPurchase
from search import directory
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
FORM = {
    "once": "0123456789abcdef",
    "amount": "other",
    "other_minor": "12.50",
    "way": "print",
    "buyer_name": "Léa",
    "buyer_email": "lea@example.org",
}


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


def page_of(purchase: GiftCardPurchase) -> str:
    return f"/gift-cards/{purchase.pk}/{gift_card_sales.key_of(purchase)}/"


def test_reader_buys_prints_and_replaces_a_card(client):
    assert "Give a gift card" in client.get("/gift-cards/").content.decode()
    assert "Gift cards" in client.get("/basket/").content.decode()
    assert client.post("/gift-cards/", FORM).url == client.post("/gift-cards/", FORM).url
    purchase = GiftCardPurchase.objects.get()
    here = page_of(purchase)
    assert client.get(f"{here}card.pdf").status_code == 404
    paying.pay(purchase)
    assert "If you have paid" in client.get(here).content.decode()
    gift_card_sales.refresh(purchase, now=purchase.created_at)
    code = client.get(here).context["code"]
    printed = client.get(f"{here}card.pdf")
    assert (printed.content[:5], "no-store" in printed["Cache-Control"], len(code)) == (b"%PDF-", True, 19)
    assert client.get(f"{here}receipt.pdf").content[:5] == b"%PDF-"
    sent = {"once": "another-form-12345"}
    page = client.post(f"{here}replace/", sent)
    new = page.context["code"]
    assert (new != code, client.post(f"{here}replace/", sent).context["code"]) == (True, new)
    assert client.post(f"{here}card.pdf", sent).content[:5] == b"%PDF-"
    assert (client.get(here).context["code"], client.get(f"{here}card.pdf").status_code) == ("", 404)
    assert "is blocked" in client.post("/gift-cards/balance/", {"code": code}).content.decode()
    left = client.post("/gift-cards/balance/", {"code": new.lower()}).content.decode()
    assert "$12.50 are left. It never ends." in left
    assert GiftCard.objects.filter(blocked_at=None).get().balance_minor == 1250


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"other_minor": "4.99"}, "other_minor"),
        ({"other_minor": "500.01"}, "other_minor"),
        ({"amount": "1"}, "amount"),
        ({"way": "mail"}, "recipient_email"),
        ({"mail_on": str(date.today() - timedelta(days=2))}, "mail_on"),
        ({"mail_on": "2999-01-01"}, "mail_on"),
    ],
)
def test_what_cannot_be_bought_is_said_beside_its_field(client, changes, field):
    page = client.post("/gift-cards/", {**FORM, **changes})
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert not GiftCardPurchase.objects.exists()


def test_code_that_is_not_mailed_yet_cannot_be_replaced(client):
    day = date.today() + timedelta(days=4)
    client.post("/gift-cards/", {**FORM, "way": "mail", "recipient_email": "ada@example.org", "mail_on": str(day)})
    purchase = GiftCardPurchase.objects.get()
    paying.pay(purchase)
    gift_card_sales.refresh(purchase, now=purchase.created_at)
    page = client.post(f"{page_of(purchase)}replace/", {"once": "another-form-12345"}, follow=True)
    assert "Its code is not mailed yet" in page.content.decode()
    assert GiftCard.objects.count() == 1
    gift_card_sales.watch(purchase.created_at + timedelta(days=9))
    assert "It was mailed to ada@example.org" in client.get(page_of(purchase)).content.decode()


def test_guesses_are_few(client):
    factories.gift_card()
    codes = [client.post("/gift-cards/balance/", {"code": f"CODE{number}"}).status_code for number in range(11)]
    assert codes == [422] * 10 + [429]
    guesses = [Client().get(f"/gift-cards/1/{'x' * 22}/").status_code for _ in range(11)]
    assert guesses == [404] * 10 + [429]
