"""Every shop order gets to its shop, in the order of buying, or a person knows that it has not.

The oldest order that is not there yet holds its shop's later ones: waiting for its next try, or parked for a person.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.side_by_side import Lanes
from shops.channels import CHANNELS, Channel, ChannelError, channel_for
from shops.channels.base import Receipt
from shops.models import ShopOrder, Transmission
from shops.orders import answer_times, falling_back, hearing, leaving, tries

logger = logging.getLogger("halles.routing")
Outcome = Transmission.Outcome
# A channel's call may take 20 seconds, and a look-up before it as long; what is leased must be done before the lease
# ends, also where one follows the other.
LANES, LEASE_SECONDS = Lanes("transmitting", 8), 240
SERVED_SECONDS = 20.0  # one shop by a lane, then the others' orders have their turn
SPARED = 2  # lanes for orders that were never tried, however many shops hang


class _LostError(Exception):
    """Another process has it now."""


def transmit_orders(now: datetime) -> int:
    """Step: hand over what is due, several shops at once, each in order. Returns how many arrived, or were begun."""
    since, room = time.monotonic(), LANES.room
    if not room or not Transmission.objects.filter(due_at__lte=now, parked_at=None).exists():
        return 0
    rows = _claim(now, max(room - SPARED, 1), Q(attempts=0) if room <= SPARED else None)
    return LANES.each(partial(_serve, now=now, since=since), rows)


def _claim(now: datetime, limit: int, where: Q | None) -> list[Transmission]:
    return leases.claim(
        Transmission,
        now=now,
        limit=limit,
        lease_seconds=LEASE_SECONDS,
        group="shop_id",
        where=where,
        parked_holds=True,
    )


def _serve(row: Transmission, now: datetime, since: float) -> bool:
    """Transmit it; in a lane of its own also what comes after it to the same shop, for a while, as long as it
    arrives: the step, which looks for work only every so often, would be slower than orders may come."""
    began, arrived = time.monotonic(), _transmit(row, now, since)
    while arrived and LANES.is_threaded and time.monotonic() - began < SERVED_SECONDS:
        later = now + timedelta(seconds=time.monotonic() - since)
        following = _claim(later, 1, Q(shop_id=row.shop_id))
        if not following:
            break
        row = following[0]
        arrived = _transmit(row, later)
    return arrived


def let_through(now: datetime) -> int:
    """Step: a parked order holds no other any more once its shop has answered it (it has seen it in the portal), or
    nothing is left of it. Returns how many."""
    parked = Transmission.objects.exclude(parked_at=None).exclude(shop_order__status=ShopOrder.Status.NEW)
    count = 0
    for row in parked.select_related("shop_order"):
        values: dict[str, object] = {"parked_at": None, "due_at": None, "lease_until": None, "lease_token": ""}
        if row.outcome != Outcome.WITHDRAWN:
            is_gone = row.outcome == Outcome.WAITING and row.shop_order.status == ShopOrder.Status.DECLINED
            values |= _of_nothing(row, now) if is_gone else {"outcome": Outcome.SENT, "sent_at": now}
        with transaction.atomic():
            if Transmission.objects.filter(pk=row.pk, parked_at=row.parked_at).update(**values):
                audit.record("transmission.let_through", row, shop_id=row.shop_id, reason=row.last_error)
                count += 1
    return count


def _transmit(row: Transmission, now: datetime, since: float | None = None) -> bool:
    """`since`: on the monotonic clock, when it was `now`; None: at this moment."""
    if row.outcome == Outcome.WAITING and row.shop_order.status == ShopOrder.Status.DECLINED:
        leases.finish(row, **_of_nothing(row, now))
        return False
    began = time.monotonic()
    since = began if since is None else since
    try:
        receipt = _hand_over(row, now)
    except _LostError:
        return False
    except ChannelError as error:
        taken = time.monotonic() - began
        tries.note(row, at=now, seconds=taken, error=error)
        return _put_off(row, error, now + timedelta(seconds=taken))
    # Its number contains it from here on, and not since the step began: meanwhile that may have been read.
    answered_at = now + timedelta(seconds=time.monotonic() - since)
    return _record(row, receipt, now, time.monotonic() - began, answered_at)


def _of_nothing(row: Transmission, now: datetime) -> dict[str, object]:
    """What becomes of it where nothing of its order is left before it was sent: it never is. Where the shop, which saw
    the order in the portal, is to hear of what left it, it counts as sent, so that it does."""
    if leaving.is_to_hear(row.shop_order_id):
        return {"outcome": Outcome.SENT, "sent_at": now}
    return {"outcome": Outcome.WITHDRAWN}


def _hand_over(row: Transmission, now: datetime) -> Receipt:
    """What the shop says to it. `row.outcome` is, where this raises, what may be there all the same. Raises
    ChannelError and _LostError."""
    channel = channel_for(row.shop, row.channel)
    was_unknown, repeats = row.outcome == Outcome.UNKNOWN, "repeats" in channel.capabilities
    if was_unknown and not repeats:
        # Never sent again blindly: what an earlier try may have brought there is looked up first.
        receipt = _looked_up(channel, row)
        if receipt is not None:
            return receipt
    # Said before it is sent: a process that dies on the way leaves an unknown outcome, not one that looks untried.
    if not _write_held(row, outcome=Outcome.UNKNOWN):
        raise _LostError
    row.outcome = Outcome.UNKNOWN
    try:
        return _send(channel, row, now)
    except ChannelError as error:
        is_unknown = error.unknown_outcome or (was_unknown and repeats)
        row.outcome = Outcome.UNKNOWN if is_unknown else Outcome.WAITING
        raise


def _put_off(row: Transmission, error: ChannelError, now: datetime) -> bool:
    """Later again; by the shop's other channel once it waited long enough; else parked for a person once it was tried
    often enough or the shop's time to answer is over. Returns whether it arrived, by the other channel."""
    deadline = row.shop_order.answer_due_at
    later = tries.next_at(attempts=row.attempts, now=now, asked_seconds=error.later_seconds, deadline=deadline)
    later = None if error.permanent else later
    if other := falling_back.other_channel(row, since=row.shop_order.created_at):
        if later is None or now + timedelta(seconds=error.later_seconds) >= other.since:
            return _fall_back(row, other.kind, error, now)
        later = min(later, other.since)
    if later is None:
        leases.postpone(row, error=str(error), now=now, permanent=True, outcome=row.outcome)
    else:
        leases.postpone(row, error=str(error), now=now, outcome=row.outcome, due_at=later)
    return False


