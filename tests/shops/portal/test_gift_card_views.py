"""A shop takes gift cards at its counter, and sells them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

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


def test_counter_prints_what_it_sold_and_receipts_and_no_other_shop_does(shop):
    person, other = factories.user(), factories.user()
    factories.member(shop, person)
    elsewhere = factories.shop()
    factories.member(elsewhere, other)
    here = f"/portal/{shop.slug}/gift-cards/"
    sent = {"amount_minor": "30", "once": "0123456789abcdef"}
    client, theirs = signed_in(person), signed_in(other)
    code = client.post(f"{here}sell/", sent).context["code"]
    redeemed = {"code": code, "amount_minor": "12.50", "once": "fedcba9876543210"}
    client.post(f"{here}redeem/", redeemed)
    assert client.post(f"{here}print/", sent).content[:5] == b"%PDF-"
    for entry in GiftCard.objects.get().entries.all():
        assert client.get(f"{here}receipts/{entry.pk}.pdf").content[:5] == b"%PDF-"
        assert theirs.get(f"/portal/{elsewhere.slug}/gift-cards/receipts/{entry.pk}.pdf").status_code == 404
    assert theirs.post(f"/portal/{elsewhere.slug}/gift-cards/print/", sent).status_code == 404
    GiftCard.objects.update(issued_at=timezone.now() - timedelta(days=1))
    assert client.post(f"{here}print/", sent).status_code == 404
