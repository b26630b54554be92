"""A reader is told once each time that a title is there as they wished."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as sent
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import mail
from marketplace.foundation.models import MailMessage
from marketplace.readers import alerts
from marketplace.readers.models import Alert
from search.availability import Place
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HERE = Place(latitude=45.52, longitude=-73.6, label="ici", radius_km=5)


def asked(record: StockRecord, **wish: Any) -> Alert:
    return alerts.ask(factories.user(), record.product, language="en", now=NOW, **wish)


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
    assert watched(24) == 1
    stock(record, 2)
    assert watched(30) == 2


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
    assert "Port, Montréal: $9.00" in message.body
    assert message.extra_headers["List-Unsubscribe"] == f"<{alerts.stop_url(alert)}>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("number", [1, 30])
def test_queries_stay_the_same_however_many_are_due(number, django_assert_max_num_queries):
    for _ in range(number):
        asked(factories.stock_record(factories.shop(), units=0))
    with django_assert_max_num_queries(12 + 3 * number):  # a transaction of its own for each
        alerts.watch_alerts(NOW + timedelta(minutes=6))
