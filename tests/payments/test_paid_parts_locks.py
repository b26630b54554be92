"""What is locked while a shop's part is paid lets new rows name the shop."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.utils import timezone

from marketplace.checkout import invoicing
from marketplace.payments import earnings
from tests.payments import paying
from tests.payments.test_paid_parts import ordered


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


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_part_that_gets_its_invoice_can_be_named_by_who_books_a_receipt(committed_db):
    """Who has the receivable locked, and waits for the part; the invoice has the part, and asks for the receivable."""
    part = paying.parts_of(ordered(timezone.now()))[1]
    other = connection.copy()
    try:
        with transaction.atomic():
            assert invoicing._locked(part.pk) == part
            with other.cursor() as cursor:
                cursor.execute("SELECT 1 FROM shops_shoporder WHERE id = %s FOR KEY SHARE NOWAIT", [part.pk])
                assert cursor.fetchone() == (1,)
    finally:
        other.close()
