"""The reader answers an offer at the moment at which the shop declines the rest of what its courier was to bring."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from marketplace.checkout import alternatives
from shops.orders import fulfilment
from tests.checkout.test_alternatives_by_courier import again, of_two, offer, taken
from tests.checkout.test_rerouting import broken


def _waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_offer_that_ends_as_the_rest_is_declined_leaves_no_place_behind(committed_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    line = of_two()
    offered, rest, failed = offer(line), again(line), list[Exception]()

    def decline() -> None:
        try:
            fulfilment.decline(rest, 1, by="shop", reason="sold", now=timezone.now())
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    shop = threading.Thread(target=decline)
    with transaction.atomic():
        alternatives.refuse(offered, elsewhere=False, by="reader", now=timezone.now())
        shop.start()
        while shop.is_alive() and not _waited_for():
            time.sleep(0.02)
    shop.join(30)
    assert (failed, taken(), broken()) == ([], [], [])
