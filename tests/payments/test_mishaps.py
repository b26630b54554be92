"""What happens at the worst moment, or to one row among many: the money is right all the same, and the others go on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation import leases
from marketplace.payments import (
    accounts,
    bank,
    captures,
    commission_tax,
    disputes,
    events,
    exporting,
    gateway,
    gateway_watching,
    invariants,
    invariants_corrections,
    ledger,
    membership,
    refunds,
    sessions,
    sweeping,
    transfers,
)
from marketplace.payments.fake_stripe import accounts as stripe_accounts
from marketplace.payments.fake_stripe import banks, hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import (
    AccountWatch,
    Dispute,
    DisputeShare,
    Dues,
    Export,
    LedgerEntry,
    MoneyCall,
    MoneyIncident,
    Payment,
    StripeEvent,
    StripeSweep,
)
from shops.models import Shop
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
IBAN = "DE89370400440532013000"


def test_decline_between_two_workers_is_refunded():
    now = timezone.now()
    payment = paying.placed(now)
    paying.answer(payment, 0, 0, 0)
    assert captures.settle(payment.pk, now=now)
    paying.answer(payment, 0, 1, 0)  # a shop declines 12.50 after the first worker decided, before the second comes
    assert not captures.settle(payment.pk, now=now)
    paying.work(now)
    payment.refresh_from_db()
    assert (payment.captured_minor, payment.refunded_minor) == (6140, 1250)


def test_bank_does_not_pay_what_a_transfer_carries():
    now = timezone.now()
    payment = paying.captured(now)
    part = paying.parts_of(payment)[0]
    bank.change_account(part.shop, holder="x", iban=IBAN, bic="", by=None, now=now - timedelta(days=4))
    account = ledger.shop_account(part.shop_id)
    owed = {"amount_minor": 5000, "currency": "CAD", "key": "d", "cause": "dividend", "now": now}
    ledger.post("dividend", debit="dividends", credit=account, **owed)
    assert [minor for _, minor in bank.owed(now + WEEK)] == [5000]
    paying.handed_over(payment, now)
    transfers.due_transfers(now + WEEK)
    assert part.money_calls.get(kind="transfer").credit_minor == 5000
    assert bank.owed(now + WEEK) == []


def test_dues_of_a_shop_whose_tax_of_that_day_is_unknown_stop_no_other(monkeypatch):
    def rule(shop, network, minor, on):
        if shop.name == "Late" and on < date(2026, 3, 1):
            raise commission_tax.TaxUnknownError("no row")
        return []

    monkeypatch.setattr(commission_tax, "_rules", [rule])
    for name, day in (("Late", date(2026, 2, 1)), ("Good", date(2026, 3, 1))):
        Dues.objects.create(shop=factories.shop(name), amount_minor=2000, currency="CAD", next_on=day)
    assert membership.charge_dues(factories.NOON) > 0
    assert dict(Dues.objects.filter(next_on__lt=date(2026, 3, 2)).values_list("shop__name", "next_on")) == {
        "Late": date(2026, 2, 1)
    }
    assert "no row" in MoneyIncident.objects.get().text


def test_dispute_of_a_foreign_charge_is_of_no_order():
    now = timezone.now()
    paying.opened(paying.checkout(now), now)  # a payment without an intent so far
    found = gateway_watching.Dispute(
        "du_x", "needs_response", "fraudulent", 2000, "CAD", "ch_foreign", "", None, False, now, ()
    )
    assert disputes.record(found, now=now).payment is None


def test_refused_transfer_is_made_once_the_account_is_mended():
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    part, store = paying.parts_of(payment)[0], DatabaseStore()
    transfers.due_transfers(now + WEEK)
    part.shop.refresh_from_db()
    _let_it_receive(store, part.shop.stripe_account, "restricted")
    paying.work(now + WEEK)
    call = part.money_calls.get(kind="transfer")
    assert call.parked_at
    _let_it_receive(store, part.shop.stripe_account, "active")
    leases.unpark([call], now=now + WEEK)
    paying.work(now + WEEK + timedelta(hours=1))
    call.refresh_from_db()
    assert call.done_at
    assert paying.at_stripe(part.shop) == call.amount_minor


def test_refused_transfer_is_paid_by_bank_once_the_shop_has_no_other_account():
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    part, later = paying.parts_of(payment)[0], now + WEEK
    transfers.due_transfers(later)
    part.shop.refresh_from_db()
    _let_it_receive(DatabaseStore(), part.shop.stripe_account, "restricted")
    paying.work(later)
    call, earned = part.money_calls.get(kind="transfer"), 3410
    assert (call.parked_at is None, call.amount_minor) == (False, earned)
    how = {"reason": "x", "by": None, "now": later}
    refunds.ask(payment, refunds.Wanted("other", part, amount_minor=100), once="1", **how)
    paying.work(later)
    assert part.money_calls.get(kind="reversal").done_at is None
    part.shop.stripe_account_ready = False
    part.shop.save()
    bank.change_account(part.shop, holder="x", iban=IBAN, bic="", by=None, now=later)
    paying.work(later + timedelta(minutes=1))
    refunds.ask(payment, refunds.Wanted("other", part, amount_minor=100), once="2", **how)
    paying.work(later + timedelta(hours=1))
    call.refresh_from_db()
    back = sum(row.share_minor for row in part.refund_requests.all())
    assert (call.done_at is None, paying.at_stripe(part.shop)) == (False, 0)
    assert [minor for _, minor in bank.owed(later + WEEK)] == [earned - back]
    assert MoneyCall.objects.filter(done_at=None, refused_at=None).count() == 0
    assert [text for check in invariants.INVARIANTS.values() for text in check()] == []


def test_transfer_that_may_have_been_made_is_left_to_a_person_and_not_to_the_bank():
    """Whether Stripe made it nobody knows: another bank account is no word on that."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now, "A")
    part, later = paying.parts_of(payment)[0], now + WEEK
    transfers.due_transfers(later)
    paying.fault("drop_before", 9)
    for hours in range(0, 40, 8):
        paying.work(later + timedelta(hours=hours))
    call = part.money_calls.get(kind="transfer")
    assert (call.unknown_outcome, call.parked_at is None) == (True, False)
    part.shop.refresh_from_db()
    part.shop.stripe_account_ready = False
    part.shop.save()
    bank.change_account(part.shop, holder="x", iban=IBAN, bic="", by=None, now=later)
    paying.work(later + timedelta(hours=41))
    call.refresh_from_db()
    assert (call.parked_at is None, call.amount_minor, bank.owed(later + WEEK)) == (False, 3410, [])


