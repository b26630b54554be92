from __future__ import annotations

import pytest

from marketplace.foundation.models import MailMessage
from shops.channels import CHANNELS, channel_for
from shops.channels.base import Channel, ChannelError
from shops.channels.conformance import NOON, ChannelConformance, RemoteChannelConformance
from shops.channels.email import EmailChannel
from shops.models import Shop, ShopOrder
from tests import factories
from tests.shops.channels import scripted


def shop_orders_of_one_shop(count: int) -> list[ShopOrder]:
    shop = factories.shop()
    return [factories.shop_order(shop, (factories.stock_record(shop), 1)) for _ in range(count)]


class TestEmail(ChannelConformance):
    def make_channel(self, shop: Shop) -> Channel:
        return EmailChannel(shop)

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        return shop_orders_of_one_shop(count)

    def received(self, channel: Channel) -> list[str]:
        return self.subjects(channel, "shop_order_new")

    def taken_back(self, channel: Channel) -> list[str]:
        return self.subjects(channel, "shop_order_taken_back")

    def subjects(self, channel: Channel, kind: str) -> list[str]:
        mails = MailMessage.objects.filter(to=channel.shop.email, kind=kind).order_by("pk")
        return [mail.subject.split()[-1] for mail in mails]


class TestScripted(RemoteChannelConformance):
    """The stand-in that other tests use keeps the contract too."""

    def make_channel(self, shop: Shop) -> Channel:
        return scripted.empty(shop)

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        return shop_orders_of_one_shop(count)

    def received(self, channel: scripted.ScriptedChannel) -> list[str]:
        return channel.box

    def taken_back(self, channel: scripted.ScriptedChannel) -> list[str]:
        return channel.back

    def unreachable(self, channel: scripted.ScriptedChannel) -> None:
        channel.faults = ["down", "down"]

    def loses_answers(self, channel: scripted.ScriptedChannel) -> None:
        channel.faults = ["lost"]


@pytest.mark.django_db
def test_conformance_notices_a_channel_that_repeats():
    """Negative control."""
    shop_orders = shop_orders_of_one_shop(2)
    channel = scripted.empty(shop_orders[0].shop, scripted.RepeatingChannel)
    with pytest.raises(AssertionError):
        TestScripted().test_send_again_changes_nothing(channel, shop_orders)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", CHANNELS)
def test_every_channel_is_found_by_its_kind(kind: str):
    channel = channel_for(factories.shop(), kind)
    assert (channel.kind, isinstance(channel, Channel)) == (kind, True)


@pytest.mark.django_db
def test_unknown_channel_is_a_permanent_error():
    with pytest.raises(ChannelError, match="“pigeon”, which does not exist") as caught:
        channel_for(factories.shop(), "pigeon")
    assert caught.value.permanent


@pytest.mark.django_db
def test_email_tells_the_shop_what_to_prepare_and_where_to():
    shop = factories.shop(language="fr", timezone="America/Toronto")
    record = factories.stock_record(shop, factories.product("L’Étranger & moi"), sku="A-17")
    placed = factories.shop_order(shop, (record, 2), answer_due_at=NOON)
    EmailChannel(shop).send(placed, now=NOON)
    mail = MailMessage.objects.get()
    assert (mail.to, mail.language, mail.shop, mail.due_at) == (shop.email, "fr", shop, NOON)
    assert ("2 × L’Étranger & moi" in mail.text, "A-17" in mail.text, "07:00" in mail.text) == (True, True, True)
    assert f"http://testserver/portal/orders/{placed.number}/" in mail.text
    assert "L’Étranger &amp; moi" in mail.html
