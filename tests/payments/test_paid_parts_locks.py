"""What is locked while a shop's part is paid lets new rows name the shop."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from marketplace.payments import earnings
from tests.payments import paying


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_shop_that_is_paid_can_be_named_by_new_rows_meanwhile(committed_db):
    """Or whoever holds its order and writes such a row waits for the payment of that order, which waits for it."""
    now = timezone.now()
    part = paying.parts_of(paying.captured(now))[0]
    other = connection.copy()
    try:
        with transaction.atomic():
            assert earnings.lock(part) is not None
            with other.cursor() as cursor:
                cursor.execute("SELECT 1 FROM shops_shop WHERE id = %s FOR KEY SHARE NOWAIT", [part.shop_id])
                assert cursor.fetchone() == (1,)
    finally:
        other.close()
