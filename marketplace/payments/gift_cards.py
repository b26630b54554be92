"""Gift cards: issued, entered in a checkout, held at "pay", spent with the order, given back, redeemed at a counter.
The only file that changes a card's balance, by the mechanism of `stored_money.py`.

What a checkout holds lives as long as its stock (`shops/stock.py`); the calls are made right after those of the stock
and the couriers' slots, in their transaction. Locks: payment, then cards by id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.foundation import audit, mail, network
from marketplace.foundation.money import display
from marketplace.models import User
from marketplace.payments import gift_card_limits, ledger, stored_money
from marketplace.payments.models import GiftCard, GiftCardEntry, GiftCardPurchase, GiftCardUse, Payment
from marketplace.payments.stored_money import Store, shares
from shops.models import Shop

Kind, PaidBy = GiftCardEntry.Kind, GiftCard.PaidBy
# Without 0, 1, I and O, which are read wrong. 16 of 32 characters: 80 bits, which nobody guesses at ten tries a minute.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16
# What a typing error must not exceed; no law.
MOST_MINOR = 100_000
PRINTED_WITHIN = timedelta(days=1)
STORE = Store(GiftCard, GiftCardUse, GiftCardEntry, "card")


class GiftCardError(Exception):
    """It cannot be used; the message says why, to a person."""


def issue(
    amount_minor: int,
    *,
    currency: str,
    paid_by: str,
    by: User | None,
    once: str,
    now: datetime,
    shop: Shop | None = None,
    expires_at: datetime | None = None,
    recipient_email: str = "",
    language: str = "fr",
    mailed: bool = True,
    stripe_id: str = "",
) -> tuple[GiftCard, str]:
    """A new card and its code, which is told here and mailed to the recipient (unless another mails it later), and
    kept nowhere. `once` is the form's: sent again it gives the same card and code, since the code is worked out from
    it. `stripe_id`: the balance transaction that paid it. Raises GiftCardError."""
    if not 0 < amount_minor <= MOST_MINOR:
        most = display(MOST_MINOR, currency, get_language() or "fr")
        raise GiftCardError(_("A gift card is worth at most %(amount)s.") % {"amount": most})
    code = code_from(once)
    if shop and not GiftCard.objects.filter(code_hash=hash_of(code)).exists():
        gift_card_limits.tell_at_limit(shop, amount_minor, currency=currency, now=now)
    values = {
        "last_four": code[-4:],
        "currency": currency,
        "issued_minor": amount_minor,
        "balance_minor": amount_minor,
        "paid_by": paid_by,
        "shop": shop,
        "recipient_email": recipient_email,
        "issued_at": now,
        "issued_by": by,
        "expires_at": expires_at,
    }
    with transaction.atomic():
        if shop and not GiftCard.objects.filter(code_hash=hash_of(code)).exists():
            try:
                gift_card_limits.within_limit(shop, amount_minor, currency=currency)
            except gift_card_limits.OverLimitError as error:
                raise GiftCardError(str(error)) from error
        card, made = GiftCard.objects.get_or_create(code_hash=hash_of(code), defaults=values)
        if made:
            GiftCardEntry.objects.create(
                card=card, kind=Kind.ISSUE, amount_minor=amount_minor, shop=shop, by=by, at=now
            )
            _book_issue(card, now, stripe_id=stripe_id)
            audit.record("gift_card.issue", card, by=by, shop_id=shop.pk if shop else None, amount_minor=amount_minor)
            if recipient_email and mailed:
                tell(card, code, language=language, now=now)
    return card, grouped(code)


def tell(card: GiftCard, code: str, *, language: str, now: datetime, **context: object) -> None:
    """Mail the code to its recipient, once."""
    values = {"card": card, "code": grouped(re.sub("-", "", code)), **context}
    key = f"gift_card:{card.pk}"
    mail.post("gift_card", to=card.recipient_email, language=language, dedupe_key=key, context=values, now=now)


def made_by(once: str, *, now: datetime) -> tuple[GiftCard, str] | None:
    """The card that this form made less than PRINTED_WITHIN ago, with its code: to print it. None: there is none."""
    code = code_from(once)
    fresh = GiftCard.objects.filter(code_hash=hash_of(code), blocked_at=None, issued_at__gt=now - PRINTED_WITHIN)
    card = fresh.select_related("shop").first()
    return (card, grouped(code)) if card else None


def hash_of(code: str) -> str:
    """Of a code however it is typed. Cards are looked up by it: how long that takes says nothing of a code."""
    return hashlib.sha256(re.sub(r"[^0-9A-Z]", "", code.upper()).encode()).hexdigest()


def grouped(code: str) -> str:
    """As it is printed: ABCD-EFGH-…"""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def find(code: str, *, currency: str, now: datetime) -> GiftCard:
    """The card of a code that can pay something now. Raises GiftCardError. Callers count the tries."""
    card = GiftCard.objects.filter(code_hash=hash_of(code)).first()
    if card is None:
        raise GiftCardError(_("Nothing has this code. Look at it once more: a gift card’s has 16 characters."))
    if card.currency != currency:
        raise GiftCardError(_("This gift card is in another currency (%(currency)s).") % {"currency": card.currency})
    if card.blocked_at:
        raise GiftCardError(_("This gift card is blocked, since its code was lost. Use the code of the new one."))
    if card.is_over(now):
        raise GiftCardError(_("This gift card has ended."))
    if not card.balance_minor:
        raise GiftCardError(_("Nothing is left on this gift card."))
    return card


def enter(checkout_id: int, code: str, *, currency: str, now: datetime) -> GiftCardUse:
    """Remember a card for a checkout that is being filled in. Raises GiftCardError."""
    card = find(code, currency=currency, now=now)
    return GiftCardUse.objects.get_or_create(checkout_id=checkout_id, card=card)[0]


def remember(checkout_id: int, basket_id: int) -> None:
    """The cards of the checkout of this basket that ended last, unpaid, are entered in a new one."""
    ended = GiftCardUse.objects.filter(checkout__basket=basket_id, checkout__state="ended")
    last = ended.order_by("-checkout").values("checkout")[:1]
    cards = list(ended.filter(checkout=last).order_by("pk").values_list("card", flat=True))
    if cards:
        GiftCardUse.objects.bulk_create(GiftCardUse(checkout_id=checkout_id, card_id=card) for card in cards)


def take_off(checkout_id: int, use_id: int) -> None:
    GiftCardUse.objects.filter(pk=use_id, checkout=checkout_id, held=False, spent_at=None).delete()


def planned(checkout_id: int, total_minor: int, *, now: datetime) -> list[tuple[GiftCardUse, int]]:
    """What each card entered would pay of a total, in the order in which they were entered; one query."""
    uses = list(GiftCardUse.objects.filter(checkout=checkout_id).select_related("card").order_by("pk"))
    free = [0 if use.card.is_over(now) else use.card.balance_minor for use in uses]
    return list(zip(uses, shares(free, total_minor), strict=True))


def hold(wanted: Iterable[tuple[GiftCardUse, int]], *, now: datetime) -> bool:
    """Take the amounts off their cards for a checkout. False: a card has that much no more; then the caller undoes the
    transaction. What is held already is not held twice."""
    return stored_money.hold(STORE, wanted, now=now, take=lambda card, minor: _take_guarded(card, minor, now))


def hold_again(checkout_id: int, *, now: datetime) -> bool:
    """A payment that came after its hold ended: the same amounts once more, all or nothing."""
    return stored_money.hold_again(STORE, checkout_id, now=now, hold_all=lambda wanted: hold(wanted, now=now))


def release_hold(checkout_id: int, *, now: datetime) -> int:
    """Put back what a checkout holds, once its payment session is known to be over and unpaid. Returns minor units."""
    released = stored_money.release_hold(STORE, checkout_id, now=now)
    if released:
        _follow(GiftCardUse.objects.filter(checkout=checkout_id).values("card"), now)
    return released


def spend(checkout_id: int, *, order_id: int, now: datetime) -> None:
    """In the transaction that places the order: what is held becomes the order's."""
    for use in GiftCardUse.objects.filter(checkout=checkout_id, held=True, spent_at=None).select_related("card"):
        GiftCardUse.objects.filter(pk=use.pk).update(spent_at=now)
        ledger.post(
            "gift_card",
            debit=ledger.GIFT_CARDS,
            credit=ledger.ORDERS,
            amount_minor=use.amount_minor,
            currency=use.card.currency,
            key=f"gift-card:{use.pk}",
            cause=f"gift card {use.card}",
            order_id=order_id,
            now=now,
        )


