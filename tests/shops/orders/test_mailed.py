"""An order that goes by mail has come to its shop once the mail has left, and not when it was written."""

from __future__ import annotations

import smtplib
import threading
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core import mail as django_mail
from django.core.mail.backends import locmem
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import mail
from marketplace.foundation.models import AuditEntry, MailMessage
from shops import mailing
from shops.channels import testing
from shops.models import Shop, ShopMember, ShopOrder, Transmission, TransmissionTry
from shops.orders import again, expiring, fulfilment, mailed, routing
from tests import factories
from tests.factories import NOON
from tests.shops.portal.conftest import signed_in
from tests.shops.racing import at_once

HOUR = timedelta(hours=1)
DEAD = "dead@example.org"


class Backend(locmem.EmailBackend):
    """A mail server that refuses one address for good, or is away."""

    is_away = False

    def send_messages(self, messages):
        if Backend.is_away:
            raise ConnectionRefusedError("nobody there")
        for message in messages:
            if message.to == [DEAD]:
                raise smtplib.SMTPRecipientsRefused({DEAD: (550, b"5.1.1 No such user")})
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Backend"
    Backend.is_away = False
    yield Backend
    Backend.is_away = False


@pytest.fixture
def dead() -> Shop:
    return factories.shop(email=DEAD, language="en")


def ordered(shop: Shop, at=NOON) -> ShopOrder:
    placed = factories.shop_order(shop, (factories.stock_record(shop), 1), created_at=at, watch_at=at)
    Transmission.objects.create(shop_order=placed, shop=shop, channel="email", due_at=at)
    assert routing.transmit_orders(at) == 1
    return placed


def unheard(now) -> list[str]:
    return list(ShopOrder.objects.filter(mailed.unheard(now)).values_list("number", flat=True))


@pytest.mark.django_db
def test_order_whose_mail_is_refused_is_not_heard_of(dead):
    order, other = ordered(dead), ordered(factories.shop())
    assert set(TransmissionTry.objects.values_list("outcome", flat=True)) == {"on_its_way"}
    assert (mail.send_mail(NOON), unheard(NOON)) == (1, [order.number])
    outcomes = TransmissionTry.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == ["failed", "sent"]
    dead.refresh_from_db()
    other.shop.refresh_from_db()
    assert (dead.unreachable, other.shop.unreachable) == (DEAD, "")
    told = AuditEntry.objects.get(action="shop.mail_refused")
    assert ("No such user" in told.reason, told.shop_id) == (True, dead.pk)


@pytest.mark.django_db
def test_order_whose_mail_has_not_left_for_half_an_hour_is_not_heard_of(server):
    server.is_away = True
    order = ordered(factories.shop())
    for minutes in (0, 1, 29):
        mail.send_mail(NOON + timedelta(minutes=minutes))
        assert unheard(NOON + timedelta(minutes=minutes)) == []
    assert unheard(NOON + timedelta(minutes=31)) == [order.number]
    assert not Shop.objects.exclude(unreachable="").exists()  # that is our server's fault
    server.is_away = False
    mail.send_mail(NOON + HOUR)
    assert unheard(NOON + HOUR) == []


@pytest.mark.django_db
def test_quiet_hours_are_no_silence_of_ours(settings):
    shop = factories.shop(quiet_from="00:00", quiet_until="23:00", timezone="UTC")
    ordered(shop)
    assert (mail.send_mail(NOON + HOUR), unheard(NOON + 2 * HOUR)) == (0, [])
    assert unheard(NOON.replace(hour=23, minute=31)) != []


@pytest.mark.django_db
def test_time_to_answer_begins_when_the_mail_leaves_and_the_mail_says_so(server):
    server.is_away = True
    order = ordered(factories.shop(language="en", timezone="UTC"))
    assert "10 p.m." not in MailMessage.objects.get().text
    mail.send_mail(NOON)
    server.is_away = False
    left_at = NOON + timedelta(hours=10)
    assert mail.send_mail(left_at) == 1
    order.refresh_from_db()
    day = timedelta(hours=24)
    assert (order.answer_due_at, order.watch_at) == (left_at + 2 * day, left_at + day)
    assert "10 p.m." in MailMessage.objects.get().text
    assert mail.send_mail(left_at + HOUR) == 0


