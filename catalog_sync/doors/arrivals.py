"""A list that a shop sends us, by upload or by its own program: put where its feed is read from, and read at once."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog_sync import lanes
from catalog_sync.doors import locations, scheduling
from catalog_sync.models import Feed
from catalog_sync.reading.decoding import refuse_no_list
from catalog_sync.reading.unfinished import UNFINISHED
from catalog_sync.reasons import FeedError

LARGEST_BYTES = 200 * 1024**2
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}$")


class ArrivalError(Exception):
    """The list is not taken; the message says why and what to do."""


def takes_lists(location: str) -> bool:
    """Whether a list can be sent there: not where we fetch it from an address ourselves."""
    return bool(location) and not urlsplit(location).scheme


def receive(feed: Feed, blocks: Iterable[bytes], *, name: str, made_at: datetime, now: datetime, lane: str = "") -> int:
    """Keep a list of the feed's own lane, or of the one named. `made_at`: when the shop's system wrote it, which is the
    age of its numbers; the file bears it as its time. Returns the bytes. Raises `ArrivalError`; what was there before
    then stays as it is."""
    row = lanes.row_of(feed, lane or feed.lane)
    if not takes_lists(row.location):
        raise ArrivalError(_("This feed is fetched from its address. A list cannot be sent to it."))
    check_time(made_at, now)
    place = _place(row.location)
    target = place / file_name(name, made_at) if _is_folder(row.location, place) else place
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and target.stat().st_mtime > made_at.timestamp():
        raise ArrivalError(_("A younger list is here already: it was made %(when)s.") % {"when": _stamp_of(target)})
    unfinished = target.with_name(f".{secrets.token_hex(8)}{UNFINISHED[0]}")
    try:
        size = write(unfinished, blocks)
        os.utime(unfinished, (made_at.timestamp(),) * 2)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    scheduling.read_soon(row, at=now, now=now, parked_at=None, attempts=0)
    return size


def check_time(made_at: datetime, now: datetime) -> None:
    """Raises `ArrivalError` for a list that was made later than now."""
    if made_at > now:
        raise ArrivalError(_("A list cannot have been made in the future. Look at the time you gave."))


def _place(location: str) -> Path:
    try:
        return Path(locations.resolve(location))
    except FeedError as error:
        raise ArrivalError(str(error)) from error


def _is_folder(location: str, place: Path) -> bool:
    return location.endswith("/") or place.is_dir()


def file_name(name: str, made_at: datetime) -> str:
    """Of our own making: of the sender's name only its ending is kept."""
    ending = _SUFFIX.search(name.lower())
    return f"{made_at.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}{ending[0] if ending else ''}"


def write(path: Path, blocks: Iterable[bytes]) -> int:
    """Into a new file, counted while it comes. Returns the bytes. Raises `ArrivalError` for what cannot be a list."""
    size = 0
    with path.open("wb") as file:
        for block in blocks:
            if not size:
                _refuse_no_list(block)
            size += len(block)
            if size > LARGEST_BYTES:
                limit = LARGEST_BYTES // 1024**2
                raise ArrivalError(
                    _("The file is larger than %(limit)s MB. Please split it or ask us.") % {"limit": limit}
                )
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise ArrivalError(_("The file is empty. Nothing was changed; please send it again."))
    return size


def _refuse_no_list(start: bytes) -> None:
    try:
        refuse_no_list(start)
    except FeedError as error:
        raise ArrivalError(str(error)) from error


def _stamp_of(path: Path) -> str:
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{timezone.localtime(made):%Y-%m-%d %H:%M}"
