"""What must always be true of money; each function returns its violations as short texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from marketplace.payments import (
    invariants_bank,
    invariants_corrections,
    invariants_gift_cards,
    invariants_local,
    invariants_orders,
    invariants_parcels,
    invariants_pool,
    invariants_receivables,
    invariants_returns,
    means,
    reconciliation,
    settlements,
    worth,
)
from marketplace.payments.ledger import ORDERS
from marketplace.payments.models import LedgerEntry, MoneyCall, Payment, Settlement
from shops.models import ShopOrderLine

RECONCILED_DAYS = 90


def captured_is_booked() -> list[str]:
    wrong = []
    for payment in Payment.objects.filter(state=Payment.State.CAPTURED).select_related("checkout"):
        booked = LedgerEntry.objects.filter(key=f"capture:{payment.pk}").aggregate(s=Sum("amount_minor", default=0))[
            "s"
        ]
        if booked != payment.captured_minor:
            wrong.append(f"payment {payment.pk}: captured {payment.captured_minor}, booked {booked}")
    return wrong


def orders_are_never_overdrawn() -> list[str]:
    """Of no order more was refunded, transferred and kept than was captured."""
    sums: dict[int, int] = {}
    for column, sign in (("credit", 1), ("debit", -1)):
        rows = LedgerEntry.objects.filter(**{column: ORDERS}).values("order").annotate(s=Sum("amount_minor"))
        for row in rows:
            sums[row["order"]] = sums.get(row["order"], 0) + sign * row["s"]
    return [f"order {order}: {left} left" for order, left in sums.items() if left < 0]


def money_calls_are_booked() -> list[str]:
    done = MoneyCall.objects.exclude(done_at=None).exclude(kind=MoneyCall.Kind.CANCEL).exclude(amount_minor=0)
    booked = dict(LedgerEntry.objects.values_list("key", "amount_minor"))
    return [
        f"{call.kind} {call.key}: {call.amount_minor} moved, the ledger says {booked.get(call.key, 0)}"
        for call in done
        if booked.get(call.key) != call.amount_minor
    ]


def nobody_pays_for_declined_units() -> list[str]:
    """Once captured and refunded, the reader has paid the order less what was declined or given back by a person."""
    wrong = []
    open_calls = MoneyCall.objects.exclude(due_at=None) | MoneyCall.objects.exclude(failed_at=None).filter(
        settled_at=None
    )
    settled = Payment.objects.filter(state=Payment.State.CAPTURED, checkout__order__isnull=False).exclude(
        pk__in=open_calls.values("payment")
    )
    for payment in settled:
        theirs = ShopOrderLine.objects.filter(shop_order__order__checkout__payment=payment)
        lines = list(theirs.select_related("shop_order"))
        if any(line.declined != line.settled for line in lines):
            continue  # declined a moment ago: the step has not come to it
        asked = payment.requests.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        due = max(0, worth.due(payment, lines) - asked)
        paid = payment.captured_minor - payment.refunded_minor + means.left_of(payment)
        if paid != due:
            wrong.append(f"payment {payment.pk}: paid {paid}, due {due}")
    return wrong


def refunds_fit() -> list[str]:
    return [
        f"payment {payment.pk}: {payment.refunded_minor} refunded of {payment.captured_minor}"
        for payment in Payment.objects.filter(refunded_minor__gt=F("captured_minor"))
    ]


def statements_agree() -> list[str]:
    """What a closed statement says is what the ledger says, and each begins where the one before ended."""
    wrong: list[str] = []
    before: dict[tuple[int, str], Settlement] = {}
    for row in Settlement.objects.select_related("shop").order_by("shop", "currency", "begins_at"):
        wrong += settlements.differences(row)
        last = before.get((row.shop_id, row.currency))
        if row.opening_minor != (last.closing_minor if last else 0):
            wrong.append(f"settlement {row} opens with {row.opening_minor}, not where the one before ended")
        before[row.shop_id, row.currency] = row
    return wrong


def stripe_agrees() -> list[str]:
    """The stand-in's books against ours; with the real Stripe that is the nightly reconciliation's work."""
    if not settings.STRIPE_FAKE:
        return []
    return reconciliation.unmatched(since=timezone.now() - timedelta(days=RECONCILED_DAYS))


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "every capture is in the ledger": captured_is_booked,
    "no order's money is spent twice": orders_are_never_overdrawn,
    "every call that moved money is in the ledger": money_calls_are_booked,
    "nobody pays for declined units": nobody_pays_for_declined_units,
    "refunds never exceed captures": refunds_fit,
    "closed statements agree with the ledger": statements_agree,
    "ledger and Stripe's balance agree": stripe_agrees,
    **invariants_corrections.INVARIANTS,
    **invariants_orders.INVARIANTS,
    **invariants_bank.INVARIANTS,
    **invariants_gift_cards.INVARIANTS,
    **invariants_pool.INVARIANTS,
    **invariants_local.INVARIANTS,
    **invariants_receivables.INVARIANTS,
    **invariants_returns.INVARIANTS,
    **invariants_parcels.INVARIANTS,
}
