"""What readers wrote and what is wrong with orders, by what waits: a group of the desk's queue, and the rows of the
inbox."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Incident, Message, Shop, Thread
from shops.orders import sight
from shops.portal.words import moment

SHOWN = 20


@dataclass(frozen=True)
class ThreadRow:
    """One thread in a line; `when` says since when it waits, or of when its last word is."""

    about: str
    who: str
    words: str
    when: str
    overdue: bool
    new: bool
    url: str


@dataclass(frozen=True)
class Waiting:
    """Those that are to be answered, the first of `total`."""

    rows: list[ThreadRow]
    total: int

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def to_answer(theirs: QuerySet[Thread]) -> QuerySet[Thread]:
    """Those whose reader waits, and those of an order with which something is wrong; the longest first."""
    wrong = Exists(Incident.objects.filter(thread=OuterRef("pk"), closed_at=None))
    rows = theirs.filter(Q(waits_since__isnull=False) | wrong)
    return rows.order_by(F("waits_since").asc(nulls_last=True), "pk")


def waiting(user: User, shop: Shop, *, now: datetime) -> Waiting:
    """One query, two with more than are shown."""
    theirs = to_answer(queries.threads_for(user, shop))
    found = list(told(theirs)[: SHOWN + 1])
    total = len(found) if len(found) <= SHOWN else theirs.count()
    return Waiting(thread_rows(found[:SHOWN], now=now), total)


def told(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """With what their line says."""
    last = Message.objects.filter(thread=OuterRef("pk")).order_by("-pk")
    of_reader = last.filter(side="reader")
    running = Incident.objects.filter(thread=OuterRef("pk"), closed_at=None)
    return rows.select_related("shop", "shop_order", "product").annotate(
        newest=Subquery(of_reader.values("pk")[:1]),
        words=Subquery(last.values("text")[:1]),
        writer=Subquery(of_reader.values("by_name")[:1]),
        wrong=Subquery(running.values("reason")[:1]),
        wrong_due=Subquery(running.values("due_at")[:1]),
    )


def thread_rows(rows: Iterable[Thread], *, now: datetime) -> list[ThreadRow]:
    found = list(rows)
    unseen = sight.out_of_sight([row.shop_order for row in found if row.shop_order], now)
    return [_row(row, unseen, now) for row in found]


def _row(row: Thread, unseen: Container[int], now: datetime) -> ThreadRow:
    order, due = row.shop_order, row.wrong_due  # type: ignore[attr-defined]
    named = order is None or order.pk not in unseen
    wrong = row.wrong and Incident.Reason(row.wrong).label  # type: ignore[attr-defined]
    about = order.number if order else (row.product.title if row.product else _("A question"))
    return ThreadRow(
        about=f"{about} · {wrong}" if wrong else about,
        who=(named and (row.writer or row.name)) or _("A reader"),  # type: ignore[attr-defined]
        words=Truncator(" ".join((row.words or "").split())).chars(90),  # type: ignore[attr-defined]
        when=_when(row, due, now),
        overdue=due is not None and due < now,
        new=(row.newest or 0) > row.seen_by_shop,  # type: ignore[attr-defined]
        url=address(row),
    )


def _when(row: Thread, due: datetime | None, now: datetime) -> str:
    if due is not None and due >= now:
        return _("to settle by %(when)s") % {"when": moment(due, now)}
    if due is not None:
        return _("with the network since %(when)s") % {"when": moment(due, now)}
    if row.waits_since:
        return _("waits for %(long)s") % {"long": timesince(row.waits_since, now, depth=1)}
    return moment(row.last_at, now)


def address(row: Thread) -> str:
    """Of an order's thread by the order."""
    if row.shop_order:
        return reverse("portal:order-thread", args=[row.shop.slug, row.shop_order.number])
    return reverse("portal:thread", args=[row.shop.slug, row.pk])
