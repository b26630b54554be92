"""What must always be true of gift cards; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import F, Sum

from marketplace.payments import ledger
from marketplace.payments.models import GiftCard, GiftCardUse, LedgerEntry, Payment


def balances_are_their_entries() -> list[str]:
    """What a card says is the sum of its movements."""
    sums = GiftCard.objects.annotate(moved=Sum("entries__amount_minor", default=0))
    return [
        f"gift card {card.pk}: {card.balance_minor} on it, its entries say {card.moved}"
        for card in sums.exclude(moved=F("balance_minor"))
    ]


def the_ledger_owes_what_cards_hold() -> list[str]:
    """Σ balances, with what checkouts being paid hold, is the account `gift_cards`."""
    held: Counter[str] = Counter()
    cards = GiftCard.objects.order_by().values_list("currency").annotate(sum=Sum("balance_minor"))
    waiting = GiftCardUse.objects.filter(held=True, spent_at=None).order_by().values_list("card__currency")
    for rows in (cards, waiting.annotate(sum=Sum("amount_minor"))):
        for currency, minor in rows:
            held[currency] += minor
    currencies = {*held, *LedgerEntry.objects.order_by().values_list("currency", flat=True).distinct()}
    owed = {currency: -ledger.balance(ledger.GIFT_CARDS, currency=currency) for currency in currencies}
    return [
        f"{currency}: cards hold {held[currency]}, the ledger owes {owed[currency]}"
        for currency in sorted(currencies)
        if held[currency] != owed[currency]
    ]


def orders_got_what_cards_paid() -> list[str]:
    """What a payment says of its cards is what was spent of them and what came back."""
    spent = Payment.objects.exclude(checkout__order=None).annotate(
        of_cards=Sum("checkout__gift_cards__amount_minor", default=0),
        back=Sum("checkout__gift_cards__back_minor", default=0),
    )
    wrong = spent.exclude(of_cards=F("gift_minor")) | spent.exclude(back=F("gift_back_minor"))
    return [
        f"payment {payment.pk}: {payment.gift_minor} by gift cards, {payment.gift_back_minor} back; the cards say "
        f"{payment.of_cards}, {payment.back}"
        for payment in wrong
    ]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "a gift card holds the sum of its entries": balances_are_their_entries,
    "the ledger owes what gift cards hold": the_ledger_owes_what_cards_hold,
    "orders got what gift cards paid": orders_got_what_cards_paid,
}
