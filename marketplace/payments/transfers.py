"""Paying the shops: one transfer per shop order, due at hand-over plus a delay, longer after a changed account; less
what the shop owes, with what its account holds besides (a gift card redeemed at its counter, a dividend)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Sum

from marketplace.payments import debts, earnings, incidents, local_currency
from marketplace.payments.models import MoneyCall, Payment
from shops.models import Shop, ShopOrder

# After a shop's account has changed its money waits: whoever took the shop over is noticed first.
AFTER_ACCOUNT_CHANGE = timedelta(hours=72)
BATCH = 50


def due_transfers(now: datetime) -> int:
    """Step: write the transfer of each shop order whose delay is over. Shops that cannot receive yet wait. Orders by
    invoice are paid to the network's bank: what they earn is booked there (`bank.book_earnings`)."""
    settled = Q(stripe_account_changed_at=None) | Q(stripe_account_changed_at__lte=now - AFTER_ACCOUNT_CHANGE)
    ready = Shop.objects.filter(settled, stripe_account_ready=True)
    due = earnings.due(now, ready).exclude(order__checkout__by_invoice=True)
    rows = incidents.batch(due, step="due_transfers", most=BATCH)
    return incidents.one_by_one(rows, lambda shop_order: _write(shop_order, now), step="due_transfers", now=now)


def _write(shop_order: ShopOrder, now: datetime) -> bool:
    with transaction.atomic():
        payment = earnings.lock(shop_order)
        if payment is None:
            return False
        earned = earnings.of(shop_order, now=now)
        local_currency.pay_shop(shop_order, earned.shop_minor, now=now)
        netted = min(earned.shop_minor, debts.debt(shop_order.shop_id, currency=payment.currency))
        credit = debts.credit(shop_order.shop_id, currency=payment.currency)
        amount = earned.shop_minor - netted + credit
        MoneyCall.objects.create(
            key=f"transfer:{shop_order.number}",
            kind=MoneyCall.Kind.TRANSFER,
            payment=payment,
            shop_order=shop_order,
            amount_minor=amount,
            commission_minor=earned.kept_minor,
            commission_tax=earned.taxes,
            sales_tax=earned.sales_taxes,
            netted_minor=netted,
            credit_minor=credit,
            from_balance=amount > _room(payment),
            currency=payment.currency,
            reason=f"{shop_order.number} handed over",
            due_at=now,
        )
        earnings.mark(shop_order, now=now)
    return True


def _room(payment: Payment) -> int:
    """What transfers out of this payment's charge may still take when all calls written before are made: Stripe allows
    no more than was captured and not given back."""
    Kind = MoneyCall.Kind
    calls = payment.calls.filter(refused_at=None, failed_at=None)
    sums = dict(calls.values_list("kind").annotate(sum=Sum("amount_minor")).order_by())
    gone = sums.get(Kind.REFUND, 0) + sums.get(Kind.TRANSFER, 0) - sums.get(Kind.REVERSAL, 0)
    return payment.captured_minor - gone
