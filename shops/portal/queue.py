"""A shop's orders by what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Cancellation, Shop, ShopOrder
from shops.portal.words import DELIVERIES, STATUSES, moment, status_word

Status = ShopOrder.Status
RECENT = timedelta(days=7)
SHOWN = 50  # of a group; the rest is in the list of all orders
SHOWN_DONE = 15
_CANCELLED = Q(Exists(Cancellation.objects.filter(line__shop_order=OuterRef("pk"), put_back_at=None)))


@dataclass(frozen=True)
class QueueRow:
    """One order in a line: `when` says by when or since when, in words; `copies` are those the reader still gets, or
    asked for where all are declined."""

    number: str
    status: str
    status_word: str
    delivery: str
    title: str
    more: int
    copies: int
    when: str
    overdue: bool


@dataclass(frozen=True)
class QueueGroup:
    key: str
    heading: str
    rows: list[QueueRow]
    total: int

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def queue(user: User, shop: Shop, *, now: datetime) -> list[QueueGroup]:
    """Four groups, always the same ones, after what readers cancelled, if any; six queries however many orders, eight
    with that."""
    orders = queries.orders_for(user).filter(shop=shop)
    done = Q(status=Status.HANDED_OVER, handed_over_at__gt=now - RECENT) | Q(
        status=Status.DECLINED, answered_at__gt=now - RECENT
    )
    waiting = [Status.NEW, Status.ACCEPTED, Status.PACKED]
    by_status = {status.value: Count("pk", filter=Q(status=status)) for status in waiting}
    counts = orders.aggregate(done=Count("pk", filter=done), put_back=Count("pk", filter=_CANCELLED), **by_status)
    found = {
        Status.NEW: _head(orders.filter(status=Status.NEW).order_by("answer_due_at", "pk")),
        Status.ACCEPTED: _head(orders.filter(status=Status.ACCEPTED).order_by("created_at", "pk")),
        Status.PACKED: _head(orders.filter(status=Status.PACKED).order_by("created_at", "pk")),
    }
    recent = list(orders.filter(done).order_by("-answered_at", "-pk")[:SHOWN_DONE])
    prefetch_related_objects([row for rows in (*found.values(), recent) for row in rows], "lines")
    groups = [
        QueueGroup(status.value, str(STATUSES[status]), queue_rows(found[status], now=now), counts[status.value])
        for status in waiting
    ]
    done_group = QueueGroup("done", _("Done in the last 7 days"), queue_rows(recent, now=now), counts["done"])
    return [*_put_back(orders, counts["put_back"], now), *groups, done_group]


def _put_back(orders: QuerySet[ShopOrder], total: int, now: datetime) -> list[QueueGroup]:
    """What readers cancelled, until staff say that it is back on the shelf; no such group where there is none."""
    if not total:
        return []
    found = _head(orders.filter(_CANCELLED).order_by("pk").prefetch_related("lines"))
    return [QueueGroup("put_back", _("Cancelled: put back"), queue_rows(found, now=now), total)]


def queue_rows(orders: Iterable[ShopOrder], *, now: datetime) -> list[QueueRow]:
    """`orders` with their lines prefetched."""
    return [_row(order, now) for order in orders]


def _head(orders: QuerySet[ShopOrder]) -> list[ShopOrder]:
    return list(orders[:SHOWN])


def _row(order: ShopOrder, now: datetime) -> QueueRow:
    lines = list(order.lines.all())
    kept = [line for line in lines if line.left_units]
    shown = kept or lines
    return QueueRow(
        number=order.number,
        status=order.status,
        status_word=status_word(order),
        delivery=str(DELIVERIES.get(order.delivery_kind, order.delivery_name)),
        title=shown[0].title if shown else "",
        more=max(0, len(shown) - 1),
        copies=sum(line.left_units if kept else line.quantity for line in shown),
        when=when(order, now),
        overdue=is_overdue(order, now),
    )


def is_overdue(order: ShopOrder, now: datetime) -> bool:
    return order.status == Status.NEW and order.answer_due_at < now


def when(order: ShopOrder, now: datetime) -> str:
    """The order's next deadline, or since when it waits."""
    if order.status == Status.NEW:
        text = _("answer was due %(when)s") if order.answer_due_at < now else _("answer by %(when)s")
        return text % {"when": moment(order.answer_due_at, now)}
    if order.status == Status.HANDED_OVER:
        return _("handed over %(when)s") % {"when": moment(order.handed_over_at or order.created_at, now)}
    answered = moment(order.answered_at or order.created_at, now)
    if order.status == Status.DECLINED:
        text = _("cancelled %(when)s") if order.is_taken_back else _("declined %(when)s")
        return text % {"when": answered}
    return _("since %(when)s") % {"when": answered}
