"""Shop A of `paying`: 2 at 10.00 with 1.00 of GST and 3.00 of delivery, one at 10.00 with 0.50 and 2.00; 36.50."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import invariants_invoices, invoicing
from marketplace.checkout.models import Checkout
from marketplace.payments import invoice_files, invoice_parts, ledger, refunds, settlements
from marketplace.payments.invoice_parts import DELIVERY, GOODS, Part
from marketplace.payments.models import Invoice, RefundRequest, Settlement
from marketplace.payments.refunds import Wanted
from shops.models import Shop, ShopOrder, ShopOrderLine
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
Kind, Asked = Invoice.Kind, RefundRequest.Kind
GST = ("GST", "CA", 5000)


def broken() -> dict:
    return {name: texts for name, test in invariants_invoices.INVARIANTS.items() if (texts := test())}


def handed_over(*letters: str):
    """Both shop orders, A handed over, and the invoice of A."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now, *letters)
    invoicing.issue_invoices(now)
    return payment, paying.parts_of(payment)[0]


def give_back(payment, wanted, once, **how) -> RefundRequest:
    how = {"reason": "damp", "by": None, "now": timezone.now()} | how
    return refunds.ask(payment, wanted, once=once, **how)


def dollars(minor: int) -> str:
    return f"${minor // 100}.{minor % 100:02}"


def test_invoice_says_what_the_law_wants_in_the_readers_language():
    numbers = {"tax_number": "123456789RT0001", "qst_number": "1023456789TQ0001", "registration": "1149876543"}
    payment = paying.captured(now := timezone.now())
    Checkout.objects.update(name="Léa Roy", line1="2, rue Ontario", city="Montréal", postcode="H2L 1A1", country="CA")
    Checkout.objects.update(region="QC", purchase_order="BC-77", email="lea@example.org", language="en")
    part = paying.parts_of(payment)[0]
    Shop.objects.filter(pk=part.shop_id).update(legal_name="Port Livres inc.", email="a@example.org", **numbers)
    ShopOrderLine.objects.filter(shop_order=part).update(title="Ru", gtin=9782764606728)
    paying.handed_over(payment, now, "A")
    assert (invoicing.issue_invoices(now), invoicing.issue_invoices(now)) == (1, 0)
    made = Invoice.objects.get()
    said = made.said
    assert said["seller"] == [
        "Port Livres inc.", part.shop.name, "1, rue du Port", "Montréal H2X 1A1", "Canada", "a@example.org",
        "Company number: 1149876543", "GST/HST number: 123456789RT0001",
        "QST number: 1023456789TQ0001",
    ]  # fmt: skip
    assert said["buyer"] == ["Léa Roy", "2, rue Ontario", "Montréal QC H2L 1A1", "Canada", "lea@example.org"]
    assert [value for _, value in said["facts"]][2:4] == [part.number, "BC-77"]
    assert [row[1:] for row in said["rows"]] == [
        ["2", dollars(1000), "GST 5%", dollars(2000)],
        ["1", dollars(1000), "GST 5%", dollars(1000)],
        ["", "", "GST 5%", dollars(500)],
    ]
    assert [amount for _, amount in said["sums"]] == [dollars(3500), dollars(150)]
    assert (said["total"][1], made.total_minor, made.tax_minor) == (dollars(3650), 3650, 150)
    assert (said["number"], made.label) == (f"W{made.year}-00001", f"W{made.year}-00001")
    assert broken() == {}


def test_document_is_the_same_file_whatever_is_changed_later():
    _payment, part = handed_over("A")
    before = invoice_files.pdf(Invoice.objects.get())
    Shop.objects.update(name="Another", legal_name="Another inc.", colour="#123456")
    Checkout.objects.update(name="Another", language="en")
    factories.network(name="Another", colour="#654321")
    assert (invoice_files.pdf(Invoice.objects.get()) == before, before[:5]) == (True, b"%PDF-")
    assert invoicing.invoice_of(part.pk, now=timezone.now()).label == Invoice.objects.get().label
    Invoice.objects.update(total_minor=1)  # negative control
    assert {name: len(texts) for name, texts in broken().items()} == {
        "invoices and credit notes are as they were issued": 2
    }


