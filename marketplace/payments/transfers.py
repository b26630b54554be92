"""Paying the shops: one transfer per shop order, due at hand-over plus a delay, longer after a changed account; less
what the shop owes, with what its account holds besides (a gift card redeemed at its counter, a dividend)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from marketplace.foundation import network
from marketplace.payments import commission_tax, debts
from marketplace.payments.models import Dispute, MoneyCall, Payment
from marketplace.payments.worth import NOTHING, earning, returned
from shops.models import Shop, ShopOrder

# After a shop's account has changed its money waits: whoever took the shop over is noticed first.
AFTER_ACCOUNT_CHANGE = timedelta(hours=72)
BATCH = 50


def due_transfers(now: datetime) -> int:
    """Step: write the transfer of each shop order whose delay is over. Shops that cannot receive yet wait, and so does
    an order whose payment is disputed until that is decided."""
    delay = timedelta(days=network.current().transfer_delay_days)
    made = MoneyCall.objects.filter(shop_order=OuterRef("pk"), kind=MoneyCall.Kind.TRANSFER)
    disputed = Dispute.objects.filter(payment__checkout__order=OuterRef("order")).exclude(status__in=Dispute.CLOSED)
    ripe = (
        ShopOrder.objects.filter(
            status=ShopOrder.Status.HANDED_OVER,
            handed_over_at__lte=now - delay,
            shop__stripe_account_ready=True,
            order__checkout__payment__state=Payment.State.CAPTURED,
        )
        .exclude(shop__stripe_account_changed_at__gt=now - AFTER_ACCOUNT_CHANGE)
        .filter(~Exists(made), ~Exists(disputed))
        .select_related("shop", "order__checkout__payment")
        .prefetch_related("lines")
        .order_by("handed_over_at", "pk")
    )
    return sum(_write(shop_order, now) for shop_order in ripe[:BATCH])


def _write(shop_order: ShopOrder, now: datetime) -> bool:
    """Locked: the payment, against a refund asked for at the same time; the shop, so that a debt is kept back once."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=shop_order.order.checkout.payment.pk)
        Shop.objects.select_for_update(of=("self",)).only("pk").get(pk=shop_order.shop_id)
        back = returned([shop_order.pk]).get(shop_order.pk, NOTHING)
        earned = earning(shop_order, shop_order.lines.all(), back)
        taxes = commission_tax.parts(shop_order.shop, earned.kept_minor, now.date())
        paid = earned.shop_minor - sum(tax for _, tax in taxes)
        netted = min(paid, debts.debt(shop_order.shop_id, currency=payment.currency))
        credit = debts.credit(shop_order.shop_id, currency=payment.currency)
        amount = paid - netted + credit
        _, made = MoneyCall.objects.get_or_create(
            key=f"transfer:{shop_order.number}",
            defaults={
                "kind": MoneyCall.Kind.TRANSFER,
                "payment": payment,
                "shop_order": shop_order,
                "amount_minor": amount,
                "commission_minor": earned.kept_minor,
                "commission_tax": taxes,
                "netted_minor": netted,
                "credit_minor": credit,
                "from_balance": amount > _room(payment),
                "currency": payment.currency,
                "reason": f"{shop_order.number} handed over",
                "due_at": now,
            },
        )
    return made


def _room(payment: Payment) -> int:
    """What transfers out of this payment's charge may still take when all calls written before are made: Stripe allows
    no more than was captured and not given back."""
    Kind = MoneyCall.Kind
    calls = payment.calls.filter(refused_at=None, failed_at=None)
    sums = dict(calls.values_list("kind").annotate(sum=Sum("amount_minor")).order_by())
    gone = sums.get(Kind.REFUND, 0) + sums.get(Kind.TRANSFER, 0) - sums.get(Kind.REVERSAL, 0)
    return payment.captured_minor - gone
