"""What a shop's own system says of our orders becomes what the shop says: accepted, declined, handed over, by line.

A system says all of it each time, so that hearing it twice changes nothing. What staff answer in the portal meanwhile
stays: they were quicker. A line that the system takes otherwise than it was ordered is left for a person."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from marketplace.foundation import audit, leases
from marketplace.foundation.models import AuditEntry
from marketplace.foundation.side_by_side import Lanes
from shops.channels import Channel, ChannelError, channel_for
from shops.channels.base import Answer, LineSaid, OrderState, ParcelSaid
from shops.models import DeliveryOption, ShopOrder, ShopOrderLine, ShopSystem
from shops.orders import fulfilment
from shops.orders.changing import FulfilmentError
from shops.systems import SYSTEMS, keeping
from shops.systems.calling import SystemCallError
from shops.systems.keeping import EVERY

logger = logging.getLogger("halles.hearing")
# A connection may take as long as a channel lets it; one that hangs holds a lane, and no other shop.
LANES, LEASE_SECONDS = Lanes("hearing", 4), 900
Reason = ShopOrderLine.Reason
_FOR_A_PERSON = {Answer.CHANGED, Answer.SUBSTITUTED, Answer.BACK_ORDERED}
SAID = "shop_order.system_said"


def hear_systems(now: datetime) -> int:
    """Step: call the systems that were just connected, and ask the others what became of our orders. Returns how many
    answered, or were begun."""
    room = LANES.room
    rows = leases.claim(ShopSystem, now=now, limit=room, lease_seconds=LEASE_SECONDS) if room else []
    return LANES.each(partial(_heard, now=now), rows)


def _heard(row: ShopSystem, now: datetime) -> bool:
    try:
        return _hear_one(row, now)
    except Exception as error:  # what one system says, or a fault of ours about it, must not stop the other shops
        logger.exception("What %s says of orders could not be taken.", row)
        why = f"{type(error).__name__}: {error}"[: leases.MESSAGE_LENGTH]
        leases.finish(row, due_at=now + EVERY, attempts=0, last_error=why)
        return False


def _hear_one(row: ShopSystem, now: datetime) -> bool:
    began = time.monotonic()
    try:
        if keeping.FOUND not in row.options:
            keeping.check(row, now=now)
        takes_orders = row.shop.channel == row.kind or row.heard_at is not None
        channel = channel_for(row.shop, row.kind)
        channel.heard_there = row.heard_there
        said = list(channel.states(row.heard_at or row.made_at)) if takes_orders else []
    except (ChannelError, SystemCallError) as error:
        why = error if isinstance(error, SystemCallError) else error.__cause__
        wait = keeping.failed(row, why.told, now=now) if isinstance(why, SystemCallError) else EVERY
        leases.finish(row, due_at=now + wait, attempts=0, last_error=str(error)[: leases.MESSAGE_LENGTH])
        return False
    keeping.worked(row, now=now)
    if not takes_orders:
        return leases.finish(row, due_at=None, attempts=0)
    # Its number contains it from here on, and not since the step began: meanwhile that may have been read.
    said_at = now + timedelta(seconds=time.monotonic() - began)
    for each in said:
        shop_order = ShopOrder.objects.select_related("shop").filter(shop=row.shop_id, number=each.number).first()
        if shop_order is not None:
            hear(shop_order, each, channel, said_at=said_at, now=now)
    return leases.finish(row, due_at=now + EVERY, heard_at=now, heard_there=channel.heard_there, attempts=0)


def hear(shop_order: ShopOrder, said: OrderState, channel: Channel, *, said_at: datetime, now: datetime) -> None:
    """Do what the system says of one order, by `said_at`, and is not done yet."""
    by = str(SYSTEMS[channel.kind].label)
    take_lines(shop_order, said.receipt.lines, by=by, now=now)
    if shop_order.delivery_kind != DeliveryOption.Kind.PICKUP:  # that needs the reader's code, at the counter
        for parcel in said.parcels:
            with suppress(FulfilmentError):
                _hand_over(shop_order, said.parcels, parcel, by, said_at, now)


def take_lines(shop_order: ShopOrder, lines: Iterable[LineSaid], *, by: str, now: datetime) -> None:
    """What was said of lines, in all: declined ones first, since what is not there is not accepted either."""
    told = sorted(lines, key=lambda line: line.answer != Answer.DECLINED)
    going: Counter[str] = Counter()  # what it has of an article and does not decline
    for each in told:
        going[each.sku] += each.units if each.answer != Answer.DECLINED else 0
    for each in told:
        for row in ShopOrderLine.objects.filter(shop_order=shop_order, sku=each.sku).order_by("pk"):
            with suppress(FulfilmentError):
                _take_line(row, each, going[each.sku], by, now)


def _take_line(row: ShopOrderLine, said: LineSaid, going: int, by: str, now: datetime) -> None:
    if said.answer == Answer.DECLINED:
        _decline(row, said, going, by, now)
    elif said.answer == Answer.ACCEPTED:
        units = min(said.units - row.accepted, row.open_units)
        if units > 0:
            fulfilment.accept(row, units, by=by, now=now)
    elif said.answer in _FOR_A_PERSON:
        _tell_of(row, said, by)


def _decline(row: ShopOrderLine, said: LineSaid, going: int, by: str, now: datetime) -> None:
    """What is the reader's still beyond what is going on there. How many it declined tells less: what the reader took
    back is taken out there as well, and what was declined here before it was sent has never been there."""
    others = ShopOrderLine.objects.filter(shop_order=row.shop_order_id, sku=row.sku).exclude(pk=row.pk)
    too_many = row.left_units + sum(line.left_units for line in others) - going
    units = min(said.units, too_many, row.left_units - row.handed_over)
    if units > 0:
        reason = Reason.SOLD if said.is_sold_out else Reason.OTHER
        fulfilment.decline(row, units, by=by, reason=reason, note=said.detail, now=now)


def _tell_of(row: ShopOrderLine, said: LineSaid, by: str) -> None:
    """Written down once; the line stays to be answered, and the shop is reminded of that as always."""
    subject = {"subject_type": ShopOrder._meta.label_lower, "subject_id": str(row.shop_order_id)}
    if not AuditEntry.objects.filter(action=SAID, **subject).exists():
        audit.record(
            SAID, row.shop_order, by=by, shop_id=row.shop_order.shop_id, line=row.pk, said=str(said.answer),
            units=said.units, detail=said.detail,
        )  # fmt: skip


def _hand_over(
    shop_order: ShopOrder,
    parcels: tuple[ParcelSaid, ...],
    parcel: ParcelSaid,
    by: str,
    said_at: datetime,
    now: datetime,
) -> None:
    """One parcel, but what has left already: that of the parcels before it, or what staff said to be gone."""
    upto = parcels[: parcels.index(parcel) + 1]
    parts = {}
    for line in ShopOrderLine.objects.filter(shop_order=shop_order).order_by("pk"):
        gone = sum(each.units.get(line.sku, 0) for each in upto)
        parts[line.pk] = max(0, min(gone - line.handed_over, line.to_hand_over))
    if any(parts.values()):
        sent = {"carrier": parcel.carrier, "tracking": parcel.tracking}
        fulfilment.hand_over(shop_order, by=by, now=now, parts=parts, said_at=said_at, **sent)
