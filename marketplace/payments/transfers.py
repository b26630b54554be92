"""Paying the shops: one transfer per shop order, due at hand-over plus a delay, longer after a changed account."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from marketplace.foundation import network
from marketplace.payments import commission_tax
from marketplace.payments.models import MoneyCall, Payment
from marketplace.payments.worth import commission, handed_over_worth
from shops.models import ShopOrder

# After a shop's account has changed its money waits: whoever took the shop over is noticed first.
AFTER_ACCOUNT_CHANGE = timedelta(hours=72)
BATCH = 50


def due_transfers(now: datetime) -> int:
    """Step: write the transfer of each shop order whose delay is over. Shops that cannot receive yet wait."""
    delay = timedelta(days=network.current().transfer_delay_days)
    made = MoneyCall.objects.filter(shop_order=OuterRef("pk"), kind=MoneyCall.Kind.TRANSFER)
    ripe = (
        ShopOrder.objects.filter(
            status=ShopOrder.Status.HANDED_OVER,
            handed_over_at__lte=now - delay,
            shop__stripe_account_ready=True,
            order__checkout__payment__state=Payment.State.CAPTURED,
        )
        .exclude(shop__stripe_account_changed_at__gt=now - AFTER_ACCOUNT_CHANGE)
        .filter(~Exists(made))
        .select_related("shop", "order__checkout__payment")
        .prefetch_related("lines")
        .order_by("handed_over_at", "pk")
    )
    return sum(_write(shop_order, now) for shop_order in ripe[:BATCH])


def _write(shop_order: ShopOrder, now: datetime) -> bool:
    lines = list(shop_order.lines.all())
    kept = commission(shop_order, lines)
    taxes = commission_tax.parts(shop_order.shop, kept, now.date())
    payment = shop_order.order.checkout.payment
    with transaction.atomic():
        _, made = MoneyCall.objects.get_or_create(
            key=f"transfer:{shop_order.number}",
            defaults={
                "kind": MoneyCall.Kind.TRANSFER,
                "payment": payment,
                "shop_order": shop_order,
                "amount_minor": handed_over_worth(lines) - kept - sum(tax for _, tax in taxes),
                "commission_minor": kept,
                "commission_tax": taxes,
                "currency": payment.currency,
                "reason": f"{shop_order.number} handed over",
                "due_at": now,
            },
        )
    return made
