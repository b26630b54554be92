"""Half a minute to change one's mind: what staff press at the desk is written down and carried out later.

Held back are accept, decline, offer, pack and hand over: each of them tells the reader, frees or books copies, moves
money or has another shop asked, and a thumb slips. Until a deed is due it is a row and nothing else: no mail, no
stock, no money, no other shop; then the step calls `fulfilment` with the version that was seen, and all of it happens
in that one transaction. What cannot be done any more comes back to the desk as a message that says who was quicker,
and when.

Not held back are a copy picked (it tells nobody) and "it is back on the shelf" (a fact about the shelf, of an order
that is over); they wait only where something pressed before on the same order does. Nor is what the counter does with
another shop's parcel (`carrying`), which has its own place and no version; nor a refund, which another step pays after
the person saw the sum on a page of its own.

For the deadline a press is an answer (`is_being_answered`): silence is not ended while one waits."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from shops.models import DeskAction, ShopOrder, ShopOrderLine
from shops.orders import alternatives, changing, fulfilment, missing, transitions
from shops.orders.changing import FulfilmentError
from shops.orders.projecting import MOVING, Shown, parts_of, project
from shops.orders.transitions import Asked, Event

logger = logging.getLogger("halles.held")
Deed = DeskAction.Deed
UNDO_FOR = timedelta(seconds=30)
BATCH, LEASE_SECONDS = 50, 60


@dataclass(frozen=True)
class Press:
    """What a person pressed, and on which order: `version` and `after` (the key of the last deed in it) as their page
    said. `after` None: nobody knows. `code` is looked at and not kept."""

    deed: Deed
    version: int
    once: str
    line_id: int | None = None
    after: int | None = None
    code: str = ""
    asked: dict[str, object] = field(default_factory=dict)


class _LostError(Exception):
    """It was undone, or another process took it."""


def press(shop_order: ShopOrder, pressed: Press, *, by: User, now: datetime) -> DeskAction:
    """Write down what `by` pressed; the same press again is the first one. FulfilmentError where it may not be."""
    with transaction.atomic():
        locked = ShopOrder.objects.select_related("shop", "order").select_for_update(of=("self",))
        order = locked.get(pk=shop_order.pk)
        if before := DeskAction.objects.filter(once=pressed.once).first():
            if not _is_again(before, order, pressed, by):
                raise FulfilmentError(meanwhile(order, now=now))
            return before
        waiting, last = pressed_on(order)
        if pressed.deed in MOVING and _is_overtaken(order, waiting):
            raise FulfilmentError(changing.meanwhile(order, now=now))
        shown = project(order, order.lines.all(), waiting)
        _check(order, shown, pressed, last, now)
        due_at = now + UNDO_FOR if pressed.deed in MOVING else now
        action = DeskAction.objects.create(
            once=pressed.once,
            shop_id=order.shop_id,
            shop_order=order,
            line_id=pressed.line_id,
            deed=pressed.deed,
            asked=pressed.asked,
            version=shown.order.version,
            by=by,
            in_place_of_id=audit.acting_id(),
            language=get_language() or order.shop.language,
            made_at=now,
            due_at=max([due_at, *(row.due_at for row in waiting if row.due_at)]),
        )
        if pressed.deed not in MOVING and not waiting:
            _carry_out(action, now)
            done = {"done_at": now, "due_at": None}
            DeskAction.objects.filter(pk=action.pk).update(**done)
    return action


def undo(action: DeskAction, *, by: User, now: datetime) -> int:
    """Take it back, and what was pressed on top of it; returns how many deeds. FulfilmentError where it is too late."""
    with transaction.atomic():
        ShopOrder.objects.select_for_update().get(pk=action.shop_order_id)
        rows = DeskAction.objects.filter(shop_order=action.shop_order_id, due_at__isnull=False, pk__gte=action.pk)
        keys = sorted(rows.values_list("pk", flat=True))
        if action.pk not in keys:
            raise FulfilmentError(_("Too late to undo it: it is done."))
        rows.update(undone_at=now, due_at=None, lease_until=None, lease_token="", parked_at=None)
        deeds = list(DeskAction.objects.filter(pk__in=keys).order_by("pk").values_list("deed", flat=True))
        audit.record("shop_order.undo", action.shop_order, by=by, shop_id=action.shop_id, deeds=deeds)
    return len(keys)


def pressed_on(shop_order: ShopOrder) -> tuple[list[DeskAction], int]:
    """What was pressed on it and is not done yet, in order; and the key of the last deed that is done or waits (0:
    none), which says with the version what a page has shown."""
    rows = DeskAction.objects.filter(shop_order=shop_order, undone_at=None, failed_at=None)
    pressed = list(rows.select_related("by").order_by("pk"))
    return [row for row in pressed if row.due_at], max([0, *(row.pk for row in pressed if row.deed in MOVING)])


def is_being_answered(shop_order: ShopOrder) -> bool:
    """Whether somebody there has pressed an answer that is not carried out yet. A parked one is none, unless it was
    followed by the hand-over: the book is out of the door."""
    rows = DeskAction.objects.filter(shop_order=shop_order, due_at__isnull=False)
    answered = Q(deed__in=[Deed.ACCEPT, Deed.DECLINE, Deed.OFFER], parked_at=None)
    return rows.filter(answered | Q(deed=Deed.HAND_OVER)).exists()


def do_desk_actions(now: datetime) -> int:
    """Step: carry out what is due, of one order strictly in the order in which it was pressed. Returns how many."""
    rows = leases.claim(
        DeskAction, now=now, limit=BATCH, lease_seconds=LEASE_SECONDS, group="shop_order_id", parked_holds=True
    )
    return sum(_do(row, now) for row in rows)


def come_back(shop_order: ShopOrder, pressed: Press, problem: str, *, by: User, now: datetime) -> None:
    """Pressed without a connection and refused when it came: said at the desk, since nobody waits for the answer."""
    DeskAction.objects.get_or_create(
        once=pressed.once,
        defaults={
            "shop_id": shop_order.shop_id,
            "shop_order": shop_order,
            "line_id": pressed.line_id,
            "deed": pressed.deed,
            "asked": pressed.asked,
            "version": pressed.version,
            "by": by,
            "language": get_language() or "",
            "made_at": now,
            "failed_at": now,
            "problem": problem[:500],
        },
    )


def meanwhile(shop_order: ShopOrder, *, now: datetime) -> str:
    """Who was quicker, and when: with a deed that waits, or was undone, or in the order's history."""
    last = DeskAction.objects.filter(shop_order=shop_order, done_at=None, failed_at=None, deed__in=MOVING)
    pressed = last.select_related("by").order_by("-pk").first()
    if pressed is None or pressed.by is None:
        return changing.meanwhile(shop_order, now=now)
    who = pressed.by.get_full_name() or pressed.by.email
    return changing.quicker(shop_order, who, pressed.undone_at or pressed.made_at, now=now)