def give_back(payment: Payment, amount_minor: int, *, cause: str, now: datetime) -> int:
    """As much of it as cards paid, to the card that was used last first; returns how much that was. A card that had
    ended meanwhile ends no more: its reader did not choose to get it back. Called by `means.give_back`."""
    left = amount_minor
    for use in payment.checkout.gift_cards.exclude(spent_at=None).select_related("card").order_by("-pk"):
        amount = min(left, use.amount_minor - use.back_minor)
        if not amount:
            continue
        GiftCardUse.objects.filter(pk=use.pk).update(back_minor=F("back_minor") + amount)
        stored_money.put(STORE, use.card_id, amount)
        GiftCard.objects.filter(pk=use.card_id, expires_at__lte=now).update(expires_at=None)
        entry = stored_money.move(STORE, use.card_id, Kind.BACK, amount, now, use=use)
        _follow([use.card_id], now, endless=True)
        ledger.post(
            "gift_card_back",
            debit=ledger.ORDERS,
            credit=ledger.GIFT_CARDS,
            amount_minor=amount,
            currency=payment.currency,
            key=f"gift-card-back:{entry.pk}",
            cause=cause[:200],
            order_id=payment.checkout.order_id,
            now=now,
        )
        left -= amount
    return amount_minor - left


def replace(card: GiftCard, *, by: User | None, once: str, language: str, now: datetime) -> tuple[GiftCard, str]:
    """A card whose code was lost is dead from now on; what is free on it lies on a new one, whose code is told here and
    mailed to the recipient. What a checkout holds follows if it comes back. `once` is the form's. Raises
    GiftCardError."""
    code = code_from(once)
    with transaction.atomic():
        old = GiftCard.objects.select_for_update().get(pk=card.pk)
        before = GiftCard.objects.filter(code_hash=hash_of(code)).first()
        if before:
            return before, grouped(code)
        if old.replaced_by_id:
            raise GiftCardError(_("This card is blocked already: another has taken its place."))
        left = old.balance_minor
        if not left or old.is_over(now):
            raise GiftCardError(_("Nothing is left on this gift card."))
        columns = ("currency", "paid_by", "shop_id", "recipient_email", "expires_at")
        new = GiftCard.objects.create(
            code_hash=hash_of(code), last_four=code[-4:], issued_minor=left, balance_minor=0, issued_at=now,
            issued_by=by, **{name: getattr(old, name) for name in columns},
        )  # fmt: skip
        GiftCard.objects.filter(pk=old.pk).update(blocked_at=now, replaced_by=new)
        GiftCardPurchase.objects.filter(card=old).update(card=new, seed="", message="")
        _move_over(old.pk, new.pk, left, now)
        new.refresh_from_db()
        audit.record(
            "gift_card.replace", old, by=by or "buyer", shop_id=old.shop_id, new_card=new.pk, amount_minor=left
        )
        if new.recipient_email:
            tell(new, code, language=language, now=now)
    return new, grouped(code)


