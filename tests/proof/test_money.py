"""Random sequences of what happens to the money of an order: answers in any order and part, declines after the capture,
hand-overs, days that pass, and a payment provider that fails in every way the stand-in knows. In the end each has what
is due to the cent: the reader, every shop, the network; and the ledger says what the stand-in says."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from marketplace.foundation import leases, network
from marketplace.payments import earnings, gateway, invariants, ledger
from marketplace.payments.fake_stripe import faults, hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.fake_stripe.models import FakeStripeObject
from marketplace.payments.models import MoneyCall, Payment
from marketplace.payments.worth import declined_in_all
from shops.models import Shop, ShopOrder, ShopOrderLine
from tests.payments import paying
from tests.proof import due_steps
from tests.proof.sizes import begun, sized

pytestmark = pytest.mark.django_db
SEED, SEQUENCES = 20260302, 5_000
REQUEST_FAULTS = ["unreachable", "drop_before", "drop_after", "rate_limit", "server_error", "server_error_after"]
EVENT_FAULTS = ["lose_event", "delay_event", "duplicate_event"]
MOST_FAULTS = 3  # in one sequence, each up to three times: after ten tries a call waits for a person
Status, Kind = ShopOrder.Status, MoneyCall.Kind


class Sequence:
    """One order and what happens to it; `now` moves on. It is made once: each seed begins with what was made."""

    def __init__(self) -> None:
        self.begin(0)
        self.started = self.now = timezone.now()
        self.payment = paying.placed()
        for shop in Shop.objects.all():
            _connect(shop)

    def begin(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)
        self.log: list[str] = []

    def acts(self) -> list[Callable[[], None]]:
        often = [self.accept] * 3
        return [*often, self.decline, self.hand_over, self.meet_a_fault, self.let_time_pass]

    def run(self) -> None:
        for _ in range(self.chance.randint(4, 12)):
            self.chance.choice(self.acts())()
            self.work()
        self.finish()

    def work(self) -> None:
        for _ in range(10):
            if not due_steps.run(due_steps.MOVING, self.now):
                return

    def accept(self) -> None:
        line = self._line(lambda row: row.open_units)
        if line:
            line.accepted += self.chance.randint(1, line.open_units)
            self._write(line, "accepted")

    def decline(self) -> None:
        """Unanswered units or accepted ones, as long as they are there."""
        line = self._line(lambda row: row.left_units - row.handed_over)
        if line:
            units = self.chance.randint(1, line.left_units - line.handed_over)
            line.accepted -= max(0, units - line.open_units)
            line.declined += units
            self._write(line, "declined")

    def hand_over(self) -> None:
        parts = [part for part in self._parts() if part.status == Status.NEW and can_be_handed_over(part)]
        if parts:
            self._hand_over(self.chance.choice(parts))

    def meet_a_fault(self) -> None:
        kind = self.chance.choice(REQUEST_FAULTS + EVENT_FAULTS)
        if self.log.count("fault") >= MOST_FAULTS:
            return
        on, times = ("", 1) if kind in EVENT_FAULTS else ("POST", self.chance.randint(1, 3))
        faults.plan(DatabaseStore(), faults.Fault(kind, on=on, times=times, seconds=60))
        self.log += ["fault", f"{kind} × {times}"]

    def let_time_pass(self) -> None:
        self.now += timedelta(hours=self.chance.choice([0, 1, 6, 11]))
        self.log.append(f"{self.now - self.started} later")

    def finish(self) -> None:
        """All is answered and handed over, and the days pass."""
        for line in self._lines():
            if line.open_units:
                line.accepted += line.open_units
                self._write(line, "accepted at last")
        for part in self._parts():
            if part.status == Status.NEW and can_be_handed_over(part):
                self._hand_over(part)
        self.work()
        days = network.current().transfer_delay_days
        # Hours; the longest wait after a failure is 7.2 of them, and after a day of not knowing a person must look.
        soon, then = [8] * 6, [11] * ((days - 1) * 24 // 11)
        for hours in [*soon, *then, *soon]:
            self.now += timedelta(hours=hours)
            self.work()
            if self.now - self.started > timedelta(days=days - 1) and self.chance.random() < 0.2:
                self.meet_a_fault()  # when the transfers are due
        FakeStripeObject.objects.filter(kind=faults.KIND).delete()
        leases.unpark(list(MoneyCall.objects.exclude(parked_at=None)), now=self.now)  # what a person does
        for hours in soon:
            self.now += timedelta(hours=hours)
            self.work()
        assert sum(step(self.now) for step in due_steps.MOVING) == 0, self.story()  # none of them was left out
        self.check()

    def check(self) -> None:
        payment = Payment.objects.get(pk=self.payment.pk)
        lines = self._lines()
        due = payment.amount_minor - declined_in_all(lines)
        ended = Payment.State.CAPTURED if payment.captured_minor else Payment.State.CANCELLED
        assert payment.state == ended, self.story()
        assert payment.captured_minor - payment.refunded_minor == due, self.story()
        for part in self._parts():
            owed = earnings.of(part, now=self.now).shop_minor  # less commission and the tax on it
            paid = sum(row.amount_minor for row in _movements(part.shop.stripe_account))
            assert paid == owed, self.story()
            assert ledger.balance(ledger.shop_account(part.shop_id), currency="CAD") == 0, self.story()
        assert ledger.balance(ledger.ORDERS, currency="CAD") == 0, self.story()
        broken = {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}
        assert broken == {}, self.story()
        assert MoneyCall.objects.filter(done_at=None).count() == 0, self.story()

    def story(self) -> str:
        calls_made = [f"{call} done {call.done_at} {call.last_error}" for call in MoneyCall.objects.all()]
        return "\n".join([f"seed {self.seed}", *self.log, *calls_made])

    def counted(self) -> Mapping[str, int]:
        return {"faults": self.log.count("fault")}

    def _lines(self) -> list[ShopOrderLine]:
        return paying.lines_of(self.payment)

    def _parts(self) -> list[ShopOrder]:
        return list(ShopOrder.objects.filter(order__checkout__payment=self.payment).order_by("pk"))

    def _line(self, fits) -> ShopOrderLine | None:
        lines = [line for line in self._lines() if fits(line) > 0]
        return self.chance.choice(lines) if lines else None

    def _write(self, line: ShopOrderLine, what: str) -> None:
        line.save()
        self.log.append(f"line {line.pk} {what}: {line.accepted} of {line.quantity}, {line.declined} declined")

    def _hand_over(self, part: ShopOrder) -> None:
        for line in part.lines.all():
            line.packed = line.handed_over = line.accepted
            self._write(line, "handed over")
        ShopOrder.objects.filter(pk=part.pk).update(status=Status.HANDED_OVER, handed_over_at=self.now)


def can_be_handed_over(part: ShopOrder) -> bool:
    lines = list(part.lines.all())
    return not any(line.open_units for line in lines) and any(line.accepted for line in lines)


def _connect(shop: Shop) -> None:
    made = gateway.create_account(
        country="CA",
        currency="CAD",
        email=shop.email,
        display_name=shop.name,
        metadata={},
        idempotency_key=shop.slug,
    )
    hosted.activate_account(DatabaseStore(), made.id)
    Shop.objects.filter(pk=shop.pk).update(stripe_account=made.id, stripe_account_ready=True)


def _movements(account_id: str) -> list[gateway.BalanceTransaction]:
    since = datetime.fromtimestamp(0, tz=timezone.now().tzinfo)
    return list(gateway.list_balance_transactions(created_since=since, account_id=account_id))


def sequences(*, number: int, seed: int, kind: type[Sequence] = Sequence) -> Mapping[str, object]:
    """Each on its own: what one has written is undone before the next. Returns counts; raises AssertionError with the
    story of the first sequence that ends wrongly."""
    counts: Counter[str] = Counter()
    made = kind()
    for each in range(seed, seed + number):
        before = transaction.savepoint()
        sequence = copy.copy(made)
        sequence.begin(each)
        sequence.run()
        counts.update(Payment.objects.values_list("state", flat=True))
        counts.update(f"{kind}s" for kind in MoneyCall.objects.values_list("kind", flat=True))
        counts.update(sequence.counted())
        transaction.savepoint_rollback(before)
        transaction.savepoint_commit(before)  # else all of them stay open, and each write asks all
    return {"seed": seed, "sequences": number, **dict(sorted(counts.items()))}


@pytest.mark.proof
def test_five_thousand_random_sequences_leave_everyone_with_what_is_due(said):
    said(sequences(number=sized(SEQUENCES), seed=SEED + begun()))
