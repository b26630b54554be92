"""When a shop that did not take an order is tried again, and what is written down of each try."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from shops.channels.base import ChannelError
from shops.models import Transmission, TransmissionTry

# From each try to the next, in seconds, as Standard Webhooks proposes: ten tries over 75 hours and a half.
DELAYS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
KEEP = timedelta(days=90)
MAILED = "email"
_ONCE = 1_000  # rows forgotten at a time


def next_at(*, attempts: int, now: datetime, asked_seconds: int, deadline: datetime) -> datetime | None:
    """When to try for the next time after `attempts` tries, ± 10 % so that a shop that comes back is not met by
    everything at once; not before the shop asked for (Retry-After). The last try is at the deadline. None: given up."""
    asked = now + timedelta(seconds=asked_seconds)
    if attempts > len(DELAYS) or now >= deadline or asked > deadline:
        return None
    delay = timedelta(seconds=DELAYS[max(attempts, 1) - 1] * random.uniform(0.9, 1.1))
    return min(max(now + delay, asked), deadline)


def note(row: Transmission, *, at: datetime, seconds: float, error: ChannelError | None = None) -> None:
    """Write down one try of it."""
    kinds = TransmissionTry.Outcome
    done = kinds.ON_ITS_WAY if row.channel == MAILED else kinds.SENT  # `mailed` says when that has left
    outcome = done if error is None else kinds.UNKNOWN if error.unknown_outcome else kinds.FAILED
    TransmissionTry.objects.create(
        shop_id=row.shop_id,
        transmission=row,
        at=at,
        channel=row.channel,
        outcome=outcome,
        status=error.status if error else None,
        error=str(error)[:500] if error else "",
        seconds=round(seconds, 3),
    )


def forget(now: datetime) -> int:
    """Delete what is older than `KEEP`. Returns how many rows."""
    old = list(TransmissionTry.objects.filter(at__lt=now - KEEP).order_by("pk").values_list("pk", flat=True)[:_ONCE])
    return TransmissionTry.objects.filter(pk__in=old).delete()[0] if old else 0
