"""Payouts by bank: asked once, in the form of the standard, booked when the bank's statement says so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation
from lxml import etree

from marketplace.foundation.models import AuditEntry
from marketplace.payments import (
    bank,
    bank_booking,
    bank_statements,
    commission_tax,
    earnings,
    invariants,
    invariants_bank,
    ledger,
    refunds,
    transfers,
)
from marketplace.payments.bank_statements import BankLine
from marketplace.payments.journals import ExportError
from marketplace.payments.models import BankPayout, MoneyCall, MoneyIncident, RefundRequest
from shops.models import ShopOrder
from tests import factories

pytestmark = pytest.mark.django_db
NOW = factories.NOON
OURS = {"debtor": "Les Halles & Cie", "iban": "FR76 3000 6000 0112 3456 7890 189", "bic": "AGRIFRPP"}
THEIRS = "DE89370400440532013000"
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
CAMT = '<Document xmlns="{space}{version}"><BkToCstmrStmt><Stmt>{entries}</Stmt></BkToCstmrStmt></Document>'
ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>{status}</Sts>
<BookgDt><Dt>2026-03-03</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{ref}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"""


@pytest.fixture(autouse=True)
def english():
    """What is said is compared."""
    with translation.override("en"):
        yield


@pytest.fixture
def shop():
    factories.network(country="FR", currency="EUR")
    made = factories.shop("Cœur", stripe_account_ready=False)
    bank.change_account(made, holder="Cœur & Âme", iban=THEIRS, bic="", by=None, now=NOW - timedelta(days=4))
    earn(made, 12345, "a")
    return made


def earn(shop, minor: int, key: str) -> None:
    side = {"debit": "dividends", "credit": ledger.shop_account(shop.pk)}
    ledger.post("dividend", **side, amount_minor=minor, currency="EUR", key=key, cause="x", now=NOW)


def balance(shop) -> int:
    return -ledger.balance(ledger.shop_account(shop.pk), currency="EUR")


def said(*entries: tuple[str, str, str], version: str = "08") -> list[BankLine]:
    """Entries (reference, amount, side), booked."""
    status = "BOOK" if version == "02" else "<Cd>BOOK</Cd>"  # the form changed between versions
    rows = [ENTRY.format(ref=ref, amount=amount, side=side, status=status) for ref, amount, side in entries]
    return bank_statements.read(CAMT.format(space=SPACE, version=version, entries="".join(rows)).encode())


def shape(element: etree._Element) -> list:
    """Names of the elements in their order, as the schema has them."""
    return [
        (etree.QName(child).localname, shape(child)) if len(child) else etree.QName(child).localname
        for child in element
    ]


