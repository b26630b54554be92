"""A shop that is connected to the system under test, and what happens to it: the whole chain of connection, channel,
routing, feed and stock, for `behaviour_orders.py` and `behaviour_stock.py`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import sync
from catalog_sync.models import Feed, StockLane, SyncRun
from catalog_sync.records import Lane
from shops.channels import ChannelError, channel_for
from shops.channels.base import Channel, OrderState, Receipt
from shops.models import DeliveryOption, Shop, ShopOrder, ShopSystem, Transmission
from shops.orders import hearing, routing
from shops.stock import sellable_now
from shops.systems import keeping
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import SECOND, SystemBehaviour, found


@pytest.mark.django_db
class ConnectedBehaviour(SystemBehaviour):
    @pytest.fixture(autouse=True)
    def _connected(self, _fresh: None) -> None:
        """A shop that is connected, whose feed has been read once."""
        self.shop = factories.shop(stock_kind=Shop.StockKind.AVAILABLE, channel=self.system.kind)
        keeping.keep(self.shop.pk, found(self.door.access), now=timezone.now())
        kind = {"kind": self.system.kind, "location": self.between.address, "mode": Feed.Mode.DELTA}
        self.feed = Feed.objects.create(shop=self.shop, name="theirs", currency="CAD", **kind)
        StockLane.objects.create(feed=self.feed, mode=Feed.Mode.DELTA)

    def synced(self, *lanes: str) -> list[SyncRun]:
        return [sync.run(self.feed, now=timezone.now(), lane=lane) for lane in lanes or (Lane.CATALOGUE, Lane.STOCK)]

    def record(self, sku: str) -> StockRecord:
        return StockRecord.objects.get(partner=self.shop.partner, partner_sku=sku)

    def sellable(self, sku: str) -> int:
        return sellable_now(self.record(sku), now=timezone.now())

    def ordered(self, delivery_option: DeliveryOption | None = None, **units: int) -> ShopOrder:
        """A shop order of so many of each article; the shop's records are read or made."""
        wanted = []
        for sku, count in units.items():
            there = StockRecord.objects.filter(partner=self.shop.partner, partner_sku=sku).first()
            wanted.append((there or factories.stock_record(self.shop, sku=sku, units=99), count))
        return factories.shop_order(self.shop, *wanted, delivery_option=delivery_option)

    def channel(self) -> Channel:
        self.shop.refresh_from_db()
        return channel_for(self.shop, self.system.kind)

    def send(self, shop_order: ShopOrder) -> Receipt:
        return self.channel().send(shop_order, now=timezone.now())

    def fails(self, shop_order: ShopOrder) -> ChannelError:  # type: ignore[override]
        with pytest.raises(ChannelError) as caught:
            self.send(shop_order)
        self.no_secret_in(str(caught.value))
        return caught.value

    def said(self, number: str) -> OrderState:
        heard = self.channel().states(timezone.now() - timedelta(minutes=1))
        return next(each for each in heard if each.number == number)

    def _due(self, order: ShopOrder) -> Transmission:
        now = timezone.now()
        return Transmission.objects.create(shop_order=order, shop=self.shop, channel=self.system.kind, due_at=now)

    def _transmitted(self, order: ShopOrder) -> None:
        self._due(order)
        assert routing.transmit_orders(timezone.now()) == 1

    def _heard(self) -> None:
        ShopSystem.objects.filter(shop=self.shop).update(due_at=timezone.now())
        assert hearing.hear_systems(timezone.now()) == 1

    def _counts(self, order: ShopOrder) -> dict[str, tuple[int, int, int]]:
        """{sku: (accepted, declined, handed over)}"""
        return {line.sku: (line.accepted, line.declined, line.handed_over) for line in order.lines.all()}

    def _writing_calls(self) -> int:
        """How many calls an order takes that change something; the system is as before then."""
        self.between.clear()
        self.send(self.ordered(**{SECOND.sku: 1}))
        writes = sum(call.writes for call in self.between.calls)
        self.between.clear()
        self.system.reset()
        return writes

    def _lose_write(self, nth: int) -> None:
        self._at_write(nth, faults.LOST)

    def _at_write(self, nth: int, fault: str) -> None:
        """The nth call that changes something fails, and all after it."""
        between = self.between

        def plan(call: faults.Call) -> str:
            writes = sum(each.writes for each in between.calls)
            return fault if call.writes and writes == nth else faults.ERROR if writes > nth else ""

        between.clear()
        between.plan = plan
