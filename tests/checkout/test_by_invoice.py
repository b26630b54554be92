"""An institution orders by invoice: held with its credit, booked with the order, paid by bank. The order is 61.80."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone
from django.utils.translation import override

from marketplace.checkout import checkouts, ending, freezing, invoicing, placing
from marketplace.checkout.invariants import INVARIANTS as OF_CHECKOUTS
from marketplace.foundation import mail
from marketplace.foundation.models import MailMessage
from marketplace.payments import bank, calls, captures, ledger, receivables, refunds, transfers
from marketplace.payments.invariants import INVARIANTS as OF_MONEY
from marketplace.payments.models import BankEarning, CreditTerms, Invoice, LedgerEntry, Receipt, Receivable
from marketplace.payments.refunds import Wanted
from shops.models import ShopOrder, ShopOrderLine, Transmission
from shops.orders import expiring, fulfilment
from tests import factories
from tests.checkout.buying import ready, two_shop_basket
from tests.shops.racing import at_once

URLS = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}


def broken() -> dict:
    return {name: texts for name, test in (OF_MONEY | OF_CHECKOUTS).items() if (texts := test())}


def wanting(person, **options):
    """Ready to be ordered by invoice."""
    checkout = ready(two_shop_basket(person), user=person, **options)
    checkouts.pay_by_invoice(checkout, True)
    return checkout, checkouts.plan_of(checkout, now=timezone.now()).fingerprint()


def shop_day(moment: datetime) -> date:
    """The day on which both shops' invoices are written then."""
    return timezone.localtime(moment, ZoneInfo(ShopOrder.objects.first().shop.timezone)).date()


def pay(checkout, seen: str):
    return freezing.pay(checkout, seen=seen, now=timezone.now(), **URLS)


def ordered(limit_minor: int = 100_000, **columns) -> Receivable:
    institution = factories.institution(limit_minor=limit_minor, **columns)
    checkout, seen = wanting(institution.user)
    assert pay(checkout, seen).session_url == ""
    assert placing.place_paid(timezone.now()) == 1
    return Receivable.objects.select_related("terms", "checkout__order").get()


def owed() -> int:
    return CreditTerms.objects.get().owed_minor


def work(now=None) -> None:
    now = now or timezone.now()
    for _ in range(3):
        captures.settle_answers(now), calls.move_money(now), invoicing.issue_invoices(now)
        bank.book_earnings(now), transfers.due_transfers(now)


def hand_over(*declined: int) -> None:
    for line, units in zip(ShopOrderLine.objects.order_by("pk"), declined, strict=True):
        ShopOrderLine.objects.filter(pk=line.pk).update(declined=units, accepted=F("quantity") - units)
    ShopOrderLine.objects.update(packed=F("accepted"), handed_over=F("accepted"))
    ShopOrder.objects.update(status="handed_over", handed_over_at=timezone.now())
    work()


def fall_silent() -> None:
    """One shop answers, the other never does."""
    answered, silent = ShopOrder.objects.order_by("pk")
    fulfilment.accept_all(answered, by="shop", now=timezone.now())
    Transmission.objects.update(outcome="sent", due_at=None)
    for hours in (24, 36, 48):
        expiring.follow_answers(silent.created_at + timedelta(hours=hours))


def receive(row: Receivable, minor: int, kind: str = Receipt.Kind.HAND, key: str = "k"):
    now = timezone.now()
    return receivables.receive(row, minor, kind=kind, on=now.date(), key=key, by=None, now=now, note="x")


def booked(*kinds: str) -> list[tuple[str, str, str, int]]:
    rows = LedgerEntry.objects.filter(kind__in=kinds).order_by("pk")
    return list(rows.values_list("kind", "debit", "credit", "amount_minor"))


def test_order_by_invoice_is_placed_without_a_page_and_owed(db):
    row = ordered()
    total = row.checkout.total_minor
    assert (row.amount_minor, row.open_minor, owed()) == (total, total, total)
    assert row.reference == receivables.reference_of(row.checkout.order.number)
    assert receivables.reference_of("539007547034") == "RF18539007547034"  # the standard's own example
    assert booked("invoiced") == [("invoiced", "institutions", "orders", total)]
    assert (row.checkout.order.shop_orders.count(), row.checkout.payment.state) == (2, "captured")
    assert broken() == {}


def test_credit_that_does_not_reach_holds_nothing(db):
    institution = factories.institution(limit_minor=1000)
    checkout, seen = wanting(institution.user)
    assert pay(checkout, seen).reason == "credit"
    assert (Receivable.objects.count(), owed(), checkouts.units_held(checkout)) == (0, 0, {})
    checkouts.pay_by_invoice(checkout, False)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None


def test_reader_without_terms_orders_nothing_by_invoice(db):
    factories.institution()
    checkout, seen = wanting(factories.user())
    assert pay(checkout, seen).reason == "credit"


def test_checkout_that_ends_gives_the_credit_back(db):
    institution = factories.institution()
    checkout, seen = wanting(institution.user)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now()) is None
    assert (owed(), broken()) == (checkout.total_minor, {})
    assert ending.end(checkout, now=timezone.now())
    assert (owed(), Receivable.objects.count(), broken()) == (0, 0, {})


