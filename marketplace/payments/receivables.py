"""Orders by invoice: an institution's credit is held with the stock, what it owes is booked with the order, lowered by
what is declined or given back, and settled by what its bank pays. The only file that changes a receivable, and with it
`CreditTerms.owed_minor`, which is at all times what its receivables leave open together.

What was paid too much, or given back after it was paid, leaves a receivable below zero: owed to the institution, and
paid back with the next file for the bank (`bank.ask_payouts`), or in another way, which a person notes.

Locks: payment, receivable, credit terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

from marketplace.foundation import audit, leases, links, mail, network
from marketplace.foundation.money import display
from marketplace.models import User
from marketplace.payments import ledger, paid_parts
from marketplace.payments.models import CreditTerms, Invoice, MoneyCall, Payment, Receipt, Receivable

Kind = Receipt.Kind
# A transfer under way at the day of payment needs no reminder; after the third a person asks.
REMIND_AFTER, REMIND_AGAIN, MOST_REMINDERS = timedelta(days=7), timedelta(days=14), 3
# The reminders begin from the first; whoever is sending one meanwhile loses its lease.
ANEW: dict[str, Any] = {"reminders": 0, "attempts": 0, "lease_until": None, "lease_token": "", "parked_at": None}
BUCKETS = (30, 60, 90)
SIDES = {
    Kind.BANK: (ledger.BANK, ledger.INSTITUTIONS),
    Kind.HAND: (ledger.BANK, ledger.INSTITUTIONS),
    Kind.WRITTEN_OFF: (ledger.LOSSES, ledger.INSTITUTIONS),
    Kind.PAID_BACK: (ledger.INSTITUTIONS, ledger.BANK),
}


class ReceiptError(Exception):
    """It cannot be entered; the message says why, to a person."""


def offer(user_id: int | None) -> CreditTerms | None:
    """The terms on which this account may order by invoice. None where an operator has not said so, and where the
    network has not said which bank account it is paid to."""
    if not user_id or not network.current().bank_details.strip():
        return None
    return CreditTerms.objects.filter(institution__user=user_id, days__gt=0).first()


def hold(checkout: Any, *, amount_minor: int, now: datetime) -> bool:
    """Take the amount of the institution's credit for a checkout, frozen in this transaction. False: it has not that
    much left, or may order by invoice no more; then the caller undoes the transaction. Held once."""
    if not amount_minor or Receivable.objects.filter(checkout=checkout.pk).exists():
        return True
    terms = offer(checkout.user_id)
    if terms is None or not _take_guarded(terms.pk, amount_minor):
        return False
    Receivable.objects.create(
        checkout_id=checkout.pk, terms=terms, days=terms.days, currency=checkout.currency, amount_minor=amount_minor
    )
    return True


def release_hold(checkout_id: int) -> bool:
    """The checkout ended, or could not be placed: nothing is owed for it."""
    found = Receivable.objects.filter(checkout=checkout_id, placed_at=None).first()
    if found is None or not Receivable.objects.filter(pk=found.pk, placed_at=None).delete()[0]:
        return False
    CreditTerms.objects.filter(pk=found.terms_id).update(owed_minor=F("owed_minor") - found.amount_minor)
    return True


def book(checkout_id: int, *, order_id: int, order_number: str, now: datetime) -> None:
    """In the transaction that places the order: what was held is owed, and the order's account is covered by it as by
    a captured card."""
    payment = Payment.objects.get(checkout=checkout_id)
    found = Receivable.objects.filter(checkout=checkout_id, placed_at=None).first()
    if found is None:  # gift cards or a voucher pay all of it
        return
    Receivable.objects.filter(pk=found.pk).update(placed_at=now, reference=reference_of(order_number))
    Payment.objects.filter(pk=payment.pk).update(captured_minor=found.amount_minor)
    ledger.post(
        "invoiced", debit=ledger.INSTITUTIONS, credit=ledger.ORDERS, amount_minor=found.amount_minor,
        currency=found.currency, key=f"capture:{payment.pk}", cause=f"order {order_number} by invoice",
        order_id=order_id, now=now,
    )  # fmt: skip


def reference_of(order_number: str) -> str:
    """The creditor reference that a payment names (ISO 11649): RF, check digits, the order's number."""
    return f"RF{mod_97_10.calc_check_digits(order_number + 'RF')}{order_number}"


def shown_reference(reference: str) -> str:
    """As it is printed, in groups of four."""
    return iso11649.format(reference)


