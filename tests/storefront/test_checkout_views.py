"""The checkout's pages: who, where, how per shop, pay, and back from the payment page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, placing
from marketplace.checkout.models import Checkout
from marketplace.foundation import links
from marketplace.payments.models import Payment
from search import directory
from shops.models import Allocation
from tests import factories
from tests.checkout import downloading
from tests.checkout.buying import ADDRESS, frozen, paid, pay, ready, shop_with_delivery, two_shop_basket
from tests.checkout.downloading import e_book
from tests.checkout.test_ordering import later
from tests.storefront.buying_pages import guest_with, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


def page_of(checkout, step):
    return f"/checkout/{checkout.token}/{step}/"


def begin(basket):
    client = guest_with(basket)
    client.post("/checkout/")
    return client, Checkout.objects.get()


WHO = {"email": "lea@example.org", "name": "Léa Roy", "phone": ""}


def test_guest_goes_from_basket_to_pay_by_forms_alone():
    client, checkout = begin(two_shop_basket())
    response = client.get(f"/checkout/{checkout.token}/", follow=True)
    assert response.redirect_chain == [(page_of(checkout, "who"), 302)]
    response = client.post(page_of(checkout, "who"), {**WHO, "way": "sent"}, follow=True)
    assert response.redirect_chain[-1][0] == page_of(checkout, "where")
    response = client.post(page_of(checkout, "where"), ADDRESS, follow=True)
    assert response.redirect_chain[-1][0] == page_of(checkout, "how")
    plan = checkouts.plan_of(Checkout.objects.get(), now=timezone.now())
    a, b = plan.parcels
    chosen = {f"shop-{a.shop.pk}": a.options[1].pk, f"shop-{b.shop.pk}": b.options[0].pk}
    response = client.post(page_of(checkout, "how"), chosen, follow=True)
    assert response.redirect_chain[-1][0] == page_of(checkout, "pay")
    page = response.content.decode()
    for text in ("Librairie A", "Librairie B", "12, rue des Halles", "Pay $61.80", "GST, 5%", "QST, 9.975%"):
        assert text in page
    assert "checked" not in page  # nothing is agreed to before the reader agrees


def test_everything_collected_skips_the_address():
    client, checkout = begin(two_shop_basket())
    response = client.post(page_of(checkout, "who"), {**WHO, "way": "collected"}, follow=True)
    assert response.redirect_chain[-1][0] == page_of(checkout, "pay")
    assert page_of(checkout, "where") not in response.content.decode()


@pytest.mark.parametrize(
    ("step", "values", "errors"),
    [
        ("who", {}, ["Give an e-mail address", "Give the name", "Choose: sent to you, or collected."]),
        ("who", {**WHO, "email": "lea@", "way": "sent"}, ["That is not an e-mail address."]),
        ("where", {"country": "CA"}, ["Give the street", "Give the town", "Give the postcode"]),
        ("where", {**ADDRESS, "postcode": "75001"}, ["That is not a postcode of this country."]),
        ("how", {}, ["Choose how this shop&#x27;s part reaches you."]),
    ],
)
def test_errors_stand_beside_their_fields(step, values, errors):
    client, checkout = begin(two_shop_basket())
    response = client.post(page_of(checkout, step), values)
    page = response.content.decode()
    assert response.status_code == 422
    assert [error for error in errors if error not in page] == []
    assert "aria-describedby" in page


def test_option_of_another_shop_or_out_of_reach_cannot_be_chosen():
    client, checkout = begin(two_shop_basket())
    plan = checkouts.plan_of(checkout, now=timezone.now())
    a, b = plan.parcels
    for option in (b.options[0], a.options[1]):  # theirs; the post, without an address
        values = {f"shop-{a.shop.pk}": option.pk, f"shop-{b.shop.pk}": b.options[0].pk}
        response = client.post(page_of(checkout, "how"), values)
        assert "That is not possible any more: choose again." in response.content.decode()


def test_empty_basket_starts_no_checkout():
    assert Client().post("/checkout/").url == "/basket/"
    assert Checkout.objects.count() == 0


def test_shortage_is_told_before_paying():
    basket = two_shop_basket()
    client, checkout = begin(basket)
    record = basket.lines.first().stockrecord
    record.num_in_stock = 1
    record.save()
    response = client.get(page_of(checkout, "who"), follow=True)
    assert response.redirect_chain == [("/basket/", 302)]
    assert said(response) == ["Librairie A has only 1 of 2 copies of “L'Étranger” left."]


def test_pay_goes_to_the_payment_page_and_holds_the_stock():
    basket = two_shop_basket()
    checkout, client = ready(basket), guest_with(basket)
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    response = client.post(page_of(checkout, "pay"), {"seen": seen, "agrees_later": "on"})
    payment = Payment.objects.get()
    assert response.url == payment.session_url != ""
    checkout.refresh_from_db()
    assert [getattr(checkout, name) for name in checkouts.AGREEMENTS] == [False, True, True]
    assert (checkout.state, payment.amount_minor) == ("paying", checkout.total_minor)
    assert Allocation.objects.filter(cause="hold", ended_at=None).count() == 3
    # A double click, or "back" and once more: the same page.
    again = client.post(page_of(checkout, "pay"), {"seen": seen}, follow=False)
    assert again.url == f"/checkout/{checkout.token}/"
    assert payment.session_url in client.get(again.url).content.decode()


def test_changed_amount_is_told_before_paying():
    basket = two_shop_basket()
    checkout, client = ready(basket), guest_with(basket)
    response = client.post(page_of(checkout, "pay"), {"seen": "something else"}, follow=True)
    assert response.redirect_chain == [(page_of(checkout, "pay"), 302)]
    assert said(response) == ["An amount has changed since you looked. Please look again before you pay."]
    assert Allocation.objects.count() == 0


@pytest.mark.parametrize(("kind", "at_once"), [("shelf", False), ("preorder", True), ("mixed", False), ("ebook", True)])
def test_page_says_when_a_card_is_charged(kind, at_once):
    shop, *_ = shop_with_delivery()
    book = factories.stock_record(shop)
    day = timezone.now().date() + timedelta(30)
    extra = {"preorder": lambda: later(shop, availability="preorder", available_on=day), "mixed": lambda: e_book(shop)}
    records = [e_book(shop)] if kind == "ebook" else [book, *(extra[kind]() for _ in extra.keys() & {kind})]
    basket = factories.basket(*((record, 1) for record in records))
    client, checkout = guest_with(basket), downloading.ready(basket)
    page = client.get(page_of(checkout, "pay")).content.decode()
    found = ("A card is charged at once" in page, "A card is charged when the shops have answered." in page)
    assert found == (at_once, not at_once)


@pytest.mark.parametrize(("by_invoice", "charged"), [(False, 61_80), (False, 0), (True, 61_80)])
def test_refunded_page_says_what_was_gone_and_what_goes_back(by_invoice, charged):
    checkout = frozen(two_shop_basket())
    used = {"state": "refunded", "by_invoice": by_invoice, "total_minor": 61_80, "gift_minor": 61_80 - charged}
    Checkout.objects.filter(pk=checkout.pk).update(**used)
    page = Client().get(page_of(checkout, "paid")).content.decode()
    assert ("a copy, the courier’s time, a voucher" in page, "were sold" in page, "your card" in page) == (
        True,
        False,
        False,
    )
    assert ("go back to where you paid from" in page) == (charged > 0 and not by_invoice)
    assert ("Your gift cards hold again" in page, "you owe nothing" in page) == (charged == 0, by_invoice)


@pytest.mark.parametrize(("price", "told"), [("13.50", True), ("9.00", True), ("12.90", False)])
def test_price_that_changed_in_the_basket_is_told_with_old_and_new(price, told):
    basket = two_shop_basket()
    checkout, client = ready(basket), guest_with(basket)
    line = basket.lines.order_by("pk").first()
    basket.lines.filter(pk=line.pk).update(price_excl_tax="12.90")
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    StockRecord.objects.filter(pk=line.stockrecord_id).update(price=price)
    words = f"Was $12.90 when you put it in, now ${price}."
    page = client.get("/basket/").content.decode()
    assert (page.count(words), page.count("Was $")) == (told, told)
    if told:
        response = client.post(page_of(checkout, "pay"), {"seen": seen}, follow=True)
        assert said(response) == ["An amount has changed since you looked. Please look again before you pay."]
        assert response.content.decode().count(words) == 1


def test_cancelled_ends_the_session_releases_the_hold_and_keeps_the_basket():
    basket = two_shop_basket()
    checkout, client = ready(basket), guest_with(basket)
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    client.post(page_of(checkout, "pay"), {"seen": seen})
    response = client.get(page_of(checkout, "cancelled"), follow=True)
    assert response.redirect_chain[-1][0] == "/basket/"
    assert said(response) == ["Nothing was paid. Your basket is as it was."]
    assert Checkout.objects.get().state == "ended"
    assert Payment.objects.get().state == "expired"
    assert Allocation.objects.filter(ended_at=None).count() == 0
    assert "L&#x27;Étranger" in response.content.decode()
    # The next checkout knows what was said.
    client.post("/checkout/")
    again = Checkout.objects.latest("pk")
    assert (again.pk != checkout.pk, again.email, again.line1) == (True, "lea@example.org", "12, rue des Halles")


def test_paid_page_waits_then_leads_to_the_order():
    basket = two_shop_basket()
    checkout, client = frozen(basket), guest_with(basket)
    page = client.get(page_of(checkout, "paid")).content.decode()
    assert "Your order is being confirmed" in page
    assert 'hx-trigger="every 2s"' in page
    pay(checkout)
    assert "Your order is being confirmed" in client.get(page_of(checkout, "paid")).content.decode()
    order = placing.place(checkout.pk, now=timezone.now())
    address = f"/orders/{order.number}/{links.order_key(order.number)}/"
    assert client.get(page_of(checkout, "paid")).url == address
    assert client.get(page_of(checkout, "paid"), headers={"HX-Request": "true"}).headers["HX-Redirect"] == address
    assert client.get(f"/checkout/{checkout.token}/", follow=True).redirect_chain[-1][0] == address


def test_late_payment_that_goes_back_is_said_on_the_page():
    checkout = paid(two_shop_basket())
    Checkout.objects.update(state=Checkout.State.REFUNDED)
    page = Client().get(page_of(checkout, "paid")).content.decode()
    assert "Your money comes back" in page
    assert "$61.80 go back to where you paid from" in page


def test_pages_of_a_frozen_checkout_lead_to_where_it_is():
    checkout = frozen(two_shop_basket())
    for step in ("who", "where", "how", "pay"):
        assert Client().get(page_of(checkout, step)).url == f"/checkout/{checkout.token}/"


def test_unknown_token_is_not_found():
    for step in ("", "who/", "where/", "how/", "pay/", "paid/", "cancelled/"):
        assert Client().get(f"/checkout/guess/{step}").status_code == 404


def test_account_is_asked_nothing_that_is_known():
    reader = factories.user("lea@example.org", first_name="Léa", last_name="Roy")
    client = Client()
    client.force_login(reader)
    two_shop_basket(reader)
    response = client.post("/checkout/", follow=True)
    assert response.redirect_chain[-1][0].endswith("/where/")
    assert Checkout.objects.get().user == reader
    assert Order.objects.count() == 0
