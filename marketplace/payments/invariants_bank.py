"""What must always be true of what the bank was asked to pay; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import Q, Sum

from marketplace.payments import ledger
from marketplace.payments.bank_booking import PAYOUT, RETURNED, key_of
from marketplace.payments.models import BankPayout, LedgerEntry, MoneyCall, Receipt

State = BankPayout.State
# What a shop's account gets that is no new money for it: its own coming back.
COMING_BACK = [RETURNED, "reversal"]


def payouts_are_booked() -> list[str]:
    """What the bank paid or sent back is in the ledger, and nothing of a payout that is under way or was refused."""
    booked = dict(LedgerEntry.objects.filter(kind__in=[PAYOUT, RETURNED]).values_list("key", "amount_minor"))
    of_receivables = Receipt.objects.filter(Q(key__startswith=f"{PAYOUT}:") | Q(key__startswith=f"{RETURNED}:"))
    booked |= {key: abs(minor) for key, minor in of_receivables.values_list("key", "amount_minor")}
    wrong = []
    for row in BankPayout.objects.all():
        paid = {State.PAID: row.moved_minor, State.RETURNED: row.moved_minor, State.ENDED: row.paid_minor}
        due = (paid.get(State(row.state), 0), row.moved_minor if row.state == State.RETURNED else None)
        said = (booked.get(key_of(PAYOUT, row), 0), booked.get(key_of(RETURNED, row)))
        if said[0] != due[0] or due[1] not in (None, said[1]):
            wrong.append(f"{row.end_to_end_id} is {row.state}: {due[0]} paid, booked {said[0]}, {said[1] or 0} back")
    return wrong


def credits_are_paid_once() -> list[str]:
    """What a shop's account holds beside the orders that a transfer pays (earnings booked for the bank, dividends, gift
    cards at its counter) is paid by the bank, or carried by a transfer, never by both."""
    paid: Counter[tuple[int, str]] = Counter()
    payouts = BankPayout.objects.exclude(shop=None).filter(state__in=[*BankPayout.OPEN, State.PAID, State.ENDED])
    for shop_id, state, currency, asked, left in payouts.values_list(
        "shop", "state", "currency", "amount_minor", "paid_minor"
    ):
        paid[shop_id, currency] += left if state == State.ENDED else left or asked
    calls = MoneyCall.objects.filter(kind=MoneyCall.Kind.TRANSFER, credit_minor__gt=0).order_by()
    for shop_id, currency, carried in calls.values_list("shop_order__shop", "currency").annotate(
        sum=Sum("credit_minor")
    ):
        paid[shop_id, currency] += carried
    by_transfer = Q(kind="earning", key__startswith="earning:transfer:")
    entries = LedgerEntry.objects.filter(credit__startswith=ledger.shop_account(""))
    rows = entries.exclude(by_transfer | Q(kind__in=COMING_BACK)).order_by().values_list("credit", "currency")
    held = {(account, currency): minor for account, currency, minor in rows.annotate(sum=Sum("amount_minor"))}
    return [
        f"shop {shop_id}: {minor} {currency} paid beside its orders, {there} were there"
        for (shop_id, currency), minor in sorted(paid.items())
        if minor > (there := held.get((ledger.shop_account(shop_id), currency), 0))
    ]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "payouts by bank are in the ledger once they are made": payouts_are_booked,
    "what a shop holds beside its orders is paid once": credits_are_paid_once,
}
