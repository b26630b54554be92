"""What institutions pay to the network's bank, read from camt.053: by reference, by the order's number, never by amount
alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from marketplace.payments import bank, bank_statements, incoming, invariants, ledger, receivables
from marketplace.payments.journals import ExportError
from marketplace.payments.models import BankPayout, CreditTerms, Receivable
from tests import factories

SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ENTRY = """<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-03-03</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{ref}</EndToEndId></Refs>
<RmtInf>{about}</RmtInf></TxDtls></NtryDtls></Ntry>"""
STRUCTURED = "<Strd><CdtrRefInf><Ref>{}</Ref></CdtrRefInf></Strd>"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def owing(minor: int = 6140, number: str = "100042") -> Receivable:
    """An order by invoice, placed; in euros, so that the bank can pay back."""
    institution = factories.institution(iban="DE89370400440532013000", holder="École")
    factories.network(country="FR", currency="EUR")
    order = factories.order(number=number, currency="EUR")
    columns = {"currency": "EUR", "total_minor": minor, "by_invoice": True, "user": institution.user}
    payment = factories.payment(order, checkout=columns, currency="EUR", amount_minor=minor)
    assert receivables.hold(payment.checkout, amount_minor=minor, now=timezone.now())
    receivables.book(payment.checkout_id, order_id=order.pk, order_number=order.number, now=timezone.now())
    return Receivable.objects.get(checkout=payment.checkout)


def said(*entries: tuple[str, str, str], side: str = "CRDT", currency: str = "EUR") -> list[bank_statements.BankLine]:
    """(end-to-end id, amount, what the payer wrote)"""
    rows = [
        ENTRY.format(ref=ref, amount=amount, about=about, side=side, currency=currency)
        for ref, amount, about in entries
    ]
    return bank_statements.read(
        f'<Document xmlns="{SPACE}"><BkToCstmrStmt><Stmt>{"".join(rows)}</Stmt></BkToCstmrStmt></Document>'.encode()
    )


def match(lines: list[bank_statements.BankLine]) -> list[str]:
    return bank.match(lines, by=None, now=timezone.now())


def left(row: Receivable) -> int:
    row.refresh_from_db()
    return row.open_minor


def broken() -> list[str]:
    found = [name for name, test in invariants.INVARIANTS.items() if test()]
    return [name for name in found if name != "nobody pays for declined units"]  # these orders have no lines


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("RF18539007547034", ["RF18539007547034"]),
        ("Facture rf18 5390 0754 7034 merci", ["RF18539007547034"]),
        ("TRF/PERF 12 RF18539007547034", ["RF18539007547034"]),
        ("RF18 5390 0754 7034 RF02100043", ["RF18539007547034", "RF02100043"]),
        ("RF17 5390 0754 7034", []),
        ("TRF18539007547034", []),
        ("", []),
    ],
)
def test_references_are_found_however_they_are_written(text, found):
    assert [place[-1] for place in incoming.references(text) if place] == found


def test_statement_settles_what_it_names_and_read_again_changes_nothing(db):
    row = owing()
    shown = receivables.shown_reference(row.reference)
    first = said(("NOTPROVIDED", "11.40", STRUCTURED.format(row.reference)))
    reference = row.reference
    assert match(first) == [f"{reference}: 11.40 EUR came in, 50.00 EUR are still open"]
    assert (match(first), left(row)) == ([], 5000)
    # the same sum twice in one day are two payments
    twice = said(
        ("", "25.00", f"<Ustrd>merci {shown} bonne journee</Ustrd>"),
        ("", "25.00", f"<Ustrd>merci {shown} bonne journee</Ustrd>"),
    )
    assert match(twice) == [f"{reference}: 25.00 EUR came in, 25.00 EUR are still open"]
    assert (match(twice), left(row), row.settled_at is not None) == ([], 0, True)
    assert ledger.balance(ledger.BANK, currency="EUR") == 6140
    assert broken() == []


def test_number_alone_is_booked_only_where_it_fits_what_is_open(db):
    row = owing()
    assert match(said(("x", "1.40", "<Ustrd>commande 100042</Ustrd>"))) == [
        f"{row.reference}: 1.40 EUR came in, 60.00 EUR are still open"
    ]
    too_much = f"{row.reference}: 60.01 EUR gives the number alone, 60.00 EUR are open. Enter it by hand if so."
    assert match(said(("", "60.01", "<Ustrd>dossier 100042</Ustrd>"))) == [too_much]
    rent = said(("", "900.00", "<Ustrd>Loyer facture 100042</Ustrd>"), side="DBIT")
    assert len(match(rent)) == 1  # said, not booked
    last = said(("", "60.00", "<Ustrd>100042</Ustrd>"))
    assert (match(last), left(row), len(match(rent)), match(last), left(row)) == ([], 0, 1, [], 0)
    assert (row.settled_at is not None, bank.owed_back(), broken()) == (True, [], [])


def test_several_orders_in_one_line_are_booked_by_nobody(db):
    first = owing()
    second = owing(1000, "100043")
    both = ", ".join(sorted([first.reference, second.reference]))
    text = f"71.40 EUR names several orders: {both}. Enter by hand what is for each."
    for about in (f"{first.reference} {second.reference}", f"{first.reference}/100043", "100042 100043"):
        assert match(said(("", "71.40", f"<Ustrd>{about}</Ustrd>"))) == [text]
    assert (left(first), left(second)) == (6140, 1000)
    assert match(said(("", "10.00", f"<Ustrd>PERF 12 {second.reference}</Ustrd>"))) == []
    assert left(second) == 0


def test_what_names_something_else_than_an_order_by_invoice_is_said(db):
    row = owing()
    factories.order(number="100077", currency="EUR")
    slip = row.reference.replace("RF", "RF ")[:-1] + "3"
    for about in (slip, "commande 100077"):
        assert match(said(("", "5.00", f"<Ustrd>{about}</Ustrd>"))) == [
            f"5.00 EUR came in and names no order by invoice: “{about}”. See what it is for."
        ]
    assert match(said(("", "5.00", "<Ustrd>TRF18 100078</Ustrd>"))) == []


def test_one_entry_of_several_payments_without_their_sums_is_only_said(db):
    row = owing()
    part = "<TxDtls>{}<RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls>"
    own = '<Amt Ccy="EUR">11.40</Amt>'

    def batch(first: str) -> list[bank_statements.BankLine]:
        details = part.format(first, row.reference) + part.format("", "bis")
        [head, _, tail] = re.split("(<TxDtls>.*</TxDtls>)", ENTRY.replace("\n", ""))
        entry = (head + details + tail).format(currency="EUR", amount="100.00", side="CRDT")
        document = f'<Document xmlns="{SPACE}"><BkToCstmrStmt><Stmt>{entry}</Stmt></BkToCstmrStmt></Document>'
        return bank_statements.read(document.encode())

    unclear = "100.00 EUR are several payments whose sums the bank does not say: “{}”. Enter them by hand."
    assert match(batch("")) == [unclear.format(f"{row.reference} · bis")]
    assert (left(row), ledger.balance(ledger.BANK, currency="EUR")) == (6140, 0)
    assert match(batch(own)) == [f"{row.reference}: 11.40 EUR came in, 50.00 EUR are still open", unclear.format("bis")]


def test_what_names_nothing_is_only_pointed_out(db):
    row = owing()
    assert match(said(("x", "61.40", "<Ustrd>merci</Ustrd>"))) == [
        f"61.40 EUR came in without a reference; as much is open of {row.reference}. Enter it by hand if so."
    ]
    assert match(said(("x", "61.41", "<Ustrd>merci</Ustrd>"))) == []
    assert match(said(("x", "61.40", STRUCTURED.format(row.reference)), currency="CHF")) == [
        f"{row.reference}: 61.40 CHF came in, another currency than the order’s"
    ]
    assert left(row) == 6140


def test_what_is_owed_back_goes_with_the_next_file_for_the_bank(db):
    row = owing()
    match(said(("x", "70.00", STRUCTURED.format(row.reference))))
    ours = {"debtor": "Halles", "iban": "FR76 3000 6000 0112 3456 7890 189", "bic": ""}
    how = {"by": None, "now": timezone.now() + timedelta(days=1)}
    _, content = bank.ask_payouts(**ours, **how)
    payout = BankPayout.objects.get()
    assert (payout.amount_minor, payout.holder, b"DE89370400440532013000" in content) == (860, "École", True)
    assert bank.owed_back() == []
    with pytest.raises(ExportError):
        bank.ask_payouts(**ours, **how)
    paid = said((payout.end_to_end_id, "8.60", ""), side="DBIT")
    assert (match(paid), match(paid), left(row)) == ([], [], 0)
    payout.refresh_from_db()
    assert (payout.state, CreditTerms.objects.get().owed_minor) == ("paid", 0)
    assert (match(said((payout.end_to_end_id, "8.60", ""))), left(row)) == ([], -860)  # the bank sent it back
    assert broken() == []


def test_board_lists_what_is_open_and_takes_a_sum_by_hand(client, db):
    row = owing()
    client.force_login(factories.operator())
    page = client.get("/board/receivables/").content.decode()
    assert ("École du Port" in page, "100042" in page) == (True, True)
    address = f"/board/receivables/{row.pk}/"
    form = {"once": "o" * 20, "kind": "hand", "amount_minor": "61.40", "booked_on": "2026-03-03", "note": "cheque"}
    assert [client.post(address, form).status_code for _ in range(2)] == [302, 302]
    assert left(row) == 0
    wrong = form | {"once": "p" * 20, "kind": "paid_back", "amount_minor": "1"}
    assert client.post(address, wrong).status_code == 422
    terms = {"institution": row.terms_id, "days": 45, "limit_minor": "500", "iban": "DE00", "holder": "x"}
    assert client.post("/board/receivables/terms/", terms).status_code == 422
    assert client.post("/board/receivables/terms/", terms | {"iban": ""}).status_code == 302
    changed = CreditTerms.objects.get()
    assert (changed.days, changed.limit_minor) == (45, 50_000)
    assert client.post(f"/board/institutions/{row.terms_id}/remove/").status_code == 302
    assert CreditTerms.objects.count() == 1
