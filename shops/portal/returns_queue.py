"""What readers send back, by what to do next: a group of the desk's queue, and the rows of its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Return, ReturnLine, Shop
from shops.portal.beside import Told, first
from shops.portal.words import moment

State = Return.State
SHOWN = 20


@dataclass(frozen=True)
class ReturnRow:
    """One return in a line; `when` says by when or since when, in words."""

    number: str
    state: str
    title: str
    more: int
    copies: int
    when: str
    overdue: bool
    url: str


def to_do(theirs: QuerySet[Return], shop: Shop) -> QuerySet[Return]:
    """Those that wait for this shop: to be answered, received, looked at, or sent on; the earliest deadline first."""
    sold = Q(shop_order__shop=shop)
    mine = sold & Q(state__in=[State.ASKED, State.ARRIVED]) | Q(goes_to=shop, state=State.SENT)
    on = Q(goes_to=shop, forwarded_at=None, home_at=None, arrived_at__isnull=False) & ~sold
    back = sold & Q(forwarded_at__isnull=False, home_at=None)
    return theirs.filter(mine | on | back).order_by("refund_by", "asked_at", "pk")


def waiting(user: User, shop: Shop) -> QuerySet[Return]:
    """For the desk's queue (`beside.together`)."""
    return told(first(to_do(queries.returns_for(user, shop), shop), SHOWN), shop)


def told(rows: QuerySet[Return], shop: Shop) -> QuerySet[Return]:
    """With what their line says: `its_words` and `its_person` are of the shop for which, or at which, it is. While
    it is open, `its_due` is when its money must be on its way."""
    lines = ReturnLine.objects.filter(of=OuterRef("pk"))
    summed = lines.order_by().values("of").annotate(rows=Count("pk"), copies=Sum("units"))
    return (
        rows.select_related(None)
        .prefetch_related(None)
        .annotate(
            its_number=F("number"),
            its_title=Coalesce(Subquery(lines.order_by("pk").values("line__title")[:1]), Value("")),
            its_person=Case(When(~Q(shop_order__shop=shop), then=F("shop_order__shop__name")), default=Value("")),
            its_words=Case(When(~Q(goes_to=shop), then=F("goes_to__name")), default=Value("")),
            its_state=F("state"),
            its_units=Coalesce(Subquery(summed.values("copies")), 0),
            its_more=Coalesce(Subquery(summed.values("rows")), 1) - 1,
            its_since=Coalesce("ended_at", "asked_at"),
            its_due=Case(When(ended_at=None, then=F("refund_by"))),
        )
    )


def return_rows(rows: Iterable[Any], shop: Shop, *, now: datetime) -> list[ReturnRow]:
    """Of rows that were `told`, each by itself or with those of other tables."""
    return [_row(row, shop, now) for row in rows]


def _row(row: Told, shop: Shop, now: datetime) -> ReturnRow:
    return ReturnRow(
        number=row.its_number,
        state=_what(row),
        title=row.its_title,
        more=row.its_more,
        copies=row.its_units,
        when=_when(row, now),
        overdue=row.its_due is not None and row.its_due < now,
        url=reverse("portal:return", args=[shop.slug, row.pk]),
    )


def _what(row: Told) -> str:
    state = str(State(row.its_state).label)
    if row.its_person:
        return _("%(state)s · for %(shop)s") % {"state": state, "shop": row.its_person}
    if row.its_words:
        return _("%(state)s · at %(shop)s") % {"state": state, "shop": row.its_words}
    return state


def _when(row: Told, now: datetime) -> str:
    if row.its_due is not None:
        return _("money by %(when)s") % {"when": moment(row.its_due, now)}
    return _("since %(when)s") % {"when": moment(row.its_since or now, now)}
