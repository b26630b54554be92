"""What must always be true of gift cards; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db.models import F, Q, Sum

from marketplace.payments import gift_card_refunds, ledger
from marketplace.payments.models import GiftCard, GiftCardPurchase, GiftCardUse, LedgerEntry, Payment

VOUCHER = "borne:voucher:"


def balances_are_their_entries() -> list[str]:
    """What a card says is the sum of its movements."""
    sums = GiftCard.objects.annotate(moved=Sum("entries__amount_minor", default=0))
    return [
        f"gift card {card.pk}: {card.balance_minor} on it, its entries say {card.moved}"
        for card in sums.exclude(moved=F("balance_minor"))
    ]


def the_ledger_owes_what_cards_hold() -> list[str]:
    """Σ balances, with what checkouts being paid hold and what is being paid back, is the account `gift_cards`."""
    held: Counter[str] = Counter()
    cards = GiftCard.objects.order_by().values_list("currency").annotate(sum=Sum("balance_minor"))
    waiting = GiftCardUse.objects.filter(held=True, spent_at=None).order_by().values_list("card__currency")
    going = GiftCardPurchase.objects.filter(state="refunding").order_by().values_list("currency")
    for rows in (cards, waiting.annotate(sum=Sum("amount_minor")), going.annotate(sum=Sum("amount_minor"))):
        for currency, minor in rows:
            held[currency] += minor
    currencies = {*held, *LedgerEntry.objects.order_by().values_list("currency", flat=True).distinct()}
    owed = {currency: -ledger.balance(ledger.GIFT_CARDS, currency=currency) for currency in currencies}
    return [
        f"{currency}: cards hold {held[currency]}, the ledger owes {owed[currency]}"
        for currency in sorted(currencies)
        if held[currency] != owed[currency]
    ]


def orders_got_what_was_paid_otherwise() -> list[str]:
    """What a payment says of cards and vouchers is what the ledger moved to its order, and back; and cards were spent
    for what the ledger says."""
    moved: Counter[tuple[int | None, str]] = Counter()
    entries = LedgerEntry.objects.filter(
        Q(kind__in=["gift_card", "gift_card_back", "borne_back"]) | Q(key__startswith=VOUCHER)
    )
    for of_order, kind, minor in entries.values_list("order", "kind", "amount_minor"):
        moved[of_order, kind] += minor
    for in_order, debit, minor in _local():
        moved[in_order, "borne_back" if debit == ledger.ORDERS else "borne"] += minor
    wrong = []
    cards = Sum("checkout__gift_cards__amount_minor", filter=Q(checkout__gift_cards__held=True), default=0)
    for payment in Payment.objects.exclude(checkout__order=None).select_related("checkout").annotate(of_cards=cards):
        order_id = payment.checkout.order_id
        said = (payment.other_minor, payment.other_back_minor, payment.of_cards)
        booked = (
            moved[order_id, "gift_card"] + moved[order_id, "borne"],
            moved[order_id, "gift_card_back"] + moved[order_id, "borne_back"],
            moved[order_id, "gift_card"],
        )
        if said != booked:
            wrong.append(f"payment {payment.pk}: paid otherwise, back, by cards {said}; the ledger says {booked}")
    return wrong


def blocked_cards_hold_nothing() -> list[str]:
    lost = GiftCard.objects.exclude(blocked_at=None).exclude(balance_minor=0)
    return [f"gift card {card.pk} is blocked and holds {card.balance_minor}" for card in lost]


def purchases_got_their_cards() -> list[str]:
    """What was paid online is a card and an entry of the ledger, each for each; what was paid back is booked back."""
    wrong = []
    for purchase in GiftCardPurchase.objects.filter(state__in=["paid", "refunding", "refunded"]):
        issued = LedgerEntry.objects.filter(kind="gift_card_issue", stripe_id=purchase.transaction_id)
        minor = issued.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        back = LedgerEntry.objects.filter(key=gift_card_refunds.key_of(purchase)).exists()
        if purchase.card_id is None or minor != purchase.amount_minor or (purchase.state == "refunded" and not back):
            wrong.append(f"{purchase}: card {purchase.card_id}, the ledger issued {minor}, paid back: {back}")
    return wrong


def _local() -> list[tuple[int | None, str, int]]:
    """What a local currency moved to and from orders, in the orders' currency."""
    found = LedgerEntry.objects.filter(
        Q(kind="local", credit=ledger.ORDERS) | Q(kind="local_back", debit=ledger.ORDERS)
    )
    return list(found.values_list("order", "debit", "amount_minor"))


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "a gift card holds the sum of its entries": balances_are_their_entries,
    "the ledger owes what gift cards hold": the_ledger_owes_what_cards_hold,
    "a blocked gift card holds nothing": blocked_cards_hold_nothing,
    "what was paid online is a gift card": purchases_got_their_cards,
    "orders got what was paid otherwise": orders_got_what_was_paid_otherwise,
}
