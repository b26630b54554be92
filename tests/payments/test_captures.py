from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.payments import calls, captures, gateway, invariants, ledger, reconciliation, transfers
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import LedgerEntry, MoneyCall, MoneyIncident, Payment
from marketplace.payments.worth import declined_worth, units_worth
from shops.models import Shop, ShopOrder
from shops.orders import expiring, fulfilment
from tests.payments import paying

pytestmark = pytest.mark.django_db
State = Payment.State


def run(now=None) -> None:
    """The money steps until nothing is due."""
    now = now or timezone.now()
    for _ in range(5):
        if not (captures.settle_answers(now) + transfers.due_transfers(now) + calls.move_money(now)):
            break


def check(payment: Payment) -> Payment:
    assert {name: broken for name, test in invariants.INVARIANTS.items() if (broken := test())} == {}
    payment.refresh_from_db()
    return payment


def hand_over(payment: Payment, when) -> None:
    for shop in Shop.objects.all():
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
    ShopOrder.objects.filter(order__checkout__payment=payment).update(status="handed_over", handed_over_at=when)


def test_nothing_is_captured_before_every_shop_has_answered():
    payment = paying.placed()
    run()
    assert check(payment).state == State.AUTHORISED


def test_everything_accepted_captures_everything():
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    run()
    payment = check(payment)
    assert (payment.state, payment.captured_minor) == (State.CAPTURED, payment.amount_minor)


def test_line_declined_before_capture_lowers_it():
    payment = paying.placed()
    paying.answer(payment, 0, 1, 0)
    run()
    payment = check(payment)
    assert payment.captured_minor == payment.amount_minor - 1250
    assert ledger.balance(ledger.ORDERS, currency="CAD") == -payment.captured_minor


def test_everything_declined_releases_the_authorisation():
    payment = paying.placed()
    paying.answer(payment, 2, 1, 3)
    run()
    assert (check(payment).state, LedgerEntry.objects.count()) == (State.CANCELLED, 0)


def test_line_declined_after_capture_is_refunded_once():
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    run()
    paying.answer(payment, 1, 0, 0)
    run()
    run()
    payment = check(payment)
    assert (payment.refunded_minor, MoneyCall.objects.filter(kind="refund").count()) == (1200, 1)


def test_capture_does_not_wait_beyond_the_authorisation_and_takes_nothing_for_silence():
    payment = paying.placed()
    answered, silent = ShopOrder.objects.order_by("pk")
    fulfilment.accept_all(answered, by="shop", now=timezone.now())
    run(payment.capture_before - timedelta(hours=25))
    assert check(payment).state == State.AUTHORISED
    run(payment.capture_before - timedelta(hours=24))
    assert check(payment).captured_minor == answered.total_minor
    silent.refresh_from_db()
    assert (silent.status, {line.decline_reason for line in silent.lines.all()}) == ("declined", {"no_answer"})


def test_order_that_nobody_answered_is_not_charged():
    payment = paying.placed()
    run(payment.capture_before - timedelta(hours=24))
    payment = check(payment)
    assert (payment.state, payment.captured_minor) == (State.CANCELLED, 0)


def test_nothing_is_captured_while_something_is_open_at_the_margin(monkeypatch):
    """Somebody answers a part at the very moment at which the rest was to end: the next look captures."""
    payment = paying.placed()
    monkeypatch.setattr(captures.expiring, "expire", lambda shop_order, **how: False)
    run(payment.capture_before - timedelta(hours=24))
    assert check(payment).state == State.AUTHORISED


def test_order_that_cannot_be_ended_holds_back_no_other_and_no_capture(monkeypatch):
    """What stays open is charged, an operator is told, and what ends later is given back."""
    payment = paying.placed()
    failing, silent = ShopOrder.objects.order_by("pk")
    end = expiring.expire
    with monkeypatch.context() as broken:
        broken.setattr(
            expiring, "expire", lambda row, **how: 1 / 0 if row.pk == failing.pk else end(row, **how)
        )  # fmt: skip
        run(payment.capture_before - timedelta(hours=13))
        silent.refresh_from_db()
        assert (silent.status, check(payment).state) == ("declined", State.AUTHORISED)
        assert failing.number in MoneyIncident.objects.get().text
        run(payment.capture_before - timedelta(hours=12))
        assert check(payment).captured_minor == failing.total_minor
    assert expiring.expire(ShopOrder.objects.get(pk=failing.pk), now=payment.capture_before, last=True)
    run(payment.capture_before)
    assert check(payment).refunded_minor == failing.total_minor


