"""What every shop system must do where it does not take an order: its shop gets it by mail after a while, and nothing
is taken for booked there that is not. By the whole chain, with the stock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.records import Lane
from marketplace.foundation.models import MailMessage
from shops.models import Allocation, Shop, ShopOrder, ShopSystem, Transmission
from shops.orders import fulfilment, hearing, routing
from shops.systems import keeping
from tests.systems import faults
from tests.systems.behaviour import FIRST, SECOND
from tests.systems.behaviour_stock import StockBehaviour
from tests.systems.under_test import LOOKS_UP

HOUR = timedelta(hours=1)


@pytest.mark.django_db
class FallbackBehaviour(StockBehaviour):
    def test_order_that_the_system_does_not_take_comes_by_mail_and_holds_no_other(self):
        self.synced()
        Shop.objects.filter(pk=self.shop.pk).update(reserves_on_accept=True)
        first, second = self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})
        for order in (first, second):
            self._due(order)
        self.between.plan = lambda call: faults.ERROR
        assert (self._stepped(first), self._letters()) == (0, [])
        assert self._stepped(first, HOUR) == 1
        assert self._stepped(second, HOUR) == 1
        assert self._letters() == [first.number, second.number]
        row = Transmission.objects.get(shop_order=first)
        assert (row.channel, row.fell_back_from, row.outcome) == ("email", self.system.kind, "sent")
        self.between.clear()
        fulfilment.accept_all(first, by="staff", now=timezone.now())
        self._woken()
        assert [self._stepped(order, 2 * HOUR) for order in (first, second)] == [0, 0]
        assert [self.system.orders(order.number) for order in (first, second)] == [[], []]
        # Staff accepted it; the system's number has it on the shelf still, and so has ours: promised, and not absorbed.
        self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (FIRST.quantity - 1, 1)
        assert self._unreflected(first) == 1

    def test_what_the_system_may_have_is_said_and_found_there_later(self):
        """All of it arrived, its answer was lost, and it cannot be asked before its time is over."""
        self.needs(LOOKS_UP)
        order = self._written_without_an_answer()
        self.between.plan = lambda call: faults.ERROR
        assert self._stepped(order, HOUR) == 1
        (mail,) = MailMessage.objects.filter(kind="shop_order_new")
        row = Transmission.objects.get()
        assert (row.perhaps_there, mail.text.count(order.number)) == (True, 2)  # where to look for it, and its page
        assert self._unreflected(order) == 1
        self.between.clear()
        self._heard()
        assert (self._unreflected(order), len(self.system.orders(order.number))) == (1, 1)
        self._from_now_on()
        self._all_read()
        assert self.stands(FIRST.sku) == (FIRST.quantity - 2, 1)  # one too few is for sale
        # Who has it by mail takes it out there: that declines nothing, and a person says what is. It is sold to nobody.
        self.system.cancel(order.number)
        self._heard()
        assert self._counts(order)[FIRST.sku][1] == 0
        assert [row["answer"] for row in order.lines.get().system_said["rows"]] == ["taken_out"]
        self._from_now_on()
        self._all_read()
        sellable, promised = self.stands(FIRST.sku)
        assert promised == 1
        assert sellable <= FIRST.quantity - 1  # not every system puts back what is cancelled

    def test_what_can_be_looked_up_as_its_time_is_over_is_not_mailed(self):
        self.needs(LOOKS_UP)
        order = self._written_without_an_answer()
        self.between.clear()
        assert self._stepped(order, HOUR) == 1
        row = Transmission.objects.get()
        assert (row.channel, row.fell_back_at, self._letters()) == (self.system.kind, None, [])
        assert (len(self.system.orders(order.number)), self._unreflected(order)) == (1, 0)

    def test_shop_that_wants_no_other_channel_has_a_person_look(self):
        Shop.objects.filter(pk=self.shop.pk).update(fallback_minutes=None)
        order = self.ordered(**{FIRST.sku: 1})
        self._due(order)
        self.between.plan = lambda call: faults.ERROR
        assert (self._stepped(order), self._stepped(order, 2 * HOUR), self._letters()) == (0, 0, [])
        assert self._stepped(order, timedelta(hours=49)) == 0
        assert Transmission.objects.get().parked_at is not None

    # helpers

    def _written_without_an_answer(self) -> ShopOrder:
        last = self._writing_calls()
        self.synced()
        order = self.ordered(**{FIRST.sku: 1})
        self._due(order)
        self._lose_write(last)
        assert self._stepped(order) == 0
        return order

    def _stepped(self, order: ShopOrder, later: timedelta = timedelta(0)) -> int:
        now = timezone.now() + later
        Transmission.objects.filter(shop_order=order, due_at__isnull=False).update(due_at=now)
        return routing.transmit_orders(now)

    def _woken(self) -> None:
        """The system answers again: what waited for a person because of it goes on."""
        connection = keeping.connection_of(self.shop.pk, self.system.kind)
        ShopSystem.objects.filter(pk=connection.pk).update(paused_at=timezone.now(), due_at=timezone.now())
        assert hearing.hear_systems(timezone.now()) == 1

    def _letters(self) -> list[str]:
        sent = MailMessage.objects.filter(kind="shop_order_new").order_by("pk")
        return [key.partition(":")[2] for key in sent.values_list("dedupe_key", flat=True)]

    def _unreflected(self, order: ShopOrder) -> int:
        return Allocation.objects.filter(line__shop_order=order, reflected_at=None, ended_at=None).count()
