from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from marketplace.payments import (
    accounts,
    debts,
    disputes,
    events,
    evidence,
    gateway,
    incidents,
    invariants,
    ledger,
    sweeping,
)
from marketplace.payments.fake_stripe import banks, faults, hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.ledger_corrections import DISPUTES
from marketplace.payments.models import AccountWatch, Dispute, MoneyIncident, Payment, StripeEvent, StripeSweep
from shops.models import Parcel, Shop, ShopMember
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def lose_events(times: int = 50) -> None:
    faults.plan(DatabaseStore(), faults.Fault("lose_event", times=times))


def disputed(now, amount_minor=None) -> tuple[Payment, Dispute]:
    payment = paying.captured(now)
    banks.dispute(DatabaseStore(), payment.charge_id, int(now.timestamp()), amount_minor=amount_minor)
    paying.work(now)
    return payment, Dispute.objects.get()


def test_dispute_is_booked_with_its_fee_and_holds_the_transfers():
    now = timezone.now()
    payment, dispute = disputed(now, 2000)
    assert (dispute.payment, dispute.status, dispute.amount_minor) == (payment, "needs_response", 2000)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    assert (ledger.balance(DISPUTES, currency="CAD"), payment.calls.filter(kind="transfer").count()) == (3500, 0)
    banks.decide(DatabaseStore(), dispute.dispute_id, int(now.timestamp()), won=True)
    paying.work(now + WEEK)
    dispute.refresh_from_db()
    assert (dispute.status, ledger.balance(DISPUTES, currency="CAD")) == ("won", 1500)
    assert (payment.calls.filter(kind="transfer").count(), broken()) == (2, {})


def test_evidence_is_composed_of_the_orders_history_and_handed_in_once():
    now = timezone.now()
    payment, dispute = disputed(now)
    part = paying.parts_of(payment)[0]
    Parcel.objects.create(shop_order=part, kind="post", carrier="Poste", tracking="RR1", handed_over_at=now)
    fields = evidence.compose(dispute)
    assert (fields["customer_email_address"], fields["shipping_tracking_number"]) == ("reader@example.org", "RR1")
    assert f"{part.number} handed over (post, Poste RR1)." in fields["uncategorized_text"]
    operator = factories.operator()
    disputes.hand_in(dispute, fields, by=operator, now=now)
    faults.plan(DatabaseStore(), faults.Fault("drop_after", on="POST /v1/disputes"))
    assert disputes.submit_evidence(now) == 0
    assert disputes.submit_evidence(now + timedelta(minutes=1)) == 1
    with pytest.raises(disputes.DisputeError):
        disputes.hand_in(dispute, fields, by=operator, now=now)
    dispute.refresh_from_db()
    assert (dispute.status, dispute.submitted_at is not None) == ("under_review", True)


def test_lost_dispute_is_the_networks_until_an_operator_has_a_shop_bear_it():
    now = timezone.now()
    payment, dispute = disputed(now, 2000)
    part, other = paying.parts_of(payment)
    operator = factories.operator()

    def assign(minor, to=part):
        return disputes.assign(dispute, to, minor, by=operator, reason="no proof", now=now)

    with pytest.raises(disputes.DisputeError):  # not decided yet
        assign(100)
    banks.decide(DatabaseStore(), dispute.dispute_id, int(now.timestamp()), won=False)
    paying.work(now)
    assign(3000)
    for minor, to in ((100, part), (501, other), (0, other)):
        with pytest.raises(disputes.DisputeError):
            assign(minor, to)
    assert (debts.debt(part.shop_id, currency="CAD"), ledger.balance(DISPUTES, currency="CAD")) == (3000, 500)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    call = part.money_calls.get(kind="transfer")
    assert (call.netted_minor, call.amount_minor, debts.debts(), broken()) == (3000, 410, [], {})


def test_closed_dispute_stays_closed_whatever_comes_late():
    now = timezone.now()
    _, dispute = disputed(now)
    early = disputes.gateway_watching.retrieve_dispute(dispute.dispute_id)
    banks.decide(DatabaseStore(), dispute.dispute_id, int(now.timestamp()), won=False)
    paying.work(now)
    assert disputes.record(early, now=now).status == "lost"


