"""What readers wrote and what is wrong with orders, by what waits: a group of the desk's queue, and the rows of the
inbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Incident, Message, Shop, ShopOrder, Thread
from shops.orders import sight
from shops.portal.beside import Told, first, of_all
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


def to_answer(theirs: QuerySet[Thread]) -> QuerySet[Thread]:
    """Those whose reader waits, and those of an order with which something is wrong; the longest first."""
    wrong = Exists(Incident.objects.filter(thread=OuterRef("pk"), closed_at=None))
    rows = theirs.filter(Q(waits_since__isnull=False) | wrong)
    return rows.order_by(F("waits_since").asc(nulls_last=True), "pk")


def waiting(user: User, shop: Shop, *, before: datetime) -> QuerySet[Thread]:
    """For the desk's queue (`beside.together`); the newest is a word of theirs; what is wrong is said by one too."""
    theirs = to_answer(queries.threads_for(user, shop))
    spoken = Message.objects.filter(thread__in=theirs.values("pk")).exclude(side="shop")
    return told(first(theirs, SHOWN).annotate(its_newest=of_all(spoken, Max("pk"))), before=before)


def told(rows: QuerySet[Thread], *, before: datetime) -> QuerySet[Thread]:
    """With what their line says: `its_state` is what is wrong, `its_due` until when it is the shop's to settle,
    `its_since` since when the reader waits. Who it is stays hidden where the shop sees the order's person no more
    (`before`: `sight.since`)."""
    last = Message.objects.filter(thread=OuterRef("pk")).order_by("-pk")
    of_reader = last.filter(side="reader")
    running = Incident.objects.filter(thread=OuterRef("pk"), closed_at=None)
    named = Q(shop_order=None) | Exists(ShopOrder.objects.filter(sight.seen(before), pk=OuterRef("shop_order")))
    writer = Coalesce(NullIf(Subquery(of_reader.values("by_name")[:1]), Value("")), "name")
    return rows.annotate(
        its_number=Coalesce("shop_order__number", Value("")),
        its_title=Coalesce("product__title", Value("")),
        its_person=Case(When(named, then=writer), default=Value("")),
        its_words=Coalesce(Subquery(last.values("text")[:1]), Value("", TextField())),
        its_state=Coalesce(Subquery(running.values("reason")[:1]), Value("")),
        its_since=F("waits_since"),
        its_due=Subquery(running.values("due_at")[:1]),
        its_last=F("last_at"),
        its_new=Exists(of_reader.filter(pk__gt=OuterRef("seen_by_shop"))),
    )


def thread_rows(rows: Iterable[Any], shop: Shop, *, now: datetime) -> list[ThreadRow]:
    """Of rows that were `told`, each by itself or with those of other tables."""
    return [_row(row, shop, now) for row in rows]


def _row(row: Told, shop: Shop, now: datetime) -> ThreadRow:
    about = row.its_number or row.its_title or _("A question")
    return ThreadRow(
        about=f"{about} · {Incident.Reason(row.its_state).label}" if row.its_state else about,
        who=row.its_person or _("A reader"),
        words=Truncator(" ".join(row.its_words.split())).chars(90),
        when=_when(row, now),
        overdue=row.its_due is not None and row.its_due < now,
        new=bool(row.its_new),
        url=_url(shop.slug, row.its_number, row.pk),
    )


def _when(row: Told, now: datetime) -> str:
    if row.its_due is not None and row.its_due >= now:
        return _("to settle by %(when)s") % {"when": moment(row.its_due, now)}
    if row.its_due is not None:
        return _("with the network since %(when)s") % {"when": moment(row.its_due, now)}
    if row.its_since:
        return _("waits for %(long)s") % {"long": timesince(row.its_since, now, depth=1)}
    return moment(row.its_last or now, now)


def address(row: Thread) -> str:
    return _url(row.shop.slug, row.shop_order.number if row.shop_order else "", row.pk)


def _url(slug: str, number: str, pk: int) -> str:
    """Of an order's thread by the order."""
    if number:
        return reverse("portal:order-thread", args=[slug, number])
    return reverse("portal:thread", args=[slug, pk])
