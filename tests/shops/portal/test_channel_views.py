from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from marketplace.foundation.models import AuditEntry
from shops import order_keys
from shops.models import Shop, ShopKey, ShopMember, ShopWebhook, Transmission, TransmissionTry
from shops.orders import routing
from tests import factories
from tests.factories import NOON
from tests.shops.channels import receiver
from tests.shops.portal.conftest import signed_in


@pytest.fixture
def owned(ours):
    ShopMember.objects.filter(shop=ours.shop).update(role=ShopMember.Role.OWNER)
    return ours


def where(stall, name: str = "channel", *rest: str) -> str:
    return reverse(f"portal:{name}", args=[stall.shop.slug, *rest])


def test_owner_says_where_orders_go_and_sees_the_secret_once(server, owned):
    page = owned.client.post(where(owned, "save-channel"), {"address": f"{server.address}/orders"})
    secret = page.context["secret"]
    assert (secret.startswith("whsec_"), secret in page.content.decode()) == (True, True)
    assert "no-store" in page["Cache-Control"]
    setup = ShopWebhook.objects.get()
    owned.shop.refresh_from_db()
    assert (owned.shop.channel, setup.address) == ("webhook", f"{server.address}/orders")
    assert secret not in owned.client.get(where(owned)).content.decode()
    again = owned.client.post(where(owned, "save-channel"), {"address": f"{server.address}/orders"})
    assert again.url == where(owned)
    page = owned.client.post(where(owned, "renew-secret"))
    other = page.context["secret"]
    assert "no-store" in page["Cache-Control"]
    assert len({secret, other}) == 2
    assert not AuditEntry.objects.filter(facts__icontains=secret).exists()


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ({"fallback": "", "fallback_minutes": "30"}, None),
        ({"fallback": "other", "fallback_minutes": "30"}, 30),
        ({"fallback": "other", "fallback_minutes": "4"}, 60),
        ({"fallback": "other", "fallback_minutes": ""}, 60),
        ({"fallback": "else", "fallback_minutes": "30"}, 60),
    ],
)
def test_owner_says_how_long_an_order_waits_for_the_system(said, minutes, owned):
    Shop.objects.filter(pk=owned.shop.pk).update(channel="erpnext")
    page = owned.client.post(where(owned, "save-fallback"), said)
    owned.shop.refresh_from_db()
    assert (owned.shop.fallback_minutes, page.status_code) == (minutes, 422 if minutes == 60 else 302)
    assert AuditEntry.objects.filter(action="shop.fall_back_after").count() == (minutes != 60)


@pytest.mark.parametrize("channel", ["erpnext", "editx", "webhook", "email"])
def test_page_says_how_orders_come_and_what_comes_instead(channel, server, owned):
    if channel == "webhook":
        receiver.connected(server, owned.shop)
    Shop.objects.filter(pk=owned.shop.pk).update(channel=channel)
    page = owned.client.get(where(owned), headers={"accept-language": "en"}).content.decode()
    by_mail = f"Orders come by e-mail to {owned.shop.email}."
    instead = f"What is not taken there within 60 minutes comes by e-mail to {owned.shop.email}."
    assert (by_mail in page, instead in page) == (channel == "email", channel != "email")
    assert ("Orders go into your system: ERPNext." in page) == (channel == "erpnext")


def test_webhook_beside_a_system_gets_what_the_system_does_not_take(server, owned):
    receiver.connected(server, owned.shop)
    Shop.objects.filter(pk=owned.shop.pk).update(channel="erpnext")
    page = owned.client.get(where(owned), headers={"accept-language": "en"}).content.decode()
    assert f"What is not taken there within 60 minutes is posted to {server.address}/orders." in page


@pytest.mark.parametrize("address", ["", "ftp://example.org/", "https://me:word@example.org/"])
def test_strange_address_is_refused(address, owned):
    page = owned.client.post(where(owned, "save-channel"), {"address": address})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["address"])
    assert not ShopWebhook.objects.exists()