def test_declined_copies_and_what_was_given_back_before_are_not_invoiced():
    payment = paying.captured(timezone.now())
    part = paying.parts_of(payment)[0]
    lines = list(part.lines.all())
    give_back(payment, Wanted(Asked.LINE, part, lines[1], units=1), "1")  # 10.50
    paying.answer(payment, 1, 0, 0)
    paying.handed_over(payment, timezone.now(), "A")
    invoicing.issue_invoices(timezone.now())
    made = Invoice.objects.get()
    assert {part: minor for part, minor in invoice_parts.thawed(made.parts).items() if minor} == {
        Part(lines[0].pk, GOODS): 1000,
        Part(lines[0].pk, GOODS, *GST): 50,
        Part(lines[0].pk, DELIVERY): 150,
        Part(lines[1].pk, DELIVERY): 200,
    }
    assert made.total_minor == part.total_minor - 1200 - 1050  # as the reader paid
    assert RefundRequest.objects.get().document == made
    assert broken() == {}


def test_credit_notes_split_by_the_rates_of_what_they_are_of_down_to_nothing():
    payment, part = handed_over("A")
    invoice, line = Invoice.objects.get(), part.lines.first()
    wishes = [
        Wanted(Asked.LINE, part, line, units=1),
        Wanted(Asked.OTHER, part, amount_minor=333),
        Wanted(Asked.DELIVERY, part, amount_minor=100),
        Wanted(Asked.LINE, part, line, units=1),
    ]
    wishes.append(Wanted(Asked.OTHER, part, amount_minor=3650 - 1050 - 333 - 100 - 1050))
    for once, wanted in enumerate(wishes):
        give_back(payment, wanted, str(once), borne_by="network" if once == 2 else "")
        assert (invoicing.issue_invoices(timezone.now()), invoicing.issue_invoices(timezone.now())) == (1, 0)
    notes = list(Invoice.objects.filter(kind=Kind.CREDIT_NOTE).order_by("pk"))
    assert [note.total_minor for note in notes] == [1050, 333, 100, 1050, 1117]
    assert invoice_parts.thawed(notes[0].parts) == {Part(line.pk, GOODS): 1000, Part(line.pk, GOODS, *GST): 50}
    assert [note.tax_minor for note in notes[:2]] == [50, 13]  # docs/money.md
    assert [note.label for note in notes] == [f"WC{invoice.year}-0000{number}" for number in range(1, 6)]
    assert set(invoicing.left_of(invoice).values()) == {0}  # every part, so every rate, to the cent
    assert notes[0].said["facts"][1][1].startswith(f"{invoice.label} ")
    assert broken() == {}


def taken_over(units: int = 1):
    """Shop C supplies `units` of A's first line, each for 14.00 instead of 12.00; handed over."""
    now = timezone.now()
    payment = paying.placed(now)
    Checkout.objects.update(language="en")
    line = paying.lines_of(payment)[0]
    part = paying.take_over(line, units, 1400 * units, shop=factories.shop("Librairie C"), bearer=None, now=now)
    part.lines.update(accepted=units)
    paying.answer(payment, units, 0, 0, 0)
    paying.work(now)
    return payment, part


def finish(payment) -> Invoice:
    paying.handed_over(payment, timezone.now(), "C")
    invoicing.issue_invoices(timezone.now())
    return Invoice.objects.get(kind=Kind.INVOICE)


def test_credit_note_of_what_another_shop_supplied_credits_what_was_borne_too():
    payment, part = taken_over(2)
    invoice, line = finish(payment), part.lines.get()
    assert (invoice.total_minor, "$4.00 was paid for the buyer" in " ".join(invoice.said["notes"])) == (2800, True)
    for once in ("1", "2"):
        assert give_back(payment, Wanted(Asked.LINE, part, line, units=1), once).amount_minor == 1200
        invoicing.issue_invoices(timezone.now())
    notes = list(Invoice.objects.filter(kind=Kind.CREDIT_NOTE).order_by("pk"))
    assert [note.total_minor for note in notes] == [1400, 1400]
    assert "Of this, $2.00 goes back to who had paid it for the buyer." in notes[0].said["notes"]
    assert (set(invoicing.left_of(invoice).values()), broken()) == ({0}, {})


