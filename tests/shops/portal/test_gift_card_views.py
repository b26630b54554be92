"""A shop takes gift cards at its counter, and sells them."""

from __future__ import annotations

import pytest

from marketplace.payments import ledger
from marketplace.payments.models import GiftCard
from tests import factories
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.LANGUAGE_CODE = "en"
    return factories.shop()


def test_counter_redeems_once_and_the_network_owes_it(shop):
    person = factories.user()
    factories.member(shop, person)
    client, (card, code) = signed_in(person), factories.gift_card_and_code(2000)
    here = f"/portal/{shop.slug}/gift-cards/"
    sent = {"code": code, "amount_minor": "12.50", "once": "0123456789abcdef"}
    for _ in range(2):
        page = client.post(f"{here}redeem/", sent, follow=True).content.decode()
        assert f"$12.50 taken off card …{card.last_four}; $7.50 is left on it." in page
    assert (ledger.balance(ledger.shop_account(shop.pk), currency="CAD"), card.entries.count()) == (-1250, 2)
    response = client.post(f"{here}redeem/", {**sent, "once": "another-form-123"})
    assert (response.status_code, "On this card $7.50 is left." in response.content.decode()) == (422, True)


def test_counter_sells_a_card_and_shows_its_code_once(shop):
    person = factories.user()
    factories.member(shop, person)
    client, here = signed_in(person), f"/portal/{shop.slug}/gift-cards/"
    sent = {"amount_minor": "30", "once": "0123456789abcdef"}
    pages = [client.post(f"{here}sell/", sent).context["code"] for _ in range(2)]
    card = GiftCard.objects.get()
    assert pages == [pages[0]] * 2
    assert pages[0].endswith(card.last_four)
    assert (card.shop, ledger.balance(ledger.shop_account(shop.pk), currency="CAD")) == (shop, 3000)
    assert pages[0] not in client.get(here).content.decode()
    assert client.post(f"{here}sell/", {**sent, "amount_minor": "0"}).status_code == 422
