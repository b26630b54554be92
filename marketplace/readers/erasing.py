"""What says who somebody is goes out of all that stays: the books keep their amounts, dates and numbers, and name
nobody. `marketplace.readers.register` says of each column what becomes of it; invoices stay as they were made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Model, Q, QuerySet
from oscar.apps.order.models import BillingAddress, Order, OrderNote, ShippingAddress

from marketplace.checkout.checkouts import ADDRESS, FOR_SOMEBODY, PERSON
from marketplace.checkout.models import Checkout, VoucherUse
from marketplace.foundation import audit
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.payments.models import (
    Dispute,
    LocalCall,
    LocalUse,
    MoneyCall,
    Payment,
    ProposedPayback,
    ProposedRefund,
    Receipt,
    Receivable,
    RefundRequest,
    StripeEvent,
)
from shops.models import (
    DeskAction,
    Incident,
    Parcel,
    ParcelRefund,
    Reservation,
    Return,
    ReturnPhoto,
    ShopOrder,
    ShopOrderLine,
    Thread,
    Transmission,
    TransmissionTry,
)
from shops.returns import photos
from shops.threads import forgetting as words

_OPEN = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]
WRITTEN = (*PERSON, *ADDRESS, *FOR_SOMEBODY)
_STREET = ("first_name", "last_name", "line1", "line2", "line3", "line4", "state", "postcode", "search_text")
_REACHED = ("phone_number", "notes")


@dataclass(frozen=True)
class Theirs:
    """What is somebody's: orders, checkouts and reservations by key, and the addresses that mail about them goes to."""

    orders: tuple[int, ...]
    checkouts: tuple[int, ...]
    reservations: tuple[int, ...]
    emails: frozenset[str]

    @property
    def shop_orders(self) -> QuerySet[ShopOrder]:
        return ShopOrder.objects.filter(order__in=self.orders)


def of_reader(reader: User) -> Theirs:
    checkouts = Checkout.objects.filter(Q(user=reader) | Q(order__user=reader))
    return _theirs(reader.orders.all(), checkouts, Reservation.objects.filter(user=reader), {reader.email})


def of_order(order: Order) -> Theirs:
    """One order, of a guest: another one that they made has a link of its own."""
    found = Order.objects.filter(pk=order.pk)
    return _theirs(found, Checkout.objects.filter(order=order), Reservation.objects.none(), set())


def _theirs(
    orders: QuerySet[Order], checkouts: QuerySet[Checkout], kept: QuerySet[Reservation], own: set[str]
) -> Theirs:
    given = [*checkouts.values_list("email", "recipient_email"), *kept.values_list("email"), tuple(own)]
    emails = {email.lower() for row in given for email in row} | {
        email.lower() for email in orders.values_list("guest_email", flat=True)
    }
    return Theirs(_keys(orders), _keys(checkouts), _keys(kept), frozenset(emails - {""}))


def _keys(rows: QuerySet[Any]) -> tuple[int, ...]:
    return tuple(rows.order_by("pk").values_list("pk", flat=True))


def reasons_to_wait(theirs: Theirs) -> list[str]:
    """Why it cannot be erased yet: `order` (a shop still has to hand one over), `payment` (money is under way, or a
    bank asks about it), `reservation`, `return`, `document` (an invoice is about to be made), `incident`
    (something is still wrong with it), `invoice` (an order by invoice is not settled)."""
    found = {
        "order": theirs.shop_orders.filter(status__in=_OPEN).exists(),
        "payment": _money_moves(theirs),
        "reservation": Reservation.objects.filter(pk__in=theirs.reservations, ended_at=None).exists(),
        "return": Return.objects.filter(shop_order__in=theirs.shop_orders, ended_at=None).exists(),
        "document": theirs.shop_orders.filter(
            handed_over_at__isnull=False, invoiced_at=None, order__checkout__isnull=False
        ).exists(),
        "incident": theirs.shop_orders.filter(thread__incidents__in=Incident.objects.filter(closed_at=None)).exists(),
        "invoice": _receivables(theirs).exclude(amount_minor=F("lowered_minor") + F("received_minor")).exists(),
    }
    return [reason for reason, holds in found.items() if holds]


def _money_moves(theirs: Theirs) -> bool:
    of_theirs = {"payment__checkout__in": theirs.checkouts}
    return (
        Checkout.objects.filter(
            pk__in=theirs.checkouts, state__in=[Checkout.State.PAYING, Checkout.State.PAID]
        ).exists()
        or Dispute.objects.filter(**of_theirs).exclude(status__in=Dispute.CLOSED).exists()
        or ProposedRefund.objects.filter(**of_theirs, decided_at=None).exists()
        or ProposedPayback.objects.filter(call__payment__checkout__in=theirs.checkouts, decided_at=None).exists()
        or ParcelRefund.objects.filter(parcel__shop_order__in=theirs.shop_orders, made_at=None).exists()
        or theirs.shop_orders.filter(parcels__missing_at__isnull=False, parcels__missing_ended_at=None).exists()
        or MoneyCall.objects.filter(**of_theirs, kind=MoneyCall.Kind.REFUND, done_at=None, refused_at=None).exists()
    )


def _receivables(theirs: Theirs) -> QuerySet[Receivable]:
    return Receivable.objects.filter(checkout__in=theirs.checkouts)


def erase(theirs: Theirs) -> None:
    """In the caller's transaction, which has made sure that nothing of it is open."""
    words.forget(Thread.objects.filter(shop_order__in=theirs.shop_orders))
    _mails(theirs)
    _orders(theirs)
    _answers(theirs)
    _money(theirs)
    Reservation.objects.filter(pk__in=theirs.reservations).update(user=None, email="", name="", asked_from="")
    photos.drop(ReturnPhoto.objects.filter(of__shop_order__in=theirs.shop_orders))


