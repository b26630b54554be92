"""Systems' clocks, which are not ours: by hours, where nobody set them, and set meanwhile; and those whose stamps are
times of day at the shop, without a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shops.systems.calling import Caller, Trouble

SLACK = timedelta(minutes=2)  # by which two answers tell a clock differently: one of them was long on its way


def set_back(caller: Caller, there: datetime, here: datetime) -> datetime | None:
    """The last reading began at `there` by the system's clock, at `here` by ours. Where its clock was set back since,
    the earliest moment that it can have stamped a change of after it with; None: `there` is earlier than all of them.
    Asked once the system has answered."""
    earliest = caller.there(here)
    return earliest if earliest < there - SLACK else None


def wall(caller: Caller, moment: datetime, zone: object) -> str:
    """A moment as the system's clock shows it, to the second; where the clock was turned since, the earlier of two, so
    that what changed in the hour that came twice is asked for again. Raises SystemCallError for no zone."""
    try:
        there = ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise caller.refused(f"time zone: {zone}", Trouble.CONTEXT) from None
    offsets = [at.astimezone(there).utcoffset() for at in (moment, caller.there(datetime.now(UTC)))]
    local = moment.astimezone(UTC) + min(offset for offset in offsets if offset is not None)
    return f"{local:%Y-%m-%d %H:%M:%S}"
