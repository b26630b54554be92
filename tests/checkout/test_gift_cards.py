"""Gift cards in a checkout: held with its copies, spent with its order; the last of a card pays one of two."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import checkouts, ending, freezing, invariants, placing
from marketplace.checkout.models import Checkout
from marketplace.foundation.models import MailMessage
from marketplace.payments import gift_cards
from marketplace.payments import invariants as money_invariants
from marketplace.payments.models import GiftCard, GiftCardUse, Payment
from tests import factories
from tests.checkout.buying import pay, ready, two_shop_basket
from tests.shops.racing import at_once


def broken() -> dict[str, list[str]]:
    checks = {**invariants.INVARIANTS, **money_invariants.INVARIANTS}
    return {name: texts for name, check in checks.items() if (texts := check())}


def with_card(balance_minor: int, basket=None) -> tuple[Checkout, GiftCard, str]:
    """A checkout that is ready, its card, and what its pay page says."""
    card = factories.gift_card(balance_minor)
    checkout = ready(basket or two_shop_basket())
    return checkout, card, seen(checkout, card)


def seen(checkout: Checkout, card: GiftCard) -> str:
    now = timezone.now()
    GiftCardUse.objects.get_or_create(checkout=checkout, card=card)
    plan = checkouts.plan_of(checkout, now=now)
    means = gift_cards.planned(checkout.pk, plan.total_minor, now=now)
    return freezing.shown(plan, sum(amount for _, amount in means))


def held_by(card: GiftCard) -> int:
    return GiftCard.objects.get(pk=card.pk).balance_minor


def freeze(checkout: Checkout, shown: str) -> str:
    refusal = freezing.freeze_and_hold(checkout, seen=shown, now=timezone.now())
    return refusal.reason if refusal else "frozen"


def test_card_is_held_with_the_copies_and_free_again_with_them(db):
    checkout, card, shown = with_card(2000)
    assert freeze(checkout, shown) == freeze(checkout, shown) == "frozen"
    assert (checkout.gift_minor, checkout.charged_minor, held_by(card)) == (2000, checkout.total_minor - 2000, 0)
    assert broken() == {}
    assert [ending.end(checkout, now=timezone.now()) for _ in range(2)] == [True, True]
    assert (held_by(card), list(card.entries.order_by("pk").values_list("kind", flat=True))) == (
        2000,
        ["issue", "hold", "release"],
    )
    again = checkouts.start(checkout.basket, None, language="en", now=timezone.now())
    assert [use.card for use in again.gift_cards.all()] == [card]
    assert broken() == {}


def test_what_the_page_did_not_say_is_told_before_paying(db):
    checkout, card, shown = with_card(2000)
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=1999)
    assert freeze(checkout, shown) == "changed"
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=2000)
    assert freeze(checkout, shown) == "frozen"


def test_cards_that_cover_all_need_no_page(db):
    checkout, card, shown = with_card(20_000)
    urls = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    payment = freezing.pay(checkout, seen=shown, now=timezone.now(), **urls)
    assert freezing.pay(checkout, seen=shown, now=timezone.now(), **urls).reason == "ended"
    assert (payment.state, payment.session_url, Checkout.objects.get().state) == ("captured", "", "paid")
    assert not ending.end(Checkout.objects.get(), now=timezone.now())
    assert placing.place_paid(timezone.now()) == 1
    checkout.refresh_from_db()
    assert (checkout.state, held_by(card)) == ("placed", 20_000 - checkout.total_minor)
    assert broken() == {}


def late(checkout: Checkout) -> None:
    """Its hold ended; then it was paid after all."""
    Payment.objects.create(checkout=checkout, currency="CAD", amount_minor=checkout.charged_minor, other_minor=2000)
    Payment.objects.update(state=Payment.State.EXPIRED)
    assert ending.end(checkout, now=timezone.now())
    pay(checkout)


def test_late_payment_holds_its_card_again(db):
    checkout, card, shown = with_card(2000)
    freeze(checkout, shown)
    late(checkout)
    assert placing.place(checkout.pk, now=timezone.now()) is not None
    assert held_by(card) == 0
    assert broken() == {}


def test_late_payment_goes_back_when_the_card_was_used_elsewhere(db):
    checkout, card, shown = with_card(2000)
    freeze(checkout, shown)
    late(checkout)
    other = ready(two_shop_basket())
    assert freeze(other, seen(other, card)) == "frozen"
    assert placing.place(checkout.pk, now=timezone.now()) is None
    checkout.refresh_from_db()
    assert (checkout.state, MailMessage.objects.filter(kind="payment_returned").count()) == ("refunded", 1)
    assert GiftCardUse.objects.get(checkout=checkout).held is False
    assert broken() == {}


def test_last_of_a_card_pays_one_of_two_checkouts(committed_db):
    first, card, shown = with_card(2000)
    second = ready(two_shop_basket())
    both = [(first, shown), (second, seen(second, card))]
    results = at_once(lambda number: freeze(*both[number]), 2)
    # The second waited for the first, or had read the balance before it was gone.
    assert results.count("frozen") == 1
    assert set(results) <= {"frozen", "changed", "gift"}
    assert (held_by(card), GiftCardUse.objects.filter(held=True).count()) == (0, 1)
    assert broken() == {}


@pytest.mark.parametrize("guarded", [True, False])
def test_card_planned_by_both_before_either_holds_it(committed_db, monkeypatch, guarded):
    """The guard is in the statement; without it (read, then write) both spend the same money."""
    card = factories.gift_card(2000)
    plans = []
    for _ in range(2):
        checkout = ready(two_shop_basket())
        seen(checkout, card)
        plans.append(gift_cards.planned(checkout.pk, 10_000, now=timezone.now()))
    both_read = threading.Barrier(2)

    def read_then_write(card_id: int, amount_minor: int, now) -> bool:
        balance = GiftCard.objects.get(pk=card_id).balance_minor
        both_read.wait(30)
        GiftCard.objects.filter(pk=card_id).update(balance_minor=balance - amount_minor)
        return balance >= amount_minor

    if not guarded:
        monkeypatch.setattr(gift_cards, "_take_guarded", read_then_write)
    results = at_once(lambda number: gift_cards.hold(plans[number], now=timezone.now()), 2)
    assert sorted(results) == ([False, True] if guarded else [True, True])
    assert held_by(card) == 0
    noticed = {"a gift card holds the sum of its entries", "the ledger owes what gift cards hold"}
    assert set(broken()) & noticed == (set() if guarded else noticed)


def test_expired_card_pays_nothing(db):
    checkout, card, _ = with_card(2000)
    GiftCard.objects.filter(pk=card.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert freeze(checkout, seen(checkout, card)) == "frozen"
    assert (checkout.gift_minor, held_by(card)) == (0, 2000)
