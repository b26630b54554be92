"""What every shop system must do with an order that its shop changes there, as a test class to inherit: what it takes
out, what it gives up when a part was sent, and what somebody was quicker to buy. Never silence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.utils import timezone

from catalog_sync.records import Lane
from shops import invariants
from shops.channels import ChannelError
from shops.channels.base import Answer
from shops.models import DeliveryOption, ShopOrder, StockIncident
from shops.orders import fulfilment, sayings
from tests import factories
from tests.systems.behaviour import FIRST, SECOND
from tests.systems.behaviour_chain import ConnectedBehaviour
from tests.systems.under_test import CANCELS_REST, EDITS, SHIPS


@pytest.mark.django_db
class ChangedBehaviour(ConnectedBehaviour):
    def test_what_the_shop_takes_out_of_an_order_is_declined_or_for_a_person(self):
        """Three become one, and another line goes. Once a person has said so as well, it is over."""
        self.needs(EDITS)
        self.synced()
        order = self.ordered(**{FIRST.sku: 3, SECOND.sku: 1})
        self._transmitted(order)
        self._heard()
        assert self._lost(order) == {}
        self.system.edit(order.number, FIRST.sku, 1)
        for _again in range(2):
            self._heard()
        assert self._lost(order) == {FIRST.sku: 2}
        self.system.edit(order.number, SECOND.sku, 0)
        for _again in range(2):
            self._heard()
        assert self._lost(order) == {FIRST.sku: 2, SECOND.sku: 1}
        for sku, units in self._said_to(order).items():
            line = order.lines.select_related("shop_order__shop").get(sku=sku)
            fulfilment.decline(line, units, by="staff", reason="other", now=timezone.now())
        self._heard()
        assert (self._counts(order), self._said_to(order)) == ({FIRST.sku: (1, 2, 0), SECOND.sku: (0, 1, 0)}, {})
        self.synced(Lane.STOCK)
        assert (self.sellable(FIRST.sku), self.sellable(SECOND.sku)) == (FIRST.quantity - 1, SECOND.quantity)

    def test_what_the_shop_takes_out_is_on_sale_to_nobody_until_a_person_answers(self):
        """Its number has the copies again at once. Where it declines them by that, they are answered."""
        self.needs(EDITS)
        self.synced()
        has, order = FIRST.quantity, self.ordered(**{FIRST.sku: 3, SECOND.sku: 1})
        self._transmitted(order)
        self.synced(Lane.STOCK)
        assert self.sellable(FIRST.sku) == has - 3
        self.system.edit(order.number, FIRST.sku, 1)
        self._heard()
        kept = self._said_to(order).get(FIRST.sku, 0)
        assert self.sellable(FIRST.sku) <= has - 1 - kept
        for _again in range(2):
            self.synced(Lane.STOCK)
            assert self.sellable(FIRST.sku) == has - 1 - kept
            self._heard()
        assert (invariants.counters_that_differ(), StockIncident.objects.count()) == ([], 0)
        line = order.lines.select_related("shop_order__shop").get(sku=FIRST.sku)
        if kept:
            fulfilment.decline(line, kept, by="staff", reason="other", now=timezone.now())
        assert self.sellable(FIRST.sku) == has - 1
        self._heard()
        self.synced(Lane.STOCK)
        assert self.sellable(FIRST.sku) == has - 1

    def test_rest_that_the_shop_gives_up_after_a_part_was_sent_is_declined_by_line(self):
        self.needs(SHIPS)
        self.needs(CANCELS_REST)
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 3, SECOND.sku: 1})
        self._transmitted(order)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z999")
        self._heard()
        assert self._counts(order) == {FIRST.sku: (3, 0, 1), SECOND.sku: (1, 0, 0)}
        self.system.cancel_rest(order.number)
        for _again in range(2):
            self._heard()
        assert self._counts(order) == {FIRST.sku: (1, 2, 1), SECOND.sku: (0, 1, 0)}
        order.refresh_from_db()
        assert order.status == ShopOrder.Status.HANDED_OVER

    def test_what_somebody_quicker_took_is_not_accepted(self):
        """Between the question what is there and the order. What refuses it is asked again."""
        order, quicker = self.ordered(**{FIRST.sku: 2}), [FIRST.quantity - 1]
        self.between.before = lambda call: call.writes and quicker and self.system.sell(FIRST.sku, quicker.pop())
        receipt = None
        for _again in range(3):
            with suppress(ChannelError):
                receipt = receipt or self.send(order)
        assert receipt
        told = {line.answer: line.units for line in receipt.lines}
        assert (quicker, sum(told.values())) == ([], 2)
        assert told.get(Answer.ACCEPTED, 0) < 2
        assert set(told) <= {Answer.ACCEPTED, Answer.BACK_ORDERED, Answer.DECLINED}

    def _said_to(self, order: ShopOrder) -> dict[str, int]:
        """What a person has to look at, since it is not in its order any more."""
        order.refresh_from_db()
        found = ((line.sku, sayings.to_answer(line, order)) for line in order.lines.all())
        each = ((sku, row) for sku, said in found if said for row in said.sayings if row.answer == Answer.TAKEN_OUT)
        return {sku: row.units for sku, row in each}

    def _lost(self, order: ShopOrder) -> dict[str, int]:
        """What is declined or for a person, by article."""
        declined = {sku: counts[1] for sku, counts in self._counts(order).items() if counts[1]}
        return declined | self._said_to(order)
