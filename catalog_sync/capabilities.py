"""What each shop system that we call can do, and each list and each way orders are sent that is none, told by its code:
for `docs/shop-systems.md` and the portal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from catalog_sync.adapters import adapter_class, lists
from catalog_sync.adapters.base import DELTA, PARTIAL, STOCK_LANE
from catalog_sync.records import Lane
from shops.channels import CHANNELS, channel_class
from shops.systems import SYSTEMS


class Row(NamedTuple):
    """In the active language; True and False where it is a matter of yes and no."""

    system: str
    gtin: bool
    number: str
    changes: bool | str
    stock_alone: bool
    takes_orders: bool
    answers_by_line: bool
    cancels: bool
    webhooks: bool
    booked: str


def heads() -> Row:
    """What stands above the columns."""
    return Row(
        _("System"),
        _("ISBN or EAN"),  # type: ignore[arg-type]
        _("Number of copies"),
        _("Only what changed"),  # type: ignore[arg-type]
        _("Stock alone"),  # type: ignore[arg-type]
        _("Takes orders"),  # type: ignore[arg-type]
        _("Answers by line"),  # type: ignore[arg-type]
        _("Lets us cancel"),  # type: ignore[arg-type]
        _("Tells of changes itself"),  # type: ignore[arg-type]
        _("Its number is without our order"),
    )


def rows() -> list[Row]:
    return [_row(kind) for kind in sorted(SYSTEMS, key=lambda kind: str(SYSTEMS[kind].label))]


def _row(kind: str) -> Row:
    system, adapter, channel = SYSTEMS[kind], adapter_class(kind), _channel(kind)
    can, whole = adapter.capabilities, getattr(adapter, "whole_lanes", ())  # which are read whole each time
    numbers = {"on_hand": _("on the shelf"), "available": _("free to sell")}
    return Row(
        str(system.label),
        system.has_gtin,
        ", ".join(numbers[number] for number in system.numbers) or _("whether it is there"),
        DELTA in can and Lane.CATALOGUE not in whole and (not whole or _("titles and prices")),
        STOCK_LANE in can,
        channel is not None,
        channel is not None and bool({"acknowledgements", "states"} & channel.capabilities),
        channel is not None and getattr(channel, "cancels", False),
        system.webhooks,
        str(system.booked),
    )


def _channel(kind: str) -> Any:
    return channel_class(kind) if kind in CHANNELS else None


class Other(NamedTuple):
    """A list, or a way that orders are sent; in the active language. "" where a column is not of its kind."""

    name: str
    copies: bool | str
    stock_alone: bool | str
    takes_orders: bool
    answers_by_line: bool | str
    cancels: bool | str
    booked: str


def other_heads() -> Other:
    return Other(
        _("List or message"),
        _("Number of copies"),
        _("Stock alone"),
        _("Takes orders"),  # type: ignore[arg-type]
        _("Answers by line"),
        _("Is told of cancellations"),
        _("Its number is without our order"),
    )


def others() -> list[Other]:
    """Of all of them ISBN or EAN are read, and only what changed where the shop says that its list has no more."""
    return [_list(kind, label) for kind, label in lists().items()] + [
        _message(kind) for kind in CHANNELS if kind not in SYSTEMS
    ]


def _list(kind: str, label: object) -> Other:
    adapter = adapter_class(kind)
    booked = _("once it is sold there") if adapter.tells_copies else ""
    return Other(
        str(label), adapter.tells_copies, bool({STOCK_LANE, PARTIAL} & adapter.capabilities), False, "", "", booked
    )


def _message(kind: str) -> Other:
    can = channel_class(kind).capabilities
    answers = "acknowledgements" in can or _("here, or through our interface")
    return Other(str(CHANNELS[kind][0]), "", "", True, answers, "cancel" in can, "")


def markdown(table: Sequence[tuple[Any, ...]]) -> str:
    """A table whose first row is its heads, as the documentation has it."""
    lines = [[_said(cell) for cell in row] for row in table]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _said(cell: Any) -> str:
    return {True: "yes", False: "no", "": "–"}.get(cell, str(cell))
