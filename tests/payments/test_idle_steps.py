"""Steps that come every few seconds cost the same after a million orders: what is done is in no index that they read.

Looked at is how the database says it will read, not how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.checkout import invoicing
from marketplace.payments import bank, captures, counter_sales, pooling, settlements, transfers
from shops.models import Reservation
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
# What each step begins with: indexes of nothing but what is still to be done, or by account and time.
INDEXES = {
    captures.settle_answers: {"line_to_settle", "payments_payment_state"},
    invoicing.issue_invoices: {"shop_order_to_invoice", "request_to_credit"},
    invoicing.issue_commission_invoices: {"settlement_to_invoice"},
    transfers.due_transfers: {"shop_order_to_book"},
    bank.book_earnings: {"shop_order_to_book"},
    pooling.book_pooled: {"shop_order_to_book"},
    counter_sales.book_counter_sales: {"reservation_to_book"},
    settlements.close_months: {"ledger_debit_at", "ledger_credit_at"},
}


def finished():
    """An order over two shops that nothing is to be done with any more: handed over, paid, invoiced, its month closed.
    One line was declined before, one after the capture."""
    now = timezone.now()
    payment = paying.placed(now)
    paying.answer(payment, 1, 0, 0)
    paying.work(now)
    paying.answer(payment, 1, 1, 0)
    paying.work(now)
    paying.handed_over(payment, now - timedelta(days=8))
    paying.work(now)
    made = factories.reservation(factories.stock_record(paying.parts_of(payment)[0].shop))
    Reservation.objects.filter(pk=made.pk).update(state="sold", paid_with="cash", ended_at=now)
    for _ in range(2):
        for step in INDEXES:
            step(now + timedelta(days=62))


def plans(step: Callable) -> list[str]:
    """How each statement of a step is read, one line for each table."""
    later = timezone.now() + timedelta(days=62)
    with CaptureQueriesContext(connection) as asked:
        assert step(later) == 0
    found = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
                found += [str(row[-1]) for row in cursor.fetchall()]
    return found


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="Of a few rows PostgreSQL takes any index, by what it last counted."
)
@pytest.mark.parametrize("step", INDEXES, ids=lambda step: step.__name__)
def test_idle_step_reads_only_what_is_to_be_done(step):
    finished()
    found = plans(step)
    used = {name for name in INDEXES[step] if any(name in line for line in found)}
    assert used == INDEXES[step]
