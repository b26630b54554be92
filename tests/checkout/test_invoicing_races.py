"""Numbers of documents are taken at once and have neither gap nor double."""

from __future__ import annotations

import threading

from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace.checkout import invariants_invoices, invoicing
from marketplace.payments import issuing
from marketplace.payments.models import Invoice, InvoiceKind, InvoiceSeries
from shops.models import Shop
from tests import factories
from tests.payments import paying
from tests.shops.racing import at_once


def issue(shop: Shop) -> Invoice:
    how = {"issuer": "shop:1", "language": "fr", "currency": "CAD", "now": factories.NOON}
    return issuing.issue(InvoiceKind.CREDIT_NOTE, shop, {}, {}, **how)


def test_numbers_taken_at_once_have_no_gap_and_no_double_though_some_are_rolled_back(committed_db):
    shop = factories.shop()

    def work(number: int) -> None:
        for turn in range(3):
            try:
                with transaction.atomic():
                    issue(shop)
                    if turn == number % 3:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    assert at_once(work, 6) == [None] * 6
    assert sorted(Invoice.objects.values_list("number", flat=True)) == list(range(1, 13))
    assert (InvoiceSeries.objects.get().last, invariants_invoices.numbers_have_no_gap()) == (12, [])


def test_numbers_read_before_the_lock_collide(committed_db, monkeypatch):
    """Negative control."""
    shop, both = factories.shop(), threading.Barrier(2)
    seen = threading.local()
    monkeypatch.setattr(issuing, "_next", lambda *_: seen.number)

    def work(_: int) -> None:
        seen.number = Invoice.objects.count() + 1
        both.wait(30)
        with transaction.atomic():
            issue(shop)

    assert sorted(type(result) for result in at_once(work, 2) if result) == [IntegrityError]


def test_invoice_asked_for_at_once_is_made_once(committed_db):
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now, "A")
    part = paying.parts_of(payment)[0]
    made = at_once(lambda _: invoicing.invoice_of(part.pk, now=now), 4)
    assert {invoice.pk for invoice in made} == {Invoice.objects.get().pk}
    assert InvoiceSeries.objects.get().last == 1
