"""Shops that are paid by bank transfer, where the network settles so: what they earned is booked at hand-over plus the
delay; a file for the bank asks it to pay (ISO 20022 pain.001.001.09, SEPA credit transfers); the bank's statement is
read back (`bank_statements.py`) and says what was paid. The ledger moves when the bank's statement does.

A shop with a bank account and without a ready account at Stripe is paid by bank."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from lxml import etree
from stdnum import bic as bic_number
from stdnum import iban as iban_number

from marketplace.foundation import audit, leases, money, network
from marketplace.payments import bank_booking, earnings, incidents, incoming, ledger, local_currency, receivables
from marketplace.payments.bank_statements import BankLine
from marketplace.payments.journals import ExportError
from marketplace.payments.ledger import shop_account
from marketplace.payments.models import (
    BankAccount,
    BankEarning,
    BankPayout,
    CreditTerms,
    Export,
    MoneyCall,
    Receivable,
)
from shops.models import Partner, Shop, ShopOrder

PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
BATCH = 50
State = BankPayout.State


def book_earnings(now: datetime) -> int:
    """Step: what shops that are paid by bank have earned, once its delay is over, and of any shop what an institution
    paid to the bank for. What a shop owes needs no keeping back: its account in the ledger is that much lower, and no
    more than it holds is paid (with its next transfer, where it has no bank account here)."""
    if not earnings.handed_over(now).exists():
        return 0
    by_bank = Shop.objects.filter(stripe_account_ready=False, bank_account__isnull=False)
    others = earnings.due(now, Shop.objects.exclude(pk__in=by_bank)).filter(order__checkout__by_invoice=True)
    due = [
        shop_order
        for rows in (earnings.due(now, by_bank), others)
        for shop_order in incidents.batch(rows, step="book_earnings", most=BATCH)
    ]
    return incidents.one_by_one(due, lambda shop_order: _book(shop_order, now), step="book_earnings", now=now)


def _book(shop_order: ShopOrder, now: datetime) -> bool:
    with transaction.atomic():
        if earnings.lock(shop_order) is None:
            return False
        earned = earnings.of(shop_order, now=now)
        local_currency.pay_shop(shop_order, earned.shop_minor, now=now)
        BankEarning.objects.create(
            shop_order=shop_order,
            amount_minor=earned.shop_minor,
            commission_minor=earned.kept_minor,
            commission_tax=earned.taxes,
            sales_tax=earned.sales_taxes,
            booked_at=now,
        )
        earnings.mark(shop_order, now=now)
        ledger.record_earning(
            shop_order,
            earned_minor=earned.shop_minor,
            commission_minor=earned.kept_minor,
            taxes=earned.taxes,
            sales_taxes=earned.sales_taxes,
            key=f"bank:{shop_order.number}",
            now=now,
        )
    return True


def change_account(shop: Shop, *, holder: str, iban: str, bic: str, by: object, now: datetime) -> BankAccount:
    """Raises ExportError for an IBAN or BIC that cannot be one."""
    if not iban_number.is_valid(iban):
        raise ExportError(_("This is no IBAN: its check digits do not fit. Type it again."))
    if bic and not bic_number.is_valid(bic):
        raise ExportError(_("This is no BIC: it has 8 or 11 letters and digits."))
    values = {"holder": holder[:70], "iban": iban_number.compact(iban), "bic": bic_number.compact(bic) if bic else ""}
    with transaction.atomic():
        account = BankAccount.objects.update_or_create(shop=shop, defaults={**values, "changed_at": now})[0]
        audit.record("shop.bank_account", shop, by=by, shop_id=shop.pk, ends_with=account.iban[-4:])
        if not shop.stripe_account_ready:  # what Stripe would not transfer is paid by bank now
            transfers = MoneyCall.objects.filter(shop_order__shop=shop, kind=MoneyCall.Kind.TRANSFER, done_at=None)
            refused = transfers.filter(unknown_outcome=False)  # of others a person looks first whether they were made
            leases.unpark(list(refused.exclude(parked_at=None)), now=now)
    return account


def owed(now: datetime) -> list[tuple[BankAccount, int]]:
    """What each shop with a bank account is owed, less what the bank was asked to pay already; of a shop that Stripe
    pays, what no transfer covers (booked before its account there was ready, dividends). A changed account waits for
    three days, so that whoever took the shop over is noticed first."""
    currency = network.current().currency
    asked = BankPayout.objects.filter(state__in=BankPayout.OPEN, currency=currency)
    under_way = Counter(dict(asked.order_by().values_list("shop").annotate(sum=Sum("amount_minor"))))
    transfers = MoneyCall.objects.filter(kind=MoneyCall.Kind.TRANSFER, done_at=None, currency=currency)
    carried = transfers.order_by().values_list("shop_order__shop").annotate(sum=Sum("credit_minor"))
    under_way.update(dict(carried))  # they pay what its account holds besides
    accounts = BankAccount.objects.filter(changed_at__lte=now - timedelta(hours=72))
    found = []
    for account in accounts.select_related("shop").order_by("shop"):
        minor = -ledger.balance(shop_account(account.shop_id), currency=currency) - under_way[account.shop_id]
        if minor > 0:
            found.append((account, minor))
    return found


def owed_back() -> list[tuple[Receivable, int]]:
    """What each institution whose bank account is known paid too much or is given back, less what the bank was asked
    to pay already."""
    asked = BankPayout.objects.filter(state__in=BankPayout.OPEN).exclude(receivable=None)
    under_way = dict(asked.order_by().values_list("receivable").annotate(sum=Sum("amount_minor")))
    rows = [row for row in receivables.owed_back() if row.terms.iban and row.currency == network.current().currency]
    found = [(row, -row.open_minor - under_way.get(row.pk, 0)) for row in rows]
    return [(row, minor) for row, minor in found if minor > 0]


def owed_to_partners(now: datetime) -> list[tuple[Partner, int]]:
    """The same of partners who have given an account."""
    currency = network.current().currency
    asked = BankPayout.objects.filter(state__in=BankPayout.OPEN, currency=currency, partner__isnull=False)
    under_way = dict(asked.order_by().values_list("partner").annotate(sum=Sum("amount_minor")))
    found = []
    for partner in Partner.objects.exclude(iban="").filter(account_changed_at__lte=now - timedelta(hours=72)):
        minor = -ledger.balance(ledger.partner_account(partner.pk), currency=currency) - under_way.get(partner.pk, 0)
        if minor > 0:
            found.append((partner, minor))
    return found


def ask_payouts(*, debtor: str, iban: str, bic: str, by: object, now: datetime) -> tuple[Export, bytes]:
    """Write down what the bank is asked to pay, and the file that asks it. Raises ExportError."""
    if not iban_number.is_valid(iban) or (bic and not bic_number.is_valid(bic)):
        raise ExportError(_("This is no IBAN or no BIC of the network's own account."))
    with transaction.atomic():
        # Two operators at once ask once; a transfer locks its shop before it takes what the account holds.
        list(Shop.objects.select_for_update().filter(bank_account__isnull=False).order_by("pk").values_list("pk"))
        receivables.lock_owed_back()
        list(CreditTerms.objects.select_for_update().order_by("pk"))
        list(Partner.objects.select_for_update().order_by("pk"))
        wanted, back, partners = owed(now), owed_back(), owed_to_partners(now)
        currency, rows = network.current().currency, len(wanted) + len(back) + len(partners)
        if not rows:
            raise ExportError(_("Nobody is owed anything that the bank was not asked to pay."))
        export = Export.objects.create(
            kind=Export.Kind.PAIN, begins_on=now.date(), ends_on=now.date(), asked_at=now, asked_by=by,  # type: ignore[misc]
            finished_at=now, rows=rows, of_rows=rows,
        )  # fmt: skip
        common = {"export": export, "currency": currency, "asked_at": now}
        payouts = [
            BankPayout(end_to_end_id=f"H{export.pk}-{account.shop_id}", shop=account.shop, amount_minor=minor,
                       holder=account.holder, iban=account.iban, bic=account.bic, **common)
            for account, minor in wanted
        ] + [
            BankPayout(end_to_end_id=f"H{export.pk}-R{row.pk}", receivable=row, amount_minor=minor,
                       holder=row.terms.holder, iban=row.terms.iban, bic=row.terms.bic, **common)
            for row, minor in back
        ] + [
            BankPayout(end_to_end_id=f"H{export.pk}-P{partner.pk}", partner=partner, amount_minor=minor,
                       holder=partner.holder, iban=partner.iban, bic=partner.bic, **common)
            for partner, minor in partners
        ]  # fmt: skip
        BankPayout.objects.bulk_create(payouts)
        asked = sum(payout.amount_minor for payout in payouts)
        audit.record("export.payouts", export, by=by, payouts=len(payouts), sum_minor=asked)
    accounts = (iban_number.compact(iban), bic_number.compact(bic) if bic else "")
    export.name = f"pain.001-{export.pk}.xml"
    export.save(update_fields=["name"])
    return export, pain(f"HALLES-{export.pk}", payouts, debtor=debtor, account=accounts, now=now)


def pain(
    message_id: str, payouts: Sequence[BankPayout], *, debtor: str, account: tuple[str, str], now: datetime
) -> bytes:
    """A customer credit transfer initiation, one payment block, charges shared as SEPA asks. Element names and their
    order are the schema's (ISO 20022, pain.001.001.09)."""
    root = etree.Element("Document", nsmap={None: PAIN})
    top = _inside(root, "CstmrCdtTrfInitn")
    count = str(len(payouts))
    total = str(sum((money.to_decimal(row.amount_minor, row.currency) for row in payouts), Decimal(0)))
    header = _inside(top, "GrpHdr", MsgId=message_id, CreDtTm=f"{now:%Y-%m-%dT%H:%M:%S}Z", NbOfTxs=count, CtrlSum=total)
    _inside(header, "InitgPty", Nm=_plain(debtor))
    block = _inside(top, "PmtInf", PmtInfId=message_id, PmtMtd="TRF", NbOfTxs=count, CtrlSum=total)
    _inside(_inside(block, "PmtTpInf"), "SvcLvl", Cd="SEPA")
    _inside(block, "ReqdExctnDt", Dt=f"{now:%Y-%m-%d}")
    _inside(block, "Dbtr", Nm=_plain(debtor))
    _inside(_inside(_inside(block, "DbtrAcct"), "Id"), None, IBAN=account[0])
    _bank(block, "DbtrAgt", account[1])
    etree.SubElement(block, "ChrgBr").text = "SLEV"
    for row in payouts:
        one = _inside(block, "CdtTrfTxInf")
        _inside(one, "PmtId", EndToEndId=row.end_to_end_id)
        amount = etree.SubElement(_inside(one, "Amt"), "InstdAmt", Ccy=row.currency)
        amount.text = str(money.to_decimal(row.amount_minor, row.currency))
        if row.bic:
            _bank(one, "CdtrAgt", row.bic)
        _inside(one, "Cdtr", Nm=_plain(row.holder))
        _inside(_inside(_inside(one, "CdtrAcct"), "Id"), None, IBAN=row.iban)
        _inside(one, "RmtInf", Ustrd=_plain(f"{debtor} {row.end_to_end_id}")[:140])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def match(lines: Sequence[BankLine], *, by: object, now: datetime) -> list[str]:
    """Book what the bank paid or sent back, and say what differs, one short text each. A statement that is read again
    changes nothing."""
    found: list[str] = []
    for line in lines:
        if line.unclear:
            found.append(
                _("%(amount)s are several payments whose sums the bank does not say: “%(text)s”. Enter them by hand.")
                % {"amount": _said(line.amount_minor, line.currency), "text": line.text[:140]}
            )
            continue
        with transaction.atomic():
            payouts = BankPayout.objects.select_for_update(of=("self",)).filter(end_to_end_id=line.end_to_end_id)
            row = payouts.first() if line.end_to_end_id else None
            if row is None:
                about = incoming.book(line, by=by, now=now, on=line.booked_on)
                found += about
                if line.amount_minor < 0 and line.end_to_end_id and not about:
                    words = {"reference": line.end_to_end_id, "amount": _said(-line.amount_minor, line.currency)}
                    found.append(_("%(reference)s: %(amount)s is on no list of ours") % words)
            elif abs(line.amount_minor) != row.moved_minor or line.currency != row.currency:
                BankPayout.objects.filter(pk=row.pk, state=State.ASKED).update(state=State.DIFFERS)
                asked, paid = _said(row.moved_minor, row.currency), _said(-line.amount_minor, line.currency)
                words = {"reference": row.end_to_end_id, "asked": asked, "paid": paid}
                found.append(_("%(reference)s: asked %(asked)s, the bank %(paid)s") % words)
            else:
                booked = bank_booking.book(row, line.amount_minor, on=line.booked_on, by=by, now=now)  # type: ignore[arg-type]
                if booked and row.state == State.ENDED and line.amount_minor < 0:
                    words = {"reference": row.end_to_end_id, "amount": _said(-line.amount_minor, line.currency)}
                    found.append(
                        _("%(reference)s was ended, and the bank paid %(amount)s all the same. It is booked now.")
                        % words
                    )
    return found


def _said(minor: int, currency: str) -> str:
    return f"{money.to_decimal(minor, currency)} {currency}"


def _inside(parent: etree._Element, name: str | None, **texts: str) -> etree._Element:
    """A child with one element for each text, in their order; without a name the texts stand in the parent itself."""
    child = parent if name is None else etree.SubElement(parent, name)
    for tag, text in texts.items():
        etree.SubElement(child, tag).text = text
    return child


def _bank(parent: etree._Element, name: str, bic: str) -> None:
    agent = _inside(_inside(parent, name), "FinInstnId")
    if bic:
        etree.SubElement(agent, "BICFI").text = bic
    else:
        _inside(agent, "Othr", Id="NOTPROVIDED")


def _plain(text: str) -> str:
    """At most 70 letters, and none that SEPA's banks may refuse (EPC217-08: Latin letters, digits, a few signs)."""
    folded = (
        unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE")).encode("ascii", "ignore").decode()
    )
    return "".join(letter if letter.isalnum() or letter in "/-?:().,'+ " else " " for letter in folded)[:70].strip()