def _is_again(before: DeskAction, order: ShopOrder, pressed: Press, by: User) -> bool:
    """Whether it is the same press and not another that came with its token. One that was taken back is none."""
    was = (before.shop_order_id, before.by_id, before.deed, before.line_id, before.asked)
    same = was == (order.pk, by.pk, pressed.deed, pressed.line_id, pressed.asked)
    return same and before.undone_at is None


def _is_overtaken(order: ShopOrder, waiting: list[DeskAction]) -> bool:
    """Whether what waits will come back, and with it whatever is pressed on top."""
    first = next((row for row in waiting if row.deed in MOVING), None)
    return first is not None and first.version != order.version


def _check(order: ShopOrder, shown: Shown, pressed: Press, last: int, now: datetime) -> None:
    if pressed.deed == Deed.PICK:
        row = shown.lines[pressed.line_id or 0]
        if max(row.picked, row.handed_over) >= row.accepted:
            raise FulfilmentError(_("All accepted copies of “%(title)s” are picked.") % {"title": row.title})
    if pressed.deed == Deed.PUT_BACK and pressed.version != shown.order.version:  # more may have come back since
        raise FulfilmentError(meanwhile(order, now=now))
    if pressed.deed not in MOVING:
        return
    if pressed.version != shown.order.version or pressed.after not in (None, last):
        raise FulfilmentError(missing.what_became(order) or meanwhile(order, now=now))
    code = "".join(pressed.code.split()).upper()
    units, reason = _int(pressed, "units") or 0, str(pressed.asked.get("reason", ""))
    asked = Asked(pressed.line_id, units, reason, code=code, parts=parts_of(pressed.asked))
    event = Event.DECLINE if pressed.deed == Deed.OFFER else Event(pressed.deed)
    if why := transitions.refusal(event, shown.order, shown.lines, asked):
        raise FulfilmentError(why)


