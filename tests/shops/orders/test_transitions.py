"""The table of a shop order's states, and who was quicker."""

from __future__ import annotations

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops.models import ShopOrder, ShopOrderLine
from shops.orders import fulfilment, transitions
from shops.orders.changing import FulfilmentError, changing
from shops.orders.counts import status_of
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
        (Actor.READER, {Event.CANCEL, Event.LEAVE}),
        (Actor.NETWORK, {Event.EXPIRE, Event.TAKE_BACK, Event.DELIVER}),
    ],
)
def test_who_may_do_what(actor, events):
    assert {row.event for row in TABLE if row.actor == actor} == events


def test_nothing_leads_back():
    order = list(Status)
    assert [row for row in TABLE for end in row.ends if order.index(end) < order.index(row.start)] == []


def counts(supply: str = "stock") -> list[ShopOrderLine]:
    """A line of up to two copies in all the ways that it may stand; of downloads each line leaves on its own."""
    ways = itertools.product(range(1, 3), *[range(3)] * 4)
    said = ("quantity", "accepted", "declined", "packed", "handed_over")
    return [
        ShopOrderLine(supply=supply, **dict(zip(said, way, strict=True)))
        for way in ways
        if way[1] + way[2] <= way[0] and way[4] <= way[3] <= way[1]
    ]


def without(line: ShopOrderLine, units: int) -> ShopOrderLine:
    """What `units` that leave it make of a line: unanswered ones first."""
    accepted = line.accepted - max(0, units - line.open_units)
    packed = min(line.packed, accepted)
    said = {"accepted": accepted, "packed": packed, "handed_over": line.handed_over, "declined": line.declined + units}
    return ShopOrderLine(supply=line.supply, quantity=line.quantity, **said)


@pytest.mark.parametrize("event", [Event.CANCEL, Event.DECLINE])
@pytest.mark.parametrize("supply", ["digital", "preorder"])
def test_table_knows_every_end_of_what_may_be_taken_out_of_two_lines(event, supply):
    for first, second in itertools.product(counts(supply), repeat=2):
        start = status_of([first, second])
        lies_packed = first.packed > first.handed_over or second.packed > second.handed_over
        if lies_packed and start != Status.PACKED:
            continue  # an order is packed whole
        order, lines = ShopOrder(status=start), {1: first, 2: second}
        for units in (1, 2):
            if not transitions.refusal(event, order, lines, Asked(1, units, "damaged")):
                transitions.check_end(event, start, status_of([without(first, units), second]))


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
