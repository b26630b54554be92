"""What every channel must do, as tests: a channel's own test inherits them and says how to see the other side."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shops.channels.base import Answer, Channel, ChannelError
from shops.models import Cancellation, Shop, ShopOrder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class ChannelConformance:
    # Subclass implementation:
    def make_channel(self, shop: Shop) -> Channel:
        """The channel for a shop, with the other side reachable and empty."""
        raise NotImplementedError

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        """New shop orders of one shop."""
        raise NotImplementedError

    def received(self, channel: Channel) -> list[str]:
        """Numbers of the shop orders that the other side has, in the order in which they came, repeats included; with
        the capability "repeats", as it knows them by their ids."""
        raise NotImplementedError

    def taken_back(self, channel: Channel) -> list[str]:
        """Numbers of the shop orders of which the other side was told that units were taken back; of channels that can
        cancel."""
        raise NotImplementedError

    def answers(self, channel: Channel, shop_order: ShopOrder) -> None:
        """The other side says that it has all of it; of channels that acknowledge."""
        raise NotImplementedError

    # Subclasses shouldn't need to override:
    @pytest.fixture
    def shop_orders(self, db: None) -> list[ShopOrder]:
        return self.make_shop_orders(2)

    @pytest.fixture
    def channel(self, shop_orders: list[ShopOrder]) -> Channel:
        return self.make_channel(shop_orders[0].shop)

    def test_send_brings_each_order_once(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        for shop_order in shop_orders:
            channel.send(shop_order, now=NOON)
        assert self.received(channel) == [shop_order.number for shop_order in shop_orders]

    def test_send_again_changes_nothing(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        first = channel.send(shop_orders[0], now=NOON)
        assert channel.send(shop_orders[0], now=NOON).reference == first.reference
        assert self.received(channel) == [shop_orders[0].number]

    def test_look_up_finds_what_was_sent_and_nothing_else(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        sent, unsent = shop_orders
        if "repeats" in channel.capabilities:
            with pytest.raises(ChannelError, match="cannot be asked"):
                channel.look_up(sent)
            return
        assert channel.look_up(sent) is None
        receipt = channel.send(sent, now=NOON)
        found = channel.look_up(sent)
        assert found is not None
        assert found.reference == receipt.reference
        assert channel.look_up(unsent) is None

    def test_cancelling_twice_tells_it_once(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        if "cancel" not in channel.capabilities:
            pytest.skip(f"{channel.kind} cannot cancel.")
        channel.send(shop_orders[0], now=NOON)
        cancellation = taken_back_of(shop_orders[0])
        assert channel.cancel(cancellation, now=NOON) == channel.cancel(cancellation, now=NOON)
        assert self.taken_back(channel) == [shop_orders[0].number]

    def test_answers_are_read_once(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        if "acknowledgements" not in channel.capabilities:
            pytest.skip(f"{channel.kind} does not acknowledge.")
        for shop_order in shop_orders:
            channel.send(shop_order, now=NOON)
        assert list(channel.acknowledgements(NOON)) == []
        self.answers(channel, shop_orders[0])
        [said] = list(channel.acknowledgements(NOON))
        line = shop_orders[0].lines.get()
        assert (said.number, said.problem, bool(said.key)) == (shop_orders[0].number, "", True)
        assert [(one.line, one.answer, one.accepted, one.declined) for one in said.lines] == [
            (line.pk, Answer.ACCEPTED, line.quantity, 0)
        ]
        assert list(channel.acknowledgements(NOON, {said.key})) == []

    def test_says_what_it_cannot_do(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        assert channel.capabilities <= {"acknowledgements", "states", "cancel", "repeats"}
        if "cancel" not in channel.capabilities:
            with pytest.raises(ChannelError, match="cannot cancel") as caught:
                channel.cancel(taken_back_of(shop_orders[0]), now=NOON)
            assert caught.value.permanent
        if "acknowledgements" not in channel.capabilities:
            with pytest.raises(ChannelError, match="does not acknowledge") as caught:
                list(channel.acknowledgements(NOON))
            assert caught.value.permanent
        if "states" not in channel.capabilities:
            with pytest.raises(ChannelError, match="does not say how") as caught:
                list(channel.states(NOON))
            assert caught.value.permanent


def taken_back_of(shop_order: ShopOrder) -> Cancellation:
    """One unit of the order's first line, taken back by its reader."""
    line = shop_order.lines.select_related("shop_order__shop").first()
    assert line is not None
    return Cancellation.objects.create(line=line, shop=shop_order.shop, units=1, cancelled_at=NOON, due_at=NOON)


class RemoteChannelConformance(ChannelConformance):
    """For channels that end in another system than our own database: it may be down, its answer may be lost."""

    # Subclass implementation:
    def unreachable(self, channel: Channel) -> None:
        """Nothing gets to the other side from now on."""
        raise NotImplementedError

    def loses_answers(self, channel: Channel) -> None:
        """What is sent arrives, the answer to it is lost; the call after that (look-up or sending again) works."""
        raise NotImplementedError

    # Subclasses shouldn't need to override:
    def test_unreachable_is_worth_another_try(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        self.unreachable(channel)
        with pytest.raises(ChannelError) as caught:
            channel.send(shop_orders[0], now=NOON)
        assert (caught.value.permanent, caught.value.unknown_outcome) == (False, False)
        with pytest.raises(ChannelError):
            channel.look_up(shop_orders[0])
        assert self.received(channel) == []

    def test_lost_answer_is_an_unknown_outcome(self, channel: Channel, shop_orders: list[ShopOrder]) -> None:
        self.loses_answers(channel)
        with pytest.raises(ChannelError) as caught:
            channel.send(shop_orders[0], now=NOON)
        assert (caught.value.permanent, caught.value.unknown_outcome) == (False, True)
        if "repeats" in channel.capabilities:
            channel.send(shop_orders[0], now=NOON)
        else:
            assert channel.look_up(shop_orders[0]) is not None
        assert self.received(channel) == [shop_orders[0].number]
