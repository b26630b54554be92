"""Every movement on our Stripe balance is a ledger entry and the other way round, to the cent. Looked at each night and
when somebody asks; what differs is an incident that only a person closes, with a reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from marketplace.foundation import audit, leases
from marketplace.payments import gateway
from marketplace.payments.ledger import STRIPE
from marketplace.payments.models import Difference, LedgerEntry, Payment, ReconciliationRun

NIGHTLY = timedelta(hours=24)
# A night looks back this far: longer than a retry of Stripe's events, a bank holiday, a week without a worker.
LOOK_BACK = timedelta(days=35)
# What moved a moment ago may be booked a moment later.
SETTLING = timedelta(hours=1)
# Both sides are read this much further back than they are compared: their clocks are not one.
MARGIN = timedelta(days=1)
Kind = Difference.Kind


@dataclass(frozen=True)
class Found:
    """One movement that differs. `None` on the side where it is missing; amounts as they changed our balance."""

    stripe_id: str
    kind: str
    movement: str = ""
    currency: str = ""
    theirs_minor: int | None = None
    ours_minor: int | None = None

    def __str__(self) -> str:
        if self.kind == Kind.NOT_BOOKED:
            return f"{self.stripe_id} ({self.movement}, {self.theirs_minor} {self.currency}) is not booked"
        if self.kind == Kind.UNKNOWN:
            return f"{self.stripe_id} is booked with {self.ours_minor} and unknown to Stripe"
        return f"{self.stripe_id}: Stripe says {self.theirs_minor}, the ledger {self.ours_minor}"


@dataclass(frozen=True)
class Comparison:
    agreed: int
    found: list[Found]


def compare(*, since: datetime, until: datetime | None = None) -> Comparison:
    """Hold both sides of [since, until) against each other. Stripe's own payouts to the bank are left out: they move
    what is ours already. Raises PaymentGatewayError."""

    def counts(at: datetime) -> bool:
        return at >= since and (until is None or at < until)

    booked: dict[str, int] = defaultdict(int)
    booked_at: dict[str, datetime] = {}
    for entry in LedgerEntry.objects.filter(at__gte=since - MARGIN).exclude(stripe_id=""):
        booked[entry.stripe_id] += entry.amount_minor * ((entry.debit == STRIPE) - (entry.credit == STRIPE))
        booked_at[entry.stripe_id] = entry.at
    agreed, found = 0, []
    for movement in gateway.list_balance_transactions(created_since=since - MARGIN):
        if movement.kind == "payout":
            continue
        ours = booked.pop(movement.id, None)
        if ours == movement.net_minor:
            agreed += counts(movement.created)
        elif counts(movement.created):
            kind = Kind.NOT_BOOKED if ours is None else Kind.AMOUNT
            words = (movement.kind, movement.currency.upper())
            found.append(Found(movement.id, kind, *words, movement.net_minor, ours))
    unknown = [
        Found(stripe_id, Kind.UNKNOWN, ours_minor=minor)
        for stripe_id, minor in booked.items()
        if counts(booked_at[stripe_id])
    ]
    return Comparison(agreed, found + unknown)


def unmatched(*, since: datetime) -> list[str]:
    """What does not agree since then, one short text each; empty when all does."""
    return [str(found) for found in compare(since=since).found]


def ask(*, by: object, now: datetime) -> ReconciliationRun:
    """Compare as soon as the worker comes to it."""
    with transaction.atomic():
        run = ReconciliationRun.objects.create(
            asked_at=now,
            asked_by=by,
            since=now - LOOK_BACK,
            due_at=now,  # type: ignore[misc]  # a user
        )
        audit.record("reconciliation.ask", run, by=by)
    return run


def reconcile(now: datetime) -> int:
    """Step: a run each night, and those that were asked for."""
    tonight = ReconciliationRun.objects.filter(asked_by=None, asked_at__gt=now - NIGHTLY)
    if not tonight.exists() and Payment.objects.exists():
        ReconciliationRun.objects.create(asked_at=now, since=now - LOOK_BACK, due_at=now)
    done = 0
    for run in leases.claim(ReconciliationRun, now=now, limit=1, lease_seconds=1800):
        try:
            comparison = compare(since=run.since, until=now - SETTLING)
        except gateway.PaymentGatewayError as error:
            leases.postpone(run, error=str(error), now=now, permanent=error.permanent)
            continue
        with transaction.atomic():
            _open(run, comparison.found, now)
            counts = {"agreed": comparison.agreed, "differed": len(comparison.found)}
            done += leases.finish(run, finished_at=now, **counts)
    return done


def _open(run: ReconciliationRun, found: list[Found], now: datetime) -> None:
    """An incident for each difference that has none; one that a person closed as it is now stays closed."""
    known: dict[str, list[Difference]] = defaultdict(list)
    for row in Difference.objects.filter(stripe_id__in=[each.stripe_id for each in found]):
        known[row.stripe_id].append(row)
    for each in found:
        values = {"kind": each.kind, "theirs_minor": each.theirs_minor, "ours_minor": each.ours_minor}
        rows = known[each.stripe_id]
        same = [row for row in rows if {name: getattr(row, name) for name in values} == values]
        open_ones = [row.pk for row in rows if row.closed_at is None]
        if open_ones or same:
            Difference.objects.filter(pk__in=open_ones).update(last_seen_at=now, **values)
            continue
        made = Difference.objects.create(
            run=run,
            stripe_id=each.stripe_id,
            movement=each.movement,
            currency=each.currency,
            last_seen_at=now,
            **values,  # type: ignore[arg-type]  # the three columns
        )
        audit.record("reconciliation.differs", made, stripe_id=each.stripe_id, kind=each.kind)


def close(difference: Difference, *, by: object, reason: str, now: datetime) -> bool:
    """A person has looked and says why it is in order. False where it was closed before. Raises ValueError without a
    reason."""
    if not reason.strip():
        raise ValueError("An incident is closed with a reason.")
    with transaction.atomic():
        still = Difference.objects.filter(pk=difference.pk, closed_at=None)
        if not still.update(closed_at=now, closed_by=by, reason=reason.strip()[:300]):  # type: ignore[misc]
            return False
        audit.record("reconciliation.close", difference, by=by, reason=reason, stripe_id=difference.stripe_id)
    return True