def _follow(card_ids: Any, now: datetime, *, endless: bool = False) -> None:
    """What came back to a card that is blocked meanwhile goes on to the one that took its place."""
    stranded = GiftCard.objects.filter(pk__in=card_ids, balance_minor__gt=0).exclude(replaced_by=None)
    for card in stranded.order_by("pk"):
        assert card.replaced_by_id is not None
        _move_over(card.pk, card.replaced_by_id, card.balance_minor, now)
        if endless:
            GiftCard.objects.filter(pk=card.replaced_by_id, expires_at__lte=now).update(expires_at=None)
        _follow([card.replaced_by_id], now, endless=endless)


def _move_over(old_id: int, new_id: int, amount_minor: int, now: datetime) -> None:
    stored_money.put(STORE, old_id, -amount_minor)
    stored_money.move(STORE, old_id, Kind.REPLACED, -amount_minor, now)
    stored_money.put(STORE, new_id, amount_minor)
    stored_money.move(STORE, new_id, Kind.REPLACED, amount_minor, now)


def pay_back(card_id: int, amount_minor: int, *, by: User | None, now: datetime) -> bool:
    """Take what a purchase brought off its card, to be paid back to the buyer. False: it is not all there any more."""
    if not stored_money.take_guarded(STORE, card_id, amount_minor, Q(blocked_at=None)):
        return False
    stored_money.move(STORE, card_id, Kind.REFUND, -amount_minor, now, by=by)
    return True


