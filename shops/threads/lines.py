"""A thread as it is read: what was written, and the steps of its order, its returns and incidents in between, read
where they are kept: the audit trail, and the rows' own times. Nothing of them is copied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from marketplace.foundation import money, network
from marketplace.foundation.models import AuditEntry
from shops.models import Incident, Message, MessageFile, Return, ShopOrder, Side, Thread
from shops.orders import sight

Words = dict[str, Any]  # lazy texts, which Django's stubs give no public name

# What the reader is told of by mail, and what they did themselves.
STEPS: Words = {
    "shop_order.accept": gettext_lazy("Accepted by the shop"),
    "shop_order.decline": gettext_lazy("The shop cannot hand over"),
    "shop_order.offer": gettext_lazy("The shop offers instead"),
    "shop_order.offer_take": gettext_lazy("Taken by the reader"),
    "shop_order.offer_refuse": gettext_lazy("Not taken by the reader"),
    "shop_order.offer_lapse": gettext_lazy("The offer was not answered in time"),
    "shop_order.offer_withdraw": gettext_lazy("The shop took its offer back"),
    "shop_order.replace": gettext_lazy("In the place of another part of the order"),
    "shop_order.expire": gettext_lazy("The shop did not answer in time"),
    "shop_order.warn": gettext_lazy("No answer of the shop yet: the reader was told"),
    "shop_order.not_there": gettext_lazy("Not there on the day that was said"),
    "shop_order.undated": gettext_lazy("Ordered four weeks ago, and no day is known: the reader was told"),
    "shop_order.not_ready": gettext_lazy("Not ready as was said: the reader was told"),
    "shop_order.wait": gettext_lazy("The reader waits until another day"),
    "shop_order.leave": gettext_lazy("The reader does not wait any longer: another shop is looked for"),
    "shop_order.cancel": gettext_lazy("Cancelled by the reader"),
    "shop_order.reroute": gettext_lazy("Taken over from another shop"),
    "shop_order.pack": gettext_lazy("Packed"),
    "shop_order.hand_over": gettext_lazy("Handed over"),
    "shop_order.deliver": gettext_lazy("The download is ready"),
    "parcel.arrive": gettext_lazy("The parcel has arrived where it is collected"),
    "parcel.send_again": gettext_lazy("A parcel was lost: the shop sends other copies"),
    "parcel.collect": gettext_lazy("Collected"),
    "parcel.take_back": gettext_lazy("Not collected in time: it goes back"),
}
_RETURNS = {
    "return.ask": Return.State.ASKED,
    "return.agree": Return.State.AGREED,
    "return.refuse": Return.State.REFUSED,
    "return.send": Return.State.SENT,
    "return.arrive": Return.State.ARRIVED,
    "return.check": Return.State.CHECKED,
    "return.refund": Return.State.REFUNDED,
    "return.call_off": Return.State.CALLED_OFF,
}
# Said with the title.
_OF_LINES = {
    *("shop_order.decline", "shop_order.cancel", "shop_order.not_there", "shop_order.undated"),
    *("shop_order.wait", "shop_order.leave"),
}
_COLUMNS = ("subject_type", "subject_id", "action", "at", "facts")


@dataclass(frozen=True)
class Line:
    """One line of it: a message of `side`, or a step, which has none. `mine`: of the side that looks; `read`: the other
    side has seen it."""

    at: datetime
    text: str
    side: str = ""
    who: str = ""
    mine: bool = False
    read: bool = False
    by_mail: bool = False
    files: Sequence[MessageFile] = field(default_factory=tuple)


def of(thread: Thread, looks: Side) -> list[Line]:
    """The whole of one thread, oldest first, as `looks` reads it."""
    orders = [thread.shop_order] if thread.shop_order else []
    return of_orders(orders, {thread.shop_order_id: thread}, looks).get(thread.shop_order_id, [])


def of_order(order: ShopOrder, thread: Thread | None, looks: Side) -> list[Line]:
    """Of one that may have no thread yet."""
    return of_orders([order], {order.pk: thread} if thread else {}, looks).get(order.pk, [])


def of_orders(
    orders: Sequence[ShopOrder], threads: Mapping[int | None, Thread], looks: Side
) -> dict[int | None, list[Line]]:
    """The same of several orders by key (None: of a question), each with its thread or without one: the same number of
    queries however many."""
    found: dict[int | None, list[Line]] = defaultdict(list)
    for order_id, step in _steps(orders):
        found[order_id].append(step)
    by_pk = {thread.pk: thread for thread in threads.values() if thread.pk}
    now = timezone.now()
    nameless = sight.out_of_sight(orders, now) if looks == Side.SHOP else set()
    for message in _messages(by_pk):
        thread = by_pk[message.thread_id]
        found[thread.shop_order_id].append(_line(message, thread, looks, named=thread.shop_order_id not in nameless))
    for incident in Incident.objects.filter(thread__in=by_pk) if orders and by_pk else ():
        found[by_pk[incident.thread_id].shop_order_id] += _of_incident(incident)
    return {key: sorted(lines, key=lambda line: line.at) for key, lines in found.items()}


def _messages(threads: Mapping[int, object]) -> Iterable[Message]:
    if not threads:
        return []
    return Message.objects.filter(thread__in=threads).select_related("by").prefetch_related("files")


def _line(message: Message, thread: Thread, looks: Side, *, named: bool) -> Line:
    others = [side for side in (Side.READER, Side.SHOP) if side != message.side]
    return Line(
        at=message.at,
        text=message.text,
        side=message.side,
        who=_who(message, thread, looks, named=named),
        mine=message.side == looks,
        read=any(getattr(thread, f"seen_by_{side.value}") >= message.pk for side in others),
        by_mail=message.by_mail,
        files=list(message.files.all()),
    )


def _who(message: Message, thread: Thread, looks: Side, *, named: bool) -> str:
    """Who of a shop wrote is its own people's and the network's to know by name; the reader knows a first name that
    was given to be shown. Not `named`: the shop has lost sight of whose order it was."""
    if message.side == Side.NETWORK:
        return network.current().name
    if message.side == Side.READER:
        name = message.by_name or thread.name if named else ""
        return name or (_("You") if looks == Side.READER else _("The reader"))
    person = message.by_name or (message.by.email if message.by and looks != Side.READER else "")
    return f"{thread.shop.name} · {person}" if person else thread.shop.name


def _of_incident(row: Incident) -> list[Line]:
    said = [(row.opened_at, _("Something is wrong: %(reason)s.") % {"reason": row.get_reason_display()})]
    if row.escalated_at:
        said.append((row.escalated_at, _("The network looks at it.")))
    if row.closed_at:
        who = Side(row.closed_by).label if row.closed_by else ""
        said.append((row.closed_at, _("Settled by: %(who)s. %(done)s") % {"who": who, "done": row.done}))
    return [Line(at, text) for at, text in said]


def _steps(orders: Sequence[ShopOrder]) -> list[tuple[int, Line]]:
    if not orders:
        return []
    prefetch_related_objects(
        orders, "lines", "parcels", "returns", "refund_requests"
    )  # what is read already is not again
    titles = {line.pk: line.title for order in orders for line in order.lines.all()}
    owners = {
        (row._meta.label_lower, str(row.pk)): (order.pk, str(row))
        for order in orders
        for row in (order, *order.parcels.all(), *order.returns.all())
    }
    found = [(order.pk, Line(order.created_at, _("Ordered"))) for order in orders]
    last: dict[int, tuple[str, datetime]] = {}
    for subject_type, subject_id, action, at, facts in _entries(owners):
        key, number = owners[subject_type, subject_id]
        text = _text(action, number, facts, titles)
        before = last.get(key)
        if before and before[0] == text and (at - before[1]).total_seconds() < 60:
            continue  # line by line accepted in one go
        last[key] = text, at
        found.append((key, Line(at, text)))
    return found + _paid_back(orders)


def _entries(owners: Iterable[tuple[str, str]]) -> Iterable[tuple[Any, ...]]:
    by_type: dict[str, list[str]] = defaultdict(list)
    for subject_type, subject_id in owners:
        by_type[subject_type].append(subject_id)
    about = Q()
    for subject_type, keys in by_type.items():
        about |= Q(subject_type=subject_type, subject_id__in=keys)
    rows = AuditEntry.objects.filter(about, action__in=[*STEPS, *_RETURNS]).order_by("pk")
    return rows.values_list(*_COLUMNS)


def _text(action: str, number: str, facts: Mapping[str, Any], titles: Mapping[int, str]) -> str:
    if action in _RETURNS:
        return f"{number} · {_RETURNS[action].label}"
    said, title = str(STEPS[action]), facts.get("title") or titles.get(facts.get("line", 0))
    if not (action in _OF_LINES or action.startswith("shop_order.offer")) or not title:
        return said
    units = facts.get("units")
    return f"{said}: {units} × {title}" if isinstance(units, int) else f"{said}: {title}"


def _paid_back(orders: Sequence[ShopOrder]) -> list[tuple[int, Line]]:
    """Money given back by a person; the rows lie to the right, the order knows them."""
    found = []
    for order in orders:
        for row in order.refund_requests.all():  # type: ignore[attr-defined]
            amount = money.display(row.amount_minor, order.currency, get_language() or "fr")
            found.append((order.pk, Line(row.asked_at, _("Given back: %(amount)s") % {"amount": amount})))
    return found
