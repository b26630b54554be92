"""What a reader took back gets to the shop that has the order, or a person knows that it has not."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.side_by_side import Lanes
from shops.channels import CHANNELS, ChannelError, channel_for
from shops.models import Cancellation, ShopWebhook, Transmission
from shops.orders import falling_back, fulfilment
from shops.systems import SYSTEMS

logger = logging.getLogger("halles.cancelling")
LANES, LEASE_SECONDS = Lanes("telling", 4), 180
POSTED = "webhook"
_TOLD = Q(line__shop_order__transmission__outcome=Transmission.Outcome.SENT)


def tell_cancellations(now: datetime) -> int:
    """Step: tell the shops what their readers took back, several shops at once, each in order; of an order only once
    it is known that the shop has it. Returns how many were told, or begun."""
    room = LANES.room
    if not room or not Cancellation.objects.filter(_TOLD, due_at__lte=now, parked_at=None).exists():
        return 0
    rows = leases.claim(
        Cancellation,
        now=now,
        limit=room,
        lease_seconds=LEASE_SECONDS,
        group="shop_id",
        where=_TOLD,
        holds_nothing=~_TOLD,
    )
    return LANES.each(partial(_tell, now=now), rows)


def _tell(row: Cancellation, now: datetime) -> bool:
    transmission = row.line.shop_order.transmission
    failpoint("cancellation.before_call")
    try:
        is_put_back = _cancel_by_either(row, transmission, now)
    except ChannelError as error:
        leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
        return False
    _tell_system_too(row, transmission, now)
    failpoint("cancellation.after_call")
    with transaction.atomic():
        if is_put_back:
            name = str(CHANNELS[transmission.channel][0])
            fulfilment.put_back(row.line.shop_order, by=name, now=now, only=row)
        if not leases.finish(row, told_at=now):
            return False
        audit.record(
            "cancellation.tell", row, shop_id=row.shop_id, channel=transmission.channel, line=row.line_id,
            units=row.units,
        )  # fmt: skip
        failpoint("cancellation.before_commit")
    failpoint("cancellation.after_commit")
    return True


def _cancel_by_either(row: Cancellation, transmission: Transmission, now: datetime) -> bool:
    """As `Channel.cancel`; by the shop's other channel where the order's own fails and it is that one's turn."""
    try:
        return _cancel(row, transmission.channel, now)
    except ChannelError as error:
        other = falling_back.other_channel(transmission, since=row.cancelled_at)
        if other is None or not (error.permanent or now >= other.since):
            raise
        return _cancel(row, other.kind, now)


def _tell_system_too(row: Cancellation, transmission: Transmission, now: datetime) -> None:
    """An order that came by another channel in the end may have been stored by the shop's system, whose answer was
    lost: it would keep all of it. Tried once: that the shop knows is certain without it."""
    for kind in _perhaps_there(row, transmission):
        try:
            _cancel(row, kind, now)
        except ChannelError as error:
            logger.warning("%s came by %s; %s was not told too: %s", row, transmission.channel, kind, error)


def _perhaps_there(row: Cancellation, transmission: Transmission) -> list[str]:
    if transmission.fell_back_at is None:
        return []
    kinds = []
    if transmission.channel != POSTED and ShopWebhook.objects.filter(shop=row.shop_id, disabled_at=None).exists():
        kinds.append(POSTED)
    if transmission.fell_back_from in SYSTEMS:  # also what its shop entered there itself, under our number
        kinds.append(transmission.fell_back_from)
    return kinds


def _cancel(row: Cancellation, channel: str, now: datetime) -> bool:
    try:
        return channel_for(row.shop, channel).cancel(row, now=now)
    except ChannelError:
        raise
    except Exception as error:  # a fault in one channel must not stop the other shops; it shows on the board
        logger.exception("The channel %s failed on %s.", channel, row)
        raise ChannelError(f"{type(error).__name__}: {error}", unknown_outcome=True) from error
