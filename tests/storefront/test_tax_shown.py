"""Taxes as readers see them: each by itself, an estimate before there is a place, a reason where none is known."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketplace.checkout import placing, tax_words
from marketplace.foundation import links
from marketplace.foundation.mail import written
from marketplace.foundation.models import MailMessage
from search import directory
from shops.models import Shop, ShopOrder, ShopOrderLine
from tests.checkout.buying import paid, ready, two_shop_basket
from tests.storefront.buying_pages import guest_with

pytestmark = pytest.mark.django_db
ESTIMATE = "Tax depends on where it goes"
SMALL = "Small supplier, not registered"


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


def rows(page: str) -> list[tuple[str, str]]:
    """The rows of the sums that name a tax."""
    return re.findall(r"<dt>(?:of which )?((?:GST|QST), [\d.]+%)</dt><dd>(\$[\d.]+)</dd>", page)


def test_basket_shows_what_it_would_be_if_collected():
    page = guest_with(two_shop_basket()).get("/basket/").content.decode()
    assert (rows(page), ESTIMATE in page) == ([("GST, 5%", "$2.69"), ("QST, 9.975%", "$0.80")], True)


def test_order_mail_and_shop_order_keep_each_tax_and_why_a_shop_charges_none():
    basket = two_shop_basket()
    Shop.objects.filter(name="Librairie B").update(tax_registered=False)
    order = placing.place(paid(basket).pk, now=timezone.now())
    Shop.objects.update(tax_registered=True, postcode="V6B 1A1")  # afterwards: nothing of it changes
    page = Client().get(f"/orders/{order.number}/{links.order_key(order.number)}/").content.decode()
    assert rows(page) == [("GST, 5%", "$1.90"), ("QST, 9.975%", "$0.90")]
    assert (page.count(SMALL), ESTIMATE in page) == (1, False)
    text = written(MailMessage.objects.get(kind="order_placed")).text
    assert [part in text for part in ("- GST, 5% $1.90", "- QST, 9.975% $0.90", SMALL)] == [True, True, True]
    assert [part.tax_note for part in ShopOrder.objects.order_by("pk")] == ["", "small-ca"]
    line = ShopOrderLine.objects.get(title="Mug")
    assert (line.tax_minor, line.delivery_tax_minor, line.tax_rate_milli) == (120, 15, 14_975)
    assert line.tax_parts == [
        {"code": "GST", "of": "CA", "rate_milli": 5_000, "minor": 40, "delivery_minor": 5},
        {"code": "QST", "of": "CA-QC", "rate_milli": 9_975, "minor": 80, "delivery_minor": 10},
    ]


def test_page_before_paying_names_the_line_whose_tax_is_not_known_and_offers_no_payment():
    checkout = ready(two_shop_basket())
    address = f"/checkout/{checkout.token}/pay/"
    assert "checkout-go" in Client().get(address).content.decode()  # negative control
    Shop.objects.update(postcode="?")
    response = Client().get(address)
    page = response.content.decode()
    assert page.count("does not say which province") == 1  # of Librairie B's, which is collected
    assert ("checkout-go" in page, "This cannot be paid as it is" in page) == (False, True)
    sent = Client().post(address, {"seen": response.context["form"].initial["seen"]}, follow=True)
    assert (sent.redirect_chain[-1][0], "does not say which province" in sent.content.decode()) == (address, True)


@pytest.mark.parametrize(("language", "shown"), [("en", "9.975%"), ("fr", "9,975\u00a0%")])
def test_rate_is_written_exactly(language, shown):
    with translation.override(language):
        assert tax_words.percent(9_975) == shown