def _fall_back(row: Transmission, kind: str, error: ChannelError, now: datetime) -> bool:
    """By the other channel. Before that the shop's own is asked once more whether it has it all the same; where nobody
    can say, the shop is told that it may. Nothing is taken for booked there."""
    began, before, perhaps = time.monotonic(), row.channel, row.outcome == Outcome.UNKNOWN
    if perhaps and (channel := _asked_of(row)) is not None:
        try:
            leases.extend(row, now=now, lease_seconds=LEASE_SECONDS)
            if (receipt := _looked_up(channel, row)) is not None:
                return _record(row, receipt, now, 0, now + timedelta(seconds=time.monotonic() - began))
            perhaps, row.outcome = False, Outcome.WAITING
        except ChannelError as unknown:
            logger.warning("%s may be in %s: %s", row.shop_order, before, unknown)
    came_from = row.fell_back_from or before
    changes = {"fell_back_from": came_from, "perhaps_there": row.perhaps_there or perhaps, "attempts": 1}
    with transaction.atomic():
        if not _write_held(row, channel=kind, fell_back_at=now, outcome=row.outcome, **changes):
            return False
        audit.record("transmission.fall_back", row, shop_id=row.shop_id, channel=kind, reason=str(error)[:500])
    row.channel, row.fell_back_at = kind, now
    row.fell_back_from, row.perhaps_there, row.attempts = came_from, row.perhaps_there or perhaps, 1
    failpoint("transmission.after_fall_back")
    return _transmit(row, now)


def _asked_of(row: Transmission) -> Channel | None:
    """The channel, where it can be asked what it has."""
    try:
        channel = channel_for(row.shop, row.channel)
    except ChannelError:
        return None
    return None if "repeats" in channel.capabilities else channel


def _record(row: Transmission, receipt: Receipt, now: datetime, taken: float, answered_at: datetime) -> bool:
    with transaction.atomic():
        is_late = now - row.shop_order.created_at >= answer_times.LATE
        if (
            receipt.is_booked or receipt.lines or is_late
        ):  # it before its transmission, as a reader's cancellation locks them
            ShopOrder.objects.select_for_update(of=("self",)).get(pk=row.shop_order_id)
        told = {"reference": receipt.reference[:120], "unbooked": sorted(receipt.unbooked)}
        if not leases.finish(row, outcome=Outcome.SENT, sent_at=now, **told):
            return False
        hearing.take_lines(row.shop_order, receipt.lines, by=str(CHANNELS[row.channel][0]), now=now)
        if receipt.is_booked:
            hearing.reflect(row.shop_order_id, receipt, answered_at, now)
        if is_late:
            answer_times.begin_again(ShopOrder.objects.select_related("shop").get(pk=row.shop_order_id), now=now)
        tries.note(row, at=now, seconds=taken)
        audit.record("transmission.send", row, shop_id=row.shop_id, channel=row.channel, reference=receipt.reference)
    return True


def _send(channel: Channel, row: Transmission, now: datetime) -> Receipt:
    failpoint("transmission.before_send")
    with _faults_told(row):
        receipt = channel.send(answer_times.as_told(row.shop_order, now=now), now=now)
    failpoint("transmission.after_send")
    return receipt


def _looked_up(channel: Channel, row: Transmission) -> Receipt | None:
    with _faults_told(row):
        return channel.look_up(row.shop_order)


@contextmanager
def _faults_told(row: Transmission) -> Iterator[None]:
    """A fault in one channel must stop neither the other shops nor this one's later orders; it shows on the board."""
    try:
        yield
    except ChannelError:
        raise
    except Exception as error:
        logger.exception("The channel %s failed on %s.", row.channel, row.shop_order)
        raise ChannelError(f"{type(error).__name__}: {error}", unknown_outcome=True) from error


def _write_held(row: Transmission, **values: object) -> bool:
    """Write while the lease is still ours."""
    return Transmission.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**values) == 1
