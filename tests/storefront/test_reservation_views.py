"""Reserve, pay in the shop: from the title's page to the counter."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from marketplace.foundation.models import MailMessage
from shops.models import Reservation
from shops.models_reservations import MOST_OPEN
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def record():
    return factories.stock_record(factories.shop("Librairie du Port", reserve_hours=48), units=9)


def wish(record, client: Client | None = None, **sent: object):
    sent = {"units": 1, "name": "Léa", "email": "lea@example.org"} | sent
    return (client or Client()).post(f"/reserve/{record.pk}/", sent)


def test_title_page_offers_it_only_where_the_shop_does(record):
    other = factories.stock_record(factories.shop(), record.product)
    page = Client().get(record.product.get_absolute_url()).content.decode()
    assert (f"/reserve/{record.pk}/" in page, f"/reserve/{other.pk}/" in page) == (True, False)


def test_guest_confirms_by_mail_and_the_shop_sells_it(record):
    client = Client()
    address = wish(record, client).url
    assert "A mail is on its way to lea@example.org" in client.get(address).content.decode()
    mail = MailMessage.objects.get(kind="reservation_confirm")
    link = next(word for word in mail.text.split() if word.startswith("http://testserver"))[len("http://testserver") :]
    assert "Yes, set it aside for me" in client.get(link).content.decode()
    assert Reservation.objects.get().state == "asked"
    assert client.post(link).url == address
    row = Reservation.objects.get()
    assert row.code in client.get(address).content.decode()
    staff = Client()
    staff.force_login(factories.member(row.shop).user)
    desk = f"/portal/{row.shop.slug}/reservations/"
    assert row.code in staff.get(desk).content.decode()
    assert staff.get(f"/portal/{row.shop.slug}/orders/", {"q": row.code.lower()}).url == desk
    for deed, state in (("keep", "kept"), ("sell", "sold"), ("release", "sold")):
        assert staff.post(f"{desk}{row.pk}/{deed}/").url == desk
        row.refresh_from_db()
        assert row.state == state
    assert staff.post(f"{desk}{row.pk}/burn/").status_code == 404


def test_confirmation_needs_the_mails_key(record):
    address = wish(record).url
    assert Client().post(f"{address}guess/").status_code == 404
    assert Reservation.objects.get().state == "asked"


def test_known_reader_reserves_at_once_and_gives_up(record):
    reader, client = factories.user(), Client()
    EmailAddress.objects.create(user=reader, email=reader.email, verified=True, primary=True)
    client.force_login(reader)
    address = wish(record, client, email="somebody@example.org").url
    row = Reservation.objects.get()
    assert (row.state, row.email, row.user) == ("open", reader.email, reader)
    assert client.post(f"{address}give-up/").url == address
    row.refresh_from_db()
    assert row.state == "cancelled"


@pytest.mark.parametrize("sent", [{"units": 4}, {"units": "x"}, {"name": ""}, {"email": "nobody"}])
def test_bad_wish_is_told_and_holds_nothing(record, sent):
    assert wish(record, **sent).status_code == 422
    assert Reservation.objects.count() == 0


def test_one_more_than_a_reader_may_have_is_refused_in_words(record):
    for _ in range(MOST_OPEN):
        assert wish(record).status_code == 302
    answer = wish(record)
    assert answer.status_code == 422
    assert "as many reservations as there can be" in answer.content.decode()