def test_bank_is_asked_once_in_the_schemas_order(shop):
    export, content = bank.ask_payouts(**OURS, by=None, now=NOW)
    root = etree.fromstring(content)
    assert etree.QName(root).namespace == "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
    agent = lambda name, tag: (name, [("FinInstnId", tag)])  # noqa: E731
    account = lambda name: (name, [("Id", ["IBAN"])])  # noqa: E731
    assert shape(root) == [
        (
            "CstmrCdtTrfInitn",
            [
                ("GrpHdr", ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", ("InitgPty", ["Nm"])]),
                (
                    "PmtInf",
                    [
                        *("PmtInfId", "PmtMtd", "NbOfTxs", "CtrlSum"),
                        ("PmtTpInf", [("SvcLvl", ["Cd"])]),
                        ("ReqdExctnDt", ["Dt"]),
                        ("Dbtr", ["Nm"]),
                        account("DbtrAcct"),
                        agent("DbtrAgt", ["BICFI"]),
                        "ChrgBr",
                        (
                            "CdtTrfTxInf",
                            [
                                ("PmtId", ["EndToEndId"]),
                                ("Amt", ["InstdAmt"]),
                                ("Cdtr", ["Nm"]),
                                account("CdtrAcct"),
                                ("RmtInf", ["Ustrd"]),
                            ],
                        ),
                    ],
                ),
            ],
        )
    ]
    texts = {etree.QName(each).localname: each.text for each in root.iter() if not len(each)}
    assert (texts["InstdAmt"], texts["CtrlSum"], texts["Nm"], texts["IBAN"]) == (
        "123.45",
        "123.45",
        "Coeur   Ame",
        THEIRS,
    )
    assert texts["EndToEndId"] == f"H{export.pk}-{shop.pk}"
    with pytest.raises(ExportError, match="Nobody"):
        bank.ask_payouts(**OURS, by=None, now=NOW)
    assert balance(shop) == 12345  # nothing has moved yet


@pytest.mark.parametrize("version", ["02", "08"])
def test_statement_books_what_was_paid_once_and_what_came_back(shop, version):
    bank.ask_payouts(**OURS, by=None, now=NOW)
    reference = BankPayout.objects.get().end_to_end_id
    lines = said((reference, "123.45", "DBIT"), ("NOTPROVIDED", "9.00", "DBIT"), version=version)
    assert lines == [BankLine(reference, -12345, "EUR", date(2026, 3, 3))]
    assert [bank.match(lines, by=None, now=NOW) for _ in range(2)] == [[], []]
    assert (balance(shop), BankPayout.objects.get().state) == (0, "paid")
    assert bank.match(said((reference, "123.45", "CRDT"), version=version), by=None, now=NOW) == []
    assert (balance(shop), BankPayout.objects.get().state, bank.owed(NOW)[0][1]) == (12345, "returned", 12345)


def test_statements_read_in_another_order_end_the_same(shop):
    """It came back: that it was paid is read afterwards."""
    bank.ask_payouts(**OURS, by=None, now=NOW)
    reference = BankPayout.objects.get().end_to_end_id
    for side in ("CRDT", "DBIT"):
        assert bank.match(said((reference, "123.45", side)), by=None, now=NOW) == []
    assert (balance(shop), BankPayout.objects.get().state, verify()) == (12345, "returned", [[], []])
    bank.ask_payouts(**OURS, by=None, now=NOW)
    again = BankPayout.objects.get(state="asked").end_to_end_id
    assert bank.match(said((again, "123.45", "DBIT")), by=None, now=NOW) == []
    assert (balance(shop), verify()) == (0, [[], []])


def test_differences_are_listed_and_not_booked(shop):
    bank.ask_payouts(**OURS, by=None, now=NOW)
    reference = BankPayout.objects.get().end_to_end_id
    wrong = said((reference, "123.44", "DBIT"), ("SOMEBODY", "5.00", "DBIT"), ("A READER", "5.00", "CRDT"))
    assert bank.match(wrong, by=None, now=NOW) == [
        f"{reference}: asked 123.45 EUR, the bank 123.44 EUR",
        "SOMEBODY: 5.00 EUR is on no list of ours",
    ]
    assert (balance(shop), BankPayout.objects.get().state, bank.owed(NOW)) == (12345, "differs", [])


def refused(row: BankPayout, paid_minor: int = 0) -> None:
    by = factories.user(f"operator{paid_minor}@example.org")
    bank_booking.end(row, paid_minor=paid_minor, reason="AC04", by=by, now=NOW)


def test_payout_that_the_bank_refused_is_owed_again(shop):
    bank.ask_payouts(**OURS, by=None, now=NOW)
    row = BankPayout.objects.get()
    for reason, paid_minor in ((" ", 0), ("AC04", -1), ("AC04", 12346)):
        with pytest.raises(bank_booking.PayoutError):
            bank_booking.end(row, paid_minor=paid_minor, reason=reason, by=None, now=NOW)
    refused(row)
    row.refresh_from_db()
    assert (row.state, balance(shop), [minor for _, minor in bank.owed(NOW)]) == ("ended", 12345, [12345])
    with pytest.raises(bank_booking.PayoutError):
        refused(row, 1)
    entry = AuditEntry.objects.get(action="bank.payout_ended")
    assert (entry.reason, entry.shop_id) == ("AC04", shop.pk)
    assert verify() == [[], []]
    bank.ask_payouts(**OURS, by=None, now=NOW)
    again = BankPayout.objects.get(state="asked")
    assert bank.match(said((again.end_to_end_id, "123.45", "DBIT")), by=None, now=NOW) == []
    assert (balance(shop), bank.owed(NOW), verify()) == (0, [], [[], []])
    late = said((row.end_to_end_id, "123.45", "DBIT"))
    told = f"{row.end_to_end_id} was ended, and the bank paid 123.45 EUR all the same. It is booked now."
    assert [bank.match(late, by=None, now=NOW) for _ in range(2)] == [[told], []]
    assert (balance(shop), verify()[0], len(verify()[1])) == (-12345, [], 1)  # paid twice, and `verify` says so


def test_payout_that_the_bank_made_in_part_is_booked_and_the_rest_owed_again(shop):
    bank.ask_payouts(**OURS, by=None, now=NOW)
    row = BankPayout.objects.get()
    part = said((row.end_to_end_id, "100.00", "DBIT"))
    assert len(bank.match(part, by=None, now=NOW)) == 1
    refused(row, 10_000)
    assert (balance(shop), [minor for _, minor in bank.owed(NOW)], verify()) == (2345, [2345], [[], []])
    assert bank.match(part, by=None, now=NOW) == []  # as it was entered
    assert (balance(shop), BankPayout.objects.get(pk=row.pk).state, verify()) == (2345, "ended", [[], []])
    assert bank.match(said((row.end_to_end_id, "100.00", "CRDT")), by=None, now=NOW) == []
    assert (balance(shop), BankPayout.objects.get(pk=row.pk).state, verify()) == (12345, "returned", [[], []])


def verify() -> list[list[str]]:
    return [check() for check in invariants_bank.INVARIANTS.values()]


def test_payouts_that_are_not_booked_or_paid_by_a_transfer_too_are_noticed(shop):
    """Negative controls of both invariants."""
    bank.ask_payouts(**OURS, by=None, now=NOW)
    assert verify() == [[], []]
    BankPayout.objects.update(state="paid")
    reference = BankPayout.objects.get().end_to_end_id
    assert verify()[0] == [f"{reference} is paid: 12345 paid, booked 0, 0 back"]
    BankPayout.objects.update(state="asked")
    _, payment = sold(shop)
    call = {"key": "transfer:x", "kind": "transfer", "payment": payment, "shop_order": ShopOrder.objects.get()}
    MoneyCall.objects.create(amount_minor=2001, credit_minor=1, currency="EUR", **call)
    assert verify() == [[], [f"shop {shop.pk}: 12346 EUR paid beside its orders, 12345 were there"]]


def test_what_is_no_statement_is_refused_with_its_reason():
    kind = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    entity = (kind + CAMT.format(space=SPACE, version="08", entries="&x;")).encode()
    assert bank_statements.read(entity) == []  # the entity is not opened
    for wrong in (b"", b"<a/>", b"<a", b"x" * (bank_statements.STATEMENT_BYTES + 1)):
        with pytest.raises(ExportError):
            bank_statements.read(wrong)
    for figure in ("12.345", "Infinity", "NaN", "-1.00", "1E+30", "1E400000", ""):
        with pytest.raises(ExportError, match="cannot be read"):
            said(("a", figure, "DBIT"))


def test_account_that_changed_waits_three_days_and_must_be_one(shop):
    bank.change_account(shop, holder="x", iban=THEIRS, bic="", by=None, now=NOW)
    waits = [len(bank.owed(NOW + timedelta(hours=hours))) for hours in (0, 71, 72)]
    assert waits == [0, 0, 1]
    for wrong in ({"iban": THEIRS[:-1] + "1"}, {"bic": "AB"}):
        with pytest.raises(ExportError):
            bank.change_account(shop, **({"holder": "x", "iban": THEIRS, "bic": ""} | wrong), by=None, now=NOW)


def sold(shop, units: int = 1):
    """Handed over, of 20.00 each; their payment."""
    part = factories.shop_order(
        shop, (factories.stock_record(shop), units), currency="EUR", status="handed_over", handed_over_at=NOW
    )
    payment = factories.payment(part.order)
    type(payment).objects.update(captured_minor=2000 * units, amount_minor=2000 * units, currency="EUR")
    payment.refresh_from_db()
    return part, payment


def give_back(payment, part, minor: int, **how) -> RefundRequest:
    """Asked for, and made."""
    wanted = refunds.Wanted(RefundRequest.Kind.OTHER, part, amount_minor=minor)
    once = f"{RefundRequest.objects.count()}"
    request = refunds.ask(payment, wanted, reason="damp", by=None, once=once, now=NOW, **how)
    call = request.calls.get()
    MoneyCall.objects.filter(pk=call.pk).update(due_at=None, done_at=NOW)
    ledger.record_refund(call, stripe_id="", now=NOW)
    refunds.carried_out(request, now=NOW)
    return request


def test_what_readers_got_back_is_not_earned(shop):
    part, payment = sold(shop)
    give_back(payment, part, 500)
    give_back(payment, part, 100, borne_by=RefundRequest.Bearer.NETWORK)
    assert bank.book_earnings(NOW + timedelta(days=8)) == 1
    # commission 8 % of 20.00, of which a quarter went back
    assert (balance(shop), part.bank_earning.commission_minor) == (12345 + 2000 - 500 - 120, 120)


def test_refund_after_it_was_booked_debits_the_shop_and_the_tax_office(shop, monkeypatch):
    """Commission 1.60, its tax 0.16 and 0.08: a quarter, then the rest of it goes back."""
    monkeypatch.setattr(commission_tax, "_rules", [lambda shop, network, minor, on: [("X", 16), ("Y", 8)]])
    part, payment = sold(shop)
    bank.book_earnings(NOW + timedelta(days=8))
    assert balance(shop) == 12345 + 2000 - 184
    first = give_back(payment, part, 500)
    kept = (first.after_transfer, first.share_minor, first.commission_minor, first.commission_tax)
    assert kept == (True, 454, 40, [("X", 4), ("Y", 2)])
    assert balance(shop) == 12345 + 2000 - 184 - 454
    give_back(payment, part, 1500)
    owed = [ledger.balance(name, currency="EUR") for name in ("commission", "tax:X", "tax:Y")]
    assert (balance(shop), owed, MoneyCall.objects.filter(kind="reversal").count()) == (12345, [0, 0, 0], 0)
    checks = (invariants.INVARIANTS["every refund by a person is borne"], invariants.INVARIANTS[BACK])
    assert [check() for check in checks] == [[], []]


BACK = "commission goes back once, with its tax"


def test_commission_that_went_back_twice_is_noticed(shop):
    """Negative control of the invariant."""
    part, payment = sold(shop)
    bank.book_earnings(NOW + timedelta(days=8))
    give_back(payment, part, 2000)
    again = {"debit": "commission", "credit": "orders", "currency": "EUR", "cause": "x", "shop_order": part}
    ledger.post("commission_back", amount_minor=1, key="again", now=NOW, **again)
    assert invariants.INVARIANTS[BACK]() == [f"{part.number}: 1 too much of commission went back"]


def test_shop_that_is_connected_to_stripe_is_not_paid_a_second_time(shop):
    part, _ = sold(shop)
    bank.book_earnings(NOW + timedelta(days=8))
    type(shop).objects.filter(pk=shop.pk).update(stripe_account="acct", stripe_account_ready=True)
    assert (transfers.due_transfers(NOW + timedelta(days=20)), earnings.lock(part)) == (0, None)
    assert [minor for _, minor in bank.owed(NOW)] == [12345 + 1840]  # by bank still


def test_shop_whose_tax_nobody_knows_waits_and_the_others_are_paid(shop, monkeypatch):
    def rule(of, network, minor, on):
        if of == shop:
            raise commission_tax.TaxUnknownError("It is not known what tax is due in DE.")
        return []

    monkeypatch.setattr(commission_tax, "_rules", [rule])
    monkeypatch.setattr(bank, "BATCH", 1)
    other = factories.shop("Other", stripe_account_ready=False)
    bank.change_account(other, holder="x", iban=THEIRS, bic="", by=None, now=NOW - timedelta(days=4))
    part, _ = sold(shop)
    after, _ = sold(other)
    days = [bank.book_earnings(NOW + timedelta(days=days)) for days in (8, 9)]
    assert (days, earnings.booked(part), earnings.booked(after).shop_minor) == ([1, 0], None, 1840)
    (incident,) = MoneyIncident.objects.all()
    assert (incident.shop, "not known what tax is due in DE" in incident.text) == (shop, True)


def test_earnings_are_booked_after_the_delay_once(shop):
    sold(shop)
    days = [bank.book_earnings(NOW + timedelta(days=days)) for days in (6, 7, 8)]
    assert (days, balance(shop)) == ([0, 1, 0], 12345 + 2000 - 160)
