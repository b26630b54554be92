"""A reader's orders: their own, those they made as a guest, and the mail that brings a guest back to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet
from oscar.apps.order.models import Order

from marketplace.foundation import audit, links, mail
from marketplace.foundation.people import as_reader
from marketplace.models import User

MAILED = 10
"""Orders that a mail leads to, the youngest."""
_ONCE_IN = timedelta(minutes=15)


def of(reader: User) -> QuerySet[Order]:
    """The orders of an account, newest first."""
    return Order.objects.filter(user=reader).order_by("-date_placed", "-pk")


def as_guest(reader: User) -> QuerySet[Order]:
    """Orders made as a guest with one of the account's confirmed addresses, newest first."""
    confirmed = EmailAddress.objects.filter(user=reader, verified=True).values_list("email", flat=True)
    return Order.objects.filter(_bought_with(confirmed), user=None).order_by("-date_placed", "-pk")


def join(reader: User) -> int:
    """Bring these into the account. Returns how many. Their addresses by link stay as they are."""
    with transaction.atomic():
        rows = list(as_guest(reader).select_for_update(of=("self",)))
        for row in rows:
            audit.record("order.join", row, by=as_reader(reader.pk))
        return Order.objects.filter(pk__in=[row.pk for row in rows], user=None).update(user=reader)


def mail_links(email: str, *, language: str, now: datetime) -> None:
    """Mail the addresses of the latest orders to whoever made them with this e-mail address; nothing where there are
    none. Asked again within a quarter of an hour, it is the same mail."""
    found = Order.objects.filter(_bought_with([email]) | Q(user__email__iexact=email))
    rows = [(row.number, row.date_placed, links.order_url(row)) for row in found.order_by("-date_placed")[:MAILED]]
    if rows:
        slot = int(now.timestamp() // _ONCE_IN.total_seconds())
        key = links.key_of("halles.order-links", email.lower())
        mail.post(
            "order_links",
            to=email,
            language=language,
            dedupe_key=f"order_links:{key}:{slot}",
            context={"orders": rows},
            now=now,
        )


def _bought_with(emails: Iterable[str]) -> Q:
    """No e-mail address at all finds no order."""
    return reduce(or_, (Q(guest_email__iexact=email) for email in emails if email), Q(pk=None))
