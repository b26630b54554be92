"""What became of a payout that the bank was asked to make: its statement says it, or, where the bank refused it, an
operator. The ledger moves here and not before; what was not paid is owed again, so that the next file asks for it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.models import User
from marketplace.payments import ledger, receivables
from marketplace.payments.ledger import BANK
from marketplace.payments.models import BankPayout, Receipt

State = BankPayout.State
PAYOUT, RETURNED = "payout", "payout_returned"


class PayoutError(Exception):
    """It cannot be ended so; the message says why, to a person."""


def key_of(kind: str, row: BankPayout) -> str:
    return f"{kind}:{row.end_to_end_id}"


def book(row: BankPayout, amount_minor: int, *, on: date, by: User | None, now: datetime) -> bool:
    """A line of the bank's statement about a locked payout: below zero it was paid, above it came back. False: it is
    booked already."""
    kind, state = (PAYOUT, State.PAID) if amount_minor < 0 else (RETURNED, State.RETURNED)
    if not _post(row, kind, abs(amount_minor), on=on, by=by, now=now):
        return False
    if row.state == State.RETURNED:  # statements are not always read in their order: it stays what came last
        return True
    BankPayout.objects.filter(pk=row.pk).update(state=state, booked_on=on)
    return True


def end(payout: BankPayout, *, paid_minor: int, reason: str, by: User, now: datetime) -> None:
    """The bank says that it made it not, or not all of it: `paid_minor` is what left our account all the same, and is
    booked; the rest is owed again. Raises PayoutError for one that is over."""
    with transaction.atomic():
        row = BankPayout.objects.select_for_update(of=("self",)).get(pk=payout.pk)
        if row.state not in BankPayout.OPEN:
            raise PayoutError(_("It is over already."))
        if not reason.strip():
            raise PayoutError(_("Say why: what did the bank answer?"))
        if paid_minor < 0:
            raise PayoutError(_("Give an amount above zero."))
        if paid_minor > row.amount_minor:
            raise PayoutError(_("More cannot have left than was asked for."))
        if paid_minor:
            _post(row, PAYOUT, paid_minor, on=now.date(), by=by, now=now)
        BankPayout.objects.filter(pk=row.pk).update(state=State.ENDED, paid_minor=paid_minor)
        amounts = {"amount_minor": row.amount_minor, "paid_minor": paid_minor}
        audit.record("bank.payout_ended", row, by=by, reason=reason, shop_id=row.shop_id, **amounts)


def _post(row: BankPayout, kind: str, amount_minor: int, *, on: date, by: User | None, now: datetime) -> bool:
    """Between the bank and whoever is paid, once for each kind."""
    key, paid = key_of(kind, row), kind == PAYOUT
    if row.receivable:
        signed = -amount_minor if paid else amount_minor
        how = {"kind": Receipt.Kind.BANK, "on": on, "key": key, "by": by, "now": now, "note": row.end_to_end_id}
        return receivables.receive(row.receivable, signed, **how) is not None  # type: ignore[arg-type]
    account = ledger.shop_account(row.shop_id) if row.shop_id else ledger.partner_account(row.partner_id or 0)
    debit, credit = (account, BANK) if paid else (BANK, account)
    made = ledger.post(
        kind, debit=debit, credit=credit, amount_minor=amount_minor, currency=row.currency, key=key,
        cause=row.end_to_end_id, now=now,
    )  # fmt: skip
    if made:
        audit.record(f"bank.{kind}", row, by=by or "system", shop_id=row.shop_id, amount_minor=amount_minor)
    return made is not None
