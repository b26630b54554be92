"""What shops' systems say of orders: one whose words are none stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog_sync.doors import connecting
from shops.channels.base import Answer, LineSaid
from shops.channels.tryton import TrytonChannel
from shops.models import ShopOrderLine, ShopSystem, Transmission
from shops.orders import fulfilment, hearing
from shops.systems import keeping
from shops.systems.access import Access
from tests import factories
from tests.factories import NOON
from tests.systems import scripted
from tests.systems.scripted import Scripted


def connected(**shop: object) -> ShopSystem:
    made = keeping.keep(
        factories.shop(**shop).pk, Access(scripted.KIND, "https://a.example", {}, {"key": scripted.GOOD}), now=NOON
    )
    ShopSystem.objects.filter(pk=made.pk).update(due_at=NOON)
    return made


@pytest.mark.django_db
def test_system_that_says_what_nobody_expects_stops_no_other(monkeypatch):
    scripted.install(monkeypatch)
    monkeypatch.setattr(TrytonChannel, "changed", lambda *asked: [{}["reference"]])
    first, second = connected(channel=scripted.KIND), connected()
    assert hearing.hear_systems(NOON) == 1
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.due_at, first.heard_at, first.lease_until) == (NOON + keeping.EVERY, None, None)
    assert "KeyError" in first.last_error
    assert keeping.FOUND in second.options
    assert hearing.hear_systems(NOON + timedelta(seconds=10)) == 0


@pytest.mark.django_db
def test_what_its_owner_says_while_it_is_called_is_not_forgotten(monkeypatch):
    """Another key, or that orders go there: the call that runs knows neither, and must not call it done."""
    scripted.install(monkeypatch)
    row, owner, check = connected(), factories.user(), Scripted.check
    access = Access(scripted.KIND, "https://b.example", {}, {"key": scripted.GOOD})
    for said in (
        lambda: connecting.connect(row.shop, access, by=owner, now=NOON),
        lambda: keeping.take_orders(row, by=owner, now=NOON),
    ):
        ShopSystem.objects.update(due_at=NOON, options={}, lease_until=None)
        monkeypatch.setattr(Scripted, "check", lambda client, said=said: (said(), check(client))[1])
        hearing.hear_systems(NOON)
        assert ShopSystem.objects.get().due_at == NOON


def ordered(units: int = 2) -> ShopOrderLine:
    """Accepted, with the shop's system."""
    shop = factories.shop()
    order = factories.shop_order(shop, (factories.stock_record(shop, sku="A", units=5), units))
    there = {"shop": shop, "channel": "square", "outcome": "sent", "sent_at": NOON}
    Transmission.objects.update_or_create(shop_order=order, defaults=there)
    hearing.take_lines(order, [LineSaid("A", Answer.ACCEPTED, units)], by="Square", now=NOON)
    return ShopOrderLine.objects.get(shop_order=order)


def counts(line: ShopOrderLine) -> tuple[int, int, int]:
    """(accepted, declined by the shop, taken back by the reader)"""
    line = ShopOrderLine.objects.get(pk=line.pk)
    return line.accepted, line.declined - line.cancelled, line.cancelled


@pytest.mark.django_db
class TestDeclined:
    def test_what_staff_take_out_because_the_reader_took_it_back_is_no_decline(self):
        line = ordered(2)
        fulfilment.cancel(line, 1, by="reader", now=NOON)
        for said in (
            [LineSaid("A", Answer.ACCEPTED, 2)],
            [LineSaid("A", Answer.ACCEPTED, 1), LineSaid("A", Answer.DECLINED, 1)],
        ):
            hearing.take_lines(line.shop_order, said, by="Square", now=NOON)
            assert counts(line) == (1, 0, 1)
        hearing.take_lines(line.shop_order, [LineSaid("A", Answer.DECLINED, 2)], by="Square", now=NOON)
        assert counts(line) == (0, 1, 1)

    def test_what_was_declined_before_it_was_entered_is_not_what_its_system_gives_up(self):
        """Staff declined one while the system was away; it got the other one, and cancels that."""
        line = ordered(2)
        fulfilment.decline(line, 1, by="staff", reason="sold", now=NOON)
        hearing.take_lines(line.shop_order, [LineSaid("A", Answer.DECLINED, 1)], by="Square", now=NOON)
        assert counts(line) == (0, 2, 0)

    def test_what_staff_declined_here_and_took_out_there_counts_once(self):
        line = ordered(2)
        fulfilment.decline(line, 1, by="staff", reason="sold", now=NOON)
        said = [LineSaid("A", Answer.ACCEPTED, 1), LineSaid("A", Answer.DECLINED, 1)]
        hearing.take_lines(line.shop_order, said, by="Square", now=NOON)
        assert counts(line) == (1, 1, 0)