def paid_back_in_vain(card_id: int, amount_minor: int, *, now: datetime) -> None:
    """The buyer's bank sent it back: it is on the card again."""
    stored_money.put(STORE, card_id, amount_minor)
    stored_money.move(STORE, card_id, Kind.REFUND, amount_minor, now)
    _follow([card_id], now)


def redeem(code: str, amount_minor: int, *, shop: Shop, by: User, once: str, now: datetime) -> GiftCardEntry:
    """Pay at a shop's counter: the network owes the shop the amount, paid with what it is paid next. `once` is the
    form's: sent again it gives the first entry. Raises GiftCardError."""
    sent_before = GiftCardEntry.objects.select_related("card").filter(once=once, shop=shop)
    if known := sent_before.first():
        return known
    try:
        return _redeem(code, amount_minor, shop=shop, by=by, once=once, now=now)
    except (IntegrityError, GiftCardError):
        # Pressed twice: the other was quicker by a moment; or it had the lock, and nothing is left a second time.
        if known := sent_before.first():
            return known
        raise


def _redeem(code: str, amount_minor: int, *, shop: Shop, by: User, once: str, now: datetime) -> GiftCardEntry:
    currency = network.current().currency
    card = find(code, currency=currency, now=now)
    with transaction.atomic():
        if amount_minor < 1 or not _take_guarded(card.pk, amount_minor, now):
            card.refresh_from_db()
            left = display(card.balance_minor, currency, get_language() or "fr")
            raise GiftCardError(_("On this card %(amount)s is left.") % {"amount": left})
        entry = stored_money.move(STORE, card.pk, Kind.COUNTER, -amount_minor, now, shop=shop, by=by, once=once)
        common: Any = {"amount_minor": amount_minor, "currency": currency, "key": f"gift-card-counter:{entry.pk}"}
        account, cause = ledger.shop_account(shop.pk), f"gift card {card} at the counter"
        ledger.post("gift_card", debit=ledger.GIFT_CARDS, credit=account, cause=cause, now=now, **common)
        audit.record("gift_card.redeem", card, by=by, shop_id=shop.pk, amount_minor=amount_minor)
    card.refresh_from_db()
    entry.card = card
    return entry


def _take_guarded(card_id: int, amount_minor: int, now: datetime) -> bool:
    valid = Q(blocked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    return stored_money.take_guarded(STORE, card_id, amount_minor, valid)


def code_from(once: str) -> str:
    """16 characters that only this installation can work out from the form's token."""
    digest = salted_hmac("halles.gift-card", once, algorithm="sha256").digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:LENGTH])


def _book_issue(card: GiftCard, now: datetime, *, stripe_id: str) -> None:
    payers = {PaidBy.BANK: ledger.BANK, PaidBy.PROMOTION: ledger.PROMOTIONS, PaidBy.ONLINE: ledger.STRIPE}
    payer = ledger.shop_account(card.shop_id) if card.shop_id else payers[PaidBy(card.paid_by)]
    ledger.post(
        "gift_card_issue",
        debit=payer,
        credit=ledger.GIFT_CARDS,
        amount_minor=card.issued_minor,
        currency=card.currency,
        key=f"gift-card-issue:{card.pk}",
        cause=f"gift card {card}",
        now=now,
        stripe_id=stripe_id,
    )
