"""The states of a shop order and what leads from one to another: one table of (from, event, to, actor, guard).

A status is derived from the lines' counts (`counts.status_of`); the table says which changes may come out at which
status, whose deed each is, and what must be true before. `changing` asks it before every change and checks what came
out after; the desk asks it before it takes an answer that is carried out later. Nothing is changed here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shops.models import DeliveryOption, ShopOrder, ShopOrderLine

Status = ShopOrder.Status
Reason = ShopOrderLine.Reason
Lines = Mapping[int, ShopOrderLine]
STAFF_REASONS = set(Reason.values) - {Reason.INCOMPLETE, Reason.NO_ANSWER, Reason.LATER}


class Event(StrEnum):
    """As the audit trail names them: `shop_order.accept`."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"
    LEAVE = "leave"
    EXPIRE = "expire"
    TAKE_BACK = "take_back"
    PACK = "pack"
    HAND_OVER = "hand_over"
    DELIVER = "deliver"


class Actor(StrEnum):
    SHOP = "shop"
    READER = "reader"
    NETWORK = "network"


@dataclass(frozen=True)
class Asked:
    """What an event is asked for; `line_id` None: for the whole order."""

    line_id: int | None = None
    units: int = 0
    reason: str = ""
    left: int | None = None
    code: str = ""
    parts: Mapping[int, int] | None = None  # by line, what leaves now; None: everything


# What staff (or the reader) are told where it may not be; empty where it may.
Guard = Callable[[ShopOrder, Lines, Asked], str]


@dataclass(frozen=True)
class Transition:
    start: Status
    event: Event
    ends: frozenset[Status]
    actor: Actor
    guard: Guard


class TransitionError(Exception):
    """A change came out at a status that the table does not know: a fault of ours, and nothing is changed."""


