"""What readers send back, by what to do next: a group of the desk's queue, and the rows of its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Return, Shop
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


@dataclass(frozen=True)
class Waiting:
    """Those that are to do, the first of `total`."""

    rows: list[ReturnRow]
    total: int

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def to_do(theirs: QuerySet[Return], shop: Shop) -> QuerySet[Return]:
    """Those that wait for this shop: to be answered, received, looked at, or sent on; the earliest deadline first."""
    sold = Q(shop_order__shop=shop)
    mine = sold & Q(state__in=[State.ASKED, State.ARRIVED]) | Q(goes_to=shop, state=State.SENT)
    on = Q(goes_to=shop, forwarded_at=None, home_at=None, arrived_at__isnull=False) & ~sold
    back = sold & Q(forwarded_at__isnull=False, home_at=None)
    return theirs.filter(mine | on | back).order_by("refund_by", "asked_at", "pk")


def waiting(user: User, shop: Shop, *, now: datetime) -> Waiting:
    """One query where there is nothing, three else, four with more than are shown."""
    theirs = to_do(queries.returns_for(user, shop), shop)
    found = list(theirs[: SHOWN + 1])
    total = len(found) if len(found) <= SHOWN else theirs.count()
    return Waiting(return_rows(found[:SHOWN], shop, now=now), total)


def return_rows(rows: Iterable[Return], shop: Shop, *, now: datetime) -> list[ReturnRow]:
    return [_row(row, shop, now) for row in rows]


def _row(row: Return, shop: Shop, now: datetime) -> ReturnRow:
    lines = list(row.lines.all())
    return ReturnRow(
        number=row.number,
        state=_what(row, shop),
        title=lines[0].line.title if lines else "",
        more=max(0, len(lines) - 1),
        copies=sum(line.units for line in lines),
        when=_when(row, now),
        overdue=row.is_open and row.refund_by is not None and row.refund_by < now,
        url=reverse("portal:return", args=[shop.slug, row.pk]),
    )


def _what(row: Return, shop: Shop) -> str:
    state = str(row.get_state_display())
    if row.shop_order.shop_id != shop.pk:
        return _("%(state)s · for %(shop)s") % {"state": state, "shop": row.shop_order.shop.name}
    if row.is_elsewhere:
        return _("%(state)s · at %(shop)s") % {"state": state, "shop": row.goes_to.name}
    return state


def _when(row: Return, now: datetime) -> str:
    if row.is_open and row.refund_by is not None:
        return _("money by %(when)s") % {"when": moment(row.refund_by, now)}
    return _("since %(when)s") % {"when": moment(row.ended_at or row.asked_at, now)}
