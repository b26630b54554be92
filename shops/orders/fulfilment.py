"""What a shop answers and does: accept, decline, pack, hand over; and what the reader takes back until it is packed. A
shop order's status changes only here.

Each change goes through `changing`: a compare-and-set on `ShopOrder.version` (of two answers at once one wins, the
other is told) that asks the table of `transitions`. It writes the audit entry and the reader's mail in its transaction.
What follows on the money's side is found by its steps: `ShopOrderLine.declined`, `ShopOrder.answered_at` and
`handed_over_at` say that it is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from shops import absorbing, stock, withholding
from shops.models import (
    Cancellation,
    DeliveryOption,
    Parcel,
    ParcelLine,
    ShopOrder,
    ShopOrderLine,
    Supply,
    Transmission,
)
from shops.orders import (
    alternatives,
    keep_times,
    leaving,
    missing,
    offering,
    reader_mail,
    ready_times,
    transitions,
)
from shops.orders.changing import FulfilmentError as FulfilmentError
from shops.orders.changing import changing, meanwhile
from shops.orders.counts import by_stock_record, status_of, still_here, takes_a_part
from shops.orders.transitions import Asked, Event

Status = ShopOrder.Status
Reason = ShopOrderLine.Reason


def accept(line: ShopOrderLine, units: int, *, by: object, now: datetime) -> None:
    """The shop has `units` of an unanswered line and keeps them for the reader."""
    with changing(line.shop_order, now, Event.ACCEPT, Asked(line.pk, units)) as (shop_order, lines):
        row = lines[line.pk]
        _accept(shop_order, row, units, now)
        audit.record("shop_order.accept", shop_order, by=by, shop_id=shop_order.shop_id, line=row.pk, units=units)
        _answer(shop_order, lines, now)


def accept_all(shop_order: ShopOrder, *, by: object, now: datetime) -> None:
    """The shop has everything that is not answered yet."""
    with changing(shop_order, now, Event.ACCEPT) as (shop_order, lines):
        rows = [row for row in by_stock_record(lines.values()) if row.open_units]
        units = {str(row.pk): row.open_units for row in rows}
        for row in rows:
            _accept(shop_order, row, row.open_units, now)
        audit.record("shop_order.accept", shop_order, by=by, shop_id=shop_order.shop_id, units=units)
        _answer(shop_order, lines, now)


def decline(
    line: ShopOrderLine,
    units: int,
    *,
    by: object,
    reason: str,
    note: str = "",
    left: int | None = None,
    offered: alternatives.Offered | None = None,
    now: datetime,
) -> None:
    """The shop cannot hand over `units` of a line: unanswered ones first, then accepted ones that are still there.
    `left`: staff counted that many copies on the shelf, those set aside included. What a reason or a count says is not
    there is withheld from sale (DESIGN §5). Where the reader wanted this part whole or not at all, all that has not
    left the shop is declined with it. `offered`: what the reader may have instead; until they have said so nothing else
    becomes of it."""
    asked = Asked(line.pk, units, reason, left)
    with changing(line.shop_order, now, Event.DECLINE, asked) as (shop_order, lines):
        row = lines[line.pk]
        with_it = {} if takes_a_part(shop_order) else still_here(lines.values())
        with_it[row.pk] = with_it.get(row.pk, units) - units
        before = missing.counted(lines[pk] for pk in with_it)
        for one in by_stock_record(lines[pk] for pk in with_it):
            if one is row:
                _decline(shop_order, row, units, by, reason, note, now)
                missing.withhold(row, units, reason, left, by, now)
            if with_it[one.pk]:
                _decline(shop_order, one, with_it[one.pk], by, one.decline_reason or Reason.INCOMPLETE, "", now)
        settle(shop_order, lines, now, frees_slot=offered is None)
        rest = any(with_it.values())
        if offered:
            offering.write_down(shop_order, row, before, offered, is_whole=not takes_a_part(shop_order), by=by, now=now)
        elif not missing.note(shop_order, row, before, is_whole=not takes_a_part(shop_order), now=now):
            reader_mail.declined(shop_order, list(lines.values()), row, units, rest=rest, now=now)


def cancel(line: ShopOrderLine, units: int, *, by: object, now: datetime) -> Cancellation:
    """The reader takes back `units` of a line that is not packed yet (pre-ordered: not gone): unanswered first, then
    accepted ones. Where the shop never heard of the order its copies are free at once; else they stay promised until
    it says that it put them back (`put_back`), or its number contains them (DESIGN §5), and telling it is due. What was
    to be ordered has none. FulfilmentError where it is packed, or the shop changed the order meanwhile."""
    with changing(line.shop_order, now, Event.CANCEL, Asked(line.pk, units)) as (shop_order, lines):
        return _cancel(shop_order, lines, {line.pk: units}, by, now)[0]


def cancel_whole(shop_order: ShopOrder, *, by: object, now: datetime) -> list[Cancellation]:
    """The reader takes back all that is left of a shop order, as `cancel` does, with one mail. FulfilmentError where
    some of it cannot be cancelled any more: then nothing is."""
    with changing(shop_order, now, Event.CANCEL) as (shop_order, lines):
        units = {row.pk: row.left_units for row in by_stock_record(lines.values()) if row.left_units}
        return _cancel(shop_order, lines, units, by, now)


def put_back_as_seen(shop_order: ShopOrder, *, by: object, now: datetime) -> int:
    """As `put_back`, of the order in the version that the caller saw: FulfilmentError where more may have come back
    since, which lies set aside still."""
    with transaction.atomic():
        if ShopOrder.objects.select_for_update().get(pk=shop_order.pk).version != shop_order.version:
            raise FulfilmentError(meanwhile(shop_order, now=now))
        return put_back(shop_order, by=by, now=now)


def put_back(
    shop_order: ShopOrder, *, by: object, now: datetime, only: Cancellation | None = None, cause: str = ""
) -> int:
    """The shop's word that what came back (`only`: that alone; `cause`: what came back for that) is on its shelf again,
    so that it may be sold. Returns units; FulfilmentError where a person says it of nothing."""
    with transaction.atomic():
        waiting = Cancellation.objects.filter(line__shop_order=shop_order, put_back_at=None)
        if cause:
            waiting = waiting.filter(cause=cause)
        if only:
            waiting = waiting.filter(pk=only.pk)
        rows = list(waiting.select_for_update(of=("self",)).order_by("pk"))
        if not rows and only:
            return 0  # somebody there was quicker to say so
        if not rows:
            raise FulfilmentError(_("Nothing of this order waits to be put back."))
        Cancellation.objects.filter(pk__in=[row.pk for row in rows]).update(put_back_at=now)
        for row in rows:
            stock.put_back(row.key, now=now)
        units = sum(row.units for row in rows)
        audit.record("shop_order.put_back", shop_order, by=by, shop_id=shop_order.shop_id, units=units)
    return units


def pack(shop_order: ShopOrder, *, by: object, now: datetime) -> None:
    """Everything accepted lies ready; every line must be answered."""
    with changing(shop_order, now, Event.PACK) as (shop_order, lines):
        for row in lines.values():
            row.packed = row.accepted
            row.save(update_fields=["packed"])
        if shop_order.delivery_kind == DeliveryOption.Kind.PICKUP:
            keep_times.keep(shop_order, lines.values(), now=now)
            shop_order.save(update_fields=["keep_until", "keep_watch_at"])
        audit.record("shop_order.pack", shop_order, by=by, shop_id=shop_order.shop_id)
        settle(shop_order, lines, now)
        reader_mail.ready(shop_order, list(lines.values()), now=now)


def hand_over(
    shop_order: ShopOrder,
    *,
    by: object,
    now: datetime,
    code: str = "",
    carrier: str = "",
    tracking: str = "",
    parts: Mapping[int, int] | None = None,
    said_at: datetime | None = None,
) -> Parcel:
    """Everything accepted leaves the shop, or with `parts` so many units of each line by its id, and the rest later in
    a parcel of its own: to the reader who tells the pick-up code, to a carrier, or to the shop that hands it over in
    its place (`carrying` follows it from there). The order is handed over once nothing is left to come. `said_at`: when
    the shop's system had told that it left; nobody has to ring it up there any more."""
    with changing(shop_order, now, Event.HAND_OVER, Asked(code=code, parts=parts)) as (shop_order, lines):
        option = shop_order.delivery_option
        carried_to_id, waits_at_id = option.onward(shop_order.pickup_code) if option else (None, None)
        parcel = Parcel.objects.create(
            shop_order=shop_order,
            kind=shop_order.delivery_kind,
            carried_to_id=carried_to_id,
            waits_at_id=waits_at_id,
            carrier=carrier[:60],
            tracking=tracking[:80],
            handed_over_at=now,
        )
        for row in by_stock_record(lines.values()):
            units = row.to_hand_over if parts is None else parts.get(row.pk, 0)
            if units:
                ParcelLine.objects.create(parcel=parcel, line=row, units=units)
                _leave(shop_order, row, units, said_at, now)
        said: dict[str, Any] = {} if parts is None else {"units": sum(parts.values())}
        audit.record("shop_order.hand_over", shop_order, by=by, shop_id=shop_order.shop_id, parcel=parcel.pk, **said)
        settle(shop_order, lines, now)
        reader_mail.handed_over(shop_order, list(lines.values()), parcel, now=now)
        return parcel