def test_what_the_network_gives_back_of_its_own_leaves_what_was_borne():
    payment, part = taken_over()
    invoice = finish(payment)
    give_back(payment, Wanted(Asked.LINE, part, part.lines.get(), units=1), "1", borne_by="network")
    invoicing.issue_invoices(timezone.now())
    assert [note.total_minor for note in invoice.followed_by.all()] == [1200]  # the sale stands, as does what was borne


def test_what_was_given_back_before_the_invoice_took_what_was_borne_along():
    payment, part = taken_over(2)
    give_back(payment, Wanted(Asked.LINE, part, part.lines.get(), units=1), "1")
    invoice = finish(payment)
    assert (invoice.total_minor, "$2.00 was paid for the buyer" in " ".join(invoice.said["notes"])) == (1400, True)
    assert broken() == {}


def test_credit_note_beyond_its_invoice_and_missing_documents_are_noticed():
    """Negative controls of the invariants."""
    payment, part = handed_over("A")
    give_back(payment, Wanted(Asked.LINE, part, part.lines.first(), units=1), "1")
    invoicing.issue_invoices(timezone.now())
    note = Invoice.objects.get(kind=Kind.CREDIT_NOTE)
    Invoice.objects.filter(pk=note.pk).update(parts=[row | {"minor": 9000} for row in note.parts], number=3)
    early = timezone.now() - timedelta(hours=2)
    ShopOrder.objects.exclude(pk=part.pk).update(status="handed_over", handed_over_at=early)
    give_back(payment, Wanted(Asked.DELIVERY, part), "2", now=early)
    assert {name: len(texts) for name, texts in broken().items()} == {
        "numbers of invoices and credit notes have no gap": 1,
        "invoices and credit notes are as they were issued": 2,
        "what was handed over is invoiced": 1,
        "refunds of invoiced orders are credited": 1,
        "credit notes never exceed their invoice": 2,
    }


def test_year_begins_anew_by_the_shops_clock_and_each_shop_counts_its_own():
    payment = paying.captured(timezone.now())
    paying.handed_over(payment, timezone.now())
    a, b = paying.parts_of(payment)
    Shop.objects.filter(pk=b.shop_id).update(timezone="Europe/Paris")
    midnight = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 2027 in Paris alone
    made = [invoicing.invoice_of(part.pk, now=midnight).label for part in (a, b)]
    assert made == ["W2026-00001", "W2027-00001"]


def test_month_has_one_commission_invoice_of_the_networks_with_the_tax_that_was_booked():
    factories.network(legal_name="Halles coop", tax_number="987654321RT0001", legal_address="3, rue du Marché")
    january = datetime(2026, 1, 10, tzinfo=UTC)
    part = paying.parts_of(paying.placed())[0]
    Shop.objects.update(language="en")
    taxes = [("CA", 12), ("CA-QC", 24)]
    common = {"taxes": taxes, "now": january, "key": "x"}
    ledger.record_earning(part, earned_minor=3000, commission_minor=240, **common)
    dues = {"debit": f"shop:{part.shop_id}", "cause": "dues", "now": january, "currency": "CAD"}
    ledger.post("dues", credit="dues", amount_minor=2000, key="d", **dues)
    ledger.post("commission_back", debit="commission", credit="orders", amount_minor=40, key="b", cause="refund",
                now=january, currency="CAD", shop_order=part)  # fmt: skip
    other = factories.shop()
    dividend = dues | {"debit": "dividends", "credit": f"shop:{other.pk}"}
    ledger.post("dividend", amount_minor=5, key="v", **dividend)
    settlements.close_months(january + timedelta(days=40))
    assert [invoicing.issue_commission_invoices(timezone.now()) for _ in range(2)] == [1, 0]
    made = Invoice.objects.get()
    assert (made.settlement, made.issuer) == (Settlement.objects.get(shop=part.shop), "network")
    assert made.said["seller"][:2] == ["Halles coop", "3, rue du Marché"]
    assert [row[-1] for row in made.said["rows"]] == [dollars(240), "-$0.40", dollars(2000)]
    assert [amount for _, amount in made.said["sums"]] == [dollars(2200), dollars(12), dollars(24)]
    assert (made.total_minor, made.tax_minor, made.label) == (2236, 36, f"C{made.year}-00001")
    assert invoice_files.pdf(made)[:5] == b"%PDF-"
    assert broken() == {}
    Settlement.objects.update(commission_minor=1)  # negative control
    assert list(broken()) == ["commission invoices agree with the statements"]