def test_changed_bank_account_delays_transfers_and_is_told():
    now = timezone.now()
    shop = factories.shop(stripe_account_ready=False, stripe_account="")
    owner = factories.member(shop, role=ShopMember.Role.OWNER).user
    accounts.connect(shop, now=now)
    hosted.activate_account(DatabaseStore(), shop.stripe_account)
    later = now + timedelta(days=5)
    banks.change_bank_account(DatabaseStore(), shop.stripe_account, "4321", int(later.timestamp()))
    paying.work(later)
    shop.refresh_from_db()
    assert (shop.stripe_account_changed_at, shop.stripe_account_ready) == (later, True)
    told = MailMessage.objects.filter(kind="account_changed", text__contains="4321").values_list("to", flat=True)
    assert set(told) == {owner.email, shop.email}
    paying.work(later + timedelta(hours=1))
    accounts.look(shop, now=later + timedelta(hours=1))  # nothing new
    shop.refresh_from_db()
    assert shop.stripe_account_changed_at == later


def test_daily_look_finds_what_no_event_told():
    now = timezone.now()
    shop = factories.shop(stripe_account_ready=False, stripe_account="")
    accounts.connect(shop, now=now)
    hosted.activate_account(DatabaseStore(), shop.stripe_account)
    assert accounts.watch_accounts(now) == 0
    assert accounts.watch_accounts(now + timedelta(days=1)) == 1
    shop.refresh_from_db()
    assert shop.stripe_account_ready
    lose_events()
    banks.restrict(DatabaseStore(), shop.stripe_account, int(now.timestamp()))
    accounts.watch_accounts(now + timedelta(days=2))
    shop.refresh_from_db()
    assert (shop.stripe_account_ready, AccountWatch.objects.get().transfers_status) == (False, "restricted")


def test_sweep_finds_everything_whose_events_were_lost():
    now = timezone.now()
    lose_events()
    payment = paying.captured(now)
    refund = paying.calls.MoneyCall.objects.create(
        kind="refund", payment=payment, key="k", amount_minor=100, currency="CAD", due_at=now
    )
    paying.work(now)
    refund.refresh_from_db()
    banks.fail_refund(DatabaseStore(), refund.stripe_id, int(now.timestamp()))
    banks.dispute(DatabaseStore(), payment.charge_id, int(now.timestamp()), amount_minor=500)
    waiting = paying.opened(paying.checkout(now), now)
    paying.pay(waiting, now=now)
    paying.work(now)
    assert (Dispute.objects.count(), StripeEvent.objects.count()) == (0, 0)
    soon = now + timedelta(minutes=1)
    assert (sweeping.sweep(soon), sweeping.sweep(soon)) == (len(sweeping.LISTS), 0)
    refund.refresh_from_db()
    waiting.refresh_from_db()
    assert (Dispute.objects.count(), refund.failed_at, waiting.state) == (1, soon, "authorised")
    assert StripeEvent.objects.exclude(due_at=None).count() > 5
    assert StripeSweep.objects.get(name="events").since == soon - sweeping.OVERLAP
    assert (MoneyIncident.objects.count(), broken()) == (0, {})


def test_sweep_reports_what_was_done_at_stripe_by_hand():
    now = timezone.now()
    payment = paying.captured(now)
    gateway.refund(payment.intent_id, 100, metadata={}, idempotency_key="by hand")
    sweeping.sweep(now + timedelta(minutes=1))
    (incident,) = incidents.running()
    assert "was not made here" in incident.text
    operator = factories.operator()
    assert incidents.close(incident, by=operator, resolution="booked", now=now)
    assert not incidents.close(incident, by=operator, resolution="again", now=now)
    StripeSweep.objects.update(due_at=now)
    sweeping.sweep(now + timedelta(minutes=2))
    assert incidents.running() == []


def test_payout_that_comes_back_is_an_incident_and_told():
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    shop = Shop.objects.get(pk=paying.parts_of(payment)[0].shop_id)
    payout = hosted.pay_out(DatabaseStore(), shop.stripe_account, 1000, "CAD", int(now.timestamp()))
    banks.fail_payout(DatabaseStore(), shop.stripe_account, payout, int(now.timestamp()))
    paying.work(now + WEEK)
    (incident,) = incidents.running()
    assert (incident.shop, MailMessage.objects.filter(kind="account_changed", to=shop.email).count()) == (shop, 1)
    assert broken() == {}


def test_event_of_another_api_version_is_kept_and_reported():
    event = gateway.Event("evt_1", "charge.captured", "ch_1", "charge", "", "2019-01-01", timezone.now())
    assert events.keep(event, now=timezone.now())
    assert "2019-01-01" in incidents.running()[0].text
    assert StripeEvent.objects.count() == 1
