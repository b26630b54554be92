"""Systems whose stamps are times of day at the shop, without a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shops.systems.calling import Caller, Trouble


def wall(caller: Caller, moment: datetime, zone: object) -> str:
    """A moment as the system's clock shows it, to the second; where the clock was turned since, the earlier of two, so
    that what changed in the hour that came twice is asked for again. Raises SystemCallError for no zone."""
    try:
        there = ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise caller.refused(f"time zone: {zone}", Trouble.CONTEXT) from None
    offsets = [at.astimezone(there).utcoffset() for at in (moment, datetime.now(UTC))]
    local = moment.astimezone(UTC) + min(offset for offset in offsets if offset is not None)
    return f"{local:%Y-%m-%d %H:%M:%S}"
