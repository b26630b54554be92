"""Paying the shops: one transfer per shop order, due at hand-over plus a delay, longer after a changed account; less
what the shop owes, with what its account holds besides (a gift card redeemed at its counter, a dividend)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Sum

from marketplace.foundation import audit, leases
from marketplace.payments import debts, earnings, incidents, local_currency
from marketplace.payments.models import BankAccount, MoneyCall, Payment
from shops.models import Shop, ShopOrder

# After a shop's account has changed its money waits: whoever took the shop over is noticed first.
AFTER_ACCOUNT_CHANGE = timedelta(hours=72)
BATCH = 50


def due_transfers(now: datetime) -> int:
    """Step: write the transfer of each shop order whose delay is over. Shops that cannot receive yet wait. Orders by
    invoice are paid to the network's bank: what they earn is booked there (`bank.book_earnings`)."""
    if not earnings.handed_over(now).exists():
        return 0
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


def leave_to_the_bank(call: MoneyCall, *, now: datetime) -> None:
    """A transfer that Stripe has not made, of a shop that is paid by bank by now: what was earned is kept on its
    account, from which the bank pays, and nothing moves at Stripe; nor is anything of it to be taken back there."""
    assert call.shop_order is not None
    by_bank = BankAccount.objects.filter(shop=call.shop_order.shop_id, shop__stripe_account_ready=False)
    if call.unknown_outcome or not call.amount_minor or not by_bank.exists():
        return
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=call.payment_id)  # against a refund, which asks how much it moved
        kept = {"netted_minor": call.netted_minor + call.amount_minor - call.credit_minor}
        changes = kept | {"amount_minor": 0, "credit_minor": 0}
        if not MoneyCall.objects.filter(pk=call.pk, lease_token=call.lease_token).update(**changes):
            return  # another worker has it
        call.refresh_from_db(fields=list(changes))
        call.followed_by.filter(done_at=None).update(refused_at=now, due_at=None, parked_at=None)
        audit.record("transfer.left_to_the_bank", call.shop_order, shop_id=call.shop_order.shop_id)


def put_off(call: MoneyCall, *, now: datetime) -> bool:
    """Whether its shop's account has changed since it was written, so that it waits now. Meanwhile it takes nothing of
    its charge, so that what readers get back goes before it, unless an earlier try may have."""
    assert call.shop_order is not None
    changed_at = call.shop_order.shop.stripe_account_changed_at
    if not call.amount_minor or changed_at is None or changed_at <= now - AFTER_ACCOUNT_CHANGE:
        return False
    anew = {} if call.unknown_outcome else {"attempts": 0, "from_balance": True}
    leases.finish(call, due_at=changed_at + AFTER_ACCOUNT_CHANGE, **anew)
    return True


def _room(payment: Payment) -> int:
    """What transfers out of this payment's charge may still take when all calls written before are made: Stripe allows
    no more than was captured and not given back."""
    Kind = MoneyCall.Kind
    calls = payment.calls.filter(refused_at=None, failed_at=None)
    sums = dict(calls.values_list("kind").annotate(sum=Sum("amount_minor")).order_by())
    gone = sums.get(Kind.REFUND, 0) + sums.get(Kind.TRANSFER, 0) - sums.get(Kind.REVERSAL, 0)
    return payment.captured_minor - gone
