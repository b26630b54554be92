"""Every shop order gets to its shop, or a person knows that it has not."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from shops import absorbing
from shops.channels import Channel, ChannelError, channel_for
from shops.channels.base import Receipt
from shops.models import ShopOrder, Transmission

logger = logging.getLogger("halles.routing")
Outcome = Transmission.Outcome
# A channel's call may take 30 seconds; what is leased together must be done before the lease ends.
BATCH, LEASE_SECONDS = 5, 180


def transmit_orders(now: datetime) -> int:
    """Step: hand over what is due, one shop at a time and in order. Returns how many arrived."""
    rows = leases.claim(Transmission, now=now, limit=BATCH, lease_seconds=LEASE_SECONDS, group="shop_id")
    return sum(_transmit(row, now) for row in rows)


def _transmit(row: Transmission, now: datetime) -> bool:
    try:
        channel = channel_for(row.shop, row.channel)
        # Never sent again blindly: what an earlier try may have brought there is looked up first.
        receipt = channel.look_up(row.shop_order) if row.outcome == Outcome.UNKNOWN else None
    except ChannelError as error:
        leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
        return False
    if receipt is None:
        # Said before it is sent: a process that dies on the way leaves an unknown outcome, not one that looks untried.
        if not _write_held(row, outcome=Outcome.UNKNOWN):
            return False
        try:
            receipt = _send(channel, row, now)
        except ChannelError as error:
            outcome = Outcome.UNKNOWN if error.unknown_outcome else Outcome.WAITING
            leases.postpone(row, error=str(error), now=now, permanent=error.permanent, outcome=outcome)
            return False
    with transaction.atomic():
        if receipt.is_booked:  # the shop order before its transmission, as a reader's cancellation locks them
            ShopOrder.objects.select_for_update(of=("self",)).get(pk=row.shop_order_id)
        if not leases.finish(row, outcome=Outcome.SENT, reference=receipt.reference[:120], sent_at=now):
            return False
        if receipt.is_booked:
            _reflect(row, receipt, now)
        audit.record("transmission.send", row, shop_id=row.shop_id, channel=row.channel, reference=receipt.reference)
    return True


def _send(channel: Channel, row: Transmission, now: datetime) -> Receipt:
    failpoint("transmission.before_send")
    try:
        receipt = channel.send(row.shop_order, now=now)
    except ChannelError:
        raise
    except Exception as error:  # a fault in one channel must not stop the other shops; it shows on the board
        logger.exception("The channel %s failed on %s.", row.channel, row.shop_order)
        raise ChannelError(f"{type(error).__name__}: {error}", unknown_outcome=True) from error
    failpoint("transmission.after_send")
    return receipt


def _reflect(row: Transmission, receipt: Receipt, now: datetime) -> None:
    """The shop's number contains all of the order from here on, before anyone there has answered it."""
    shop_order = ShopOrder.objects.select_related("shop").get(pk=row.shop_order_id)
    reflected_at = absorbing.reflection_time(shop_order.shop, recorded_at=now, booked_at=receipt.booked_at)
    for line in shop_order.lines.order_by("stock_record_id"):
        absorbing.reflect(line, line.left_units, reflected_at=reflected_at, now=now)


def _write_held(row: Transmission, **values: object) -> bool:
    """Write while the lease is still ours."""
    return Transmission.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**values) == 1
