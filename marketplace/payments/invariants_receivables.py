"""What must always be true of orders by invoice; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import Exists, F, OuterRef, Q, Sum

from marketplace.payments import ledger
from marketplace.payments.models import (
    BankEarning,
    CounterSale,
    CreditTerms,
    Invoice,
    LedgerEntry,
    MoneyCall,
    Receipt,
    Receivable,
)
from shops.models import ShopOrder


def receivables_are_the_ledgers() -> list[str]:
    """What is open of each order is what the account `institutions` says of it, and its receipts are what came in."""
    booked: Counter[tuple[int | None, str]] = Counter()
    for column, sign in (("debit", 1), ("credit", -1)):
        rows = LedgerEntry.objects.filter(**{column: ledger.INSTITUTIONS}).order_by().values_list("order", "currency")
        for order_id, currency, minor in rows.annotate(sum=Sum("amount_minor")):
            booked[order_id, currency] += sign * minor
    wrong = []
    placed = Receivable.objects.exclude(placed_at=None).select_related("checkout")
    for row in placed.annotate(came=Sum("receipts__amount_minor", default=0)):
        said = booked.pop((row.checkout.order_id, row.currency), 0)
        if (row.open_minor, row.received_minor) != (said, row.came):
            wrong.append(f"{row.reference}: {row.open_minor} open, booked {said}; {row.received_minor} in, {row.came}")
        if (row.settled_at is not None) != (row.open_minor <= 0):
            wrong.append(f"{row.reference}: {row.open_minor} open, settled at {row.settled_at}")
    return wrong + [
        f"order {order_id} owes {minor} {of}, and none knows" for (order_id, of), minor in booked.items() if minor
    ]


def credit_is_what_is_open() -> list[str]:
    """Each institution owes what its receivables leave open, held ones included."""
    left = Sum(
        F("receivables__amount_minor") - F("receivables__lowered_minor") - F("receivables__received_minor"), default=0
    )
    return [
        f"institution {row.pk}: owes {row.owed_minor}, open {row.left}"
        for row in CreditTerms.objects.annotate(left=left).exclude(left=F("owed_minor"))
    ]


def no_shop_is_paid_before_its_institution_paid() -> list[str]:
    """No transfer is ever made out of an order by invoice, and no part of it is earned before its invoice and those
    before it were paid, by the institution, or otherwise: open afterwards is only what its bank took back."""
    by_invoice = Q(shop_order__order__checkout__by_invoice=True)
    moved = MoneyCall.objects.filter(by_invoice, kind=MoneyCall.Kind.TRANSFER)
    taken_back = Receipt.objects.filter(
        receivable=OuterRef("shop_order__order__checkout__receivable"), kind=Receipt.Kind.BANK, amount_minor__lt=0
    )
    earned = BankEarning.objects.filter(~Exists(taken_back), by_invoice)
    of_receivable = "shop_order__order__checkout__receivable"
    open_still = earned.filter(**{f"{of_receivable}__isnull": False, f"{of_receivable}__settled_at": None})
    wrong = [f"{call.key}: a transfer for an order by invoice" for call in moved]
    return wrong + [
        f"{row.shop_order_id}: earned {row.amount_minor} before it was paid"
        for row in open_still.select_related(of_receivable, "shop_order__order__checkout__payment")
        if _invoiced_to(row.shop_order) > _came_in(row.shop_order)
    ]


def _invoiced_to(shop_order: ShopOrder) -> int:
    """What the invoices of its order ask for up to its own, less their credit notes."""
    before = Q(handed_over_at__lt=shop_order.handed_over_at) | Q(
        handed_over_at=shop_order.handed_over_at, pk__lte=shop_order.pk
    )
    parts = ShopOrder.objects.filter(before, order=shop_order.order_id)
    sums = Invoice.objects.filter(shop_order__in=parts).aggregate(
        asked=Sum("total_minor", filter=Q(kind=Invoice.Kind.INVOICE), default=0),
        back=Sum("total_minor", filter=Q(kind=Invoice.Kind.CREDIT_NOTE), default=0),
    )
    return sums["asked"] - abs(sums["back"])


def _came_in(shop_order: ShopOrder) -> int:
    """For its order: from the institution, by other means, and what the network gave back on the whole of it."""
    checkout = shop_order.order.checkout
    payment = checkout.payment
    whole = payment.requests.filter(shop_order=None).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    return checkout.receivable.received_minor + payment.other_minor - payment.other_back_minor + whole


def counter_sales_are_owed() -> list[str]:
    """The commission of every sale at a counter is on its shop's account, once."""
    booked = dict(LedgerEntry.objects.filter(kind="counter").values_list("key", "amount_minor"))
    return [
        f"{row}: commission {row.commission_minor}, booked {booked.get(f'counter:{row.reservation_id}', 0)}"
        for row in CounterSale.objects.all()
        if booked.get(f"counter:{row.reservation_id}", 0) != row.commission_minor
    ]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "what institutions owe is what the ledger says": receivables_are_the_ledgers,
    "an institution's credit is what is open": credit_is_what_is_open,
    "the commission of sales at the counter is booked": counter_sales_are_owed,
    "orders by invoice are earned once they are paid": no_shop_is_paid_before_its_institution_paid,
}
