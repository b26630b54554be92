"""What a reader agreed to is kept with its words, shown, and taken back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketplace.checkout import checkouts
from marketplace.foundation.models import AuditEntry
from marketplace.readers import alerts, consents, leaving
from marketplace.readers.models import Alert, Consent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def reader():
    return factories.confirmed_user("lea@example.org")


@pytest.fixture
def client(reader) -> Client:
    made = Client()
    made.force_login(reader)
    return made


def test_news_are_agreed_to_and_taken_back_on_the_account_page(client, reader):
    assert "may send me its news by mail" in client.get("/account/consents/").content.decode()
    for _twice in range(2):
        client.post("/account/consents/give/", {"purpose": "newsletter"})
    row = Consent.objects.get()
    assert (row.user, row.words, row.version) == (
        reader, "Halles may send me its news by mail.", consents.version("newsletter")
    )  # fmt: skip
    client.post(f"/account/consents/{row.pk}/withdraw/")
    row.refresh_from_db()
    assert row.withdrawn_at is not None
    client.post("/account/consents/give/", {"purpose": "newsletter"})
    assert Consent.objects.count() == 2  # a new yes is a new row
    assert len(leaving.export(reader)["consents"]) == 2


def test_version_is_of_the_words_in_every_language():
    with translation.override("fr"):
        french = consents.version("newsletter")
    assert french == consents.version("newsletter") != consents.version("shop")


def test_shop_keeps_only_who_bought_there_and_said_so(client, reader):
    port, other = factories.shop("Port"), factories.shop("Other")
    factories.shop_order(port, (factories.stock_record(port), 1), placed=factories.order(reader))
    page = client.get("/account/consents/").content.decode()
    assert ("Port may keep my name" in page, "Other may keep my name" in page) == (True, False)
    assert client.post("/account/consents/give/", {"purpose": "shop", "shop": other.pk}).status_code == 404
    client.post("/account/consents/give/", {"purpose": "shop", "shop": port.pk})
    assert [row.user for row in consents.customers_of(port)] == [reader]
    assert list(consents.customers_of(other)) == []


@pytest.mark.parametrize("sent", [{}, {"purpose": "alerts"}, {"purpose": "shop"}, {"purpose": "shop", "shop": "x"}])
def test_nothing_else_is_agreed_to_by_that_address(client, sent):
    assert client.post("/account/consents/give/", sent).status_code == 404


def test_alerts_end_with_their_consent_and_it_with_them(client, reader):
    first, second = factories.product(), factories.product()
    for product in (first, second):
        client.post(f"/alerts/ask/{product.pk}/", {"where": "anywhere"})
    assert (Alert.objects.count(), Consent.objects.get().purpose) == (2, "alerts")
    client.post(f"/account/consents/{Consent.objects.get().pk}/withdraw/")
    assert (Alert.objects.count(), consents.held(reader.pk).count()) == (0, 0)
    client.post(f"/alerts/ask/{first.pk}/", {"where": "anywhere"})
    Client().post(alerts.stop_url(Alert.objects.get()))
    assert consents.held(reader.pk).count() == 0


def test_downloads_consent_is_of_one_checkout_and_stays(client, reader):
    basket = factories.basket((factories.stock_record(factories.shop()), 1))
    checkout = checkouts.start(basket, None, language="en", now=timezone.now())
    for _twice in range(2):
        consents.give_for(checkout, now=timezone.now())
    row = Consent.objects.get()
    assert (row.checkout, row.user, consents.withdraw(row, now=timezone.now())) == (checkout, None, False)


def test_operator_takes_addresses_of_those_who_agree_now(client, reader):
    for person in (reader, factories.user("gone@example.org", is_active=False)):
        consents.give(person, "newsletter", now=timezone.now())
    board = Client()
    board.force_login(factories.operator("op@example.org"))
    text = board.post("/board/data/news.csv").content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in text.split()] == ["email", "lea@example.org"]
    assert AuditEntry.objects.get(action="network.take_addresses").facts == {"count": 1}


def test_leaving_ends_them(reader):
    consents.give(reader, "newsletter", now=timezone.now())
    assert leaving.leave(reader, now=timezone.now()) == []
    assert consents.held(reader.pk).count() == 0
