"""A shop's orders by what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import add
from typing import Any

from django.db.models import Case, Count, Max, Q, QuerySet, When, prefetch_related_objects
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from marketplace.foundation.prepared import Prepared
from marketplace.models import User
from shops import queries
from shops.models import Cancellation, DeliveryOption, DeskAction, Shop, ShopOrder
from shops.orders import back_orders, ready_times
from shops.orders.projecting import project
from shops.portal.beside import of_all
from shops.portal.pressing import Undo, undo_of
from shops.portal.said import in_short
from shops.portal.words import DELIVERIES, STATUSES, moment, status_word

Status = ShopOrder.Status
RECENT = timedelta(days=7)
PUT_BACK = "is_put_back"
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
    newest: int = 0  # of those to answer: by it a browser knows that an order came, shown or not

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def pressed_or_back(shop: Shop) -> list[DeskAction]:
    """What can still be undone, and what came back and nobody has looked at: one query, by an index each."""
    return _PRESSED_OR_BACK.objects(shop.pk)


def _pressed_or_back(shop: int) -> QuerySet[DeskAction]:
    waits = Q(shop=shop, due_at__isnull=False)
    back = Q(shop=shop, failed_at__isnull=False, seen_at=None)
    rows = DeskAction.objects.filter(waits | back)
    return rows.select_related("shop_order__order__checkout", "line", "by").order_by("pk")


_PRESSED_OR_BACK = Prepared(_pressed_or_back)


def queue(user: User, shop: Shop, *, now: datetime, actions: Iterable[DeskAction] | None = None) -> list[QueueGroup]:
    """Four groups, always the same ones, after what readers cancelled, if any: two queries after that of what was
    pressed (`actions`, as `pressed_or_back` finds them). What was pressed stands where it will be once it is done."""
    at_hand = [row for row in (pressed_or_back(shop) if actions is None else actions) if row.due_at is not None]
    heads, counts = _read(user, shop, now, tuple({row.shop_order_id for row in at_hand}))
    orders = {row.pk: row for head in heads.values() for row in head.found}
    prefetch_related_objects([*orders.values(), *(row.shop_order for row in at_hand)], "lines")
    pressed = _pressed_rows(at_hand, now)
    gone = pressed[Status.HANDED_OVER] + pressed[Status.DECLINED]
    groups = [
        _group(status.value, str(STATUSES[status]), pressed[status], heads[status].found, counts[status], now)
        for status in (Status.NEW, Status.ACCEPTED, Status.PACKED)
    ]
    groups[0] = replace(groups[0], newest=counts["newest"])
    groups.append(_group("done", _("Done in the last 7 days"), gone, heads["done"].found, counts["done"], now))
    if counts["put_back"]:
        heading = _("Put back on the shelf")
        groups.insert(0, _group("put_back", heading, [], heads["put_back"].found, counts["put_back"], now))
    return groups


@dataclass
class Head:
    """The first of the orders of a group: `key` is their order and `holds` what is of the group, both of rows that are
    read: to have the database say so of each row takes longer to write down than to answer."""

    key: Callable[[ShopOrder], Any]
    holds: Callable[[ShopOrder], bool]
    found: list[ShopOrder] = field(default_factory=list)


def _read(user: User, shop: Shop, now: datetime, pressed: tuple[int, ...]) -> tuple[dict[str, Head], dict[str, int]]:
    """Each group with its rows, and how many there are in all: one query."""
    since = now - RECENT
    rows: list[Any] = _FIRST.objects(queries.key_of(user), shop.pk, since, pressed)
    heads = _heads(since, set(pressed))
    for name, head in heads.items():
        head.found = sorted((row for row in rows if head.holds(row)), key=head.key)[: _most(name)]
    return heads, {name: (getattr(rows[0], f"all_{name}") if rows else 0) or 0 for name in (*heads, "newest")}


def _heads(since: datetime, pressed: set[int]) -> dict[str, Head]:
    def at(status: str) -> Callable[[ShopOrder], bool]:
        return lambda row: row.status == status and row.pk not in pressed

    def is_done(row: ShopOrder) -> bool:
        over = {Status.HANDED_OVER: row.handed_over_at, Status.DECLINED: row.answered_at}.get(Status(row.status))
        return over is not None and over > since and row.pk not in pressed

    return {
        "put_back": Head(lambda row: row.pk, lambda row: getattr(row, PUT_BACK)),
        Status.NEW: Head(lambda row: (row.answer_due_at, row.pk), at(Status.NEW)),
        Status.ACCEPTED: Head(_deadline, at(Status.ACCEPTED)),
        Status.PACKED: Head(_deadline, at(Status.PACKED)),
        "done": Head(lambda row: (-_done_at(row).timestamp(), -row.pk), is_done),
    }


def _first(user: int, shop: int, since: datetime, pressed: tuple[int, ...]) -> QuerySet[ShopOrder]:
    """The first of each group. Every row bears the numbers of all groups, each of which the database counts once; where
    there is no row there is nothing to count."""
    groups = _parts(queries.orders_for(User(pk=user)).filter(shop=shop), shop, since, pressed)
    counted: dict[str, Any] = {
        f"all_{name}": reduce(add, (of_all(part, Count("pk")) for part in parts)) for name, parts in groups.items()
    }
    counted["all_newest"] = of_all(groups[Status.NEW][0], Max("pk"))
    keys = {name: [_keys(part, _most(name)) for part in parts] for name, parts in groups.items()}
    of_put_back = {PUT_BACK: Case(When(pk__in=keys["put_back"][0], then=True), default=False)}
    # One list of keys: of several joined by OR PostgreSQL would ask each order of every shop.
    first, *others = [part for parts in keys.values() for part in parts]
    return ShopOrder.objects.filter(pk__in=first.union(*others, all=True)).annotate(**counted, **of_put_back)


_FIRST = Prepared(_first)


def _parts(
    every: QuerySet[ShopOrder], shop: int, since: datetime, pressed: tuple[int, ...]
) -> dict[str, tuple[QuerySet[ShopOrder], ...]]:
    """Of what each group is made, each part in its order and by an index of its own."""
    orders = every.exclude(pk__in=pressed) if pressed else every
    cancelled = Cancellation.objects.filter(shop=shop, put_back_at=None).values("line__shop_order")
    return {
        "put_back": (every.filter(pk__in=cancelled).order_by("pk"),),
        Status.NEW: (orders.filter(status=Status.NEW).order_by("answer_due_at", "pk"),),
        Status.ACCEPTED: (_by_deadline(orders, Status.ACCEPTED),),
        Status.PACKED: (_by_deadline(orders, Status.PACKED),),
        "done": _done(orders, since),
    }


def _most(group: str) -> int:
    return SHOWN_DONE if group == "done" else SHOWN


def _keys(part: QuerySet[ShopOrder], most: int) -> QuerySet[ShopOrder, Any]:
    """To be joined to others': in itself none is ordered or cut, which SQLite would refuse there."""
    return ShopOrder.objects.order_by().filter(pk__in=part.values("pk")[:most]).values("pk")