def test_test_order_goes_the_way_of_the_others(server, owned):
    receiver.connected(server, owned.shop)
    owned.client.post(where(owned, "test-channel"))
    assert server.numbers("shop_order.test") == ["0-TEST"]
    server.plan = lambda path: "500"
    page = owned.client.post(where(owned, "test-channel"), follow=True)
    assert [message.level_tag for message in page.context["messages"]][-1] == "error"
    kept = TransmissionTry.objects.order_by("pk").values_list("outcome", "status", "transmission")
    assert list(kept) == [("sent", 200, None), ("failed", 500, None)]


def test_order_that_did_not_come_through_is_sent_again(server, owned):
    receiver.connected(server, owned.shop)
    row = Transmission.objects.create(
        shop_order=owned.order, shop=owned.shop, channel="webhook", due_at=NOON, parked_at=NOON, last_error="Nobody."
    )
    page = owned.client.get(where(owned)).content.decode()
    assert ("Nobody." in page, where(owned, "send-again", owned.order.number) in page) == (True, True)
    owned.client.post(where(owned, "send-again", owned.order.number))
    row.refresh_from_db()
    assert routing.transmit_orders(row.due_at) == 1
    assert server.numbers() == [owned.order.number]
    owned.client.post(where(owned, "send-again", owned.order.number))  # which it has: the same id
    row.refresh_from_db()
    assert (routing.transmit_orders(row.due_at), len(server.calls), len(server.numbers())) == (1, 2, 1)


def test_owner_goes_back_to_mail(server, owned):
    receiver.connected(server, owned.shop)
    owned.client.post(where(owned, "end-channel"))
    owned.shop.refresh_from_db()
    assert (owned.shop.channel, ShopWebhook.objects.count()) == ("email", 0)


def test_tests_are_few(server, owned):
    receiver.connected(server, owned.shop)
    for _ in range(7):
        owned.client.post(where(owned, "test-channel"))
    assert len(server.calls) == 5


def test_page_asks_as_much_for_many_orders_as_for_one(ours):
    client = ours.client
    client.get(where(ours))
    counted = []
    for _ in range(2):
        _ten_tried(ours)
        with CaptureQueriesContext(connection) as asked:
            client.get(where(ours))
        counted.append(len(asked))
    assert counted[0] == counted[1]


def _ten_tried(ours) -> None:
    for _ in range(10):
        placed = factories.shop_order(ours.shop, (factories.stock_record(ours.shop), 1))
        row = Transmission.objects.create(shop_order=placed, shop=ours.shop, channel="email", due_at=NOON)
        TransmissionTry.objects.create(
            shop=ours.shop, transmission=row, at=NOON, channel="email", outcome="failed", seconds=1
        )


def test_owner_makes_a_key_for_a_program_sees_it_once_and_revokes_it(owned):
    said = {"label": "Till", "scopes": ["orders:read"]}
    page = owned.client.post(where(owned, "make-order-key"), said)
    key = page.context["key"]
    assert (key in page.content.decode(), "no-store" in page["Cache-Control"]) == (True, True)
    assert key not in (listed := owned.client.get(where(owned)).content.decode())
    assert "Till" in listed
    made = ShopKey.objects.get()
    assert (order_keys.find(key, now=NOON), made.scopes) == (made, ["orders:read"])
    other = factories.member(factories.shop(), role=ShopMember.Role.OWNER)
    at_theirs = reverse("portal:revoke-order-key", args=[other.shop.slug, made.pk])
    assert signed_in(other.user).post(at_theirs).status_code == 404
    assert order_keys.find(key, now=NOON) == made
    owned.client.post(where(owned, "revoke-order-key", made.pk))
    assert order_keys.find(key, now=NOON) is None
    assert AuditEntry.objects.filter(action__startswith="shop_key.").count() == 2


def test_key_that_opens_nothing_is_not_made(owned):
    owned.client.post(where(owned, "make-order-key"), {"label": "Till"})
    assert not ShopKey.objects.exists()
