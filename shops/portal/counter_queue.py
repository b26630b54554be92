"""What the counter does beside the shop's own orders, as two groups of the desk's queue: copies to set aside for who
reserved them, parcels of other shops to be shelved, handed over, sent back. Each row leads to their page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models import User
from shops import queries
from shops.models import Parcel, ParcelLine, Reservation, Shop
from shops.portal.beside import Told, first
from shops.portal.words import Words, moment

SHOWN = 3
_DO: Words = {
    "shelve": gettext_lazy("To be shelved"),
    "hand_over": gettext_lazy("To be handed over"),
    "send_back": gettext_lazy("To be sent back"),
}


@dataclass(frozen=True)
class CounterRow:
    """`do` is what is next, where the group does not say it; `when` by when or since when, in words."""

    about: str
    do: str
    text: str
    copies: int
    when: str
    overdue: bool
    url: str


def to_set_aside(shop: Shop) -> QuerySet[Reservation]:
    """`its_due` is until when it is kept for who reserved it."""
    theirs = Reservation.objects.filter(shop=shop, state=Reservation.State.OPEN, ended_at=None)
    found = first(theirs.order_by("expires_at", "pk"), SHOWN)
    return found.annotate(its_title=F("title"), its_person=F("name"), its_units=F("units"), its_due=F("expires_at"))


def carried(user: User, shop: Shop) -> QuerySet[Parcel]:
    """`its_state` is what is to do. Of the order this shop learns its number, its sender, for whom, how many copies."""
    coming = Q(arrived_at=None, missing_at=None)
    here = Q(arrived_at__isnull=False, collected_at=None, missing_at=None, uncollected_at=None)
    back = Q(uncollected_at__isnull=False, sent_back_at=None, home_at=None)
    theirs = queries.parcels_for(user).filter(coming | here | back, carried_to=shop, missing_ended_at=None)
    copies = ParcelLine.objects.filter(parcel=OuterRef("pk")).values("parcel").annotate(sum=Sum("units")).values("sum")
    checkout = "shop_order__order__checkout__"
    found = first(theirs.order_by(Coalesce("uncollected_at", "keep_until", "handed_over_at"), "pk"), SHOWN)
    return found.annotate(
        its_number=F("shop_order__number"),
        its_title=F("shop_order__shop__name"),
        its_person=Coalesce(NullIf(f"{checkout}recipient_name", Value("")), f"{checkout}name", Value("")),
        its_units=Coalesce(Subquery(copies), 0),
        its_state=Case(
            When(uncollected_at__isnull=False, then=Value("send_back")),
            When(arrived_at__isnull=False, then=Value("hand_over")),
            default=Value("shelve"),
            output_field=CharField(),
        ),
        its_since=Coalesce("uncollected_at", "arrived_at", "handed_over_at"),
        its_due=Case(When(uncollected_at=None, then=F("keep_until"))),
    )


def reservation_rows(rows: Iterable[Told], shop: Shop, *, now: datetime) -> list[CounterRow]:
    url = reverse("portal:reservations", args=[shop.slug])
    return [
        CounterRow(
            about=row.its_person,
            do="",
            text=row.its_title,
            copies=row.its_units,
            when=_kept(row, now),
            overdue=row.its_due is not None and row.its_due < now,
            url=url,
        )
        for row in rows
    ]


def carried_rows(rows: Iterable[Told], shop: Shop, *, now: datetime) -> list[CounterRow]:
    url = reverse("portal:for-others", args=[shop.slug])
    return [
        CounterRow(
            about=row.its_number,
            do=str(_DO[row.its_state]),
            text=" · ".join(part for part in (row.its_title, row.its_person) if part),
            copies=row.its_units,
            when=_kept(row, now),
            overdue=row.its_state == "send_back" or (row.its_due is not None and row.its_due < now),
            url=url,
        )
        for row in rows
    ]


def _kept(row: Told, now: datetime) -> str:
    if row.its_due is None:
        return _("since %(when)s") % {"when": moment(row.its_since or now, now)}
    text = _("was kept until %(when)s") if row.its_due < now else _("kept until %(when)s")
    return text % {"when": moment(row.its_due, now)}
