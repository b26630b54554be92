"""What every shop system must do when its shop enters its connection again, as a test class to inherit: nothing is read
or sent by what was entered before it was called for the first time, and after that everything goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors import connecting
from catalog_sync.models import Feed, StockLane
from marketplace.foundation.models import MailMessage
from shops.models import Shop, ShopSystem, Transmission
from shops.orders import hearing, routing
from tests import factories
from tests.systems.behaviour import FIRST
from tests.systems.behaviour_chain import ConnectedBehaviour

HOUR = timedelta(hours=1)


@pytest.mark.django_db
class ConnectingBehaviour(ConnectedBehaviour):
    @pytest.mark.parametrize("falls_back", [True, False])
    @pytest.mark.parametrize("is_parked", [True, False])
    def test_order_that_waited_for_a_new_key_gets_into_the_system(self, falls_back, is_parked):
        """The place, the customer and the rest are not known before what was entered is called."""
        self.synced()
        if not falls_back:
            Shop.objects.update(fallback_minutes=None)
        order, now = self.ordered(**{FIRST.sku: 1}), timezone.now()
        row = self._due(order)
        if is_parked:
            Transmission.objects.filter(pk=row.pk).update(parked_at=now)
        self._paused()
        self._entered_again()
        assert routing.transmit_orders(timezone.now()) == 0
        assert hearing.hear_systems(timezone.now()) == 1
        assert routing.transmit_orders(timezone.now()) == 1
        row.refresh_from_db()
        assert (row.channel, len(self.system.orders(order.number))) == (self.system.kind, 1)

    def test_connection_that_is_entered_again_is_read_once_it_was_called(self):
        self.synced()
        self._read_later()
        self._entered_again()
        now = timezone.now()
        assert (sync.sync_feeds(now), len(self.between.calls)) == (0, 0)
        assert self._trouble() == (None, {})
        assert hearing.hear_systems(now) == 1
        assert self._read_by(now + timedelta(minutes=2)) == {Feed, StockLane}
        assert (self._trouble(), MailMessage.objects.filter(kind="shop_system").count()) == ((None, {}), 0)

    def test_connection_that_works_again_is_read_soon(self):
        self.synced()
        self._paused()
        self._read_later()
        ShopSystem.objects.update(due_at=timezone.now())
        now = timezone.now()
        assert hearing.hear_systems(now) == 1
        assert self._read_by(now + timedelta(minutes=2)) == {Feed, StockLane}
        # by its feed, too: then the other lane
        self._paused()
        self._read_later()
        now = timezone.now()
        Feed.objects.update(due_at=now)
        assert sync.sync_feeds(now + HOUR) == 1
        assert StockLane.objects.get().due_at <= now + HOUR

    # acts

    def _paused(self) -> None:
        now, trouble = timezone.now(), {"code": "system_key", "values": {}}
        ShopSystem.objects.update(paused_at=now, failing_since=now, trouble=trouble)

    def _entered_again(self) -> None:
        self.between.clear()
        entered = self.system.entered(self.between.address)
        connecting.connect(self.shop, entered, by=factories.user(), now=timezone.now())

    def _read_later(self) -> None:
        for model in (Feed, StockLane):
            model.objects.update(due_at=timezone.now() + 9 * HOUR)

    def _read_by(self, moment) -> set[type]:
        return {model for model in (Feed, StockLane) if model.objects.filter(due_at__lte=moment).exists()}

    def _trouble(self) -> tuple[object, object]:
        row = ShopSystem.objects.get(shop=self.shop)
        return row.paused_at, row.trouble