def test_copies_gone_before_placing_leave_nothing_owed(db):
    institution = factories.institution()
    checkout, seen = wanting(institution.user)
    pay(checkout, seen)
    placing.stock.release_hold(checkouts.hold_key(checkout), now=timezone.now())
    checkout.basket.lines.first().stockrecord.__class__.objects.update(num_in_stock=0)
    assert placing.place(checkout.pk, now=timezone.now()) is None
    assert (owed(), Receivable.objects.count(), calls.MoneyCall.objects.count()) == (0, 0, 0)
    assert "you owe nothing" in MailMessage.objects.get(kind="payment_returned").text
    assert broken() == {}


def test_shops_are_paid_once_the_institution_has_paid(db):
    row = ordered()
    hand_over(0, 0, 0)
    work(timezone.now() + timedelta(days=9))
    assert BankEarning.objects.count() == 0
    receive(row, 1000, key="part")
    work(timezone.now() + timedelta(days=9))
    assert (BankEarning.objects.count(), owed()) == (0, row.amount_minor - 1000)
    assert receive(row, row.amount_minor - 1000) is not None
    assert receive(row, row.amount_minor - 1000) is None  # the form sent twice
    work(timezone.now() + timedelta(days=9))
    assert (BankEarning.objects.count(), calls.MoneyCall.objects.count(), owed()) == (2, 0, 0)
    assert ledger.balance(ledger.BANK, currency="CAD") == row.amount_minor
    assert broken() == {}
    BankEarning.objects.update(amount_minor=1)
    Receivable.objects.update(settled_at=None, received_minor=1)  # in part is not paid
    assert set(broken()) == {
        "what institutions owe is what the ledger says",
        "an institution's credit is what is open",
        "orders by invoice are earned once they are paid",
    }


def test_declined_and_given_back_lower_what_is_open_then_are_owed_back(db):
    row = ordered()
    hand_over(1, 0, 0)
    row.refresh_from_db()
    declined = row.lowered_minor
    assert (declined > 0, row.open_minor, owed()) == (True, row.amount_minor - declined, row.amount_minor - declined)
    assert broken() == {}
    receive(row, row.open_minor)
    part = ShopOrder.objects.order_by("pk").last()
    how = {"reason": "Torn", "by": None, "once": "o" * 20, "now": timezone.now()}
    refunds.ask(row.checkout.payment, Wanted("amount", part, amount_minor=500), **how)
    work()
    row.refresh_from_db()
    assert (row.open_minor, owed(), Invoice.objects.filter(kind="credit_note").count()) == (-500, -500, 1)
    with pytest.raises(receivables.ReceiptError):
        receive(row, -501, Receipt.Kind.PAID_BACK, "too much")
    receive(row, -500, Receipt.Kind.PAID_BACK, "back")
    row.refresh_from_db()
    assert (row.open_minor, row.settled_at is not None, broken()) == (0, True, {})
    assert booked("paid_back") == [("paid_back", "institutions", "bank", 500)]


def test_what_is_not_paid_any_more_is_the_networks_loss(db):
    row = ordered()
    with pytest.raises(receivables.ReceiptError):
        receive(row, row.amount_minor + 1, Receipt.Kind.WRITTEN_OFF)
    receive(row, row.amount_minor, Receipt.Kind.WRITTEN_OFF)
    assert booked("received") == [("received", "losses", "institutions", row.amount_minor)]
    assert broken() == {}


def test_invoice_says_how_to_pay_and_a_reminder_what_is_open_when_it_is_sent(db):
    row = ordered()
    hand_over(0, 0, 0)
    row.refresh_from_db()
    assert row.due_on == shop_day(timezone.now()) + timedelta(days=30)
    said = Invoice.objects.order_by("pk").first().said
    notes, facts = " ".join(said["notes"]), dict(said["facts"])
    shown = receivables.shown_reference(row.reference)
    assert facts["Payment reference"] == shown
    assert ("IBAN FR76" in notes, shown in notes, "Nothing is left to pay" in notes) == (True, True, False)
    late = timezone.now() + timedelta(days=38)
    assert receivables.remind(timezone.now() + timedelta(days=36)) == 0
    assert (receivables.remind(late), receivables.remind(late)) == (1, 0)
    receive(row, 1000)
    row.refresh_from_db()
    text = mail.written(MailMessage.objects.get(kind="invoice_reminder")).text
    assert (shown in text, f"{row.open_minor / 100:.2f}" in text) == (True, True)
    assert receivables.by_age([row], row.due_on + timedelta(days=61))[3] == ("61–90", row.open_minor)
    receive(row, row.open_minor, key="rest")
    assert receivables.remind(late + timedelta(days=30)) == 0


