"""What pays an order beside the payment page: stored money of the reader's (gift cards, a local currency), and a
voucher that the network bears.

Another kind of stored money is one file with the functions of `Means`, a row in MEANS, and a column of the checkout
that freezes its part; `freezing.freeze_and_hold` plans and holds it, everything later goes through here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.db.models import F

from marketplace.payments import gift_cards, ledger, local_currency
from marketplace.payments.models import Payment


class Means(Protocol):
    """A module. A hold lives as long as the checkout's stock; the calls come right after those of the stock, in their
    transaction. `give_back` returns how much of the amount it paid and gave back."""

    def hold_again(self, checkout_id: int, *, now: datetime) -> bool: ...
    def release_hold(self, checkout_id: int, *, now: datetime) -> Any: ...
    def spend(self, checkout_id: int, *, order_id: int, now: datetime) -> None: ...
    def give_back(self, payment: Payment, amount_minor: int, *, cause: str, now: datetime) -> int: ...


# Each by the checkout's column of what it pays; in the order in which they get back.
MEANS: dict[str, Means] = {"local_minor": local_currency, "gift_minor": gift_cards}


def hold_again(checkout: Any, *, now: datetime) -> bool:
    """Whether all that a checkout was to be paid with is held, still or once more."""
    return all(means.hold_again(checkout.pk, now=now) for means in _of(checkout))


def release_hold(checkout: Any, *, now: datetime) -> None:
    for means in _of(checkout):
        means.release_hold(checkout.pk, now=now)


def spend(checkout: Any, *, order_id: int, now: datetime) -> None:
    for means in _of(checkout):
        means.spend(checkout.pk, order_id=order_id, now=now)


def left_of(payment: Payment) -> int:
    """What was paid otherwise and is not given back."""
    return payment.other_minor - payment.other_back_minor


def give_back(payment: Payment, amount_minor: int, *, cause: str, now: datetime) -> dict[str, int]:
    """Of what was paid otherwise, at most `left_of`: first what is the reader's money, then to whoever bears the
    voucher. The payment is locked. Returns what each had, by the checkout's column."""
    if not amount_minor:
        return {}
    to_voucher, parts = amount_minor, dict[str, int]()
    for column, means in MEANS.items():
        parts[column] = means.give_back(payment, to_voucher, cause=cause, now=now) if to_voucher else 0
        to_voucher -= parts[column]
    parts["voucher_minor"] = to_voucher
    ledger.post(
        "borne_back",
        debit=ledger.ORDERS,
        credit=ledger.PROMOTIONS,
        amount_minor=to_voucher,
        currency=payment.currency,
        key=f"borne-back:{payment.pk}:{payment.other_back_minor}",
        cause=cause[:200],
        order_id=payment.checkout.order_id,
        now=now,
    )
    Payment.objects.filter(pk=payment.pk).update(other_back_minor=F("other_back_minor") + amount_minor)
    payment.other_back_minor += amount_minor
    return {column: minor for column, minor in parts.items() if minor}


def _of(checkout: Any) -> list[Means]:
    return [means for column, means in MEANS.items() if getattr(checkout, column)]
