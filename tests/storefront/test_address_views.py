"""The address book, and what it is for: the checkout."""

from __future__ import annotations

import pytest
from django.test import Client
from oscar.apps.address.models import UserAddress
from oscar.apps.basket.models import Basket
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout
from marketplace.readers import addresses
from shops.models import DeliveryOption
from tests import factories
from tests.checkout.buying import two_shop_basket

pytestmark = pytest.mark.django_db

HOME = {
    "name": "Léa", "line1": "12, rue des Halles", "line2": "", "city": "Montréal", "region": "QC",
    "postcode": "H2X 1Y4", "country": "CA",
}  # fmt: skip


@pytest.fixture
def reader():
    return factories.user()


@pytest.fixture
def client(reader):
    made = Client()
    made.force_login(reader)
    return made


def streets(reader) -> list[str]:
    return [row.line1 for row in addresses.of(reader)]


def test_reader_adds_changes_prefers_and_removes(client, reader):
    assert client.post("/account/addresses/new/", HOME).url == "/account/addresses/"
    client.post("/account/addresses/new/", HOME | {"line1": "1, rue du Port"})
    client.post("/account/addresses/new/", HOME)  # the same once more is the same
    assert streets(reader) == ["12, rue des Halles", "1, rue du Port"]
    port = UserAddress.objects.get(line1="1, rue du Port")
    client.post(f"/account/addresses/{port.pk}/first/")
    client.post(f"/account/addresses/{port.pk}/", HOME | {"line1": "2, rue du Port"})
    assert streets(reader) == ["2, rue du Port", "12, rue des Halles"]
    client.post(f"/account/addresses/{port.pk}/remove/")
    assert streets(reader) == ["12, rue des Halles"]
    assert "12, rue des Halles" in client.get("/account/addresses/").content.decode()


@pytest.mark.parametrize("wrong", [{"line1": ""}, {"postcode": "75001"}, {"country": "XX"}])
def test_bad_address_is_told(client, reader, wrong):
    assert client.post("/account/addresses/new/", HOME | wrong).status_code == 422
    assert streets(reader) == []


def test_as_many_as_there_can_be(reader):
    for number in range(addresses.MOST):
        addresses.keep(reader, HOME | {"line1": f"{number}, rue du Port"})
    with pytest.raises(addresses.AddressError):
        addresses.keep(reader, HOME)


def test_checkout_keeps_a_new_address_and_offers_it_the_next_time(client, reader):
    checkout = checkouts.start(two_shop_basket(), reader, language="fr", now=factories.timezone.now())
    where = f"/checkout/{checkout.token}/where/"
    assert client.post(where, HOME | {"keep": "on"}).status_code == 302
    kept = UserAddress.objects.get(user=reader)
    assert f'value="{kept.pk}"' in client.get(where).content.decode()
    client.post(where, HOME | {"line1": "9, ailleurs"})
    assert client.post(where, {"kept": kept.pk}).status_code == 302
    checkout.refresh_from_db()
    assert (checkout.line1, UserAddress.objects.count()) == ("12, rue des Halles", 1)


def test_kept_address_of_somebody_else_names_them_on_the_parcel(client, reader):
    aunt = addresses.keep(reader, HOME | {"name": "Tante Zoé", "line1": "1, rue du Port"})
    own = addresses.keep(reader, HOME)
    checkout = checkouts.start(two_shop_basket(), reader, language="fr", now=factories.timezone.now())
    assert checkout.recipient_name == ""  # the address is the account's first, and names nobody else than the buyer
    checkouts.set_person(checkout, email=reader.email, name="Léa")
    named = []
    for kept in (aunt, own):
        client.post(f"/checkout/{checkout.token}/where/", {"kept": kept.pk})
        checkout.refresh_from_db()
        named.append((checkout.line1, checkout.recipient_name))
    assert named == [("1, rue du Port", "Tante Zoé"), ("12, rue des Halles", "")]
    checkouts.name_recipient(checkout, "Max")  # said by the reader: no address changes it
    client.post(f"/checkout/{checkout.token}/where/", {"kept": aunt.pk})
    checkout.refresh_from_db()
    assert checkout.recipient_name == "Max"


def test_known_reader_s_first_address_names_whose_it_is(reader):
    addresses.keep(reader, HOME | {"name": "Tante Zoé"})
    reader.first_name = "Léa"
    reader.save()
    made = checkouts.start(two_shop_basket(), reader, language="fr", now=factories.timezone.now())
    assert (made.name, made.recipient_name) == ("Léa", "Tante Zoé")
    Checkout.objects.update(state=Checkout.State.ENDED)
    again = checkouts.start(two_shop_basket(), reader, language="fr", now=factories.timezone.now())
    assert (again.line1, again.recipient_name) == (HOME["line1"], "Tante Zoé")


def test_another_readers_address_cannot_be_chosen(client, reader):
    theirs = addresses.keep(factories.user(), HOME)
    checkout = checkouts.start(two_shop_basket(), reader, language="fr", now=factories.timezone.now())
    assert client.post(f"/checkout/{checkout.token}/where/", {"kept": theirs.pk}).status_code == 422


def pages_to_pay(client, reader, basket):
    """Where "order" leads a reader who is signed in; whatever was bought before is paid."""
    Checkout.objects.update(state=Checkout.State.ENDED)
    Basket.objects.exclude(pk=basket.pk).update(status=Basket.SUBMITTED)
    basket.owner = reader
    basket.save()
    return [address.split("/")[-2] for address, _ in client.post("/checkout/", follow=True).redirect_chain]


def test_who_is_known_goes_from_the_basket_to_paying(client, reader):
    addresses.keep(reader, HOME)
    basket = two_shop_basket()
    post = DeliveryOption.objects.get(kind="post", shop__name="Librairie A")
    DeliveryOption.objects.create(shop=post.shop, kind="post", price_minor=9_00, countries=["CA"], position=9)
    assert pages_to_pay(client, reader, basket) == ["pay"]
    checkout = Checkout.objects.get()
    assert (checkout.line1, checkout.email) == (HOME["line1"], reader.email)
    assert list(checkout.parcels.values_list("delivery_option__kind", flat=True)) == ["post", "post"]
    assert checkout.parcels.get(shop=post.shop).delivery_option == post  # the cheapest

    # As the last one came; where that was collected, a shop that is new to the reader is asked about
    pickup = DeliveryOption.objects.get(kind="pickup", shop=post.shop)
    checkouts.choose_delivery(checkout, {post.shop_id: pickup.pk})
    checkout.parcels.exclude(shop=post.shop).delete()
    record = StockRecord.objects.filter(partner=post.shop.partner).first()
    assert pages_to_pay(client, reader, factories.basket((record, 1))) == ["pay"]
    latest = Checkout.objects.latest("pk")
    assert latest.parcels.get().delivery_option == pickup
    assert pages_to_pay(client, reader, two_shop_basket()) == ["how"]


def test_who_is_not_known_is_asked_first(client, reader):
    assert pages_to_pay(client, reader, two_shop_basket()) == ["who"]
