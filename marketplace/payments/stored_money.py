"""What gift cards and accounts of a local currency have in common: a balance that is at all times the sum of its
entries and never below zero, lowered by one guarded statement, held for a checkout as long as its stock, spent with its
order.

Each kind names its models in a `Store`. Uses have `checkout`, `amount_minor`, `held` and `spent_at`; entries `kind`,
`amount_minor`, `use` and `at`; both name what holds the money by the column `holder`. Locks: holders by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q

# Of an entry's kinds, those that every store has.
HOLD, RELEASE = "hold", "release"
# The least that Stripe charges, in CAD, EUR and CHF alike:
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
LEAST_CHARGE_MINOR = 50


@dataclass(frozen=True)
class Store:
    """`holder`: the name of the column of uses and entries that points to what holds the balance."""

    holders: type[models.Model]
    uses: type[models.Model]
    entries: type[models.Model]
    holder: str

    def id_of(self, use: Any) -> int:
        return getattr(use, f"{self.holder}_id")


def take_guarded(store: Store, holder_id: int, amount_minor: int, valid: Q) -> bool:
    """The guarded statement: it takes the amount if it is there at that very moment. The row stays locked."""
    there = store.holders._default_manager.filter(valid, pk=holder_id, balance_minor__gte=amount_minor)
    return there.update(balance_minor=F("balance_minor") - amount_minor) == 1


def put(store: Store, holder_id: int, amount_minor: int) -> None:
    store.holders._default_manager.filter(pk=holder_id).update(balance_minor=F("balance_minor") + amount_minor)


def move(store: Store, holder_id: int, kind: str, amount_minor: int, now: datetime, **columns: Any) -> Any:
    """Write an entry of what was taken or put."""
    of = {f"{store.holder}_id": holder_id}
    return store.entries._default_manager.create(**of, kind=kind, amount_minor=amount_minor, at=now, **columns)


def hold(store: Store, wanted: Iterable[tuple[Any, int]], *, now: datetime, take: Callable[[int, int], bool]) -> bool:
    """Take the amounts off their holders for a checkout; `take` is the guarded statement. False: one has that much no
    more; then the caller undoes the transaction. What is held already is not held twice."""
    for use, amount in sorted(wanted, key=lambda pair: store.id_of(pair[0])):
        if amount and not use.held:
            if not take(store.id_of(use), amount):
                return False
            move(store, store.id_of(use), HOLD, -amount, now, use=use)
        store.uses._default_manager.filter(pk=use.pk).update(amount_minor=amount, held=bool(amount))
        use.amount_minor, use.held = amount, bool(amount)
    return True


def hold_again(
    store: Store, checkout_id: int, *, now: datetime, hold_all: Callable[[list[tuple[Any, int]]], bool]
) -> bool:
    """A payment that came after its hold ended: the same amounts once more, all or nothing."""
    uses: Iterable[Any] = store.uses._default_manager.filter(checkout=checkout_id, spent_at=None)
    with transaction.atomic():
        held = hold_all([(use, use.amount_minor) for use in uses])
        if not held:
            transaction.set_rollback(True)
    return held


def release_hold(store: Store, checkout_id: int, *, now: datetime) -> int:
    """Put back what a checkout holds, once its payment session is known to be over and unpaid. Returns minor units."""
    released = 0
    waiting = store.uses._default_manager.filter(checkout=checkout_id, held=True, spent_at=None)
    uses: Iterable[Any] = waiting.order_by(f"{store.holder}_id")
    for use in uses:
        if waiting.filter(pk=use.pk).update(held=False):
            put(store, store.id_of(use), use.amount_minor)
            move(store, store.id_of(use), RELEASE, use.amount_minor, now, use=use)
            released += use.amount_minor
    return released


def shares(free: Sequence[int], total_minor: int) -> list[int]:
    """The first pays as much as it can, then the next. What is left for the payment page is nothing, or as much as can
    be charged there: the last ones keep what that takes."""
    paying, left = [], total_minor
    for balance in free:
        paying.append(min(balance, left))
        left -= paying[-1]
    short = LEAST_CHARGE_MINOR - left if left else 0
    for place in reversed(range(len(paying))):
        kept = max(0, min(paying[place], short))
        paying[place] -= kept
        short -= kept
    return paying
