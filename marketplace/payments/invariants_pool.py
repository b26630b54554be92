"""What must always be true of the solidarity pool."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q, Sum

from marketplace.payments import ledger
from marketplace.payments.models import BankEarning, LedgerEntry, MoneyCall
from shops.models import ShopOrder


def pool_is_what_was_sold_for_it() -> list[str]:
    """The account is Σ what was booked of pooled sales, less what readers got back of them, less what was shared."""
    found = []
    entries = LedgerEntry.objects.filter(Q(credit=ledger.POOL) | Q(debit=ledger.POOL)).order_by()
    for currency in sorted(set(entries.values_list("currency", flat=True))):
        of = BankEarning.objects.filter(shop_order__currency=currency, shop_order__is_pooled=True)
        booked = of.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        out = entries.filter(debit=ledger.POOL, currency=currency, kind__in=["taken_back", "pool_share"])
        left = booked - out.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        held = -ledger.balance(ledger.POOL, currency=currency)
        if held != left:
            found.append(f"the pool holds {held} {currency}, sold for it and neither given back nor shared are {left}")
    return found


def pooled_sales_pay_no_shop() -> list[str]:
    """Nothing of a sale for the pool is transferred, or on a shop's account."""
    pooled = ShopOrder.objects.filter(is_pooled=True)
    paid = pooled.filter(
        Exists(MoneyCall.objects.filter(shop_order=OuterRef("pk"), kind=MoneyCall.Kind.TRANSFER))
        | Exists(LedgerEntry.objects.filter(shop_order=OuterRef("pk"), credit__startswith="shop:"))
    )
    return [f"{number} was sold for the pool and paid to a shop" for number in paid.values_list("number", flat=True)]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "the pool is what was sold for it": pool_is_what_was_sold_for_it,
    "sales for the pool pay no shop": pooled_sales_pay_no_shop,
}
