"""A gift card is entered at "pay", says what is left, and pays along; guesses are few in a minute."""

from __future__ import annotations

import pytest

from marketplace.checkout import placing
from marketplace.checkout.models import Checkout
from marketplace.payments.models import GiftCardUse
from search import directory
from tests import factories
from tests.checkout.buying import ready, two_shop_basket
from tests.storefront.buying_pages import guest_with

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


@pytest.fixture
def at_pay():
    basket = two_shop_basket()
    checkout = ready(basket)
    return guest_with(basket), checkout, f"/checkout/{checkout.token}/"


def test_card_lowers_what_is_paid_and_is_taken_off_again(at_pay):
    client, _, here = at_pay
    card, code = factories.gift_card_and_code(2000)
    page = client.post(f"{here}gift-card/", {"code": code.lower()}, follow=True).content.decode()
    for text in ("Your gift card pays along.", f"Card …{card.last_four}", "$20.00 are on it", "Pay $41.80"):
        assert text in page
    page = client.post(f"{here}gift-card/{GiftCardUse.objects.get().pk}/off/", follow=True).content.decode()
    assert "Pay $61.80" in page
    page = client.post(f"{here}gift-card/", {"code": "AAAA"}, follow=True).content.decode()
    assert "Nothing has this code." in page


def test_card_that_covers_all_orders_without_a_payment_page(at_pay):
    client, checkout, here = at_pay
    _, code = factories.gift_card_and_code(10_000)
    client.post(f"{here}gift-card/", {"code": code})
    page = client.get(f"{here}pay/")
    assert "Order; it is paid already" in page.content.decode()
    response = client.post(f"{here}pay/", {"seen": page.context["form"]["seen"].value()})
    assert response.url.endswith(f"{here}paid/")
    placing.place(checkout.pk, now=Checkout.objects.get().due_at)
    page = client.get(f"{here}paid/", follow=True).content.decode()
    assert "Of which by gift cards" in page


def test_guesses_are_few_in_a_minute(at_pay):
    client, _, here = at_pay
    codes = [client.post(f"{here}gift-card/", {"code": f"CODE{number}"}).status_code for number in range(11)]
    assert codes == [302] * 10 + [429]