def _done(orders: QuerySet[ShopOrder], since: datetime) -> tuple[QuerySet[ShopOrder], ...]:
    """What was handed over is looked for by when, not by its state: that is what most orders of a shop have come to."""
    others = [status for status in Status.values if status != Status.HANDED_OVER]
    handed_over = orders.filter(handed_over_at__gt=since).exclude(status__in=others)
    declined = orders.filter(status=Status.DECLINED, answered_at__gt=since)
    return (
        handed_over.order_by("-handed_over_at", "-pk"),
        declined.order_by(Coalesce("answered_at", "created_at").desc(), "-pk"),
    )


def _done_at(order: ShopOrder) -> datetime:
    return order.handed_over_at or order.answered_at or order.created_at


def _by_deadline(orders: QuerySet[ShopOrder], status: str) -> QuerySet[ShopOrder]:
    """What has no deadline by when it was ordered: the longer ago, the sooner somebody is to look at it. By the index
    `shop_order_by_deadline`."""
    return orders.filter(status=status).order_by(Coalesce("keep_until", "ready_by", "created_at"), "pk")


def _deadline(order: ShopOrder) -> tuple[datetime, int]:
    return order.keep_until or order.ready_by or order.created_at, order.pk


def _group(
    key: str, heading: str, pressed: list[QueueRow], found: list[ShopOrder], total: int, now: datetime
) -> QueueGroup:
    return QueueGroup(key, heading, [*pressed, *queue_rows(found, now=now)], total + len(pressed))


def _pressed_rows(actions: Iterable[DeskAction], now: datetime) -> dict[str, list[QueueRow]]:
    """Orders with something that can still be undone, by the state they will be in."""
    by_order: dict[int, list[DeskAction]] = defaultdict(list)
    for row in actions:
        by_order[row.shop_order_id].append(row)
    found: dict[str, list[QueueRow]] = defaultdict(list)
    for pressed in sorted(by_order.values(), key=lambda pressed: -pressed[-1].pk):
        order = pressed[0].shop_order
        shown = project(order, order.lines.all(), pressed).order
        found[shown.status].append(replace(_row(shown, now), undo=undo_of(pressed, now)))
    return found


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
