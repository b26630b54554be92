from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db.models import QuerySet

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import webhooks
from shops.channels import webhook
from shops.channels.base import ChannelError
from shops.channels.conformance import NOON, RemoteChannelConformance
from shops.channels.webhook import WebhookChannel, message_id
from shops.models import DeliveryOption, Shop, ShopOrder, ShopWebhook
from shops.orders import fulfilment
from tests import factories
from tests.shops.channels import receiver
from tests.shops.channels.receiver import Receiver
from tests.shops.channels.test_conformance import shop_orders_of_one_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(server: Receiver) -> ShopOrder:
    """An order of a shop that takes its orders by webhook."""
    (made,) = shop_orders_of_one_shop(1)
    receiver.connected(server, made.shop)
    return made


class TestWebhook(RemoteChannelConformance):
    @pytest.fixture(autouse=True)
    def _server(self, server: Receiver) -> None:
        self.server = server

    def make_channel(self, shop: Shop) -> WebhookChannel:
        receiver.connected(self.server, shop)
        return WebhookChannel(shop)

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        return shop_orders_of_one_shop(count)

    def received(self, channel: WebhookChannel) -> list[str]:
        return self.server.numbers()

    def taken_back(self, channel: WebhookChannel) -> list[str]:
        return self.server.numbers("shop_order.taken_back")

    def unreachable(self, channel: WebhookChannel) -> None:
        self.server.shutdown()  # a poll that still runs would keep the socket open
        self.server.server_close()

    def loses_answers(self, channel: WebhookChannel) -> None:
        faults = ["lost"]
        self.server.plan = lambda path: faults.pop() if faults else ""


def send(of: ShopOrder) -> ChannelError | None:
    try:
        WebhookChannel(of.shop).send(of, now=NOON)
    except ChannelError as error:
        return error
    return None


def letters(kind: str) -> QuerySet[MailMessage]:
    return MailMessage.objects.filter(kind=kind).order_by("pk")


@pytest.mark.parametrize(
    ("fault", "permanent", "unknown", "later_seconds", "status"),
    [
        ("500", False, True, 0, 500),
        ("404", False, False, 0, 404),
        ("401", False, False, 0, 401),
        ("busy", False, False, 7200, 429),
        ("moved", False, False, 0, 302),
        ("down", False, True, 0, None),
        ("lost", False, True, 0, None),
        ("hang", False, True, 0, None),
    ],
)
def test_what_a_server_may_answer(fault, permanent, unknown, later_seconds, status, server, sold, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.3 if fault == "hang" else 20)
    server.plan = lambda path: fault
    error = send(sold)
    assert error is not None
    assert (error.permanent, error.unknown_outcome) == (permanent, unknown)
    assert (error.later_seconds, error.status) == (later_seconds, status)
    assert server.calls == [message_id(sold)]  # a redirect is not followed


@pytest.mark.parametrize("fault", ["endless", "breaks", "stalls"])
def test_answer_is_not_read_and_its_status_counts_as_a_yes(fault, server, sold, monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.3 if fault == "stalls" else 20)
    server.plan = lambda path: fault
    assert send(sold) is None
    assert server.numbers() == [sold.number]


def test_gone_switches_it_off_and_tells_the_shop_once(server, sold):
    server.plan = lambda path: "410"
    first, second = send(sold), send(sold)
    assert first
    assert second
    assert (first.permanent, second.permanent, len(server.calls)) == (True, True, 1)
    assert ShopWebhook.objects.get().disabled_at == NOON
    assert letters("shop_webhook_gone").get().to == sold.shop.email
    assert AuditEntry.objects.filter(action="order_webhook.switch_off").count() == 1
    receiver.connected(server, sold.shop)
    server.plan = lambda path: ""
    assert send(sold) is None


def test_gone_of_the_address_before_leaves_the_new_one_on(server, sold):
    server.plan = lambda path: "410"
    before = ShopWebhook.objects.select_related("shop").get()
    receiver.connected(server, sold.shop, "/new")
    with pytest.raises(ChannelError) as caught:
        webhook.post(before, "late", {}, now=NOON)
    assert (caught.value.permanent, caught.value.status) == (False, 410)
    assert (ShopWebhook.objects.get().disabled_at, letters("shop_webhook_gone").count()) == (None, 0)


def test_private_address_is_never_called(server, sold, settings):
    settings.HTTP_ALLOW_PRIVATE = False
    error = send(sold)
    assert error
    assert (error.permanent, server.calls) == (True, [])


