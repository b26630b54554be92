"""What shops' systems say of orders: one whose words are none stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog_sync.doors import connecting
from shops.channels.tryton import TrytonChannel
from shops.models import ShopSystem
from shops.orders import hearing
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