@pytest.mark.django_db
def test_mail_that_leaves_at_once_changes_no_time():
    order = ordered(factories.shop())
    mail.send_mail(NOON + timedelta(minutes=2))
    before = order.answer_due_at, order.version
    order.refresh_from_db()
    assert (order.answer_due_at, order.version) == before


@pytest.mark.django_db
def test_what_is_answered_meanwhile_keeps_its_time(server):
    server.is_away = True
    order = ordered(factories.shop())
    ShopOrder.objects.update(status="accepted")
    server.is_away = False
    mail.send_mail(NOON + 5 * HOUR)
    before = order.answer_due_at
    order.refresh_from_db()
    assert order.answer_due_at == before


@pytest.mark.django_db
def test_silence_of_who_was_never_told_ends_nothing(dead):
    order = ordered(dead)
    mail.send_mail(NOON)
    ShopOrder.objects.update(reminded_at=NOON, warned_at=NOON, watch_at=order.answer_due_at)
    expiring.follow_answers(order.answer_due_at)
    order.refresh_from_db()
    assert (order.status, order.expired_at) == ("new", None)
    MailMessage.objects.update(sent_at=NOON, parked_at=None)  # as it would be, had it left
    ShopOrder.objects.update(watch_at=order.answer_due_at)
    expiring.follow_answers(order.answer_due_at)
    order.refresh_from_db()
    assert (order.status, order.expired_at is None) == ("declined", False)


@pytest.mark.django_db
def test_corrected_address_gets_what_was_refused(dead):
    order = ordered(dead)
    mail.send_mail(NOON)
    mailing.set_up(dead, {"orders": "alive@example.org"}, (None, None), by=factories.user(), now=NOON + HOUR)
    row, later = MailMessage.objects.get(kind="shop_order_new"), NOON + HOUR
    assert (row.to, row.parked_at) == ("alive@example.org", None)
    assert mail.send_mail(later) >= 1
    dead.refresh_from_db()
    order.refresh_from_db()
    assert (dead.unreachable, unheard(later)) == ("", [])
    assert order.answer_due_at == later + timedelta(hours=48)


@pytest.mark.django_db
def test_address_that_is_corrected_elsewhere_is_followed_by_the_step(dead):
    ordered(dead)
    mail.send_mail(NOON)
    assert mailed.follow_addresses(NOON) == 0
    Shop.objects.update(email="alive@example.org")
    assert (mailed.follow_addresses(NOON), mail.send_mail(NOON)) == (1, 1)
    dead.refresh_from_db()
    assert (dead.unreachable, mailed.follow_addresses(NOON)) == ("", 0)


@pytest.mark.django_db
def test_person_has_the_mail_sent_again_once_the_box_is_mended(dead, monkeypatch):
    order, person = ordered(dead), factories.user()
    mail.send_mail(NOON)
    assert again.send_again(order, by=person, now=NOON)
    mail.send_mail(NOON)
    dead.refresh_from_db()
    assert dead.unreachable == DEAD
    again.send_again(order, by=person, now=NOON)
    monkeypatch.setattr(Backend, "send_messages", locmem.EmailBackend.send_messages)
    assert mail.send_mail(NOON) == 1
    dead.refresh_from_db()
    assert dead.unreachable == ""
    assert not again.send_again(order, by=person, now=NOON)


@pytest.mark.django_db
def test_address_whose_mail_all_comes_back_later_is_not_written_to_for_ever():
    """A server that takes all mail says nothing by it: two orders would call each other up again and again."""
    shop = factories.shop()
    ordered(shop)
    ordered(shop)
    sent = 0
    for minute in range(30):
        now = NOON + timedelta(minutes=minute)
        sent += mail.send_mail(now)
        for row in MailMessage.objects.exclude(sent_at=None):
            mail.came_back(row, "5.2.2 Mailbox full", now=now)
    assert sent <= 2 * mailing.MOST_TRIES
    assert MailMessage.objects.filter(parked_at=None).count() == 0
    shop.refresh_from_db()
    assert (shop.unreachable, len(unheard(now))) == (shop.email, 2)


