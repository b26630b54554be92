"""A test order by mail: it came through once it has left; and what the pages say of every way."""

from __future__ import annotations

import smtplib

import pytest
from django.core.mail.backends import locmem
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import audit, mail
from marketplace.foundation.models import MailMessage
from shops import webhooks
from shops.channels import testing, trying
from shops.channels.erpnext import ERPNextChannel
from shops.channels.tryton import TrytonChannel
from shops.models import Shop, ShopAddress, ShopMember, ShopWebhook, TransmissionTry
from shops.onboarding import checklist
from shops.systems import keeping
from shops.systems.access import Access
from tests import factories
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


def is_tested(shop: Shop) -> bool:
    return {point.code: point.is_done for point in checklist.points(shop)}["tested"]


def test_mail_goes_where_orders_go():
    shop = factories.shop()
    ShopAddress.objects.create(shop=shop, kind="orders", email="desk@example.org")
    testing.send(shop, by=factories.user(), now=timezone.now())
    assert MailMessage.objects.get().to == "desk@example.org"


def test_test_order_whose_mail_is_refused_did_not_come(monkeypatch):
    def refuse(self, messages):
        raise smtplib.SMTPRecipientsRefused({"a": (550, b"No such user")})

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", refuse)
    shop, now = factories.shop(), timezone.now()
    tried = testing.send(shop, by=factories.user(), now=now)
    assert (mail.send_mail(now), is_tested(shop)) == (0, False)
    tried.refresh_from_db()
    shop.refresh_from_db()
    assert (tried.outcome, "No such user" in tried.error, shop.unreachable) == ("failed", True, shop.email)


def test_test_order_whose_mail_comes_back_later_did_not_come():
    shop, now = factories.shop(), timezone.now()
    tried = testing.send(shop, by=factories.user(), now=now)
    assert (mail.send_mail(now), is_tested(shop)) == (1, True)
    mail.came_back(MailMessage.objects.get(), "5.1.1 No such user", now=now)
    tried.refresh_from_db()
    shop.refresh_from_db()
    assert (tried.outcome, is_tested(shop)) == ("failed", False)


def came(shop: Shop, channel: str) -> None:
    audit.record(testing.TESTED, shop, by="test", shop_id=shop.pk, channel=channel)


def test_test_by_mail_does_for_mail_alone():
    shop, owner, now = factories.shop(), factories.user(), timezone.now()
    came(shop, "email")
    webhooks.set_up(shop, "https://erp.example.org/orders", by=owner, now=now)
    assert not is_tested(Shop.objects.get(pk=shop.pk))
    came(shop, "webhook")
    assert is_tested(Shop.objects.get(pk=shop.pk))
    webhooks.set_up(shop, "https://new.example.org/orders", by=owner, now=now)  # nobody knows what answers there
    assert not is_tested(Shop.objects.get(pk=shop.pk))
    webhooks.end(ShopWebhook.objects.get(), by=owner, now=now)
    assert is_tested(Shop.objects.get(pk=shop.pk))


def test_test_by_mail_does_not_do_for_a_system():
    shop, owner, now = factories.shop(), factories.user(), timezone.now()
    came(shop, "email")
    connection = keeping.keep(shop.pk, Access("tryton", "https://erp.example.org"), now=now)
    keeping.take_orders(connection, by=owner, now=now)
    assert not is_tested(Shop.objects.get(pk=shop.pk))
    came(shop, "tryton")
    assert is_tested(Shop.objects.get(pk=shop.pk))


def test_key_of_another_kind_changes_no_try():
    shop, now = factories.shop(), timezone.now()
    tried = TransmissionTry.objects.create(shop=factories.shop(), at=now, channel="email", outcome="failed", seconds=0)
    for key in ("shop_order_test:x", f"shop_order_test:{tried.pk}"):
        MailMessage.objects.create(
            dedupe_key=key,
            to=shop.email,
            language="fr",
            kind=testing.KIND,
            subject="s",
            text="t",
            shop=shop,
            due_at=now,
        )
    assert mail.send_mail(now) == 2
    tried.refresh_from_db()
    assert (tried.outcome, is_tested(shop)) == ("failed", False)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("email", "as your orders do"),
        ("editx", "Your orders go by EDItX files; a test there could be taken for a real one"),
        ("erpnext", "entered in ERPNext, found there again and cancelled at once"),
        ("tryton", "We cannot take it out there again: you cancel it."),
    ],
)
@pytest.mark.parametrize("page", ["start", "channel"])
def test_pages_say_how_the_test_goes(page, channel, said):
    shop = factories.shop(channel=channel)
    client = signed_in(factories.member(shop, factories.user(), ShopMember.Role.OWNER).user)
    shown = client.get(reverse(f"portal:{page}", args=[shop.slug]), headers={"accept-language": "en"})
    assert said in " ".join(shown.content.decode().split())


@pytest.mark.parametrize(("role", "stays", "sent"), [("owner", "1", 1), ("owner", "", 0), ("staff", "1", 0)])
def test_what_stays_in_the_system_is_sent_where_an_owner_says_so(role, stays, sent, monkeypatch):
    assert (TrytonChannel.cancels, ERPNextChannel.cancels) == (False, True)
    done = trying.Tried("S-1", is_taken_out=False)
    monkeypatch.setattr(trying, "try_system", lambda *_, **__: done)
    shop = factories.shop(channel="tryton")
    client = signed_in(factories.member(shop, factories.user(), role).user)
    page = client.post(reverse("portal:test-order", args=[shop.slug]), {"stays": stays}, follow=True)
    (told,) = page.context["messages"]
    assert (TransmissionTry.objects.count(), told.level_tag) == (sent, "success" if sent else "error")
    assert (is_tested(shop), "S-1" in told.message) == (bool(sent), bool(sent))