def test_transfer_that_is_written_waits_too_when_the_account_changes():
    """And holds back nothing that readers get meanwhile."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.captured(now)  # others pay: it comes out of the network's own balance
    paying.handed_over(payment, now, "A")
    part, later = paying.parts_of(payment)[0], now + WEEK
    transfers.due_transfers(later)
    Shop.objects.filter(pk=part.shop_id).update(stripe_account_changed_at=later)
    wanted = refunds.Wanted("other", paying.parts_of(payment)[1], amount_minor=100)
    refunds.ask(payment, wanted, reason="x", by=None, once="1", now=later)
    for hours in (0, 1, 71):
        paying.work(later + timedelta(hours=hours))
    paid = [paying.at_stripe(part.shop), MoneyCall.objects.filter(kind="refund", done_at=None).count()]
    paying.work(later + timedelta(hours=72, minutes=1))
    assert (paid, paying.at_stripe(part.shop)) == ([0, 0], 3410)
    assert [text for check in invariants.INVARIANTS.values() for text in check()] == []


def test_capture_waits_for_a_provider_that_is_away_and_for_no_person():
    now = timezone.now()
    payment = paying.placed(now)
    paying.answer(payment, 0, 0, 0)
    paying.fault("unreachable", 10)
    for minutes in range(0, 300, 20):
        paying.work(now + timedelta(minutes=minutes))
    assert (MoneyCall.objects.get().parked_at, MoneyIncident.objects.count()) == (None, 1)
    paying.work(now + timedelta(hours=12))
    assert Payment.objects.get().captured_minor == 6140


def test_looks_at_the_provider_go_on_once_it_is_there_again(monkeypatch):
    def away(*args, **kwargs):
        raise gateway.PaymentGatewayError("x", permanent=False)

    now = timezone.now()
    payment = paying.opened(paying.checkout(now), now)
    paying.connect(factories.shop())
    said = {"charge_id": "ch", "amount_minor": 1, "currency": "CAD", "reason": "fraudulent", "opened_at": now}
    handed_in = Dispute.objects.create(dispute_id="du_x", status="needs_response", due_at=now, **said)
    called = (
        (gateway, "list_events"),
        (sessions, "refresh"),
        (accounts, "look"),
        (gateway_watching, "retrieve_dispute"),
    )
    for module, name in called:
        monkeypatch.setattr(module, name, away)
    for minutes in range(10, 900, 45):
        later = now + timedelta(minutes=minutes)
        sweeping.sweep(later), sessions.watch_payments(later), accounts.watch_accounts(later)
        disputes.submit_evidence(later)
    rows = [StripeSweep.objects.get(name="events"), AccountWatch.objects.get(), payment, handed_in]
    rows[2].refresh_from_db(), rows[3].refresh_from_db()
    assert [(row.parked_at, row.last_error) for row in rows] == [(None, "x")] * 4


def _let_it_receive(store, account_id, status):
    account = store.get(stripe_accounts.KIND, account_id)
    account["configuration"]["recipient"]["capabilities"]["stripe_balance"]["stripe_transfers"]["status"] = status
    store.put(stripe_accounts.KIND, account)


def test_event_that_nobody_foresaw_stops_no_other(monkeypatch):
    def fail(row, now):
        raise KeyError("field")

    now = timezone.now()
    monkeypatch.setitem(events.APPLY, "odd", fail)
    for name in ("odd", "none"):
        when = {"received_at": now, "due_at": now - timedelta(hours=name == "odd")}
        StripeEvent.objects.create(event_id=name, type="x", object_id=name, payload={"object": name}, **when)
    events.apply_events(now)
    assert list(StripeEvent.objects.exclude(applied_at=None).values_list("event_id", flat=True)) == ["none"]
    assert StripeEvent.objects.get(event_id="odd").last_error == "KeyError: 'field'"


def test_call_that_cannot_be_recorded_stops_no_other(monkeypatch):
    now = timezone.now()
    bad, good = paying.captured(now), paying.captured(now)
    real = ledger.record_refund
    for payment in (bad, good):
        wanted = refunds.Wanted("other", paying.parts_of(payment)[0], amount_minor=100)
        refunds.ask(payment, wanted, reason="x", by=None, once=f"{payment.pk}", now=now)

    def record(call, **values):
        if call.payment_id == bad.pk:
            raise ValueError("x")
        return real(call, **values)

    monkeypatch.setattr(ledger, "record_refund", record)
    paying.work(now)
    assert [paying.Payment.objects.get(pk=one.pk).refunded_minor for one in (bad, good)] == [0, 100]
    monkeypatch.undo()
    paying.work(now + timedelta(hours=1))
    assert paying.Payment.objects.get(pk=bad.pk).refunded_minor == 100  # once: the next try has looked it up


def test_verify_sees_what_nobody_bears():
    """Negative controls: a refund whose reversal was refused, and one dispute that bears another's cost."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    part = paying.parts_of(payment)[0]
    account, at = part.shop.stripe_account, int(now.timestamp())
    hosted.pay_out(DatabaseStore(), account, paying.at_stripe(part.shop), "CAD", at)
    wanted = refunds.Wanted("other", part, amount_minor=1825)
    asked = refunds.ask(payment, wanted, reason="x", by=None, once="1", now=now)
    paying.work(now + WEEK)
    assert invariants_corrections.requests_are_borne() == []
    LedgerEntry.objects.filter(key=f"taken-back:{asked.pk}")._raw_delete("default")
    assert len(invariants_corrections.requests_are_borne()) == 1

    others = [paying.captured(now), paying.captured(now)]
    for one in others:
        banks.dispute(DatabaseStore(), one.charge_id, at, amount_minor=2000)
    paying.work(now)
    for dispute in Dispute.objects.all():
        banks.decide(DatabaseStore(), dispute.dispute_id, at, won=False)
    paying.work(now)
    first = Dispute.objects.order_by("pk").first()
    share = {"shop_order": paying.parts_of(first.payment)[0], "reason": "x", "at": now}
    DisputeShare.objects.create(dispute=first, amount_minor=disputes.cost(first), **share)
    assert invariants_corrections.disputes_are_borne_once() == []
    DisputeShare.objects.update(amount_minor=disputes.cost(first) + 1)
    assert len(invariants_corrections.disputes_are_borne_once()) == 1


