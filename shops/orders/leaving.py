"""How copies leave a line of a shop order whose shop has not said that it cannot hand them over: the reader took them
back or did not come, or nobody there answered in time. Where the shop was told of the order they stay promised, apart
from the line, until it says that they are on its shelf or its number contains them; else they are free at once (DESIGN
§5). One still to be sent lies in the portal already: who was reminded of it, or answered a part of it, was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from shops import stock, withholding
from shops.models import Cancellation, ShopOrder, ShopOrderLine, Supply, Transmission

Cause = Cancellation.Cause
# The shop has done its part: what leaves a line this way is not missing, and no other shop is asked.
OF_THE_READER = (Cause.READER, Cause.UNCOLLECTED)
# The shop has the order, or may have it.
SENT = {Transmission.Outcome.SENT, Transmission.Outcome.UNKNOWN}


@contextmanager
def from_shop(shop_order: ShopOrder, lines: dict[int, ShopOrderLine], now: datetime) -> Iterator[bool]:
    """Within: whether the shop was told of the order, whose row the caller has locked; so it stays until the end.
    Afterwards it is not told any more where nothing is left of it."""
    transmission = Transmission.objects.select_for_update().filter(shop_order=shop_order).first()
    is_sent = transmission is not None and transmission.outcome in SENT
    told = is_sent or (transmission is not None and _is_known(shop_order, lines))
    yield told
    if transmission is None or is_sent or any(line.left_units for line in lines.values()):
        return
    values: dict[str, object] = {"due_at": None, "lease_until": None, "lease_token": ""}
    if told:  # of nothing else than of what left it: that is told of what is sent
        values |= {"outcome": Transmission.Outcome.SENT, "sent_at": now, "parked_at": None}
    else:
        values["outcome"] = Transmission.Outcome.WITHDRAWN
    Transmission.objects.filter(pk=transmission.pk).update(**values)


def is_to_hear(shop_order_id: int) -> bool:
    """Whether copies have left it of which its shop is told, or was: it knew of the order."""
    left = Cancellation.objects.filter(line__shop_order=shop_order_id)
    return left.exclude(due_at=None, told_at=None).exists()


def _is_known(shop_order: ShopOrder, lines: dict[int, ShopOrderLine]) -> bool:
    """Whether its shop has heard of it without its being sent: by a reminder, or in the portal."""
    answered = any(line.accepted or line.missing_units for line in lines.values())
    return bool(shop_order.reminded_at) or answered or is_to_hear(shop_order.pk)


def set_apart(row: ShopOrderLine, units: int, *, told: bool, cause: Cancellation.Cause, now: datetime) -> Cancellation:
    """Take `units` off a line, unanswered ones first; telling the shop is due where it was told of the order."""
    waits = told and row.supply == Supply.STOCK
    made = Cancellation.objects.create(
        line=row,
        shop_id=row.shop_order.shop_id,
        units=units,
        cause=cause,
        cancelled_at=now,
        due_at=now if told else None,
        put_back_at=None if waits else now,
    )

    def leave(leaving: int, answered: bool) -> None:
        if told:
            stock.set_apart(row, leaving, key=made.key, answered=answered, now=now)
        else:
            stock.release_line(row, leaving, answered=answered, now=now)

    take_off(row, units, leave)
    withholding.answered(row, units, now=now)
    if cause in OF_THE_READER:
        row.cancelled += units
        row.uncollected += units if cause == Cause.UNCOLLECTED else 0
    row.save()
    return made


def take_off(row: ShopOrderLine, units: int, leave: Callable[[int, bool], object]) -> None:
    """Count `units` of a line as declined, unanswered ones first; `leave(units, answered)` sees to their copies."""
    if row.supply != Supply.STOCK:
        leave = lambda leaving, answered: None  # noqa: E731  # what was to be ordered has no copies
    unanswered = min(units, row.open_units)
    leave(unanswered, False)
    row.declined += unanswered
    leave(units - unanswered, True)
    row.declined += units - unanswered
    row.accepted -= units - unanswered
    row.packed, row.picked = min(row.packed, row.accepted), min(row.picked, row.accepted)