def test_shop_without_an_address_is_a_persons_to_look_at():
    (made,) = shop_orders_of_one_shop(1)
    error = send(made)
    assert error
    assert error.permanent


def test_message_says_what_to_prepare_and_nothing_of_the_reader_where_it_is_collected(server, sold):
    line = sold.lines.get()
    assert send(sold) is None
    (body,) = server.kept["/orders"].values()
    assert (body["type"], body["version"], body["data"]["number"]) == ("shop_order.new", 1, sold.number)
    assert body["data"]["lines"] == [
        {
            "line": line.pk, "sku": line.sku, "gtin": None, "title": line.title, "condition": "new", "supply": "stock",
            "ordered": 1, "units": 1, "unit_price_minor": 2000, "total_minor": 2000,
        }
    ]  # fmt: skip
    said = json.dumps(body)
    assert (body["data"]["delivery"]["address"], "lea@" in said, sold.pickup_code in said) == (None, False, False)


def test_message_has_the_address_where_it_is_sent_to(server):
    shop = factories.shop()
    receiver.connected(server, shop)
    option = factories.delivery_option(shop, DeliveryOption.Kind.POST)
    made = factories.shop_order(shop, (factories.stock_record(shop), 1), delivery_option=option)
    assert send(made) is None  # an order without an address of its own: none is made up
    (body,) = server.kept["/orders"].values()
    assert (body["data"]["delivery"]["kind"], body["data"]["delivery"]["address"]) == ("post", None)


def test_what_was_taken_back_is_told_with_what_is_left(server):
    shop = factories.shop()
    receiver.connected(server, shop)
    made = factories.shop_order(shop, (factories.stock_record(shop), 3))
    line = made.lines.select_related("shop_order__shop").get()
    row = fulfilment.cancel(line, 1, by="reader", now=NOON)
    assert WebhookChannel(shop).cancel(row, now=NOON) is False
    (body,) = server.kept["/orders"].values()
    assert (body["data"]["taken_back"]["units"], body["data"]["lines"][0]["units"]) == (1, 2)
    assert server.calls == [f"cancellation_{row.pk}"]


def test_for_a_day_a_new_secret_and_the_old_one_both_hold(server, sold):
    old = server.secrets["/orders"]
    setup = ShopWebhook.objects.get()
    new = webhooks.renew(setup, by=factories.user(), now=NOON)
    setup.refresh_from_db()
    assert (setup.secrets_at(NOON + timedelta(hours=23)), setup.secrets_at(NOON + timedelta(hours=25))) == (
        [new, old],
        [new],
    )
    for secret in (new, old):
        server.secrets["/orders"] = secret
        assert send(sold) is None
    assert old not in setup.sealed_secret + setup.sealed_old_secret


def test_of_two_renewals_within_a_day_neither_takes_the_secret_in_use(server, sold):
    person, first = factories.user(), server.secrets["/orders"]
    hours = [NOON + timedelta(hours=count) for count in (0, 1, 30)]
    second, third = (webhooks.renew(ShopWebhook.objects.get(), by=person, now=now) for now in hours[:2])
    assert ShopWebhook.objects.get().secrets_at(hours[1]) == [third, second, first]
    fourth = webhooks.renew(ShopWebhook.objects.get(), by=person, now=hours[2])
    assert ShopWebhook.objects.get().secrets_at(hours[2]) == [fourth, third]


def test_shop_is_told_of_another_address_and_of_another_secret(server, sold):
    (told,) = letters("shop_webhook_changed")
    assert (told.to, f"{server.address}/orders" in told.text, told.shop_id) == (sold.shop.email, True, sold.shop_id)
    webhooks.set_up(sold.shop, f"{server.address}/orders", by=factories.user(), now=NOON)  # the same
    webhooks.set_up(sold.shop, f"{server.address}/new", by=factories.user(), now=NOON)
    secret = webhooks.renew(ShopWebhook.objects.get(), by=factories.user(), now=NOON)
    _, moved, renewed = letters("shop_webhook_changed")
    assert [f"{server.address}{path}" in moved.text for path in ("/orders", "/new")] == [True, True]
    assert (f"{server.address}/new" in renewed.text, secret in renewed.text + renewed.html) == (True, False)
    assert "/portal/" in renewed.text


def test_signature_is_what_the_standard_says():
    """The example of the specification's own libraries."""
    from datetime import UTC, datetime

    from marketplace.foundation.webhook_signing import signed

    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now=at
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
