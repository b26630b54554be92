"""A shop's orders by what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from marketplace.models import User
from shops import queries
from shops.models import Cancellation, DeliveryOption, DeskAction, Shop, ShopOrder
from shops.orders import back_orders, ready_times
from shops.orders.projecting import project
from shops.portal.pressing import Undo, undo_of
from shops.portal.said import in_short
from shops.portal.words import DELIVERIES, STATUSES, moment, status_word

Status = ShopOrder.Status
RECENT = timedelta(days=7)
SHOWN = 30  # of a group; the rest is in the list of all orders
SHOWN_DONE = 15


@dataclass(frozen=True)
class QueueRow:
    """One order in a line: `when` says by when or since when, in words; `copies` are those the reader still gets, or
    asked for where all are declined; `said` what the shop's system says and nobody has answered; `undo` what was
    pressed on it a moment ago."""

    number: str
    status: str
    status_word: str
    delivery: str
    title: str
    more: int
    copies: int
    when: str
    overdue: bool
    version: int
    said: str = ""
    undo: Undo | None = None


@dataclass(frozen=True)
class QueueGroup:
    key: str
    heading: str
    rows: list[QueueRow]
    total: int

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def pressed_or_back(shop: Shop) -> list[DeskAction]:
    """What can still be undone, and what came back and nobody has looked at: one query, by an index each."""
    waits = Q(shop=shop, due_at__isnull=False)
    back = Q(shop=shop, failed_at__isnull=False, seen_at=None)
    rows = DeskAction.objects.filter(waits | back).select_related("shop_order__order__checkout")
    return list(rows.prefetch_related("shop_order__lines").order_by("pk"))


def queue(user: User, shop: Shop, *, now: datetime, actions: Iterable[DeskAction] | None = None) -> list[QueueGroup]:
    """Four groups, always the same ones, after what readers cancelled, if any; five queries however many orders, seven
    with that and with what was pressed (`actions`, as `pressed_or_back` finds them). What was pressed stands where it
    will be once it is done."""
    every = queries.orders_for(user).filter(shop=shop)
    pressed, keys = _pressed(pressed_or_back(shop) if actions is None else actions, now)
    orders = every.exclude(pk__in=keys) if keys else every
    done = Q(status=Status.HANDED_OVER, handed_over_at__gt=now - RECENT) | Q(
        status=Status.DECLINED, answered_at__gt=now - RECENT
    )
    waiting = [Status.NEW, Status.ACCEPTED, Status.PACKED]
    by_status = {status.value: Count("pk", filter=Q(status=status)) for status in waiting}
    shown = orders.filter(Q(status__in=waiting) | done)
    counts = shown.aggregate(done=Count("pk", filter=done), **by_status)
    found = _heads(orders, done)
    groups = [
        _group(status.value, str(STATUSES[status]), pressed[status], found[status], counts[status.value], now)
        for status in waiting
    ]
    gone = pressed[Status.HANDED_OVER] + pressed[Status.DECLINED]
    done_group = _group("done", _("Done in the last 7 days"), gone, found["done"], counts["done"], now)
    return [*_put_back(every, shop, now), *groups, done_group]


def _heads(orders: QuerySet[ShopOrder], done: Q) -> dict[str, list[ShopOrder]]:
    """The first of each group, with their lines: two queries for all of them."""
    first: dict[str, tuple[QuerySet[ShopOrder], int]] = {
        Status.NEW: (orders.filter(status=Status.NEW).order_by("answer_due_at", "pk"), SHOWN),
        Status.ACCEPTED: (_by_deadline(orders, Status.ACCEPTED, "ready_by"), SHOWN),
        Status.PACKED: (_by_deadline(orders, Status.PACKED, "keep_until", "ready_by"), SHOWN),
        "done": (orders.filter(done).order_by("-answered_at", "-pk"), SHOWN_DONE),
    }
    keys = Q()
    for rows, most in first.values():
        keys |= Q(pk__in=rows.values("pk")[:most])
    every = list(ShopOrder.objects.filter(keys).prefetch_related("lines"))
    new = [row for row in every if row.status == Status.NEW]
    over = [row for row in every if row.status in {Status.HANDED_OVER, Status.DECLINED}]
    found = {status: [row for row in every if row.status == status] for status in (Status.ACCEPTED, Status.PACKED)}
    return {
        Status.NEW: sorted(new, key=lambda row: (row.answer_due_at, row.pk)),
        **{status: sorted(rows, key=_deadline) for status, rows in found.items()},
        "done": sorted(over, key=lambda row: (row.answered_at or row.created_at, row.pk), reverse=True),
    }


def _by_deadline(orders: QuerySet[ShopOrder], status: str, *deadlines: str) -> QuerySet[ShopOrder]:
    """What has no deadline by when it was ordered: the longer ago, the sooner somebody is to look at it."""
    due = Coalesce(*deadlines, "created_at")
    return orders.filter(status=status).order_by(due, "created_at", "pk")


def _deadline(order: ShopOrder) -> tuple[datetime, datetime, int]:
    """The same order, of rows that are read."""
    due = (order.keep_until if order.status == Status.PACKED else None) or order.ready_by
    return due or order.created_at, order.created_at, order.pk


def _group(
    key: str, heading: str, pressed: list[QueueRow], found: list[ShopOrder], total: int, now: datetime
) -> QueueGroup:
    return QueueGroup(key, heading, [*pressed, *queue_rows(found, now=now)], total + len(pressed))


def _pressed(actions_at_hand: Iterable[DeskAction], now: datetime) -> tuple[dict[str, list[QueueRow]], list[int]]:
    """Orders with something that can still be undone, by the state they will be in; and their keys."""
    by_order: dict[int, list[DeskAction]] = defaultdict(list)
    for row in actions_at_hand:
        if row.due_at is not None:
            by_order[row.shop_order_id].append(row)
    found: dict[str, list[QueueRow]] = defaultdict(list)
    for actions in sorted(by_order.values(), key=lambda actions: -actions[-1].pk):
        order = actions[0].shop_order
        shown = project(order, order.lines.all(), actions).order
        found[shown.status].append(replace(_row(shown, now), undo=undo_of(actions, now)))
    return found, list(by_order)


def _put_back(orders: QuerySet[ShopOrder], shop: Shop, now: datetime) -> list[QueueGroup]:
    """What readers cancelled, until staff say that it is back on the shelf; no such group where there is none."""
    open_ones = Cancellation.objects.filter(shop=shop, put_back_at=None)
    cancelled = orders.filter(pk__in=open_ones.values("line__shop_order"))
    found = list(cancelled.order_by("pk").prefetch_related("lines")[:SHOWN])
    total = len(found) if len(found) < SHOWN else cancelled.count()
    return [QueueGroup("put_back", _("Put back on the shelf"), queue_rows(found, now=now), total)] if found else []


def queue_rows(orders: Iterable[ShopOrder], *, now: datetime) -> list[QueueRow]:
    """`orders` with their lines prefetched."""
    return [_row(order, now) for order in orders]


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
        version=order.version,
        said=in_short(lines, order),
    )


def is_overdue(order: ShopOrder, now: datetime) -> bool:
    if order.is_late:
        return True
    if order.status == Status.PACKED and order.keep_until:
        return order.keep_until < now
    if order.status == Status.ACCEPTED and (day := back_orders.awaited(order.lines.all())):
        return day < localdate(now)
    if ready_times.is_awaited(order):
        return order.ready_by is not None and order.ready_by < now
    return order.status == Status.NEW and order.answer_due_at < now


def when(order: ShopOrder, now: datetime) -> str:
    """The order's next deadline, or since when it waits."""
    if order.status == Status.NEW:
        text = _("answer was due %(when)s") if order.answer_due_at < now else _("answer by %(when)s")
        return text % {"when": moment(order.answer_due_at, now)}
    if order.status == Status.HANDED_OVER:
        return _("handed over %(when)s") % {"when": moment(order.handed_over_at or order.created_at, now)}
    if order.status == Status.PACKED and order.keep_until:
        text = _("was kept until %(when)s") if order.keep_until < now else _("kept until %(when)s")
        return text % {"when": moment(order.keep_until, now)}
    if order.status == Status.ACCEPTED and (day := back_orders.awaited(order.lines.all())):
        text = _("was to be there %(day)s") if day < localdate(now) else _("there about %(day)s")
        return text % {"day": date_format(day, "MONTH_DAY_FORMAT")}
    if ready_times.is_awaited(order) and order.ready_by:
        return _ready_by(order, order.ready_by, now)
    answered = moment(order.answered_at or order.created_at, now)
    if order.status == Status.DECLINED and order.uncollected_at and order.is_taken_back:
        return _("went back %(when)s") % {"when": moment(order.uncollected_at, now)}
    if order.status == Status.DECLINED:
        text = _("cancelled %(when)s") if order.is_taken_back else _("declined %(when)s")
        return text % {"when": answered}
    return _("since %(when)s") % {"when": answered}


def _ready_by(order: ShopOrder, by: datetime, now: datetime) -> str:
    if order.delivery_kind == DeliveryOption.Kind.PICKUP:
        text = _("was to be ready %(when)s") if by < now else _("ready by %(when)s")
    else:
        text = _("was to be sent %(when)s") if by < now else _("sent by %(when)s")
    return text % {"when": moment(by, now)}
