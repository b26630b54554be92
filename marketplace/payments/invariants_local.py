"""What must always be true of local currencies; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import F, Sum

from marketplace.payments import ledger
from marketplace.payments.models import LedgerEntry, LocalAccount, LocalCurrency, LocalShare, LocalUse


def accounts_are_their_entries() -> list[str]:
    sums = LocalAccount.objects.annotate(moved=Sum("entries__amount_minor", default=0))
    return [
        f"local account {row.pk}: {row.balance_minor} on it, its entries say {row.moved}"
        for row in sums.exclude(moved=F("balance_minor"))
    ]


def the_ledger_owes_what_accounts_hold() -> list[str]:
    """Σ balances, with what checkouts being paid hold, is the currency's account, in its own units."""
    wrong = []
    for currency in LocalCurrency.objects.filter(provider=LocalCurrency.Provider.KEPT):
        waiting = LocalUse.objects.filter(currency=currency, held=True, spent_at=None)
        held = waiting.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        held += currency.accounts.aggregate(sum=Sum("balance_minor", default=0))["sum"]
        owed = -ledger.balance(ledger.local_account(currency.code), currency=currency.code)
        if held != owed:
            wrong.append(f"{currency.code}: accounts hold {held}, the ledger owes {owed}")
    return wrong


def shops_got_their_shares() -> list[str]:
    """Of no order more is paid to shops in local currency than it brought and keeps, and each is in the ledger."""
    wrong = []
    booked: Counter[int] = Counter()
    for key, minor in LedgerEntry.objects.filter(kind="local_paid").values_list("key", "amount_minor"):
        booked[int(key.split(":")[1])] += minor  # one for each part of the order that the shop earned
    for share in LocalShare.objects.all():
        said = booked[share.pk]
        if share.paid_value_minor != said or said > share.value_minor:
            wrong.append(f"local share {share.pk}: {share.paid_value_minor} of {share.value_minor} paid, booked {said}")
    return wrong


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "a local account holds the sum of its entries": accounts_are_their_entries,
    "the ledger owes what local accounts hold": the_ledger_owes_what_accounts_hold,
    "shops got their share in local currency, once": shops_got_their_shares,
}
