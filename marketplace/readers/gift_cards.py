"""Gift cards that a reader bought online, or got by mail: what they take along of them, and what goes when they leave.

A purchase names no account, only addresses: a reader's are those that the account has confirmed. The rows stay, since
the books point to them; who bought it for whom goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from marketplace.models import User
from marketplace.payments.models import GiftCard, GiftCardPurchase

State = GiftCardPurchase.State
_UNDER_WAY = [State.NEW, State.OPEN, State.REFUNDING]
PERSONAL = ("buyer_name", "buyer_email", "recipient_name", "recipient_email", "message")
_BLANK: dict[str, Any] = dict.fromkeys(PERSONAL, "")
# Paid, and its code not mailed yet: whom it is for, and from whom, is said by that mail.
_TO_BE_MAILED = Q(state=State.PAID, mail_at__isnull=False) & ~Q(seed="")


def addresses_of(reader: User) -> set[str]:
    """The account's confirmed addresses, in small letters."""
    found = EmailAddress.objects.filter(user=reader, verified=True).values_list("email", flat=True)
    return {email.lower() for email in found}


def under_way(reader: User) -> bool:
    """Whether a purchase of theirs is being paid, or paid back."""
    return _bought(reader).filter(state__in=_UNDER_WAY).exists()


def export(reader: User) -> dict[str, list[dict[str, Any]]]:
    """Never a code. What somebody else gives them is told once it was mailed."""
    return {
        "bought": [
            {
                "amount_minor": row.amount_minor,
                "currency": row.currency,
                "state": row.state,
                "at": row.created_at.isoformat(),
                "card": str(row.card) if row.card else "",
                "mail_at": row.mail_at and row.mail_at.isoformat(),
                **{name: getattr(row, name) for name in PERSONAL},
            }
            for row in _bought(reader).select_related("card").order_by("pk")
        ],
        "received": [
            {
                "card": str(card),
                "amount_minor": card.issued_minor,
                "left_minor": card.balance_minor,
                "currency": card.currency,
                "at": card.issued_at.isoformat(),
            }
            for card in _received(reader).order_by("pk")
        ],
    }


def forget(reader: User) -> None:
    """Called as the account ends, while its addresses are known. What is to be mailed yet keeps for whom it is and from
    whom until then; `forget_told` sees to it after."""
    mine = list(_bought(reader).values_list("pk", flat=True))
    bought = GiftCardPurchase.objects.filter(pk__in=mine)
    bought.filter(_TO_BE_MAILED).update(buyer_email="")
    bought.exclude(_TO_BE_MAILED).update(**_BLANK)
    cards = list(_received(reader).values_list("pk", flat=True))
    GiftCard.objects.filter(pk__in=cards).update(recipient_email="")
    GiftCardPurchase.objects.filter(card__in=cards).update(recipient_name="", recipient_email="")


def forget_told(before: datetime, most: int) -> int:
    """What was mailed since its buyer left, and what was not paid and is older than `before`. Returns how many."""
    left = Q(buyer_email="") & ~_TO_BE_MAILED
    unpaid = Q(state=State.EXPIRED, created_at__lt=before)
    found = GiftCardPurchase.objects.filter(left | unpaid).exclude(**_BLANK).order_by("pk")
    keys = list(found.values_list("pk", flat=True)[:most])
    return GiftCardPurchase.objects.filter(pk__in=keys).update(**_BLANK) if keys else 0


def _bought(reader: User) -> QuerySet[GiftCardPurchase]:
    found = GiftCardPurchase.objects.annotate(address=Lower("buyer_email"))
    return found.filter(address__in=addresses_of(reader))


def _received(reader: User) -> QuerySet[GiftCard]:
    waiting = GiftCardPurchase.objects.filter(_TO_BE_MAILED, card__isnull=False).values("card")
    found = GiftCard.objects.annotate(address=Lower("recipient_email")).filter(address__in=addresses_of(reader))
    return found.exclude(pk__in=waiting)
