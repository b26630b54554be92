"""The money steps, each called only where it could find something: of each a condition without which it does nothing,
all of them in one statement. In most hours of a sequence nothing is due, and the steps themselves take Django fifty
times as long to find that out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from marketplace.foundation import network
from marketplace.payments import calls, captures, disputes, events, sweeping, transfers
from marketplace.payments.fake_stripe.models import FakeStripeObject
from marketplace.payments.models import Dispute, MoneyCall, Payment, StripeEvent, StripeSweep
from shops.models import ShopOrder, ShopOrderLine

Step = Callable[[datetime], int]
MOVING: tuple[Step, ...] = (
    events.deliver_fake_events,
    events.apply_events,
    captures.settle_answers,
    transfers.due_transfers,
    calls.move_money,
)
LOOKING: tuple[Step, ...] = (sweeping.sweep, disputes.submit_evidence)


def _is_due(model: type) -> str:
    return f"EXISTS (SELECT 1 FROM {model._meta.db_table} WHERE due_at <= %s AND parked_at IS NULL)"  # type: ignore[attr-defined]


def _there_is(model: type, where: str) -> str:
    return f"EXISTS (SELECT 1 FROM {model._meta.db_table} WHERE {where})"  # type: ignore[attr-defined]


_ASKED = ", ".join(
    [
        _there_is(FakeStripeObject, "due_at <= %s"),
        _is_due(StripeEvent),
        _there_is(Payment, "state = 'authorised'") + " OR " + _there_is(ShopOrderLine, "declined > settled"),
        _there_is(ShopOrder, "booked_at IS NULL AND handed_over_at <= %s"),
        _is_due(MoneyCall),
        _is_due(StripeSweep) + f" OR NOT {_there_is(StripeSweep, '1 = 1')}",
        _is_due(Dispute),
    ]
)


def run(steps: tuple[Step, ...], now: datetime) -> int:
    """Each of the steps that could find something, once; how much was done."""
    return sum(step(now) for step in steps if step in _of_use(now))


def _of_use(now: datetime) -> set[Step]:
    moment, booked_by = (
        connection.ops.adapt_datetimefield_value(at)
        for at in (now, now - timedelta(days=network.current().transfer_delay_days))
    )
    with connection.cursor() as cursor:
        asked = [int(now.timestamp()), moment, booked_by, moment, moment, moment]
        cursor.execute(f"SELECT {_ASKED}", asked)
        return {step for step, useful in zip((*MOVING, *LOOKING), cursor.fetchone(), strict=True) if useful}