def erase_guest(order: Order, *, now: datetime) -> list[str]:
    """What one guest's order says of them. Returns the reasons to wait, if any; then nothing was done."""
    with transaction.atomic():
        Order.objects.select_for_update(of=("self",)).get(pk=order.pk)
        theirs = of_order(order)
        if reasons := reasons_to_wait(theirs):
            return reasons
        erase(theirs)
        audit.record("order.erase", order, by=f"reader {order.number}")
    return []


def is_erased(order: Order) -> bool:
    """A guest's order of which nobody's address is known any more."""
    checkout = getattr(order, "checkout", None)
    return not (order.user_id or order.guest_email or (checkout and checkout.email))


def _orders(theirs: Theirs) -> None:
    addresses = Order.objects.filter(pk__in=theirs.orders).values("shipping_address")
    ShippingAddress.objects.filter(pk__in=addresses).update(**dict.fromkeys((*_STREET, *_REACHED), ""))
    billed = Order.objects.filter(pk__in=theirs.orders).values("billing_address")
    BillingAddress.objects.filter(pk__in=billed).update(**dict.fromkeys(_STREET, ""))
    OrderNote.objects.filter(order__in=theirs.orders).delete()
    Order.objects.filter(pk__in=theirs.orders).update(guest_email="")
    blank = dict.fromkeys(WRITTEN, "")
    Checkout.objects.filter(pk__in=theirs.checkouts, order=None).update(**blank)
    # The country stays where tax was worked out by it: it names nobody.
    placed = {name: "" for name in WRITTEN if name != "country"}
    Checkout.objects.filter(pk__in=theirs.checkouts, order__isnull=False).update(**placed)
    VoucherUse.objects.filter(checkout__in=theirs.checkouts).update(reader="")


def _answers(theirs: Theirs) -> None:
    """What shops wrote about it, and what their systems said."""
    parts = list(theirs.shop_orders.values_list("pk", flat=True))
    ShopOrderLine.objects.filter(shop_order__in=parts).update(decline_note="")
    Parcel.objects.filter(shop_order__in=parts).update(handed_over_to="", tracking="")
    Return.objects.filter(shop_order__in=parts).update(note="", desk_note="", place_note="", tracking="")
    DeskAction.objects.filter(shop_order__in=parts).exclude(done_at=None, undone_at=None, failed_at=None).update(
        asked={}, problem=""
    )
    Transmission.objects.filter(shop_order__in=parts).update(last_error="")
    TransmissionTry.objects.filter(transmission__shop_order__in=parts).update(error="")


def _money(theirs: Theirs) -> None:
    payments = Payment.objects.filter(checkout__in=theirs.checkouts)
    calls = MoneyCall.objects.filter(payment__in=payments)
    named = [*payments.values_list("session_id", "intent_id", "charge_id"), *calls.values_list("stripe_id")]
    StripeEvent.objects.filter(object_id__in={name for row in named for name in row if name}).update(payload={})
    RefundRequest.objects.filter(payment__in=payments).update(reason="")
    ProposedRefund.objects.filter(payment__in=payments).update(reason="")
    ProposedPayback.objects.filter(call__in=calls).update(reason="")
    calls.exclude(done_at=None).update(reason="")
    Dispute.objects.filter(payment__in=payments).update(evidence={})
    # Of a call of which nobody knows how it ended they are still there.
    LocalUse.objects.filter(checkout__in=theirs.checkouts).update(service_account="", service_code="")
    others = LocalCall.objects.filter(use__checkout__in=theirs.checkouts).exclude(kind=LocalCall.Kind.PAY)
    others.exclude(done_at=None, refused_at=None).update(account="")
    Receipt.objects.filter(receivable__in=_receivables(theirs)).update(note="")


def _mails(theirs: Theirs) -> None:
    """Those to them, and those still to be sent, go; of what a shop was told about it the words go."""
    found = list(_about(theirs))
    gone = [row.pk for row in found if row.to.lower() in theirs.emails or row.due_at is not None]
    MailMessage.objects.filter(pk__in=gone).delete()
    told = MailMessage.objects.filter(pk__in=[row.pk for row in found])
    told.update(subject="", text="", html="", reply_to="")


def _about(theirs: Theirs) -> Iterable[MailMessage]:
    """Mails that name one of their orders, whoever got them; and about their reservations."""
    numbers = list(Order.objects.filter(pk__in=theirs.orders).values_list("number", flat=True))
    named = Q(pk=None)
    for number in numbers:
        named |= Q(dedupe_key__contains=number) | Q(subject__contains=number) | Q(text__contains=number)
    exact = re.compile("|".join(rf"(?<!\d){re.escape(number)}(?!\d)" for number in numbers) or r"(?!)")
    rows = MailMessage.objects.filter(named).only("to", "due_at", "dedupe_key", "subject", "text").iterator()
    yield from (row for row in rows if exact.search(f"{row.dedupe_key} {row.subject} {row.text}"))
    kept = {str(pk) for pk in theirs.reservations}
    of_kept = MailMessage.objects.filter(dedupe_key__startswith="reservation_").only("to", "due_at", "dedupe_key")
    yield from (row for row in of_kept.iterator() if kept and row.dedupe_key.split(":")[1] in kept)


def drop_with_files(rows: Iterable[Model], column: str) -> None:
    """Rows first; their files once nothing points to them any more."""
    for row in rows:
        file: Any = getattr(row, column)
        storage, name = file.storage, str(file.name)
        row.delete()
        transaction.on_commit(partial(storage.delete, name))
