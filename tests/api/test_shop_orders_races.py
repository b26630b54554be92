"""The same change asked for several times at once is done once."""

from __future__ import annotations

import threading

from django.db import connections
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops import order_keys
from shops.models import ShopScope
from tests import factories
from tests.api.conftest import Program


def test_same_call_twice_at_once_is_done_once(committed_db):
    shop = factories.shop("Librairie du Port", language="en")
    placed = factories.shop_order(shop, (factories.stock_record(shop, units=3), 3))
    key = order_keys.make(shop, label="till", scopes=[ShopScope.WRITE], by=factories.user(), now=timezone.now())
    line = placed.lines.get().pk
    said = {"version": 0, "line": line, "units": 1, "reason": "sold"}
    answers = []

    def call() -> None:
        headers = {"Idempotency-Key": "call-0001"}
        answers.append(Program(key).post(f"shop/orders/{placed.number}/decline", said, **headers))
        connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert {answer.status_code for answer in answers} == {200}
    done = AuditEntry.objects.filter(action="shop_order.decline").count()
    assert (placed.lines.get().declined, done) == (1, 1)
