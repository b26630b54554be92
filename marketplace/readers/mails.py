"""Which mails of the outbox are a reader's: all to the account's confirmed addresses, and to another those about what
is theirs."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from marketplace.checkout.models import Checkout
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.payments.models import RefundRequest
from marketplace.readers.confirmed import addresses_of
from shops.models import Reservation, ShopOrder
from shops.threads import forgetting


def of(reader: User) -> QuerySet[MailMessage]:
    """Sent or not. To another address that the account has not confirmed (given in a checkout, or for a reservation)
    only what is about the reader's own: somebody else may have that address."""
    checkouts, kept = Checkout.objects.filter(user=reader), Reservation.objects.filter(user=reader)
    given = {*checkouts.values_list("email", flat=True), *checkouts.values_list("recipient_email", flat=True)}
    own = addresses_of(reader)
    given |= {*kept.values_list("email", flat=True), reader.email}
    others = {email.lower() for email in given} - {""} - own
    found = MailMessage.objects.annotate(address=Lower("to"))
    about: list[int] = []
    if others:
        subjects = _subjects(reader)
        sent = found.filter(address__in=others).values_list("pk", "dedupe_key")
        about = [pk for pk, key in sent if _subject(key) in subjects]
    return found.filter(Q(address__in=own) | Q(pk__in=about))


def _subject(key: str) -> tuple[str, str]:
    """What a mail is about, by its dedupe key, which names kind and subject: ("order", "100012-A")."""
    kind, _, rest = key.partition(":")
    subject = rest.partition(":")[0]
    if kind.startswith("reservation_"):
        return "reservation", subject
    if kind.startswith("thread_"):
        return "thread", subject
    return {"payment_returned": "checkout", "refund_made": "refund"}.get(kind, "order"), subject


def _subjects(reader: User) -> set[tuple[str, str]]:
    rows = {
        "order": [
            *reader.orders.values_list("number", flat=True),
            *ShopOrder.objects.filter(order__user=reader).values_list("number", flat=True),
        ],
        "checkout": Checkout.objects.filter(user=reader).values_list("pk", flat=True),
        "refund": RefundRequest.objects.filter(payment__checkout__user=reader).values_list("pk", flat=True),
        "thread": forgetting.of(reader).values_list("pk", flat=True),
        "reservation": Reservation.objects.filter(user=reader).values_list("pk", flat=True),
    }
    return {(kind, str(subject)) for kind, subjects in rows.items() for subject in subjects}