def invoiced(checkout_id: int, *, on: date, total_minor: int, now: datetime) -> None:
    """An invoice of it is made, over `total_minor`, in this transaction: there is a day of payment, and reminders some
    time after it, begun anew unless an older invoice is still to be paid: its day stands."""
    found = Receivable.objects.select_for_update(of=("self",)).filter(checkout=checkout_id).first()
    if found is None:
        return
    paid_parts.reach(found, now=now)
    if found.due_on and _asked_for(found) - total_minor > 0:
        return
    due_on = on + timedelta(days=found.days)
    due_at = datetime.combine(due_on, time(9), tzinfo=UTC) + REMIND_AFTER if found.settled_at is None else None
    Receivable.objects.filter(pk=found.pk).update(due_on=due_on, due_at=due_at, **ANEW)


def late(found: Receivable) -> int:
    """What its invoices ask for and has not come in, in minor units: what no invoice says yet is not demanded."""
    return max(0, min(found.open_minor, _asked_for(found)))


def _asked_for(found: Receivable) -> int:
    """Invoiced, less credit notes, what was paid otherwise, what came in; below zero where that is more."""
    made = Invoice.objects.filter(shop_order__order__checkout=found.checkout_id)
    sums = made.aggregate(
        asked=Sum("total_minor", filter=Q(kind=Invoice.Kind.INVOICE), default=0),
        back=Sum("total_minor", filter=Q(kind=Invoice.Kind.CREDIT_NOTE), default=0),
    )
    payment = Payment.objects.filter(checkout=found.checkout_id).first()
    other = payment.other_minor - payment.other_back_minor if payment else 0
    return sums["asked"] - abs(sums["back"]) - other - found.received_minor


def lower(call: MoneyCall, *, now: datetime) -> None:
    """A refund or decline of an order by invoice, in the transaction that records its call: so much less is owed. What
    was paid already is owed to the institution then."""
    found = Receivable.objects.select_for_update(of=("self",)).get(checkout=call.payment.checkout_id)
    made = ledger.post(
        "refund", debit=ledger.ORDERS, credit=ledger.INSTITUTIONS, amount_minor=call.amount_minor,
        currency=call.currency, key=call.key, cause=call.reason or "refund",
        order_id=call.payment.checkout.order_id, now=now,
    )  # fmt: skip
    if made:
        _move(found, {"lowered_minor": call.amount_minor}, now)


def receive(
    receivable: Receivable, amount_minor: int, *, kind: str, on: date, key: str, by: User | None, now: datetime,
    note: str = "",
) -> Receipt | None:  # fmt: skip
    """Book a sum for it: `amount_minor` above zero lowers what is open (more than that too: the rest is owed back),
    below zero is paid back. None: the key was booked before. Raises ReceiptError."""
    with transaction.atomic():
        found = Receivable.objects.select_for_update(of=("self",)).select_related("checkout").get(pk=receivable.pk)
        if Receipt.objects.filter(key=key).exists():
            return None
        _check(found, amount_minor, kind)
        receipt = Receipt.objects.create(
            receivable=found,
            kind=kind,
            amount_minor=amount_minor,
            booked_on=on,
            key=key,
            note=note[:200],
            by=by,
            at=now,
        )
        sides = SIDES[Kind(kind)]
        back = kind == Kind.BANK and amount_minor < 0  # what the bank took back of a payment
        debit, credit = sides[::-1] if back else sides
        ledger.post(
            "received" if amount_minor > 0 else "paid_back", debit=debit, credit=credit,
            amount_minor=abs(amount_minor), currency=found.currency, key=f"receipt:{receipt.pk}",
            cause=f"{found.reference} {note}".strip()[:200], order_id=found.checkout.order_id, now=now,
        )  # fmt: skip
        _move(found, {"received_minor": amount_minor}, now)
        if back:
            _ask_again(found.pk, now)
        audit.record("receivable.receive", found, by=by or "system", reason=note, kind=kind, amount_minor=amount_minor)
    return receipt


def open_ones() -> list[Receivable]:
    """What is owed for orders, either way, the oldest day of payment first; one query."""
    rows = Receivable.objects.exclude(placed_at=None).exclude(amount_minor=F("lowered_minor") + F("received_minor"))
    rows = rows.select_related("checkout__order", "terms__institution")
    return list(rows.order_by(F("due_on").asc(nulls_last=True), "pk"))


def owed_back() -> list[Receivable]:
    """What is owed to institutions, with their terms; the oldest first."""
    rows = Receivable.objects.filter(amount_minor__lt=F("lowered_minor") + F("received_minor"))
    return list(rows.exclude(placed_at=None).select_related("terms__institution").order_by("pk"))


def lock_owed_back() -> list[int]:
    """Those rows by id, locked before the credit terms, as whoever receives a sum does."""
    rows = Receivable.objects.select_for_update().filter(amount_minor__lt=F("lowered_minor") + F("received_minor"))
    return list(rows.exclude(placed_at=None).order_by("pk").values_list("pk", flat=True))


