"""Tax in the price that the network collects, where what was given back was declined afterwards."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.payments import invariants_corrections, ledger, refunds
from shops.models import ShopOrderLine
from tests.payments import paying

pytestmark = pytest.mark.django_db


def test_copy_given_back_and_then_declined_takes_no_tax_of_another_line():
    """Of shop A: 2 with 1.00 of PST are handed over; one at 10.50 goes back, and then cannot be found."""
    now, payment = timezone.now(), paying.placed()
    kept, gone, _ = paying.lines_of(payment)
    for line, minor in ((kept, 100), (gone, 50)):
        parts = [{"code": "PST", "of": "CA-BC", "rate_milli": 5000, "minor": minor, "delivery_minor": 0}]
        ShopOrderLine.objects.filter(pk=line.pk).update(tax_parts=parts)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    wanted = refunds.Wanted(refunds.Kind.LINE, gone.shop_order, gone, units=1)
    assert refunds.ask(payment, wanted, reason="x", by=None, once="x", now=now).amount_minor == 1050
    paying.answer(payment, 0, 1, 0)
    paying.work(now)
    paying.handed_over(payment, now, "A")
    paying.work(now + timedelta(days=8))
    payment.refresh_from_db()
    assert payment.refunded_minor == 1250  # with its share of the delivery
    assert -ledger.balance(ledger.tax_account("CA-BC"), currency="CAD") == 100
    assert invariants_corrections.collected_tax_is_owed() == []
