"""The table of a shop order's states, and who was quicker."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops.models import ShopOrder, ShopOrderLine
from shops.orders import fulfilment, transitions
from shops.orders.changing import FulfilmentError, changing
from shops.orders.transitions import TABLE, Actor, Asked, Event, TransitionError
from tests import factories

Status = ShopOrder.Status


def test_what_is_over_stays_over():
    assert {row.start for row in TABLE} == {Status.NEW, Status.ACCEPTED, Status.PACKED}


def test_of_one_state_and_event_there_is_one_row():
    assert len({(row.start, row.event) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("actor", "events"),
    [
        (Actor.SHOP, {Event.ACCEPT, Event.DECLINE, Event.PACK, Event.HAND_OVER}),
        (Actor.READER, {Event.CANCEL}),
        (Actor.NETWORK, {Event.EXPIRE, Event.TAKE_BACK, Event.DELIVER}),
    ],
)
def test_who_may_do_what(actor, events):
    assert {row.event for row in TABLE if row.actor == actor} == events


def test_nothing_leads_back():
    order = list(Status)
    assert [row for row in TABLE for end in row.ends if order.index(end) < order.index(row.start)] == []


@pytest.mark.parametrize(("status", "event"), [("packed", "pack"), ("new", "hand_over"), ("declined", "accept")])
def test_what_the_table_does_not_know_is_refused(status, event):
    line = ShopOrderLine(pk=1, quantity=1)
    assert transitions.refusal(Event(event), ShopOrder(status=status), {1: line}, Asked())


@pytest.mark.django_db
def test_change_that_comes_out_wrong_changes_nothing():
    """Negative control: packing that leaves the order as it was."""
    placed = factories.shop_order(factories.shop(), (factories.stock_record(factories.shop()), 1))
    fulfilment.accept_all(placed, by="staff", now=timezone.now())
    wrong = pytest.raises(TransitionError, match="pack leads from accepted to accepted")
    with wrong, changing(placed, timezone.now(), Event.PACK):
        pass
    assert ShopOrder.objects.get().version == placed.version


@pytest.mark.django_db
class TestWhoWasQuicker:
    def told(self, by: object) -> str:
        """What the second of two people is told; the first accepted at 14:05 in Montréal."""
        shop = factories.shop(timezone="America/Toronto")
        placed = factories.shop_order(shop, (factories.stock_record(shop), 1))
        seen = ShopOrder.objects.get()
        fulfilment.accept_all(placed, by=by, now=timezone.now())
        at = datetime(2026, 3, 2, 14, 5, tzinfo=ZoneInfo("America/Toronto"))
        entry = AuditEntry.objects.get()  # stays as it is: the same again, of that time
        entry.pk, entry.at = None, at
        entry.save(force_insert=True)
        with pytest.raises(FulfilmentError) as told:
            fulfilment.pack(seen, by="second", now=at)
        return str(told.value)

    def test_is_said_with_the_time_of_the_shop(self):
        said = self.told(factories.user("zoe@example.org"))
        assert "zoe@example.org" in said
        assert "2:05 p.m." in said

    @pytest.mark.parametrize(("by", "word"), [("reader 100012", "the reader"), ("system", "the network")])
    def test_is_said_in_words_where_it_was_nobody_there(self, by, word):
        assert f": {word}, " in self.told(by)
