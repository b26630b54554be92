"""What a shop owes the network: a refund after its transfer that could not be taken back, its part of a lost dispute.
Kept back from its next transfers."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, Sum

from marketplace.payments import ledger
from marketplace.payments.models import BankPayout, LedgerEntry, MoneyCall
from shops.models import Shop

Kind = MoneyCall.Kind


@dataclass(frozen=True)
class Debt:
    shop: Shop
    currency: str
    amount_minor: int


def debt(shop_id: int, *, currency: str) -> int:
    """In minor units, never negative: what its account in the ledger is below zero, less what is being taken back and
    what transfers on their way keep back already."""
    below_zero = ledger.balance(ledger.shop_account(shop_id), currency=currency)
    open_calls = MoneyCall.objects.filter(currency=currency, shop_order__shop=shop_id, done_at=None, refused_at=None)
    on_the_way = open_calls.aggregate(
        reversed=Sum("amount_minor", filter=Q(kind=Kind.REVERSAL), default=0),
        netted=Sum("netted_minor", filter=Q(kind=Kind.TRANSFER), default=0),
    )
    return max(0, below_zero - on_the_way["reversed"] - on_the_way["netted"])


def credit(shop_id: int, *, currency: str) -> int:
    """In minor units, never negative: what the network owes the shop beside its orders, less what transfers on their
    way and files given to the bank pay already."""
    above_zero = -ledger.balance(ledger.shop_account(shop_id), currency=currency)
    open_calls = MoneyCall.objects.filter(
        currency=currency, shop_order__shop=shop_id, done_at=None, kind=Kind.TRANSFER, credit_minor__gt=0
    )
    on_the_way = open_calls.aggregate(sum=Sum("credit_minor", default=0))["sum"]
    asked = BankPayout.objects.filter(shop=shop_id, currency=currency, state__in=BankPayout.OPEN)
    return max(0, above_zero - on_the_way - asked.aggregate(sum=Sum("amount_minor", default=0))["sum"])


def debts() -> list[Debt]:
    """Every shop that owes, the greatest debt first."""
    sums: dict[tuple[str, str], int] = {}
    for column, sign in (("debit", 1), ("credit", -1)):
        rows = LedgerEntry.objects.filter(**{f"{column}__startswith": ledger.shop_account("")})
        for row in rows.values(column, "currency").annotate(s=Sum("amount_minor")).order_by():
            key = (row[column], row["currency"])
            sums[key] = sums.get(key, 0) + sign * row["s"]
    below = {key for key, left in sums.items() if left > 0}
    shops = {ledger.shop_account(shop.pk): shop for shop in Shop.objects.all()} if below else {}
    found = [Debt(shops[name], currency, debt(shops[name].pk, currency=currency)) for name, currency in below]
    return sorted((one for one in found if one.amount_minor), key=lambda one: (-one.amount_minor, one.shop.name))