def test_transfer_waits_days_for_the_balance_and_holds_back_no_refund():
    """Given 60.00 of its own, the network pays the shop out of its balance, which is not there yet."""
    now = timezone.now()
    payment = paying.captured(now)
    wanted = refunds.Wanted("other", amount_minor=6000)
    refunds.ask(payment, wanted, reason="x", by=None, once="1", now=now)
    paying.work(now)
    paying.handed_over(payment, now, "A")
    later = now + WEEK
    for hours in range(0, 48, 3):
        paying.work(later + timedelta(hours=hours))
    call = MoneyCall.objects.get(kind="transfer")
    assert (call.from_balance, call.parked_at, call.done_at, MoneyIncident.objects.count()) == (True, None, None, 1)
    wanted = refunds.Wanted("other", paying.parts_of(payment)[1], amount_minor=100)
    refunds.ask(payment, wanted, reason="x", by=None, once="2", now=later)
    call.refresh_from_db()
    assert call.due_at > later + timedelta(hours=45)
    paying.work(call.due_at - timedelta(minutes=1))
    assert MoneyCall.objects.filter(kind="refund", done_at=None).count() == 0
    paying.captured(now)  # others pay
    paying.work(call.due_at + timedelta(seconds=1))
    call.refresh_from_db()
    assert call.done_at


def test_paid_page_of_a_checkout_that_ended_is_told():
    now = timezone.now()
    payment = paying.opened(paying.checkout(now), now)
    paying.pay(payment, now=now)
    Payment.objects.filter(pk=payment.pk).update(state=Payment.State.EXPIRED, due_at=None)
    sweeping.sweep(now + timedelta(days=1))
    assert "ended as unpaid here" in MoneyIncident.objects.get().text


def test_verify_compares_amounts_of_calls():
    now = timezone.now()
    paying.captured(now)
    assert invariants.money_calls_are_booked() == []
    MoneyCall.objects.filter(kind="capture").update(amount_minor=6139)
    assert len(invariants.money_calls_are_booked()) == 1


def test_files_of_money_are_private_and_end(tmp_path, settings):
    settings.VAR_DIR, now = tmp_path, timezone.now()
    export = Export(pk=7)
    exporting.keep(export, b"<IBAN>")
    path = exporting.path_of(export)
    assert (path.read_bytes(), oct(path.stat().st_mode)[-3:]) == (b"<IBAN>", "600")
    assert [exporting.forget_exports(now + timedelta(days=days)) for days in (29, 31, 32)] == [0, 1, 0]
