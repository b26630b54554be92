"""What is pressed at the desk, from the form to the row; and what can be undone of it, in words."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from shops.models import DeskAction
from shops.orders.held import Deed, Press
from shops.portal.words import HELD

_KEPT = ("units", "reason", "note", "left", "carrier", "tracking", "parts")


@dataclass(frozen=True)
class Undo:
    """The last deed that can be taken back: `seconds` until it is done."""

    pk: int
    said: str
    seconds: int


@dataclass(frozen=True)
class CameBack:
    """What was pressed and could not be done."""

    pk: int
    number: str
    said: str
    who: str
    problem: str


def new_once() -> str:
    """For a form: whoever sends it twice presses once."""
    return secrets.token_urlsafe(12)


def once_of(given: str, deed: Deed, line_id: int | None) -> str:
    """Of one form: all forms of a page are given the same token. At most 60 characters."""
    return f"{given[:30]}:{deed}:{line_id or 0}" if given else new_once()


def pressed(deed: Deed, answer: dict[str, Any], *, line_id: int | None = None) -> Press:
    """Of a form's cleaned values."""
    asked = {name: answer[name] for name in _KEPT if answer.get(name) not in (None, "")}
    return Press(
        deed=deed,
        version=answer["version"],
        once=once_of(answer["once"], deed, line_id),
        line_id=line_id,
        after=answer["after"],
        code=answer.get("code", ""),
        asked=asked,
    )


def undo_of(waiting: Sequence[DeskAction], now: datetime) -> Undo | None:
    """Of what waits on one order, in the order in which it was pressed."""
    last = waiting[-1] if waiting else None
    if last is None or last.due_at is None:
        return None
    return Undo(last.pk, str(HELD[Deed(last.deed)]), max(0, ceil((last.due_at - now).total_seconds())))


def came_back(rows: Iterable[DeskAction]) -> list[CameBack]:
    """`rows` with order, line and person."""
    return [
        CameBack(
            row.pk,
            row.shop_order.number,
            f"{HELD[Deed(row.deed)]}{f' · {row.line.title}' if row.line else ''}",
            row.by.get_full_name() or row.by.email if row.by else _("somebody"),
            row.problem,
        )
        for row in rows
    ]
