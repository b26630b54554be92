"""A row on which a step fails: told once while it is open, and no other waits for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import invoicing
from marketplace.payments import earnings, incidents, settlements, transfers
from marketplace.payments.models import Invoice, MoneyCall, MoneyIncident
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
LATER = timedelta(days=8)


def fails(*_args, **_how):
    raise ValueError("odd")


def test_what_still_fails_after_it_was_closed_is_told_anew():
    now, operator = timezone.now(), factories.user()
    for opened in (1, 2, 3):
        for _ in range(2):
            incidents.one_by_one([7], fails, step="book", now=now)
        [row] = incidents.running()
        assert (MoneyIncident.objects.count(), "ValueError: odd" in row.text) == (opened, True)
        assert (incidents.failed("book"), incidents.failed("boo")) == ({7}, set())
        incidents.close(row, by=operator, resolution="mended, or so I thought", now=now)
    assert incidents.failed("book") == set()


def test_orders_that_fail_each_time_keep_no_other_waiting(monkeypatch):
    now = timezone.now()
    bad, good = paying.captured(now), paying.captured(now)
    paying.handed_over(bad, now, "A"), paying.handed_over(good, now + timedelta(minutes=1), "A")
    real = earnings.of

    def of(shop_order, **how):
        return fails() if shop_order.order.checkout.payment == bad else real(shop_order, **how)

    monkeypatch.setattr(earnings, "of", of)
    monkeypatch.setattr(transfers, "BATCH", 1)
    assert [transfers.due_transfers(now + LATER) for _ in range(3)] == [0, 1, 0]
    monkeypatch.setattr(earnings, "of", real)
    assert [transfers.due_transfers(now + LATER) for _ in range(2)] == [1, 0]
    assert MoneyCall.objects.filter(kind="transfer").count() == 2


def test_document_that_cannot_be_made_stops_no_other(monkeypatch):
    payment = paying.captured(timezone.now())
    paying.handed_over(payment, timezone.now())
    first, real = paying.parts_of(payment)[0], invoicing.invoice_of

    def invoice_of(pk, **how):
        return fails() if pk == first.pk else real(pk, **how)

    monkeypatch.setattr(invoicing, "invoice_of", invoice_of)
    assert invoicing.issue_invoices(timezone.now()) == 1
    assert (Invoice.objects.get().shop_order_id == first.pk, incidents.failed("issue_invoices")) == (False, {first.pk})


def test_month_that_cannot_be_closed_stops_no_other_shop():
    payment = paying.captured(now := timezone.now())
    paying.handed_over(payment, now)
    paying.work(now + LATER)
    first, second = (part.shop for part in paying.parts_of(payment))
    type(first).objects.filter(pk=first.pk).update(timezone="Nowhere/Nothing")
    assert settlements.close_months(now + timedelta(days=62)) > 0
    assert set(type(first).objects.exclude(settlements=None)) == {second}
    assert incidents.failed("close_months") == {first.pk}
