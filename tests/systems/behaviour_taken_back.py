"""What every shop system must do with what a reader takes back, as a test class to inherit: by the whole chain, with
the stock. A system that lets an order be cancelled has it cancelled; of the others the shop gets a mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import Feed
from catalog_sync.records import Lane
from marketplace.foundation import money
from marketplace.foundation.models import MailMessage
from shops.channels.base import Answer
from shops.models import Cancellation, DeliveryOption, Incident, ShopOrder, Side
from shops.orders import cancelling, fulfilment
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import FIRST, SECOND
from tests.systems.behaviour_trying import TryingBehaviour
from tests.systems.under_test import LOOKS_UP, SHIPS


@pytest.mark.django_db
class TakenBackBehaviour(TryingBehaviour):
    def test_what_a_reader_takes_back_in_part_is_told_once(self):
        order = self.ordered(**{FIRST.sku: 2})
        self._transmitted(order)
        fulfilment.cancel(self._line(order), 1, by="reader", now=timezone.now())
        taken = Cancellation.objects.get()
        told = [self.channel().cancel(taken, now=timezone.now()) for _again in range(2)]
        assert told == [False, False]
        assert self._mails() == 1
        assert self._is_there(order)

    def test_order_that_is_taken_back_whole_is_cancelled_there_once(self):
        """Its number has contained it already, of one article, and does not yet of the other one."""
        self._needs_cancelling()
        self.synced()
        before, order = self.ordered(**{FIRST.sku: 1}), self.ordered(**{SECOND.sku: 1})
        self._transmitted(before)
        self.synced(Lane.STOCK)
        self._transmitted(order)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == (
            (FIRST.quantity - 1, 0),
            (SECOND.quantity - 1, 1),
        )
        for each in (before, order):
            self._taken_back(each)
            assert self._told() == 1
            assert not self._is_there(each)
        # What its number has lost comes with its next number, what it has not is free at once.
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((FIRST.quantity - 1, 0), (SECOND.quantity, 0))
        self.synced(Lane.STOCK)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((FIRST.quantity, 0), (SECOND.quantity, 0))
        self._heard()  # that it is cancelled there is nobody's refusal
        line = self._line(order)
        assert (line.cancelled, line.missing_units, self._mails()) == (1, 0, 0)
        assert not Cancellation.objects.filter(put_back_at=None).exists()

    def test_order_of_several_lines_is_cancelled_with_all_of_them(self):
        self._needs_cancelling()
        self.synced()
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self._transmitted(order)
        self._taken_back(order)
        assert [self._told(), self._told()] == [1, 1]
        assert (self._is_there(order), self._mails()) == (False, 0)
        assert (self.stands(FIRST.sku), self.stands(SECOND.sku)) == ((FIRST.quantity, 0), (SECOND.quantity, 0))

    def test_article_that_the_system_does_not_have_is_told_by_mail_beside(self):
        self._needs_cancelling()
        Feed.objects.create(shop=self.shop, name="used", kind="typed", currency="CAD")
        order = self.ordered(**{"NO-SUCH-ARTICLE": 1, FIRST.sku: 1})
        self._transmitted(order)
        self._taken_back(order)
        assert [self._told(), self._told()] == [1, 1]
        assert (self._is_there(order), self._mails()) == (False, 1)
        assert [row.line.sku for row in Cancellation.objects.filter(put_back_at=None)] == ["NO-SUCH-ARTICLE"]

    def test_answer_that_is_lost_as_it_is_cancelled_leaves_one_outcome(self):
        """As a kill between the remote commit and ours; and a call that never arrived."""
        self._needs_cancelling()
        self.synced()
        for fault in (faults.LOST, faults.BROKEN, faults.BUSY):
            order = self.ordered(**{FIRST.sku: 1})
            self._transmitted(order)
            self._taken_back(order)
            self._at_write(1, fault)
            assert (self._told(), self._mails()) == (0, 0)
            self.between.clear()
            assert (self._told(), self._mails(), self._is_there(order)) == (1, 0, False)
            self.synced(Lane.STOCK)
            assert self.stands(FIRST.sku) == (FIRST.quantity, 0)

    def test_order_of_which_a_parcel_has_left_is_for_a_person(self):
        """The shop sent it meanwhile, and we have not heard of it."""
        self._needs_cancelling()
        self.needs(SHIPS)
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 2})
        self._transmitted(order)
        self.system.ship(order.number, {FIRST.sku: 1}, "1Z999")
        self._taken_back(order)
        assert (self._told(), self._mails()) == (1, 1)
        assert self._is_there(order)
        assert Cancellation.objects.get().put_back_at is None

    def test_parcel_that_leaves_all_the_same_is_an_incident_once(self):
        """Two of three are taken back, of which the shop is told; it sends all of them."""
        self.needs(SHIPS)
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **{FIRST.sku: 3})
        self._transmitted(order)
        self._heard()
        fulfilment.cancel(self._line(order), 2, by="reader", now=timezone.now())
        self.system.ship(order.number, {FIRST.sku: 3}, "1Z999")
        for _again in range(2):
            self._heard()
        line, incident = self._line(order), Incident.objects.get()
        assert (line.handed_over, line.cancelled, incident.opened_by) == (1, 2, Side.NETWORK)
        (message,) = incident.thread.messages.all()
        owed = money.display(2 * line.unit_price_minor, order.currency, self.shop.language)
        assert (line.title in message.text, owed in message.text) == (True, True)

    def test_what_the_shop_declined_in_it_is_for_a_person(self):
        """Whether that is on its shelf the system does not know."""
        self._needs_cancelling()
        order = self.ordered(**{FIRST.sku: 1, SECOND.sku: 1})
        self._transmitted(order)
        line = order.lines.select_related("shop_order__shop").get(sku=FIRST.sku)
        fulfilment.decline(line, 1, by="staff", reason="not_found", left=0, now=timezone.now())
        self._taken_back(order)
        assert (self._told(), self._mails(), self._is_there(order)) == (1, 1, True)

    def test_rest_of_what_was_taken_back_before_is_for_a_person(self):
        """Who was told of the first may have put it back in the system: cancelled there it would come back twice."""
        order = self.ordered(**{FIRST.sku: 2, SECOND.sku: 1})
        self._transmitted(order)
        line = order.lines.select_related("shop_order__shop").get(sku=FIRST.sku)
        fulfilment.cancel(line, 1, by="reader", now=timezone.now())
        assert (self._told(), self._mails()) == (1, 1)
        self._taken_back(order)
        assert [self._told(), self._told()] == [1, 1]
        assert (self._mails(), self._is_there(order)) == (3, True)
        assert Cancellation.objects.filter(put_back_at=None).count() == 3

    def test_system_that_lets_us_in_no_more_or_stays_away_leaves_it_to_a_person(self):
        self._needs_cancelling()
        orders = [self.ordered(**{FIRST.sku: 1}) for _each in range(2)]
        for order in orders:
            self._transmitted(order)
            self._taken_back(order)
        self.between.plan = lambda call: faults.ERROR
        assert (self._told(), self._mails()) == (0, 0)
        Cancellation.objects.update(cancelled_at=timezone.now() - timedelta(minutes=30))
        assert (self._told(), self._mails()) == (1, 1)
        self.between.clear()
        Cancellation.objects.update(cancelled_at=timezone.now())
        self.system.revoke_key()
        assert (self._told(), self._mails()) == (1, 2)

    def test_order_that_came_by_mail_is_cancelled_in_the_system_too_where_it_is_there(self):
        """Its answer was lost. Whether its copies are on the shelf a person says, who has it by mail."""
        self._needs_cancelling()
        self.needs(LOOKS_UP)
        last = self._writing_calls()
        order = self.ordered(**{FIRST.sku: 1})
        self._due(order)
        self._lose_write(last)
        assert self._stepped(order) == 0
        self.between.plan = lambda call: faults.ERROR
        assert self._stepped(order, timedelta(hours=1)) == 1
        self.between.clear()
        self._taken_back(order)
        assert (self._told(), self._mails(), self._is_there(order)) == (1, 1, False)
        assert Cancellation.objects.get().put_back_at is None

    def _taken_back(self, order: ShopOrder) -> None:
        order.refresh_from_db()
        fulfilment.cancel_whole(order, by="reader", now=timezone.now())

    def _told(self) -> int:
        Cancellation.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        return cancelling.tell_cancellations(timezone.now())

    def _mails(self) -> int:
        return MailMessage.objects.filter(kind="shop_order_taken_back").count()

    def _is_there(self, order: ShopOrder) -> bool:
        (said,) = self.channel().states_of([order.number])
        return any(line.answer != Answer.DECLINED for line in said.receipt.lines)
