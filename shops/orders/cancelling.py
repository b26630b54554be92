"""What a reader took back gets to the shop that has the order, or a person knows that it has not."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit, leases
from shops.channels import ChannelError, channel_for
from shops.models import Cancellation, Transmission
from shops.orders import fulfilment

logger = logging.getLogger("halles.cancelling")
BATCH, LEASE_SECONDS = 5, 180  # as orders are transmitted


def tell_cancellations(now: datetime) -> int:
    """Step: tell the shops what their readers took back, one shop at a time and in order. Returns how many were
    told."""
    rows = leases.claim(Cancellation, now=now, limit=BATCH, lease_seconds=LEASE_SECONDS, group="shop_id")
    return sum(_tell(row, now) for row in rows)


def _tell(row: Cancellation, now: datetime) -> bool:
    transmission = row.line.shop_order.transmission
    if transmission.outcome != Transmission.Outcome.SENT:
        leases.postpone(row, error="It is not known yet whether the shop has the order itself.", now=now)
        return False
    try:
        is_put_back = _cancel(row, transmission, now)
    except ChannelError as error:
        leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
        return False
    with transaction.atomic():
        if is_put_back:
            fulfilment.put_back(row.line.shop_order, by=transmission.channel, now=now, only=row)
        if not leases.finish(row, told_at=now):
            return False
        audit.record("cancellation.tell", row, shop_id=row.shop_id, channel=transmission.channel)
    return True


def _cancel(row: Cancellation, transmission: Transmission, now: datetime) -> bool:
    try:
        return channel_for(row.shop, transmission.channel).cancel(row, now=now)
    except ChannelError:
        raise
    except Exception as error:  # a fault in one channel must not stop the other shops; it shows on the board
        logger.exception("The channel %s failed on %s.", transmission.channel, row)
        raise ChannelError(f"{type(error).__name__}: {error}", unknown_outcome=True) from error
