"""What a shop order will look like once what was pressed at the desk is done: for screens and for what may be pressed
next. Works on copies that are never saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from shops.models import DeskAction, ShopOrder, ShopOrderLine
from shops.orders.counts import status_of, still_here, takes_a_part

Deed = DeskAction.Deed
# Those that count as one change of the order's version each.
MOVING = {Deed.ACCEPT, Deed.DECLINE, Deed.OFFER, Deed.PACK, Deed.HAND_OVER}


@dataclass(frozen=True)
class Shown:
    """`order` has the status and the version, `lines` the counts of afterwards."""

    order: ShopOrder
    lines: dict[int, ShopOrderLine]


def project(order: ShopOrder, lines: Iterable[ShopOrderLine], waiting: Sequence[DeskAction]) -> Shown:
    """`waiting` in the order in which it was pressed. What was pressed on an order that somebody changed meanwhile will
    come back, with all on top of it: from there on nothing is shown as done."""
    shown, rows = copy(order), {line.pk: copy(line) for line in lines}
    waiting = [*_to_be_done(order, waiting)]
    for action in waiting:
        _apply(action, order, rows)
        shown.version += action.deed in MOVING
    shown.status = status_of(rows.values())
    if pressed := [action.made_at for action in waiting if action.deed in MOVING]:
        shown.answered_at = shown.answered_at or pressed[-1]
        shown.handed_over_at = shown.handed_over_at or pressed[-1]
    shown._prefetched_objects_cache = {"lines": list(rows.values())}  # type: ignore[attr-defined]  # `lines.all()`
    return Shown(shown, rows)


def _to_be_done(order: ShopOrder, waiting: Sequence[DeskAction]) -> Iterator[DeskAction]:
    version = order.version
    for action in waiting:
        if action.deed in MOVING:
            if action.version != version:
                return
            version += 1
        yield action


def _apply(action: DeskAction, order: ShopOrder, rows: Mapping[int, ShopOrderLine]) -> None:
    units = action.asked.get("units", 0)
    if action.deed == Deed.ACCEPT:
        for row in [rows[action.line_id]] if action.line_id else rows.values():
            row.accepted += units if action.line_id else row.open_units
    elif action.deed in (Deed.DECLINE, Deed.OFFER) and action.line_id:
        for pk, gone in (still_here(rows.values()) if not takes_a_part(order) else {action.line_id: units}).items():
            _take_off(rows[pk], gone)
    elif action.deed == Deed.PICK and action.line_id:
        rows[action.line_id].picked += units
    elif action.deed == Deed.PACK:
        for row in rows.values():
            row.packed = row.accepted
    elif action.deed == Deed.HAND_OVER:
        parts = parts_of(action.asked)
        for row in rows.values():
            row.handed_over += row.to_hand_over if parts is None else parts.get(row.pk, 0)
            row.packed = max(row.packed, row.handed_over)


def parts_of(asked: Mapping[str, Any]) -> dict[int, int] | None:
    """What a deed says leaves now, by line; None: everything. As JSON keeps it the lines' ids are texts."""
    said = asked.get("parts")
    return {int(pk): int(units) for pk, units in said.items()} if said else None


def _take_off(row: ShopOrderLine, units: int) -> None:
    """As `leaving.take_off` counts."""
    unanswered = min(units, row.open_units)
    row.declined += units
    row.accepted -= units - unanswered
    row.packed, row.picked = min(row.packed, row.accepted), min(row.picked, row.accepted)
