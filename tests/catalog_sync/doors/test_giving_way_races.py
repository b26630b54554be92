"""A list takes over what was typed by hand, and readers buy meanwhile."""

from __future__ import annotations

from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import invariants, sync
from shops import stock
from shops.invariants import counters_that_differ
from shops.models import Allocation
from tests import factories
from tests.catalog_sync import memory
from tests.catalog_sync.doors.test_giving_way import a_list, typed
from tests.shops.racing import at_once


def test_nobody_gets_the_copy_twice_while_the_list_takes_over(committed_db, monkeypatch):
    memory.register(monkeypatch)
    shop = factories.shop("Port", slug="port", complete_as_of=None)
    typed(shop)
    feed = a_list(shop)

    def work(number: int) -> None:
        if not number:
            sync.run(feed, now=timezone.now())
        for turn in range(20 if number else 1):
            for pk in StockRecord.objects.filter(partner=shop.partner_id).order_by("?").values_list("pk", flat=True):
                stock.hold([(pk, 1)], key=f"checkout:{number} {turn} {pk}", now=timezone.now())

    assert at_once(work, 3) == [None] * 3
    assert Allocation.objects.filter(cause=Allocation.Cause.HOLD).count() == 1
    assert (invariants.copies_on_two_lists(), counters_that_differ()) == ([], [])
