"""The same change asked for several times at once is done once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops import order_keys
from shops.models import ShopOrder, ShopScope
from shops.orders import held, places
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


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time")
def test_order_that_is_committed_late_with_a_lower_key_is_not_passed_over(committed_db):
    shop = factories.shop("Librairie du Port", language="en")
    first, other = (factories.stock_record(shop, units=9) for _ in range(2))  # the late one keeps its own locked
    key = order_keys.make(shop, label="till", scopes=[ShopScope.READ], by=factories.user(), now=timezone.now())
    written, go_on = threading.Event(), threading.Event()
    numbers: list[str] = []

    def place_late() -> None:
        with transaction.atomic():
            numbers.append(factories.shop_order(shop, (first, 1)).number)
            written.set()
            go_on.wait(30)
        connections.close_all()

    late = threading.Thread(target=place_late)
    late.start()
    assert written.wait(30)
    numbers += [factories.shop_order(shop, (other, 1)).number for _ in range(2)]
    till = Program(key)
    some, heard = till.get("shop/orders?limit=1").json(), till.get("shop/messages").json()
    go_on.set(), late.join()
    rest = till.get("shop/orders", {"cursor": some["next"]}).json()
    assert [one["number"] for one in [*some["orders"], *rest["orders"]]] == [*numbers[1:], numbers[0]]
    more = till.get("shop/messages", {"cursor": heard["next"]}).json()
    assert [one["data"]["number"] for one in more["messages"]] == [numbers[0]]


def test_two_who_read_at_once_give_each_order_one_place(committed_db):
    shop = factories.shop()
    record = factories.stock_record(shop, units=9)
    [factories.shop_order(shop, (record, 1)) for _ in range(3)]
    given: list[int] = []

    def read() -> None:
        given.append(places.give(shop.pk))
        connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(3)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert sorted(ShopOrder.objects.values_list("place", flat=True)) == [1, 2, 3]
    assert sum(given) == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time")
def test_nothing_can_be_pressed_at_the_desk_once_the_program_has_looked(committed_db, monkeypatch):
    shop = factories.shop()
    placed = factories.shop_order(shop, (factories.stock_record(shop, units=3), 3))
    key = order_keys.make(shop, label="till", scopes=[ShopScope.WRITE], by=factories.user(), now=timezone.now())
    look, is_free = held.pressed_on, []

    def elsewhere() -> None:
        rows = ShopOrder.objects.select_for_update(skip_locked=True)
        with transaction.atomic():
            is_free.append(bool(rows.filter(pk=placed.pk)))
        connections.close_all()

    def looked(order: ShopOrder):
        found = look(order)
        thread = threading.Thread(target=elsewhere)
        thread.start(), thread.join()
        return found

    monkeypatch.setattr(held, "pressed_on", looked)
    assert Program(key).post(f"shop/orders/{placed.number}/accept", {"version": 0}).status_code == 200
    assert is_free == [False]
