"""Each shop of an order by invoice is paid for its own part as the institution's payments come, the oldest first. The
order is 61.40: shop A's part 36.50, shop B's 24.90."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.checkout import invoicing
from marketplace.checkout.invariants_invoices import INVARIANTS as OF_INVOICES
from marketplace.payments import bank, calls, captures, earnings, ledger, receivables, refunds, transfers
from marketplace.payments.invariants import INVARIANTS as OF_MONEY
from marketplace.payments.invariants_receivables import INVARIANTS as OF_RECEIVABLES
from marketplace.payments.models import BankEarning, Invoice, PaidPart, Payment, Receipt, Receivable
from shops.models import Shop, ShopOrder, ShopOrderLine
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
A, B = 3650, 2490


def ordered(now: datetime) -> Payment:
    institution, made = factories.institution(), paying.checkout(now)
    made.user, made.by_invoice = institution.user, True
    made.save()
    assert receivables.hold(made, amount_minor=made.total_minor, now=now)
    payment = paying.placed(now, made=made)
    order = payment.checkout.order
    receivables.book(made.pk, order_id=order.pk, order_number=order.number, now=now)
    ShopOrder.objects.update(answered_at=now)
    return Payment.objects.get(pk=payment.pk)


def finish(part: ShopOrder, now: datetime, *declined: int) -> None:
    """Handed over, but for `declined` units of its lines, long enough ago to be paid."""
    for line, units in zip(part.lines.order_by("pk"), declined or (0, 0), strict=False):
        left = line.quantity - min(units, line.quantity)
        ShopOrderLine.objects.filter(pk=line.pk).update(
            declined=F("quantity") - left, accepted=left, packed=left, handed_over=left
        )
    is_left = any(line.left_units for line in part.lines.all())
    said = {"status": "handed_over", "handed_over_at": now - timedelta(days=8)} if is_left else {"status": "declined"}
    ShopOrder.objects.filter(pk=part.pk).update(**said)
    work(now)


def receive(minor: int, now: datetime, kind: str = Receipt.Kind.BANK) -> None:
    key = f"k{Receipt.objects.count()}"
    receivables.receive(Receivable.objects.get(), minor, kind=kind, on=now.date(), key=key, by=None, now=now)
    work(now)


def work(now: datetime) -> None:
    for _ in range(2):
        captures.settle_answers(now), calls.move_money(now), invoicing.issue_invoices(now)
        bank.book_earnings(now), transfers.due_transfers(now)


def earned() -> list[str]:
    return [row.shop_order.number[-1] for row in BankEarning.objects.select_related("shop_order").order_by("pk")]


def broken(checks=None) -> dict[str, list[str]]:
    return {name: texts for name, test in (checks or OF_MONEY | OF_INVOICES).items() if (texts := test())}


def test_shop_that_is_finished_is_paid_before_the_other():
    now = timezone.now()
    payment = ordered(now)
    a, b = paying.parts_of(payment)
    receive(2490, now)
    finish(b, now)
    assert (earned(), broken()) == (["B"], {})
    receive(3649, now)
    finish(a, now + timedelta(days=1))
    assert (earned(), broken()) == (["B"], {})
    receive(1, now)
    assert (earned(), broken(), ledger.balance(ledger.ORDERS, currency="CAD")) == (["B", "A"], {}, 0)


def test_board_says_which_shop_waits_for_what(client):
    now = timezone.now()
    _, b = paying.parts_of(ordered(now))
    finish(b, now)
    client.force_login(factories.operator())
    row = Receivable.objects.get()

    def said() -> list[str]:
        page = client.get(f"/board/receivables/{row.pk}/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
        return re.findall(rf"<li>{row.checkout.order.number}-. · [^·]* · (\D*?) ?[0-9<,]", page)

    assert said() == ["To answer", "handed over on"]
    receive(B, now)
    assert said() == ["To answer", "paid for since"]


def test_oldest_invoice_is_paid_first():
    now = timezone.now()
    a, b = paying.parts_of(ordered(now))
    finish(a, now)
    finish(b, now + timedelta(days=1))
    receive(2490, now)  # the amount of B's, and A's is older
    assert earned() == []
    receive(A - 2490, now)
    assert (earned(), broken()) == (["A"], {})
    receive(2489, now)
    assert earned() == ["A"]
    receive(1, now)
    assert (earned(), broken()) == (["A", "B"], {})


def test_what_the_bank_takes_back_reaches_no_shop_that_is_not_paid_yet():
    now = timezone.now()
    a, b = paying.parts_of(ordered(now))
    receive(A, now)
    finish(a, now)
    receive(B, now)
    ShopOrder.objects.filter(pk=b.pk).update(status="handed_over", handed_over_at=now)  # not due yet
    ShopOrderLine.objects.filter(shop_order=b).update(accepted=3, packed=3, handed_over=3)
    work(now)
    assert (earned(), PaidPart.objects.count()) == (["A"], 2)
    receive(-B, now)
    work(now + timedelta(days=9))
    assert (earned(), PaidPart.objects.count(), broken()) == (["A"], 1, {})
    receive(B, now)
    work(now + timedelta(days=9))
    assert (earned(), broken()) == (["A", "B"], {})


def test_what_the_bank_takes_back_between_the_look_and_the_booking_reaches_no_shop():
    now = timezone.now()
    _, b = paying.parts_of(ordered(now))
    receive(B, now)
    ShopOrder.objects.filter(pk=b.pk).update(status="handed_over", handed_over_at=now)
    ShopOrderLine.objects.filter(shop_order=b).update(accepted=3, packed=3, handed_over=3)
    work(now)
    later = now + timedelta(days=9)
    (seen,) = earnings.due(later, Shop.objects.all())
    receivables.receive(
        Receivable.objects.get(), -B, kind=Receipt.Kind.BANK, on=now.date(), key="back", by=None, now=now
    )
    assert (earnings.lock(seen), bank._book(seen, later), earned()) == (None, False, [])
    receive(B, now)
    assert bank._book(seen, later) is True


def test_shop_paid_too_soon_is_noticed():
    """Negative control."""
    now = timezone.now()
    a, b = paying.parts_of(ordered(now))
    finish(a, now)
    finish(b, now + timedelta(days=1))
    receive(A, now)
    PaidPart.objects.create(receivable=Receivable.objects.get(), shop_order=b, at=now)
    work(now)
    assert (earned(), list(broken())) == (["A", "B"], ["orders by invoice are earned once they are paid"])


def asked_for(part: ShopOrder) -> int:
    notes = Invoice.objects.filter(shop_order=part)
    return sum(row.total_minor if row.kind == "invoice" else -abs(row.total_minor) for row in notes)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("finish"), st.integers(0, 1), st.tuples(st.integers(0, 3), st.integers(0, 1))),
        st.tuples(st.just("receive"), st.integers(1, 7000), st.none()),
        st.tuples(st.just("give back"), st.integers(0, 1), st.integers(1, 2000)),
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_payments_in_any_parts_reach_the_shops_in_their_order_to_the_cent(acts):
    before = transaction.savepoint()
    pay_in_parts(acts)
    transaction.savepoint_rollback(before)
    transaction.savepoint_commit(before)


def pay_in_parts(acts) -> None:
    now = timezone.now()
    payment = ordered(now)
    parts = paying.parts_of(payment)
    came = 0
    for number, (act, which, how) in enumerate([*acts, ("finish", 0, (0, 0)), ("finish", 1, (0, 0))]):
        moment = now + timedelta(minutes=number)
        if act == "receive":
            receive(which, moment)
            came += which
        elif act == "give back":
            wanted = refunds.Wanted("other", parts[which], amount_minor=how)
            try:
                refunds.ask(payment, wanted, reason="x", by=None, once=f"{number}", now=moment)
            except refunds.RefundError:
                continue
            work(moment)
        elif ShopOrder.objects.filter(pk=parts[which].pk, status="new").exists():
            finish(parts[which], moment, *how)
        finished = ShopOrder.objects.exclude(handed_over_at=None).order_by("handed_over_at", "pk")
        sums = [asked_for(part) for part in finished]
        reached = [part.number[-1] for n, part in enumerate(finished) if sum(sums[: n + 1]) <= came]
        assert (sorted(earned()), broken(OF_RECEIVABLES)) == (sorted({*reached, *earned()}), {})
    left = Receivable.objects.get().open_minor
    if left:
        receive(left, now, Receipt.Kind.BANK if left > 0 else Receipt.Kind.PAID_BACK)
    assert (len(earned()), broken()) == (ShopOrder.objects.exclude(handed_over_at=None).count(), {})
    assert ledger.balance(ledger.ORDERS, currency="CAD") == 0