def _accepts(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    if asked.line_id is None:
        return "" if any(row.open_units for row in lines.values()) else _all_answered()
    return units_fit(asked.units, lines[asked.line_id].open_units)


def _declines(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    if asked.reason not in STAFF_REASONS | {Reason.LATER}:  # with the offer of it later
        return _("Say why: choose one of the reasons.")
    if asked.left is not None and asked.left < 0:
        return _("The copies left cannot be fewer than none.")
    row = lines[asked.line_id or 0]
    return units_fit(asked.units, row.open_units + row.accepted - row.handed_over)


def _cancels(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    if asked.line_id is None:
        left = [row for row in lines.values() if row.left_units]
        whole = bool(left) and all(row.cancellable_of(order) >= row.left_units for row in left)
        return "" if whole else _not_cancellable()
    most = lines[asked.line_id].cancellable_of(order)
    return units_fit(asked.units, most) if most else _not_cancellable()


def _leaves_late(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    row = lines[asked.line_id or 0]
    return "" if row.accepted > row.packed or (order.is_late and row.to_hand_over) else _not_cancellable()


def _ends(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    return "" if any(row.open_units for row in lines.values()) else _all_answered()


def _leaves(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    if asked.parts is not None and (why := _parts_fit(lines, asked.parts)):
        return why
    return wrong_code(order, asked.code) if order.delivery_kind == DeliveryOption.Kind.PICKUP else ""


def _goes_back(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    return "" if order.keep_until else _("This does not lie ready for its reader.")


def _free(order: ShopOrder, lines: Lines, asked: Asked) -> str:
    return ""


def _row(start: Status, event: Event, ends: set[Status], actor: Actor, guard: Guard) -> Transition:
    return Transition(start, event, frozenset(ends), actor, guard)


NEW, ACCEPTED, PACKED, GONE, NONE = Status.NEW, Status.ACCEPTED, Status.PACKED, Status.HANDED_OVER, Status.DECLINED
TABLE: tuple[Transition, ...] = (
    _row(NEW, Event.ACCEPT, {NEW, ACCEPTED}, Actor.SHOP, _accepts),
    _row(NEW, Event.DECLINE, {NEW, ACCEPTED, GONE, NONE}, Actor.SHOP, _declines),
    _row(ACCEPTED, Event.DECLINE, {ACCEPTED, PACKED, GONE, NONE}, Actor.SHOP, _declines),
    _row(PACKED, Event.DECLINE, {PACKED, GONE, NONE}, Actor.SHOP, _declines),
    _row(ACCEPTED, Event.PACK, {PACKED}, Actor.SHOP, _free),
    _row(ACCEPTED, Event.HAND_OVER, {ACCEPTED, PACKED, GONE}, Actor.SHOP, _leaves),
    _row(PACKED, Event.HAND_OVER, {PACKED, GONE}, Actor.SHOP, _leaves),
    # The reader: what is pre-ordered or late may be taken back packed; of downloads the other lines may be gone, and of
    # what goes in several parcels the first ones.
    _row(NEW, Event.CANCEL, {NEW, ACCEPTED, GONE, NONE}, Actor.READER, _cancels),
    _row(ACCEPTED, Event.CANCEL, {ACCEPTED, PACKED, GONE, NONE}, Actor.READER, _cancels),
    _row(PACKED, Event.CANCEL, {PACKED, GONE, NONE}, Actor.READER, _cancels),
    # On a day that was said it is not there, or not sent, and its reader has another shop looked for.
    _row(NEW, Event.LEAVE, {NEW, ACCEPTED, PACKED, GONE, NONE}, Actor.READER, _leaves_late),
    _row(ACCEPTED, Event.LEAVE, {ACCEPTED, PACKED, GONE, NONE}, Actor.READER, _leaves_late),
    _row(PACKED, Event.LEAVE, {PACKED, GONE, NONE}, Actor.READER, _leaves_late),
    _row(NEW, Event.EXPIRE, {ACCEPTED, GONE, NONE}, Actor.NETWORK, _ends),
    # Nobody came for what lay ready: by the step, or by staff once its time is over.
    _row(PACKED, Event.TAKE_BACK, {GONE, NONE}, Actor.NETWORK, _goes_back),
    # A download, line by line; somebody may have accepted one of them in the portal.
    _row(NEW, Event.DELIVER, {NEW, ACCEPTED, GONE}, Actor.NETWORK, _free),
    _row(ACCEPTED, Event.DELIVER, {ACCEPTED, GONE}, Actor.NETWORK, _free),
    _row(PACKED, Event.DELIVER, {PACKED, GONE}, Actor.NETWORK, _free),
)
_BY_START = {(row.start, row.event): row for row in TABLE}


def refusal(event: Event, order: ShopOrder, lines: Lines, asked: Asked) -> str:
    """Why `event` may not be now, for people; empty where it may."""
    row = _BY_START.get((Status(order.status), event))
    return row.guard(order, lines, asked) if row else _no_way(event, order, asked)


def check_end(event: Event, start: str, end: str) -> None:
    row = _BY_START.get((Status(start), event))
    if row is None or Status(end) not in row.ends:
        raise TransitionError(f"{event} leads from {start} to {end}")


def units_fit(units: int, most: int) -> str:
    if most <= 0:
        return _("This line is answered already.")
    if not 1 <= units <= most:
        text = ngettext("Choose 1 copy: no more are left in this line.", "Choose from 1 to %(most)s copies.", most)
        return text % {"most": most}
    return ""


def _parts_fit(lines: Lines, parts: Mapping[int, int]) -> str:
    if not any(parts.values()):
        return _("Say how many copies leave now.")
    for pk, units in parts.items():
        row = lines.get(pk)
        if units and (row is None or not 0 < units <= row.to_hand_over):
            title = row.title if row else ""
            return _("So many copies of “%(title)s” are not here to hand over.") % {"title": title}
    return ""


def wrong_code(order: ShopOrder, code: str) -> str:
    """What is said where this is not the code that the reader has; empty where it is."""
    told = "".join(code.split()).upper()
    if not told:
        return _("Ask the reader for the pick-up code and enter it.")
    if not secrets.compare_digest(told.encode(), order.pickup_code.encode()):
        return _("This is not the pick-up code of order %(number)s.") % {"number": order.number}
    return ""


def _no_way(event: Event, order: ShopOrder, asked: Asked) -> str:
    if event in {Event.CANCEL, Event.LEAVE}:
        return _not_cancellable()
    if event == Event.TAKE_BACK:
        return _("This does not lie ready for its reader.")
    if order.uncollected_at and event in {Event.PACK, Event.HAND_OVER}:
        return _("Nobody came for this order in time: it went back, and the reader has the money again.")
    if event in {Event.PACK, Event.HAND_OVER}:
        return {
            Status.NEW: _("Answer every line first: accept or decline it."),
            Status.ACCEPTED: _("This order is not packed yet."),
            Status.PACKED: _("This order is packed already."),
            Status.HANDED_OVER: _("This order is handed over already."),
            Status.DECLINED: _("Every line of this order was declined."),
        }[Status(order.status)]
    return _all_answered() if asked.line_id is None else _("This line is answered already.")


def _all_answered() -> str:
    return _("Every line of this order is answered already.")


def _not_cancellable() -> str:
    return _("This is packed or cancelled already: it cannot be cancelled any more.")