@pytest.mark.django_db
def test_what_was_refused_goes_once_the_address_takes_mail_again(dead, monkeypatch):
    ordered(dead)
    mail.send_mail(NOON)
    monkeypatch.setattr(Backend, "send_messages", locmem.EmailBackend.send_messages)
    ordered(dead, NOON + HOUR)
    assert [mail.send_mail(NOON + HOUR) for _ in range(3)] == [1, 1, 0]
    assert unheard(NOON + HOUR) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({DEAD: (550, b"5.7.1 Listed at a blocklist")}),
        smtplib.SMTPDataError(554, b"5.6.0 Content rejected"),
        ConnectionRefusedError("nobody there"),
    ],
)
def test_mail_that_is_given_up_is_on_its_way_no_more_whoever_is_to_blame(dead, monkeypatch, error):
    monkeypatch.setattr(Backend, "send_messages", Mock(side_effect=error))
    order = ordered(dead)
    testing.send(dead, by=factories.user(), now=NOON)
    for hours in range(100):
        mail.send_mail(NOON + hours * HOUR)
    assert [(row.outcome, row.error != "") for row in TransmissionTry.objects.all()] == [("failed", True)] * 2
    dead.refresh_from_db()
    assert (dead.unreachable, unheard(NOON + 100 * HOUR)) == ("", [order.number])


@pytest.mark.django_db
def test_order_that_was_answered_in_the_portal_does_not_come_anew_by_mail(dead):
    """Who handed it over would prepare it once more."""
    order, other = ordered(dead), ordered(dead)
    mail.send_mail(NOON)
    fulfilment.accept_all(order, by="shop", now=NOON)
    later = NOON + timedelta(days=30)
    Shop.objects.update(email="alive@example.org")
    mailed.follow_addresses(later)
    mail.send_mail(later)
    assert [sent.subject.split()[-1] for sent in django_mail.outbox if "alive@example.org" in sent.to] == [other.number]
    assert not again.send_again(order, by=factories.user(), now=later)
    assert not ShopOrder.objects.filter(mailing.unsent()).exists()


@pytest.mark.django_db
def test_fault_in_what_follows_sends_no_mail_twice(monkeypatch, dead):
    ordered(factories.shop())
    monkeypatch.setattr(mailed, "told", lambda *_, **__: 1 / 0)
    assert (mail.send_mail(NOON), mail.send_mail(NOON + HOUR)) == (1, 0)


@pytest.mark.django_db
def test_order_answered_in_the_portal_is_red_no_more(dead):
    order = ordered(dead)
    mail.send_mail(NOON)
    assert [row.to for row in mailed.waiting(dead, now=NOON)] == [DEAD]
    ShopOrder.objects.filter(pk=order.pk).update(status="accepted")
    assert mailed.waiting(dead, now=NOON) == []


@pytest.mark.django_db
def test_staff_see_on_every_page_that_their_address_is_refused(dead):
    now = timezone.now()
    order = ordered(dead, now)
    client = signed_in(factories.member(dead, factories.user(), ShopMember.Role.OWNER).user)
    desk = reverse("portal:desk", args=[dead.slug])
    assert DEAD not in client.get(desk).content.decode()
    mail.send_mail(now)
    page = client.get(desk).content.decode()
    assert (f"We cannot reach {DEAD}" in page or f"joindre {DEAD}" in page, order.number in page) == (True, True)
    channel = client.get(reverse("portal:channel", args=[dead.slug])).content.decode()
    assert ("No such user" in channel, reverse("portal:send-again", args=[dead.slug, order.number]) in channel) == (
        True,
        True,
    )


@pytest.mark.usefixtures("committed_db")
def test_address_corrected_while_a_person_has_its_mail_sent_again_holds_up_neither(monkeypatch):
    """Each holds what the other one is about to write: the mail; and the shop, which the trail names."""
    if connection.vendor != "postgresql":
        pytest.skip("Only there rows are locked.")
    shop, person = factories.shop(), factories.user()
    order = ordered(shop)
    mail.send_mail(NOON)
    mail.came_back(MailMessage.objects.get(), "5.1.1", now=NOON)
    is_written, is_locked = threading.Event(), threading.Event()
    record, address = again.audit.record, mailing.address

    def recorded(action, *args, **facts):
        if action == "transmission.again":
            is_written.set()
            is_locked.wait(10)
        return record(action, *args, **facts)

    def found(*args):
        is_locked.set()
        is_written.wait(10)
        return address(*args)

    monkeypatch.setattr(again.audit, "record", recorded)
    monkeypatch.setattr(mailing, "address", found)

    def both(number):
        if number:
            return again.send_again(order, by=person, now=NOON)
        return mailing.set_up(shop, {"orders": "alive@example.org"}, (None, None), by=person, now=NOON)

    assert at_once(both, 2) == [True, True]
