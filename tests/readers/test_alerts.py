"""A reader is told once each time that a title is there as they wished."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as sent
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import leases, mail
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.readers import alerts
from marketplace.readers.models import Alert
from search.availability import Place
from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HERE = Place(latitude=45.52, longitude=-73.6, label="ici", radius_km=5)


def someone() -> User:
    """A reader who has shown that the address is theirs."""
    person = factories.user()
    EmailAddress.objects.create(user=person, email=person.email, verified=True)
    return person


def asked(record: StockRecord, reader: User | None = None, **wish: Any) -> Alert:
    return alerts.ask(reader or someone(), record.product, language="en", now=NOW, **wish)


def watched(minutes: int) -> int:
    """How many mails have been written once the step has run so many minutes from now."""
    alerts.watch_alerts(NOW + timedelta(minutes=minutes))
    return MailMessage.objects.filter(kind="alert").count()


def stock(record: StockRecord, units: int) -> None:
    StockRecord.objects.filter(pk=record.pk).update(num_in_stock=units)


def test_reader_is_told_once_each_time_it_comes_back():
    record = factories.stock_record(factories.shop("Port"), factories.product("Kamouraska"), units=0)
    asked(record)
    assert watched(4) == 0  # its time has not come
    assert watched(6) == 0
    stock(record, 1)
    assert [watched(12), watched(18)] == [1, 1]
    stock(record, 0)
    assert [watched(24), watched(24 + 181)] == [1, 1]
    stock(record, 2)
    assert watched(24 + 187) == 2


def test_copy_that_is_away_during_a_checkout_is_no_news_when_it_is_back():
    record = factories.stock_record(factories.shop(), units=0)
    asked(record)
    stock(record, 1)
    assert watched(6) == 1
    stock(record, 0)
    assert watched(12) == 1
    stock(record, 1)
    assert watched(60) == 1


def test_number_that_is_too_old_says_nothing():
    record = factories.stock_record(factories.shop(), units=0)
    asked(record)
    stock(record, 1)
    assert watched(6) == 1
    fresh_until = Shop.objects.values_list("fresh_until", flat=True).get()
    Shop.objects.update(fresh_until=NOW)
    assert [watched(minutes) for minutes in (12, 300, 600)] == [1, 1, 1]
    Shop.objects.update(fresh_until=fresh_until)
    assert watched(610) == 1


def test_nobody_is_told_at_an_address_that_is_not_shown_to_be_theirs():
    record = factories.stock_record(factories.shop(), units=0)
    reader = factories.user()
    asked(record, reader)
    stock(record, 1)
    assert watched(6) == 0
    EmailAddress.objects.create(user=reader, email=reader.email, verified=True)
    assert watched(12) == 1


def test_hidden_title_and_closed_account_are_not_told():
    hidden, closed = (factories.stock_record(factories.shop(), units=0) for _ in range(2))
    asked(hidden)
    User.objects.filter(pk=asked(closed).reader_id).update(is_active=False)
    Product.objects.filter(pk=hidden.product_id).update(is_public=False)
    for record in (hidden, closed):
        stock(record, 1)
    assert watched(6) == 0


def test_asking_anew_while_the_step_looks_wins(monkeypatch):
    """The step has leased the row and read the offers; then the reader asks for less."""
    record = factories.stock_record(factories.shop(), units=0)
    alert = asked(record)
    (claimed,) = leases.claim(Alert, now=NOW + timedelta(minutes=6))
    alerts.ask(alert.reader, record.product, language="en", now=NOW, used_only=True)
    assert alerts._look(claimed, [], set(), NOW) == 0
    alert.refresh_from_db()
    assert (alert.used_only, alert.lease_token, alert.due_at) == (True, "", NOW + alerts.EVERY)


def test_alert_that_fails_keeps_no_other_waiting(monkeypatch):
    records = [factories.stock_record(factories.shop(), factories.product(title), units=0) for title in ("A", "B")]
    for record in records:
        asked(record)
        stock(record, 1)
    tell = alerts._tell

    def fail_of_a(alert: Alert, *rest: Any) -> None:
        if alert.product.title == "A":
            raise ValueError("broken")
        tell(alert, *rest)

    monkeypatch.setattr(alerts, "_tell", fail_of_a)
    assert watched(6) == 1
    assert Alert.objects.get(product__title="A").last_error == "ValueError('broken')"


def test_reader_who_waited_for_two_titles_that_became_one_is_told_once():
    reader = someone()
    one, other = (factories.stock_record(factories.shop(), units=0) for _ in range(2))
    for record in (one, other):
        asked(record, reader)
    Alert.objects.filter(product=other.product).update(product=one.product)
    stock(one, 1)
    assert (watched(6), Alert.objects.count()) == (1, 1)


def test_what_is_there_already_is_no_event():
    record = factories.stock_record(factories.shop(), units=1)
    assert asked(record).is_met is True
    assert watched(6) == 0


@pytest.mark.parametrize(
    ("wish", "offer", "is_met"),
    [
        ({"used_only": True}, {}, False),
        ({"used_only": True}, {"condition": "good"}, True),
        ({"most_minor": 1000}, {"price": "10.00"}, True),
        ({"most_minor": 999}, {"price": "10.00"}, False),
        ({"near": HERE}, {}, True),
        ({"near": Place(latitude=46.8, longitude=-71.2, label="loin", radius_km=5)}, {}, False),
        ({}, {"units": 0}, False),
        ({}, {"units": 0, "availability": "orderable"}, False),
    ],
)
def test_wish_is_met_by_what_it_says_alone(wish, offer, is_met):
    shop = factories.shop(latitude=45.52, longitude=-73.59)
    assert asked(factories.stock_record(shop, **offer), **wish).is_met is is_met


def test_wish_for_one_shop_is_met_by_that_shop():
    record = factories.stock_record(factories.shop(), units=1)
    other = factories.shop()
    alert = asked(record, shop=other)
    assert alert.is_met is False
    factories.stock_record(other, record.product, units=1)
    assert watched(6) == 1


def test_asking_again_in_the_same_place_changes_the_alert():
    record = factories.stock_record(factories.shop(), units=0)
    reader = factories.user()
    for most in (1000, 500):
        alerts.ask(reader, record.product, language="fr", now=NOW, most_minor=most)
    assert list(Alert.objects.values_list("reader", "most_minor")) == [(reader.pk, 500)]


def test_reader_has_at_most_so_many(monkeypatch):
    monkeypatch.setattr(alerts, "MOST", 1)
    reader = factories.user()
    alerts.ask(reader, factories.product(), language="fr", now=NOW)
    with pytest.raises(alerts.AlertError):
        alerts.ask(reader, factories.product(), language="fr", now=NOW)


def test_mail_names_offers_and_ends_with_one_click():
    record = factories.stock_record(factories.shop("Port"), factories.product("Kamouraska"), units=0, price="9.00")
    alert = asked(record)
    stock(record, 1)
    watched(6)
    mail.send_mail(NOW + timedelta(minutes=7))
    message = sent.outbox[-1]
    assert message.subject == "It is there: Kamouraska"
    assert "Port, Montréal: $9.00, Last copy, checked " in message.body
    assert message.extra_headers["List-Unsubscribe"] == f"<{alerts.stop_url(alert)}>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("number", [1, 30])
def test_queries_stay_the_same_however_many_are_due(number, django_assert_max_num_queries):
    for _ in range(number):
        asked(factories.stock_record(factories.shop(), units=0))
    with django_assert_max_num_queries(12 + 5 * number):  # a transaction of its own for each
        alerts.watch_alerts(NOW + timedelta(minutes=6))
