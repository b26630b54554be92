"""What every shop system must do with our stock, as a test class to inherit: the scenarios of DESIGN §5, which
`tests/shops/test_stock_scenarios.py` plays on the rule itself, played through the system's own acts. N is what it has
before, and each number expected is the scenario's.

Not played: 4 (no system that we call stamps when it booked an order), 12 (none gives numbers of a bare date), "again"
of 2 (one reading of a shop at a time, and none is applied twice) and the other shop of 15 (it is no system's)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from catalog_sync import planning, undoing
from catalog_sync.models import StockLane, SyncRun
from catalog_sync.records import Lane
from shops import invariants, withholding
from shops.channels import channel_class
from shops.models import Allocation, DeliveryOption, Shop, ShopOrder, ShopOrderLine, StockIncident, Transmission
from shops.orders import fulfilment, routing
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import FIRST, SECOND, THIRD
from tests.systems.behaviour_chain import ConnectedBehaviour
from tests.systems.under_test import COUNTS_ON_HAND, KNOWS_STOCK_CHANGES, LOOKS_UP, SHIPS

Reason = ShopOrderLine.Reason


@pytest.mark.django_db
class StockBehaviour(ConnectedBehaviour):
    # orders in flight during a sync

    def test_copy_that_is_sold_through_us_is_neither_sold_twice_nor_lost(self):
        """A read before the order, one with the order in flight, one after it, and the shop's own sale."""
        self.synced()
        order = self.ordered(**{FIRST.sku: 2})
        assert self.sellable(FIRST.sku) == FIRST.quantity - 2
        self.synced(Lane.STOCK)  # it has not heard of it yet
        assert self.sellable(FIRST.sku) == FIRST.quantity - 2
        self._transmitted(order)
        assert self.sellable(FIRST.sku) == FIRST.quantity - 2
        self.synced(Lane.STOCK)
        assert self.sellable(FIRST.sku) == FIRST.quantity - 2
        assert self.record(FIRST.sku).num_in_stock == FIRST.quantity - 2
        assert not Allocation.objects.filter(ended_at=None, stock_record=self.record(FIRST.sku)).exists()
        self.system.sell(FIRST.sku, 1)
        self.synced(Lane.STOCK)
        assert self.sellable(FIRST.sku) == FIRST.quantity - 3

    def test_scenarios_2_and_7_number_that_was_read_before_arrives_after(self, monkeypatch):
        """Read, then something happens, then what was read is applied."""
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        self._while_reading(monkeypatch, lambda: self._transmitted(order))
        assert self.stands(FIRST.sku) == (has - 1, 1)
        self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (has - 1, 0)
        has, order = SECOND.quantity, self.ordered(**{SECOND.sku: 1})
        self._transmitted(order)
        assert self.stands(SECOND.sku) == (has - 1, 1)
        self._while_reading(monkeypatch, lambda: self._given_up(order))
        assert self.stands(SECOND.sku) == (has - 1, 0)
        self._counted(SECOND.sku, has)
        assert self.stands(SECOND.sku) == (has, 0)

    def test_scenario_3_number_is_read_before_it_is_recorded_that_the_shop_has_the_order(self, monkeypatch):
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        channel = channel_class(self.system.kind)
        send, seen = channel.send, []

        def slow(channel, shop_order: ShopOrder, *, now: datetime):
            receipt = send(channel, shop_order, now=now)
            self.synced(Lane.STOCK)
            seen.append(self.stands(FIRST.sku))
            return receipt

        monkeypatch.setattr(channel, "send", slow)
        self._transmitted(order)
        assert [*seen, self.stands(FIRST.sku)] == [(has - 2, 1)] * 2  # one too few for a while, never one too many
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)

    def test_scenarios_3_and_13_answer_that_is_lost_is_not_believed_twice(self):
        """The shop commits, we read its number, and only then we find that it has the order."""
        self.needs(LOOKS_UP)
        last = self._writing_calls()
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        self._due(order)
        self._lose_write(last)  # all of it is there
        assert routing.transmit_orders(timezone.now()) == 0
        assert self.stands(FIRST.sku) == (has - 1, 1)
        self.between.clear()
        self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (has - 2, 1)
        assert (self._tried(order), len(self.system.orders(order.number))) == (1, 1)
        assert self.stands(FIRST.sku) == (has - 2, 1)
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)

    def test_scenario_13_unknown_outcome_that_was_none_ends_nothing_until_it_is_known(self):
        self.needs(LOOKS_UP)
        Shop.objects.filter(pk=self.shop.pk).update(fallback_minutes=None)
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        self._due(order)
        for fault, told in ((faults.BROKEN, "unknown"), (faults.BUSY, "waiting")):
            self._at_write(1, fault)
            assert self._tried(order) == 0
            self.between.clear()
            assert (Transmission.objects.get().outcome, self.stands(FIRST.sku)) == (told, (has - 1, 1))
        assert self.system.orders(order.number) == []
        fulfilment.cancel(self._line(order), 1, by="reader", now=timezone.now())
        assert self.stands(FIRST.sku) == (has, 0)

    def test_scenario_5_silence_absorbs_nothing(self, monkeypatch):
        """Nor does a row that a reading of changes lists as it stood: only its being read whole makes it younger."""
        self.needs(KNOWS_STOCK_CHANGES)
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        channel = channel_class(self.system.kind)
        send = channel.send
        monkeypatch.setattr(channel, "send", lambda *order, now: (send(*order, now=now), self.synced(Lane.STOCK))[0])
        self._transmitted(order)
        for _again in range(2):
            assert self.stands(FIRST.sku) == (has - 2, 1)
            self._from_now_on()
            (run,) = self.synced(Lane.STOCK)
            assert (run.state, run.complete) == ("done", False)
        assert self.stands(FIRST.sku) == (has - 2, 1)
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)

    def test_scenario_11_and_14_two_orders_in_flight_and_a_till_that_was_faster(self):
        self.system.set_stock(SECOND.sku, 2)
        self.synced()
        has, (a, b) = FIRST.quantity, [self.ordered(**{FIRST.sku: 1}) for _each in range(2)]
        for order, open_units in ((a, 1), (b, 0)):
            self._transmitted(order)
            assert self.stands(FIRST.sku) == (has - 2, open_units + 1)
            self.synced(Lane.STOCK)
            assert self.stands(FIRST.sku) == (has - 2, open_units)
        a, b = [self.ordered(**{SECOND.sku: 1}) for _each in range(2)]
        assert self.stands(SECOND.sku) == (0, 2)
        self.system.sell(SECOND.sku, 1)
        self.synced(Lane.STOCK)
        assert (self.stands(SECOND.sku), self._incidents()) == ((0, 2), 1)
        self._transmitted(a)
        self._transmitted(b)
        assert (self.sellable(SECOND.sku), self._counts(a), self._line(b).accepted) == (0, {SECOND.sku: (1, 0, 0)}, 0)
        self.synced(Lane.STOCK)
        assert (self.stands(SECOND.sku), self._incidents()) == ((0, 0), 0)

    # what the shop cannot hand over

    def test_scenario_6_and_10_what_it_gives_up_after_its_number_contains_it_comes_back_with_its_number(self):
        self.synced()
        has, order, part = FIRST.quantity, self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 2})
        self._transmitted(order)
        self._transmitted(part)
        fulfilment.decline(self._line(part), 1, by="staff", reason=Reason.OTHER, now=timezone.now())
        assert self.stands(SECOND.sku) == (SECOND.quantity - 1, 1)
        self._back_on_the_shelf(SECOND.sku, SECOND.quantity, promised=2)
        self.synced(Lane.STOCK)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((has - 1, 0), (SECOND.quantity - 1, 0))
        self._given_up(order)
        assert self.stands(FIRST.sku) == (has - 1, 0)
        self._counted(FIRST.sku, has)
        assert self.stands(FIRST.sku) == (has, 0)

    def test_scenarios_8_and_9_copy_that_is_not_found_is_sold_to_nobody_else(self):
        self.synced()
        before, after = self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})
        has = FIRST.quantity
        self._not_found(before)
        assert self.stands(FIRST.sku) == (has - 1, 1)
        self._transmitted(after)
        self.synced(Lane.STOCK)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((has - 1, 1), (SECOND.quantity - 1, 0))
        self._not_found(after)
        assert self.stands(SECOND.sku) == (SECOND.quantity - 2, 1)
        self.system.cancel(after.number)
        self._counted(SECOND.sku, SECOND.quantity)  # its till has it still
        assert self.stands(SECOND.sku) == (SECOND.quantity - 1, 1)
        for sku in (FIRST.sku, SECOND.sku):
            withholding.till_is_right(self.record(sku), now=timezone.now(), by="staff")
            assert self.stands(sku)[1] == 1
        self.system.set_stock(SECOND.sku, SECOND.quantity - 1)
        self._counted(FIRST.sku, has - 1)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((has - 1, 0), (SECOND.quantity - 1, 0))
        self._counted(FIRST.sku, has)
        assert self.stands(FIRST.sku) == (has, 0)

    def test_scenario_15_and_17_what_is_declined_undone_and_kept_for_the_counter(self):
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        fulfilment.decline(self._line(order), 1, by="staff", reason=Reason.OTHER, now=timezone.now())
        assert self.stands(FIRST.sku) == (has, 0)
        self._transmitted(self.ordered(**{FIRST.sku: 1}))
        (run,) = self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (has - 1, 0)
        undoing.undo(run, by=factories.user(), now=timezone.now())
        assert self.stands(FIRST.sku) == (0, 0)
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)
        self._counted(THIRD.sku, 3)
        self._keep(1)
        assert self.sellable(THIRD.sku) == 2
        order = self.ordered(**{THIRD.sku: 2})
        assert self.stands(THIRD.sku) == (0, 2)
        self._keep(2)
        self._transmitted(order)
        assert self.stands(THIRD.sku) == (0, 2)
        self.synced(Lane.STOCK)
        assert self.stands(THIRD.sku) == (0, 0)
        self._back_on_the_shelf(THIRD.sku, 3, promised=2, units=3)
        self.synced(Lane.STOCK)
        assert self.stands(THIRD.sku) == (2, 0)

    # the number on hand: from when the copies have left

    def test_scenario_1_number_on_hand_contains_what_the_system_says_has_left(self):
        self.needs(COUNTS_ON_HAND)
        self.needs(SHIPS)
        self._counts_on_hand()
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        has, order = FIRST.quantity, self.ordered(delivery_option=post, **{FIRST.sku: 1})
        self._transmitted(order)
        self.synced(Lane.STOCK)
        assert (self.stands(FIRST.sku), self.record(FIRST.sku).num_in_stock) == ((has - 1, 1), has)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z999")
        self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (has - 2, 1)  # it has not said so yet
        self._heard()
        assert self.stands(FIRST.sku) == (has - 2, 1)
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)

    def test_scenario_16_what_is_handed_over_at_the_counter_is_rung_up_within_a_day(self):
        self.needs(COUNTS_ON_HAND)
        self.needs(SHIPS)
        self._counts_on_hand()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        order.refresh_from_db()
        fulfilment.pack(order, by="staff", now=timezone.now())
        order.refresh_from_db()
        fulfilment.hand_over(order, by="staff", now=timezone.now(), code=order.pickup_code)
        self.synced(Lane.STOCK)
        assert (self.stands(FIRST.sku), self.record(FIRST.sku).num_in_stock) == ((has - 1, 1), has)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z998")
        Allocation.objects.update(reflected_at=F("reflected_at") - timedelta(hours=25))  # so long ago by now
        self._all_read()
        assert self.stands(FIRST.sku) == (has - 1, 0)

    # acts, and what is believed after them

    def stands(self, sku: str) -> tuple[int, int]:
        """What may be sold, and what is promised beyond what the number contains."""
        assert invariants.counters_that_differ() == []
        return self.sellable(sku), self.record(sku).num_allocated or 0

    def _line(self, order: ShopOrder) -> ShopOrderLine:
        return ShopOrderLine.objects.select_related("shop_order__shop").get(shop_order=order)

    def _incidents(self) -> int:
        return StockIncident.objects.filter(closed_at=None).count()

    def _while_reading(self, monkeypatch, act: Callable[[], None]) -> None:
        """The numbers are read, then it happens, then they are applied."""
        plan = planning.plan
        with monkeypatch.context() as patched:
            patched.setattr(planning, "plan", lambda *read, **how: (act(), plan(*read, **how))[1])
            assert [run.state for run in self.synced(Lane.STOCK)] == ["done"]

    def _all_read(self) -> SyncRun:
        StockLane.objects.update(full_at=None)
        (run,) = self.synced(Lane.STOCK)
        assert (run.state, run.complete) == ("done", True)
        return run

    def _from_now_on(self) -> None:
        """Have the stock lane ask for what changes from now on, and nothing again of the minutes before."""
        lane = StockLane.objects.get()
        moments, space, reached = lane.cursor.partition(" ")
        later = [datetime.fromisoformat(moment) + timedelta(minutes=10) for moment in moments.split("/")]
        lane.cursor = "/".join(f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in later) + space + reached
        lane.save(update_fields=["cursor"])

    def _tried(self, order: ShopOrder) -> int:
        Transmission.objects.filter(shop_order=order).update(due_at=timezone.now())
        return routing.transmit_orders(timezone.now())

    def _given_up(self, order: ShopOrder) -> None:
        self.system.cancel(order.number)
        self._heard()
        assert self._line(order).left_units == 0

    def _not_found(self, order: ShopOrder) -> None:
        fulfilment.decline(self._line(order), 1, by="staff", reason=Reason.NOT_FOUND, now=timezone.now())

    def _counted(self, sku: str, units: int) -> None:
        """Of what nobody is promised."""
        self.system.set_stock(sku, units)
        self.synced(Lane.STOCK)

    def _back_on_the_shelf(self, sku: str, had: int, *, promised: int, units: int = 1) -> None:
        """So many more than before, of which as many are promised there: who counts the shelf counts those too, where
        the system tells them apart."""
        on_hand = COUNTS_ON_HAND in self.system.can
        self.system.set_stock(sku, had + units - (0 if on_hand else promised))

    def _keep(self, units: int) -> None:
        Shop.objects.filter(pk=self.shop.pk).update(buffer=units)

    def _counts_on_hand(self) -> None:
        Shop.objects.filter(pk=self.shop.pk).update(stock_kind=Shop.StockKind.ON_HAND)
        self.shop.refresh_from_db()
        self.feed.refresh_from_db()
        self.synced()