def test_shops_are_paid_after_the_delay_less_commission():
    now = timezone.now()
    payment = paying.placed()
    paying.answer(payment, 1, 0, 0)
    run()
    hand_over(payment, now)
    run(now + timedelta(days=6))
    assert MoneyCall.objects.filter(kind="transfer").count() == 0
    run(now + timedelta(days=7))
    payment = check(payment)
    made = list(
        MoneyCall.objects.filter(kind="transfer").order_by("pk").values_list("amount_minor", "commission_minor")
    )
    # A: 1200 + 1250 with goods 1000 + 1000; B: 2490 with goods 2281; 8 %
    assert made == [(2450 - 160, 160), (2490 - 182, 182)]
    assert ledger.balance(ledger.ORDERS, currency="CAD") == 0
    assert ledger.balance(ledger.COMMISSION, currency="CAD") == -342


def test_shop_without_an_account_waits():
    now = timezone.now()
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    run()
    hand_over(payment, now)
    Shop.objects.update(stripe_account_ready=False)
    run(now + timedelta(days=30))
    assert MoneyCall.objects.filter(kind="transfer").count() == 0


def test_changed_account_delays_a_transfer():
    now = timezone.now()
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    run()
    hand_over(payment, now)
    Shop.objects.update(stripe_account_changed_at=now + timedelta(days=6))
    run(now + timedelta(days=8))
    assert MoneyCall.objects.filter(kind="transfer").count() == 0
    run(now + timedelta(days=9, minutes=1))
    assert MoneyCall.objects.filter(kind="transfer", done_at=None).count() == 0
    check(payment)


@pytest.mark.parametrize(
    "kind", ["unreachable", "drop_before", "drop_after", "rate_limit", "server_error", "server_error_after"]
)
def test_faults_on_the_way_move_the_money_once(kind):
    now = timezone.now()
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    paying.fault(kind)
    run(now)
    assert MoneyCall.objects.get().done_at is None
    run(now + timedelta(minutes=1))
    assert check(payment).captured_minor == payment.amount_minor


def test_repeating_blindly_with_another_key_would_refund_twice():
    """Negative control: what the stored key and the look before the second try are for."""
    payment = paying.placed()
    paying.answer(payment, 0, 0, 0)
    run()
    paying.answer(payment, 1, 0, 0)
    captures.settle_answers(timezone.now())
    call = MoneyCall.objects.get(kind="refund")
    gateway.refund(payment.intent_id, call.amount_minor, metadata={}, idempotency_key="another")
    run()
    assert invariants.stripe_agrees() != []


def test_give_back_before_capture_releases():
    payment = paying.placed()
    calls.give_back(payment, reason="too late", now=timezone.now())
    run()
    assert check(payment).state == State.CANCELLED


def test_ledger_row_is_written_once_per_key():
    row = {"debit": "stripe", "credit": "orders", "amount_minor": 5, "currency": "CAD", "key": "k", "cause": "c"}
    first = ledger.post("capture", now=timezone.now(), **row)
    assert (first.amount_minor, ledger.post("capture", now=timezone.now(), **row)) == (5, None)


def test_reconciliation_names_what_is_not_booked():
    payment = paying.placed()
    gateway.capture(payment.intent_id, 100, idempotency_key="by hand")
    (text,) = reconciliation.unmatched(since=timezone.now() - timedelta(days=1))
    assert "is not booked" in text


@given(st.integers(0, 10**6), st.integers(1, 50))
def test_units_worth_of_all_units_is_the_total(total, quantity):
    assert units_worth(total, quantity, quantity) == total
    assert units_worth(total, 0, quantity) == 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=3))
def test_any_order_of_answers_leaves_the_reader_with_what_is_due(answers):
    """Declines only grow; after each of them the money steps run."""
    payment = paying.placed()
    so_far = (0, 0, 0)
    for answer in answers:
        so_far = tuple(map(max, zip(so_far, answer, strict=True)))
        paying.answer(payment, *so_far)
        run()
    payment.refresh_from_db()
    due = payment.amount_minor - declined_worth(paying.lines_of(payment))
    assert payment.captured_minor - payment.refunded_minor == (due if payment.state == State.CAPTURED else 0)
    assert invariants.stripe_agrees() == []


def test_what_the_reader_cancels_is_captured_less_and_afterwards_given_back():
    payment = paying.placed()
    line = paying.lines_of(payment)[2]  # 3 copies for 24.90
    fulfilment.cancel(line, 1, by="reader", now=timezone.now())
    paying.answer(payment, 0, 0, 1)
    run()
    payment = check(payment)
    assert (payment.amount_minor - payment.captured_minor, payment.refunded_minor) == (830, 0)
    fulfilment.cancel(paying.lines_of(payment)[2], 2, by="reader", now=timezone.now())
    run()
    payment = check(payment)
    assert (payment.captured_minor - payment.refunded_minor, paying.lines_of(payment)[2].cancelled) == (3650, 3)
