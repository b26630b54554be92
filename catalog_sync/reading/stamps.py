"""From when a file's numbers are: the earliest moment, on our clock, at which they can have been read (DESIGN §5)."""

import re
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

CLOCK_TOLERANCE = timedelta(minutes=15)
DECLARED_LATENESS = timedelta(hours=48)  # where the feed declares none

_BASIC = re.compile(
    r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
)


def read_stamp(text: str, zone: str) -> datetime | None:
    """A sender's time stamp: ONIX (20100510T1115-0400), ISO 8601, or that of e-mail and RSS; None if it is none.

    A stamp without an offset is the shop's local time; a bare date is the start of that day at the shop.
    """
    bare = text.strip()
    found = _BASIC.match(bare)
    if not found:
        return _from_rss(bare, zone)
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        clock = time(int(found[4] or 0), int(found[5] or 0), int(found[6] or 0))
    except ValueError:
        return None
    local = datetime.combine(day, clock)
    if not found[7]:
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    offset = "+0000" if found[7] == "Z" else found[7].replace(":", "")
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    if minutes >= 24 * 60:
        return None
    return (local - timedelta(minutes=minutes if offset[0] == "+" else -minutes)).replace(tzinfo=UTC)


def _from_rss(text: str, zone: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def as_of(stamp: datetime | None, received_at: datetime, lateness: timedelta = DECLARED_LATENESS) -> datetime:
    """The earliest moment the numbers of a file can have been read; never after its receipt, whatever the sender's
    clock. `lateness`: how old a number without a time can be."""
    if stamp is None:
        return received_at - lateness
    return min(stamp, received_at) - CLOCK_TOLERANCE