def age(receivable: Receivable, today: date) -> int | None:
    """Days since its day of payment: 0 before it; None while nothing is invoiced."""
    return None if receivable.due_on is None else max(0, (today - receivable.due_on).days)


def by_age(rows: Sequence[Receivable], today: date) -> list[tuple[str, int]]:
    """What is owed in all, by how long it is late, in minor units: not due, then each of BUCKETS, then more."""
    sums = [0] * (len(BUCKETS) + 2)
    for row in rows:
        late = age(row, today) or 0
        if row.open_minor > 0:
            sums[0 if not late else 1 + sum(late > days for days in BUCKETS)] += row.open_minor
    first, *starts = (1, *(days + 1 for days in BUCKETS))
    ranges = [f"{start}–{end}" for start, end in zip((first, *starts), BUCKETS, strict=False)]
    return list(zip(["0", *ranges, f"> {BUCKETS[-1]}"], sums, strict=True))


def remind(now: datetime) -> int:
    """Step: a kind word for what is late; after the third a person asks. Where nothing that was invoiced is, the next
    invoice begins anew."""
    done = 0
    for row in leases.claim(Receivable, now=now):
        if not late(row):
            leases.finish(row, due_at=None)
            continue
        count = row.reminders + 1
        again = now + REMIND_AGAIN if count < MOST_REMINDERS else None
        with transaction.atomic():
            if leases.finish(row, reminders=count, due_at=again, attempts=0):
                checkout = row.checkout
                taken_back = row.receipts.filter(amount_minor__lt=0).count()
                key = f"invoice_reminder:{row.pk}:{row.due_on}:{taken_back}:{count}"
                names: dict[str, Any] = {"to": checkout.email, "language": checkout.language, "dedupe_key": key}
                mail.post_about("invoice_reminder", row.pk, now=now, **names)
                done += 1
    return done


def told(receivable_id: str) -> dict[str, object]:
    """What a reminder says, as it is when it is sent."""
    found = Receivable.objects.select_related("checkout__order", "terms__institution").get(pk=receivable_id)
    return {
        "receivable": found,
        "open_minor": late(found),
        "reference": shown_reference(found.reference or ""),
        "order": found.checkout.order,
        "bank_details": network.current().bank_details,
        "url": links.order_url(found.checkout.order),
    }


def _check(found: Receivable, amount_minor: int, kind: str) -> None:
    left, currency = found.open_minor, found.currency
    wrong_way = kind != Kind.BANK and (amount_minor < 0) != (kind == Kind.PAID_BACK)
    if not found.placed_at or not amount_minor or wrong_way:
        raise ReceiptError(_("Give an amount above zero."))
    most = {Kind.WRITTEN_OFF: left, Kind.PAID_BACK: -left}.get(Kind(kind))
    if most is not None and abs(amount_minor) > most:
        shown = display(max(0, most), currency, get_language() or "fr")
        raise ReceiptError(_("At most %(amount)s can be entered here.") % {"amount": shown})


def _take_guarded(terms_id: int, amount_minor: int) -> bool:
    """The guarded statement: it takes the amount if the credit has it at that very moment. The row stays locked."""
    there = CreditTerms.objects.filter(pk=terms_id, days__gt=0, limit_minor__gte=F("owed_minor") + amount_minor)
    return there.update(owed_minor=F("owed_minor") + amount_minor) == 1


def _ask_again(receivable_id: int, now: datetime) -> None:
    """The bank took back what had paid it: where something that was invoiced is open again and no reminder is to come,
    the reminders begin anew, from today on."""
    found = Receivable.objects.get(pk=receivable_id)
    if found.due_at is None and found.due_on and late(found):
        due_at = max(now, datetime.combine(found.due_on, time(9), tzinfo=UTC)) + REMIND_AFTER
        Receivable.objects.filter(pk=found.pk).update(due_at=due_at, **ANEW)


def _move(found: Receivable, by: dict[str, int], now: datetime) -> None:
    """Change a locked receivable and what its institution owes; settled once nothing is open, its parts paid as far as
    that reaches."""
    values: dict[str, Any] = {name: getattr(found, name) + minor for name, minor in by.items()}
    left = found.open_minor - sum(by.values())
    if left <= 0:
        values |= {"settled_at": found.settled_at or now, "due_at": None}
    elif found.settled_at:
        values["settled_at"] = None
    Receivable.objects.filter(pk=found.pk).update(**values)
    CreditTerms.objects.filter(pk=found.terms_id).update(owed_minor=F("owed_minor") - sum(by.values()))
    found.refresh_from_db(fields=list(values))
    paid_parts.reach(found, now=now)
