from __future__ import annotations

from django.utils import timezone

from shops import invariants
from shops.models import ShopOrder
from shops.orders import fulfilment
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.shops.racing import at_once


def test_of_two_answers_at_once_exactly_one_wins(committed_db):
    """One colleague accepts all, another declines all, both having seen the same order."""
    shop = factories.shop()
    for _ in range(5):
        placed = factories.shop_order(shop, (factories.stock_record(shop), 1))
        seen_by_two = [ShopOrder.objects.get(pk=placed.pk), ShopOrder.objects.get(pk=placed.pk)]
        lines = [seen.lines.get() for seen in seen_by_two]

        def answer(number: int, seen=seen_by_two, lines=lines) -> str:
            if number:
                fulfilment.accept_all(seen[number], by="one", now=timezone.now())
                return "accepted"
            fulfilment.decline(lines[number], 1, by="other", reason="other", now=timezone.now())
            return "declined"

        results = at_once(answer, 2)
        won = [result for result in results if isinstance(result, str)]
        assert [type(result) for result in results if not isinstance(result, str)] == [FulfilmentError]
        placed.refresh_from_db()
        assert ([placed.status], placed.version) == (won, 1)
    assert invariants.counters_that_differ() == []
