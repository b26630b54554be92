"""A card of 25.00 CAD bought online on the stand-in: 1.03 of fee."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from marketplace.payments import (
    disputes,
    events,
    gateway,
    gift_card_refunds,
    gift_card_sales,
    gift_cards,
    incidents,
    invariants,
    ledger,
    sweeping,
)
from marketplace.payments.fake_stripe import banks
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import (
    Dispute,
    GiftCard,
    GiftCardEntry,
    GiftCardPurchase,
    LedgerEntry,
    MoneyIncident,
    StripeEvent,
)
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db


def bought(*, paid: bool = True, **columns) -> GiftCardPurchase:
    """At the payment page, or paid there and not told to us yet."""
    now = timezone.now()
    how = {"buyer": ("Léa", "lea@example.org"), "once": f"form-{now.timestamp()}", "language": "fr", "now": now}
    purchase = gift_card_sales.start(2500, **{**how, **columns})
    urls = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    purchase = gift_card_sales.open_session(purchase, now=now, **urls)
    if paid:
        paying.pay(purchase)
    return purchase


def issued(**columns) -> GiftCardPurchase:
    return gift_card_sales.refresh(bought(**columns), now=timezone.now())


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def entries() -> list[tuple]:
    return list(LedgerEntry.objects.order_by("pk").values_list("kind", "debit", "credit", "amount_minor"))


ISSUED = [("gift_card_issue", "stripe", "gift_cards", 2500), ("fee", "stripe_fees", "stripe", 103)]


def test_paid_card_is_issued_once_however_often_and_whoever_tells():
    purchase, now = bought(), timezone.now()
    events.deliver_fake_events(now), events.apply_events(now)
    StripeEvent.objects.update(applied_at=None, due_at=now)
    events.apply_events(now), gift_card_sales.watch(now + timedelta(minutes=3)), sweeping.sweep(now)
    purchase = gift_card_sales.refresh(purchase, now=now)
    [card] = GiftCard.objects.all()
    assert (purchase.state, purchase.card, card.balance_minor, entries()) == ("paid", card, 2500, ISSUED)
    code = gift_card_sales.code_of(purchase, now=now)
    assert gift_cards.find(code, currency="CAD", now=now) == card
    [mail] = MailMessage.objects.all()
    assert (mail.kind, mail.to, code in mail.text) == ("gift_card_bought", "lea@example.org", False)
    assert (broken(), MoneyIncident.objects.count()) == ({}, 0)


def test_crash_between_payment_and_card_gives_the_same_card(monkeypatch):
    purchase, now = bought(), timezone.now()

    def die(name: str) -> None:
        if name == "gift_card.before_issue":
            raise SystemExit(137)

    monkeypatch.setattr(gift_card_sales, "failpoint", die)
    with pytest.raises(SystemExit):
        gift_card_sales.refresh(purchase, now=now)
    assert (GiftCard.objects.count(), entries()) == (0, [])
    monkeypatch.undo()
    gift_card_sales.watch(now + timedelta(minutes=3))
    assert (GiftCard.objects.count(), entries(), broken()) == (1, ISSUED, {})


def test_form_sent_twice_buys_once_and_a_lost_answer_is_found():
    paying.fault("drop_after", times=1)
    with pytest.raises(gateway.PaymentGatewayError):
        bought(paid=False, once="form-1")
    first = bought(paid=False, once="form-1")
    assert (bought(paid=False, once="form-1"), first.state) == (first, "open")
    assert len(list(gateway.list_sessions(created_since=timezone.now() - timedelta(hours=1)))) == 1


def test_amount_that_differs_is_refused_and_told():
    purchase, now = bought(), timezone.now()
    GiftCardPurchase.objects.update(amount_minor=50_000)
    assert gift_card_sales.refresh(purchase, now=now).state == "refused"
    [told] = incidents.running()
    assert ("2500 CAD" in told.text, GiftCard.objects.count(), entries()) == (True, 0, [])
    for minor in (499, 50_001, -1):
        with pytest.raises(GiftCardError):
            gift_card_sales.start(minor, buyer=("a", "a@b.org"), once=str(minor), language="fr", now=now)


def test_unpaid_page_ends_and_a_late_payment_is_a_card_all_the_same():
    purchase, now = bought(paid=False), timezone.now()
    paying.pay(purchase)
    GiftCardPurchase.objects.update(state="expired")
    assert gift_card_sales.refresh(purchase, now=now).state == "paid"
    other = bought(paid=False)
    later = now + timedelta(hours=2)
    gateway.expire_session(other.session_id, idempotency_key="x")
    gift_card_sales.watch(later)
    other.refresh_from_db()
    assert (other.state, other.due_at, GiftCard.objects.count()) == ("expired", None, 1)


def test_code_is_mailed_on_its_day_and_then_kept_nowhere():
    day = timezone.localdate() + timedelta(days=3)
    purchase = issued(recipient=("Ada", "ada@example.org"), message="Joyeux Noël", mail_on=day)
    once = f"online:{purchase.seed}"
    gift_card_sales.watch(timezone.now())
    assert not MailMessage.objects.filter(kind="gift_card").exists()
    assert gift_card_sales.code_of(purchase, now=timezone.now()) == ""
    for _ in range(2):
        gift_card_sales.watch(purchase.mail_at + timedelta(minutes=1))
    mail, code = MailMessage.objects.get(kind="gift_card"), gift_cards.grouped(gift_cards.code_from(once))
    purchase.refresh_from_db()
    assert (mail.to, code in mail.text, "Joyeux Noël" in mail.html) == ("ada@example.org", True, True)
    assert (purchase.seed, purchase.message, purchase.due_at) == ("", "", None)


def test_hours_without_the_provider_park_no_purchase_and_its_code_is_told(monkeypatch):
    purchase, now = bought(recipient=("Ada", "ada@example.org")), timezone.now()

    def away(_):
        raise gateway.PaymentGatewayError("away", permanent=False)

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "retrieve_session", away)
        for hours in range(12):
            gift_card_sales.watch(now + timedelta(hours=hours))
    purchase.refresh_from_db()
    assert (purchase.parked_at, purchase.last_error) == (None, "away")
    GiftCardPurchase.objects.update(parked_at=now)  # and a parked one is heard of by an event
    gift_card_sales.refresh(purchase, now=now + timedelta(hours=13))
    gift_card_sales.watch(now + timedelta(hours=14))
    assert MailMessage.objects.filter(kind="gift_card", to="ada@example.org").count() == 1


def test_card_that_cannot_be_issued_stops_no_other(monkeypatch):
    now, real = timezone.now() + timedelta(minutes=3), gift_cards.issue
    odd, good = bought(), bought()

    def issue(*of, **how):
        if how["once"].endswith(odd.seed):
            raise ValueError("odd")
        return real(*of, **how)

    monkeypatch.setattr(gift_cards, "issue", issue)
    gift_card_sales.watch(now)
    odd.refresh_from_db(), good.refresh_from_db()
    assert (odd.state, odd.last_error, good.state) == ("open", "ValueError: odd", "paid")
    monkeypatch.undo()
    gift_card_sales.watch(now + timedelta(minutes=3))
    assert (GiftCard.objects.count(), broken()) == (2, {})


def test_printed_code_is_forgotten_after_a_day():
    purchase, later = issued(), timezone.now() + timedelta(days=1, minutes=1)
    gift_card_sales.watch(timezone.now())
    gift_card_sales.watch(later)
    purchase.refresh_from_db()
    assert (purchase.seed, purchase.due_at, gift_card_sales.code_of(purchase, now=later)) == ("", None, "")


def test_unused_card_is_paid_back_and_a_used_or_old_one_is_not():
    now, operator = timezone.now(), factories.user()
    purchase, used, old = issued(), issued(), issued()
    code = gift_card_sales.code_of(used, now=now)
    gift_cards.redeem(code, 1, shop=factories.shop(), by=operator, once="a" * 20, now=now)
    ask = {"by": operator, "reason": "withdrawn"}
    for refused, at in ((used, now), (old, now + timedelta(days=15))):
        with pytest.raises(GiftCardError):
            gift_card_refunds.ask(refused, now=at, **ask)
    gift_card_refunds.ask(purchase, now=now, **ask)
    assert broken() == {}  # on its way
    with pytest.raises(GiftCardError):
        gift_card_refunds.ask(purchase, now=now, **ask)
    paying.fault("drop_after", times=1)  # the answer is lost: looked up, not made again
    gift_card_sales.watch(now), gift_card_sales.watch(now + timedelta(minutes=5))
    purchase.refresh_from_db()
    made = list(gateway.list_refunds(intent_id=purchase.intent_id))
    assert (purchase.state, [row.amount_minor for row in made], broken()) == ("refunded", [2500], {})
    assert entries()[-1] == ("gift_card_refund", "gift_cards", "stripe", 2500)
    banks.fail_refund(DatabaseStore(), purchase.refund_id, int(now.timestamp()))
    for _ in range(2):
        events.deliver_fake_events(now), events.apply_events(now), sweeping.sweep(now + timedelta(days=2))
    purchase.refresh_from_db()
    assert (purchase.state, purchase.card.balance_minor, broken()) == ("paid", 2500, {})
    assert len(incidents.running()) == 1
    gift_card_refunds.ask(purchase, now=now, **ask), gift_card_sales.watch(now)
    assert (ledger.balance("gift_cards", currency="CAD"), broken()) == (-4999, {})


def test_disputed_card_is_told():
    purchase = issued()
    banks.dispute(DatabaseStore(), purchase.charge_id, int(timezone.now().timestamp()), amount_minor=2500)
    for _ in range(2):
        events.deliver_fake_events(timezone.now()), events.apply_events(timezone.now())
    assert (Dispute.objects.get().payment, len(incidents.running()), broken()) == (None, 1, {})
    assert disputes.cost(Dispute.objects.get()) > 2500


def test_invariants_notice_what_is_missing():
    """Negative controls."""
    issued()
    LedgerEntry.objects.filter(kind="gift_card_issue").update(amount_minor=1)
    GiftCardEntry.objects.update(amount_minor=7)
    GiftCard.objects.update(balance_minor=7, blocked_at=timezone.now())
    assert {"a blocked gift card holds nothing", "what was paid online is a gift card"} <= set(broken())