def _leave(shop_order: ShopOrder, row: ShopOrderLine, units: int, said_at: datetime | None, now: datetime) -> None:
    row.handed_over += units
    row.packed = max(row.packed, row.handed_over)
    if row.to_hand_over:  # what is gone need not be picked any more
        row.picked = max(row.picked, row.handed_over)
    row.save(update_fields=["packed", "handed_over", "picked"])
    if row.supply == Supply.STOCK:
        shop = shop_order.shop
        if said_at is None:
            reflected_at = absorbing.rung_up_time(shop, recorded_at=now)
        else:
            reflected_at = absorbing.reflection_time(shop, recorded_at=said_at)
        absorbing.reflect(row, row.handed_over, reflected_at=reflected_at, now=now)
        withholding.handed_over(row, reflected_at=reflected_at, now=now)


def deliver(line: ShopOrderLine, *, by: object, now: datetime) -> None:
    """A download: accepted and handed over in one, and nobody has to do anything (`shops.downloads.handing_out`)."""
    with changing(line.shop_order, now, Event.DELIVER, Asked(line.pk)) as (shop_order, lines):
        row = lines[line.pk]
        row.accepted = row.packed = row.handed_over = row.left_units
        row.save(update_fields=["accepted", "packed", "handed_over"])
        audit.record("shop_order.deliver", shop_order, by=by, shop_id=shop_order.shop_id, line=row.pk)
        settle(shop_order, lines, now)
        if shop_order.status == Status.HANDED_OVER:
            reader_mail.download_ready(shop_order, now=now)