def _do(row: DeskAction, now: datetime) -> bool:
    try:
        with override(row.language), transaction.atomic():
            _carry_out(row, now)
            if not leases.finish(row, done_at=now):
                raise _LostError
            failpoint("desk.before_commit")
    except FulfilmentError as error:
        return _fail(row, str(error), now)
    except _LostError:
        return False
    except Exception as error:  # a fault of ours: again later, then the operator's board; the order waits meanwhile
        logger.exception("What was pressed on %s could not be done.", row)
        leases.postpone(row, error=f"{type(error).__name__}: {error}", now=now)
        return False
    failpoint("desk.after_commit")
    return True


def _carry_out(row: DeskAction, now: datetime) -> None:
    """Recorded as done by whoever pressed it."""
    with audit.in_place(row.in_place_of) if row.in_place_of else nullcontext():
        _do_deed(row, now)


def _do_deed(row: DeskAction, now: datetime) -> None:
    order = ShopOrder.objects.select_related("shop").get(pk=row.shop_order_id)
    order.version, by, asked = row.version, row.by or "shop", row.asked
    if row.deed == Deed.PACK:
        fulfilment.pack(order, by=by, now=now)
    elif row.deed == Deed.HAND_OVER:
        sent: dict[str, Any] = {name: str(asked.get(name, "")) for name in ("carrier", "tracking")}
        fulfilment.hand_over(order, by=by, now=now, code=order.pickup_code, parts=parts_of(asked), **sent)
    elif row.deed == Deed.PUT_BACK:
        fulfilment.put_back_as_seen(order, by=by, now=now)
    elif line := row.line:
        line.shop_order = order
        _carry_out_on_line(row, line, by, now)
    else:
        fulfilment.accept_all(order, by=by, now=now)


def _carry_out_on_line(row: DeskAction, line: ShopOrderLine, by: object, now: datetime) -> None:
    units = int(row.asked.get("units", 1))
    if row.deed == Deed.ACCEPT:
        fulfilment.accept(line, units, by=by, now=now)
    elif row.deed in (Deed.DECLINE, Deed.OFFER):
        why = {"reason": row.asked["reason"], "note": row.asked.get("note", ""), "left": row.asked.get("left")}
        offered = alternatives.thawed(row.asked["offered"]) if row.deed == Deed.OFFER else None
        fulfilment.decline(line, units, by=by, now=now, offered=offered, **why)
    elif row.deed == Deed.PICK:
        here = ShopOrderLine.objects.filter(pk=line.pk, accepted__gte=F("picked") + units)
        if not here.update(picked=F("picked") + units):
            raise FulfilmentError(_("All accepted copies of “%(title)s” are picked.") % {"title": line.title})


def _fail(row: DeskAction, problem: str, now: datetime) -> bool:
    """It comes back to the desk, and with it what was pressed on top of it."""
    with transaction.atomic():
        ShopOrder.objects.select_for_update().get(pk=row.shop_order_id)
        if not leases.finish(row, failed_at=now, problem=problem[:500]):
            return False
        later = DeskAction.objects.filter(shop_order=row.shop_order_id, due_at__isnull=False, pk__gt=row.pk)
        later.update(failed_at=now, problem=problem[:500], due_at=None, lease_until=None, lease_token="")
    return True


def _int(pressed: Press, name: str) -> int | None:
    value = pressed.asked.get(name)
    return value if isinstance(value, int) else None
