"""What pays an order beside the payment page: gift cards, and a voucher that the network bears."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from marketplace.payments import gift_cards, ledger
from marketplace.payments.models import Payment


def left_of(payment: Payment) -> int:
    """What was paid otherwise and is not given back."""
    return payment.other_minor - payment.other_back_minor


def give_back(payment: Payment, amount_minor: int, *, cause: str, now: datetime) -> None:
    """Of what was paid otherwise, at most `left_of`: first to the cards, which are the reader's money, then to whoever
    bears the voucher. The payment is locked."""
    if not amount_minor:
        return
    to_voucher = amount_minor - gift_cards.give_back(payment, amount_minor, cause=cause, now=now)
    ledger.post(
        "borne_back",
        debit=ledger.ORDERS,
        credit=ledger.PROMOTIONS,
        amount_minor=to_voucher,
        currency=payment.currency,
        key=f"borne-back:{payment.pk}:{payment.other_back_minor}",
        cause=cause[:200],
        order_id=payment.checkout.order_id,
        now=now,
    )
    Payment.objects.filter(pk=payment.pk).update(other_back_minor=F("other_back_minor") + amount_minor)
    payment.other_back_minor += amount_minor