def _accept(shop_order: ShopOrder, row: ShopOrderLine, units: int, now: datetime) -> None:
    row.accepted += units
    row.save(update_fields=["accepted"])
    if shop_order.shop.reserves_on_accept and row.supply == Supply.STOCK and not _came_otherwise(shop_order):
        reflected_at = absorbing.reflection_time(shop_order.shop, recorded_at=now)
        absorbing.reflect(row, row.accepted, reflected_at=reflected_at, now=now)


def _came_otherwise(shop_order: ShopOrder) -> bool:
    """Its shop's own system did not take it: who accepts it has not entered it there by that. The hand-over counts, or
    the system's own word that it has it (`hearing`)."""
    return Transmission.objects.filter(shop_order=shop_order).exclude(fell_back_from="").exists()


def _answer(shop_order: ShopOrder, lines: dict[int, ShopOrderLine], now: datetime) -> None:
    settle(shop_order, lines, now)
    if shop_order.status != Status.NEW:
        reader_mail.accepted(shop_order, list(lines.values()), now=now)


def settle(shop_order: ShopOrder, lines: dict[int, ShopOrderLine], now: datetime, *, frees_slot: bool = True) -> None:
    """Write the status that the counts mean, when it was first answered whole and handed over, and by when it is to be
    ready. `frees_slot`: where nothing is left of it the courier does not come."""
    shop_order.status = status_of(lines.values())
    if shop_order.status != Status.NEW and shop_order.answered_at is None:
        shop_order.answered_at = now
    if shop_order.status == Status.HANDED_OVER:
        shop_order.handed_over_at = now
    if shop_order.status == Status.DECLINED and frees_slot:
        alternatives.free_place(shop_order, now=now)
    ready_times.follow(shop_order, lines.values(), now=now)
    shop_order.save(update_fields=["status", "answered_at", "handed_over_at", *ready_times.COLUMNS])


def _decline(
    shop_order: ShopOrder, row: ShopOrderLine, units: int, by: object, reason: str, note: str, now: datetime
) -> None:
    leaving.take_off(row, units, lambda leaving, answered: stock.release_line(row, leaving, answered=answered, now=now))
    withholding.answered(row, units, now=now)
    row.decline_reason, row.decline_note = reason, note[:300] or row.decline_note
    row.save()
    audit.record(
        "shop_order.decline", shop_order, by=by, reason=note, shop_id=shop_order.shop_id, line=row.pk, units=units,
        because=reason,
    )  # fmt: skip


def _cancel(
    shop_order: ShopOrder, lines: dict[int, ShopOrderLine], units: dict[int, int], by: object, now: datetime
) -> list[Cancellation]:
    with leaving.from_shop(shop_order, lines, now) as told:
        made = []
        for pk, taken in units.items():
            row = lines[pk]
            made.append(leaving.set_apart(row, taken, told=told, cause=Cancellation.Cause.READER, now=now))
            audit.record("shop_order.cancel", shop_order, by=by, shop_id=shop_order.shop_id, line=row.pk, units=taken)
    settle(shop_order, lines, now)
    taken_back = [(lines[pk], taken) for pk, taken in units.items()]
    reader_mail.cancelled(shop_order, list(lines.values()), taken_back, now=now)
    return made


def check_code(shop_order: ShopOrder, code: str) -> None:
    """FulfilmentError where this is not the code that the reader has."""
    if why := transitions.wrong_code(shop_order, code):
        raise FulfilmentError(why)