def test_only_what_was_invoiced_is_demanded_and_each_invoice_begins_anew(db):
    row, now = ordered(), timezone.now()
    a, b = ShopOrder.objects.order_by("pk")

    def hand_over_one(part: ShopOrder, at) -> None:
        lines = ShopOrderLine.objects.filter(shop_order=part)
        lines.update(accepted=F("quantity"), packed=F("quantity"), handed_over=F("quantity"))
        ShopOrder.objects.filter(pk=part.pk).update(status="handed_over", handed_over_at=at)
        work(at)

    hand_over_one(a, now)
    receive(row, a.total_minor - 100)
    day = now + timedelta(days=38)
    assert receivables.remind(day) == 1
    written = MailMessage.objects.get(kind="invoice_reminder")
    assert "$1.00" in mail.written(written).text  # not what B has not invoiced
    receive(row, 100, key="rest of A")
    assert receivables.remind(day + timedelta(days=15)) == 0
    row.refresh_from_db()
    assert (row.open_minor, row.due_at, row.reminders) == (b.total_minor, None, 1)
    later = now + timedelta(days=60)
    hand_over_one(b, later)
    row.refresh_from_db()
    assert (row.due_on, row.reminders) == (shop_day(later) + timedelta(days=30), 0)
    day = later + timedelta(days=38)
    assert [receivables.remind(day + timedelta(days=15 * n)) for n in range(4)] == [1, 1, 1, 0]
    assert (MailMessage.objects.filter(kind="invoice_reminder").count(), broken()) == (4, {})


def test_payment_that_the_bank_takes_back_is_asked_for_again(db):
    row, now = ordered(), timezone.now()
    hand_over(0, 0, 0)
    day = now + timedelta(days=38)
    assert receivables.remind(day) == 1
    receive(row, row.amount_minor, Receipt.Kind.BANK)
    row.refresh_from_db()
    assert (row.due_at, row.settled_at is None) == (None, False)
    how = {"kind": Receipt.Kind.BANK, "on": day.date(), "key": "back", "by": None, "now": day}
    receivables.receive(row, -row.amount_minor, **how)
    assert [receivables.remind(day + timedelta(days=days)) for days in (6, 8, 9)] == [0, 1, 0]
    assert (MailMessage.objects.filter(kind="invoice_reminder").count(), broken()) == (2, {})


def test_invoice_beside_an_older_one_that_is_open_changes_no_day(db):
    row = ordered()
    hand_over(0, 0, 0)
    row.refresh_from_db()
    assert (Invoice.objects.count(), receivables.late(row)) == (2, row.open_minor)
    day, due = row.due_on, row.due_at
    last = Invoice.objects.first()
    receivables.invoiced(row.checkout_id, on=day, total_minor=last.total_minor, now=timezone.now())
    row.refresh_from_db()
    assert (row.due_on, row.due_at) == (day, due)


@pytest.mark.parametrize("guarded", [True, False])
def test_last_of_the_credit_is_taken_once(committed_db, monkeypatch, guarded):
    """The guard is in the statement; without it (read, then write) two checkouts owe more than the limit."""
    institution = factories.institution(limit_minor=7000)
    wanted = [wanting(institution.user)[0] for _ in range(2)]
    both_read = threading.Barrier(2)

    def read_then_write(terms_id: int, amount_minor: int) -> bool:
        terms = CreditTerms.objects.get(pk=terms_id)
        both_read.wait(30)
        CreditTerms.objects.filter(pk=terms_id).update(owed_minor=terms.owed_minor + amount_minor)
        return terms.owed_minor + amount_minor <= terms.limit_minor

    if not guarded:
        monkeypatch.setattr(receivables, "_take_guarded", read_then_write)
    results = at_once(lambda n: receivables.hold(wanted[n], amount_minor=6000, now=timezone.now()), 2)
    assert sorted(results) == ([False, True] if guarded else [True, True])
    noticed = "an institution's credit is what is open"
    assert (noticed in broken()) is not guarded


def test_pay_page_offers_it_to_an_institution(client, db):
    institution = factories.institution()
    client.force_login(institution.user)
    checkout = ready(two_shop_basket(institution.user), user=institution.user)
    address = f"/en/checkout/{checkout.token}/pay/"
    page = client.get(f"/checkout/{checkout.token}/pay/", HTTP_ACCEPT_LANGUAGE="en")
    assert page.status_code == 200, address
    text = page.content.decode()
    with override("en"):
        assert 'value="invoice"' in text
    seen = page.context["form"].initial["seen"]
    answer = client.post(f"/checkout/{checkout.token}/pay/", {"seen": seen, "how_paid": "invoice"})
    assert answer.url == f"http://testserver/checkout/{checkout.token}/paid/"
    placing.place_paid(timezone.now())
    checkout.refresh_from_db()
    assert checkout.order is not None
    order = client.get(f"/checkout/{checkout.token}/paid/", follow=True).content.decode()
    assert checkout.receivable.reference in order


@pytest.mark.django_db
def test_silence_ends_where_no_card_waits_and_is_not_owed():
    ordered()
    fall_silent()
    answered, silent = ShopOrder.objects.order_by("pk")
    assert (answered.status, silent.status, silent.waits_until) == ("accepted", "declined", None)
    work()
    assert (owed(), broken()) == (answered.total_minor, {})
