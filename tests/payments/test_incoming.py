"""What institutions pay to the network's bank, read from camt.053: by reference, by the order's number, never by amount
alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from marketplace.payments import bank, incoming, invariants, ledger, receivables
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


def said(*entries: tuple[str, str, str], side: str = "CRDT", currency: str = "EUR") -> list[bank.BankLine]:
    """(end-to-end id, amount, what the payer wrote)"""
    rows = [
        ENTRY.format(ref=ref, amount=amount, about=about, side=side, currency=currency)
        for ref, amount, about in entries
    ]
    return bank.read_statement(
        f'<Document xmlns="{SPACE}"><BkToCstmrStmt><Stmt>{"".join(rows)}</Stmt></BkToCstmrStmt></Document>'.encode()
    )


def match(lines: list[bank.BankLine]) -> list[str]:
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
        ("RF17 5390 0754 7034", []),
        ("", []),
    ],
)
def test_references_are_found_however_they_are_written(text, found):
    assert incoming.references(text)[:1] == found


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
    assert match(said(("x", "1.00", "<Ustrd>commande 100042</Ustrd>"))) == [
        f"{reference}: 1.00 EUR came in, 1.00 EUR too much: it is owed back"
    ]
    assert broken() == []


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
    with pytest.raises(bank.ExportError):
        bank.ask_payouts(**ours, **how)
    paid = said((payout.end_to_end_id, "8.60", ""), side="DBIT")
    assert (match(paid), match(paid), left(row)) == ([], [], 0)
    payout.refresh_from_db()
    assert (payout.state, CreditTerms.objects.get().owed_minor) == ("paid", 0)
    assert (match(said((payout.end_to_end_id, "8.60", ""))), left(row)) == ([], -860)  # the bank sent it back
    assert broken() == []


def test_board_lists_what_is_open_and_takes_a_sum_by_hand(client, db):
    row = owing()
    client.force_login(factories.user(is_staff=True))
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
