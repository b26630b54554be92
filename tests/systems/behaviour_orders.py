"""What every shop system that takes orders must do with them, as a test class to inherit: issue 8, points 4, 5, the
orders' part of 6 and 9. Here the whole chain runs: connection, channel, routing, feed, stock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors import connecting, setting_up, trying
from catalog_sync.models import DryRun, Feed, StockLane, SyncRun
from marketplace.foundation.models import MailMessage
from shops.channels.base import Answer
from shops.models import Allocation, DeliveryOption, Shop, ShopOrder, ShopSystem, Supply, Transmission
from shops.orders import hearing, routing
from shops.systems import SYSTEMS, keeping
from shops.systems.access import Access
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import FIRST, LAST, SECOND, found
from tests.systems.behaviour_believing import BelievingBehaviour
from tests.systems.behaviour_changed import ChangedBehaviour
from tests.systems.behaviour_clock import ClockBehaviour
from tests.systems.behaviour_connecting import ConnectingBehaviour
from tests.systems.behaviour_taken_back import TakenBackBehaviour
from tests.systems.known import KNOWN
from tests.systems.under_test import HAS_PLACES, KEEPS_CONTEXT, LOOKS_UP, SHARES_NUMBERS, SHIPS

ABSENT = "NO-SUCH-ARTICLE"


@pytest.mark.django_db
class OrderingBehaviour(TakenBackBehaviour, ChangedBehaviour, ClockBehaviour, ConnectingBehaviour, BelievingBehaviour):
    # 4: once

    def test_order_is_there_under_our_number(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        receipt = self.send(order)
        (seen,) = self.system.orders(order.number)
        assert (seen.reference, seen.units) == (order.number, {FIRST.sku: 2, SECOND.sku: 1})
        assert (bool(receipt.reference), receipt.is_booked, seen.is_booked) == (True, True, True)

    def test_order_that_another_place_may_supply_keeps_its_promise_at_ours(self):
        self.needs(HAS_PLACES)
        entered = self.system.entered(self.between.address)
        client = SYSTEMS[self.system.kind].client_for(entered)
        alone = client.check().options["elsewhere"]
        self.system.open_place()
        assert (alone, client.check().options["elsewhere"]) == (False, True)
        order = self.ordered(**{FIRST.sku: 2})
        access = self.door.access
        apart = Access(access.kind, access.address, {**access.options, "elsewhere": True}, access.secrets)
        keeping.keep(self.shop.pk, found(apart), now=timezone.now())
        assert not self.send(order).is_booked
        assert not self.said(order.number).receipt.is_booked

    def test_place_that_is_opened_later_is_known_told_once_and_acted_on(self):
        self.needs(HAS_PLACES)
        before, after = self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})
        self._transmitted(before)
        self._heard()
        assert self._told_of_places() == 0
        self.system.open_place()
        for _again in range(2):
            self._heard()
        assert (self._told_of_places(), self._is_elsewhere()) == (1, True)
        self._transmitted(after)
        open_ones = Allocation.objects.filter(ended_at=None, reflected_at=None)
        assert [row.line.shop_order_id for row in open_ones.exclude(line=None)] == [after.pk]
        keeping.follow_places(self._connection(), now=timezone.now())  # asked alone: it is known already
        assert self._told_of_places() == 1

    def _connection(self) -> ShopSystem:
        return ShopSystem.objects.get(shop=self.shop)

    def _told_of_places(self) -> int:
        return MailMessage.objects.filter(kind="shop_system").count()

    def _is_elsewhere(self) -> bool:
        return bool(self._connection().options.get("elsewhere"))

    def test_order_that_is_sent_twice_is_there_once(self):
        order = self.ordered(**{FIRST.sku: 2})
        first = self.send(order)
        assert self.send(order).reference == first.reference
        assert len(self.system.orders(order.number)) == 1

    def test_look_up_finds_what_is_there_and_nothing_else(self):
        self.needs(LOOKS_UP)
        order, other = self.ordered(**{FIRST.sku: 1}), self.ordered(**{FIRST.sku: 1})
        assert self.channel().look_up(order) is None
        receipt = self.send(order)
        assert self.channel().look_up(order).reference == receipt.reference
        assert self.channel().look_up(other) is None

    def test_answer_lost_at_any_call_makes_no_second_order(self):
        """As a kill between the remote commit and ours: what was sent arrived, and we do not know."""
        self.needs(LOOKS_UP)
        calls = self._writing_calls()
        for nth in range(1, calls + 1):
            order = self.ordered(**{FIRST.sku: 1})
            self._lose_write(nth)
            error = self.fails(order)
            assert (error.permanent, error.unknown_outcome) == (False, True)
            self.between.clear()
            known = self.channel().look_up(order)
            receipt = self.send(order) if known is None else known
            (seen,) = self.system.orders(order.number)
            assert (seen.units, seen.is_booked, receipt.is_booked) == ({FIRST.sku: 1}, True, True)
            self.system.reset()

    # 5: more than there is, and what comes back

    def test_line_that_the_shop_has_not_is_refused_and_the_others_are_taken(self):
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 5, SECOND.sku: 1})
        receipt = self.send(order)
        told = {line.sku: (line.answer, line.units) for line in receipt.lines if line.answer != Answer.ACCEPTED}
        (seen,) = self.system.orders(order.number)
        assert told[FIRST.sku][0] in (Answer.DECLINED, Answer.BACK_ORDERED)
        assert told[FIRST.sku][1] > 0
        assert SECOND.sku not in told
        assert seen.units[SECOND.sku] == 1
        assert (FIRST.sku in seen.units) == (told[FIRST.sku][0] == Answer.BACK_ORDERED)

    def test_article_that_the_shop_does_not_know_is_refused(self):
        order = self.ordered(**{ABSENT: 1, SECOND.sku: 1})
        receipt = self.send(order)
        declined = [line for line in receipt.lines if line.answer == Answer.DECLINED]
        assert [(line.sku, line.units, bool(line.detail)) for line in declined] == [(ABSENT, 1, True)]
        assert [seen.units for seen in self.system.orders(order.number)] == [{SECOND.sku: 1}]

    def test_order_of_which_nothing_is_there_makes_none(self):
        order = self.ordered(**{ABSENT: 1})
        receipt = self.send(order)
        assert ([line.answer for line in receipt.lines], self.system.orders(order.number)) == ([Answer.DECLINED], [])

    def test_what_is_to_be_ordered_is_not_asked_for_on_the_shelf(self):
        """Of it the system has no copy, or not even the article: its shop orders it, and hears so by mail."""
        order = self.ordered(**{ABSENT: 1, FIRST.sku: FIRST.quantity + 1, SECOND.sku: 1})
        order.lines.exclude(sku=SECOND.sku).update(supply=Supply.ORDER)
        receipt = self.send(order)
        assert [line for line in receipt.lines if line.answer == Answer.DECLINED] == []
        known = self.send(order)  # as after an answer that was lost
        assert [line for line in known.lines if line.answer == Answer.DECLINED] == []
        beyond = {FIRST.sku} if self.channel().promises_beyond else set()
        assert [set(seen.units) for seen in self.system.orders(order.number)] == [{SECOND.sku} | beyond]
        assert MailMessage.objects.filter(kind="shop_order_new").count() == 1

    def test_article_of_another_list_of_the_shop_is_for_a_person(self):
        """Typed by hand, or from a wholesaler: that the system does not know it says nothing of the shelf."""
        Feed.objects.create(shop=self.shop, name="used", kind="typed", currency="CAD")
        order = self.ordered(**{ABSENT: 1, FIRST.sku: 1, SECOND.sku: SECOND.quantity + 1})
        receipt = self.send(order)
        short = (Answer.DECLINED, Answer.BACK_ORDERED)
        assert [line.sku for line in receipt.lines if line.answer in short] == [SECOND.sku]
        known = self.send(order)  # as after an answer that was lost
        assert [line.sku for line in known.lines if line.answer in short] == [SECOND.sku]
        (mail,) = MailMessage.objects.filter(kind="shop_order_new")
        assert ABSENT in mail.text
        order = self.ordered(**{ABSENT: 1, FIRST.sku: 1})
        self._transmitted(order)
        assert self._counts(order) == {ABSENT: (0, 0, 0), FIRST.sku: (1, 0, 0)}
        promised = Allocation.objects.filter(line__shop_order=order, reflected_at=None, ended_at=None)
        assert [row.line.sku for row in promised] == [ABSENT]

    def test_article_whose_number_another_one_has_is_for_a_person(self):
        """Of two of one number none is sold any more, and what was is not entered: it could be the other one."""
        self.needs(SHARES_NUMBERS)
        self.synced()
        order = self.ordered(**{FIRST.sku: 1, SECOND.sku: 1})
        self.system.renumber(LAST.sku, FIRST.sku)
        for _again in range(2):
            assert [run.state for run in self.synced()] == ["done", "done"]
            assert (self.sellable(FIRST.sku), self.sellable(SECOND.sku)) == (0, SECOND.quantity - 1)
        for _again in range(2):  # as after an answer that was lost, too
            receipt = self.send(order)
            assert receipt.unbooked == {FIRST.sku}
            assert [line.sku for line in receipt.lines if line.answer == Answer.DECLINED] == []
        assert [seen.units for seen in self.system.orders(order.number)] == [{SECOND.sku: 1}]
        assert MailMessage.objects.filter(kind="shop_order_new").count() == 1

    def test_acceptance_comes_back_by_line(self):
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self.send(order)
        said = self.said(order.number)
        assert {line.sku: (line.answer, line.units) for line in said.receipt.lines} == {
            FIRST.sku: (Answer.ACCEPTED, 2),
            SECOND.sku: (Answer.ACCEPTED, 1),
        }
        assert said.parcels == ()

    def test_what_the_system_says_becomes_what_the_shop_says(self):
        """By the chain: one line is refused and offered elsewhere, one accepted, shipped in two parcels."""
        self.needs(SHIPS)
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{ABSENT: 1, FIRST.sku: 2})
        self._transmitted(order)
        assert self._counts(order) == {ABSENT: (0, 1, 0), FIRST.sku: (2, 0, 0)}
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z999")
        self._heard()
        assert self._counts(order)[FIRST.sku] == (2, 0, 1)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z998")
        for _again in range(2):
            self._heard()
        assert self._counts(order)[FIRST.sku] == (2, 0, 2)
        assert [parcel.tracking for parcel in order.parcels.order_by("pk")] == ["1Z999", "1Z998"]
        order.refresh_from_db()
        assert order.status == ShopOrder.Status.HANDED_OVER

    def test_order_that_the_shop_cancels_in_its_system_is_declined_once(self):
        order = self.ordered(**{FIRST.sku: 2})
        self._transmitted(order)
        self.system.cancel(order.number)
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (0, 2, 0)}
        order.refresh_from_db()
        assert order.status == ShopOrder.Status.DECLINED

    # 6: faults while writing

    @pytest.mark.parametrize("fault", [faults.BUSY, faults.MAINTENANCE, faults.ERROR, faults.BROKEN, faults.CUT])
    def test_fault_of_a_write_passes_and_leaves_one_order(self, fault):
        self.needs(LOOKS_UP)
        order = self.ordered(**{FIRST.sku: 1})
        self._at_write(1, fault)
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (False, fault != faults.BUSY)
        assert error.later_seconds == (faults.RETRY_AFTER if fault == faults.BUSY else 0)
        self.between.clear()
        self.send(order)
        assert [seen.units for seen in self.system.orders(order.number)] == [{FIRST.sku: 1}]

    def test_unreachable_system_is_tried_again_and_has_nothing(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.between.plan = lambda call: faults.ERROR
        assert not self.fails(order).permanent
        assert self.system.orders(order.number) == []

    def test_withdrawn_key_is_for_a_person(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.system.revoke_key()
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome) == (True, False)

    # 7 and 9: the chain

    def test_shop_connects_by_what_it_enters_and_sells(self):
        """From the form on: tried at once, its stock tried, then read; its orders sent there."""
        self.feed.delete()
        Shop.objects.filter(pk=self.shop.pk).update(channel="email", stock_kind=Shop.StockKind.ON_HAND)
        owner, now = factories.user(), timezone.now()
        connecting.connect(self.shop, self.system.entered(self.between.address), by=owner, now=now)
        assert hearing.hear_systems(now) == 1
        connection = keeping.connection_of(self.shop.pk, self.system.kind)
        assert connection.options[keeping.FOUND]["takes_orders"]
        setup = connecting.begin_feed(connection, by=owner, now=now)
        setting_up.try_it(setup, by=owner, now=now)
        assert trying.try_lists(now) == 1
        tried = trying.run_of(DryRun.objects.get())
        assert (tried.state, tried.read, tried.new) == ("done", len(KNOWN), len(KNOWN))
        connecting.take_orders(connection, by=owner, now=now)
        assert setting_up.go(setup, by=owner, now=now)
        StockLane.objects.update(due_at=now)
        later = [now, now + timedelta(minutes=1)]  # a host is left in peace between two calls
        assert [sync.sync_feeds(moment) for moment in later] == [1, 1]
        assert {run.state for run in SyncRun.objects.all()} == {"done"}
        assert self.sellable(FIRST.sku) == FIRST.quantity

    def test_missing_context_changes_no_number_of_the_shop(self):
        self.needs(KEEPS_CONTEXT)
        assert [run.state for run in self.synced()] == ["done", "done"]
        before = self.sellable(FIRST.sku)
        for access in self.system.without_context(self.between.address):
            keeping.keep(self.shop.pk, found(access), now=timezone.now())
            runs = self.synced()
            assert [(run.state, run.notes[-1]["code"]) for run in runs] == [("failed", "system_context")] * 2
        assert (self.sellable(FIRST.sku), before) == (FIRST.quantity, FIRST.quantity)

    def test_connection_that_fails_pauses_says_so_and_wakes_by_itself(self):
        order, now = self.ordered(**{FIRST.sku: 1}), timezone.now()
        row = self._due(order)
        connection = keeping.connection_of(self.shop.pk, self.system.kind)
        ShopSystem.objects.filter(pk=connection.pk).update(due_at=now)
        Feed.objects.filter(pk=self.feed.pk).update(due_at=now)
        self.between.plan = lambda call: faults.ERROR
        assert (sync.sync_feeds(now), hearing.hear_systems(now)) == (1, 0)
        assert not MailMessage.objects.filter(kind="shop_system").exists()
        later = now + timedelta(hours=3)
        Transmission.objects.filter(pk=row.pk).update(parked_at=later)
        assert (sync.sync_feeds(later), hearing.hear_systems(later)) == (1, 0)
        connection.refresh_from_db()
        assert connection.paused_at == later
        self.between.clear()
        again = later + keeping.PAUSED_EVERY
        assert (sync.sync_feeds(again), hearing.hear_systems(again)) == (1, 1)
        connection.refresh_from_db()
        assert (connection.paused_at, connection.failing_since, connection.trouble) == (None, None, {})
        assert MailMessage.objects.filter(kind="shop_system").count() == 2
        assert routing.transmit_orders(again) == 1
