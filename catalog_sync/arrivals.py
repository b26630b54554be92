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

from catalog_sync import locations
from catalog_sync.models import Feed
from catalog_sync.reading.decoding import refuse_no_list
from catalog_sync.reading.fetching import UNFINISHED
from catalog_sync.reasons import FeedError

LARGEST_BYTES = 200 * 1024**2
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}$")


class ArrivalError(Exception):
    """The list is not taken; the message says why and what to do."""


def takes_lists(feed: Feed) -> bool:
    """Whether a list can be sent to the feed: not where we fetch it from an address ourselves."""
    return not urlsplit(feed.location).scheme


def receive(feed: Feed, blocks: Iterable[bytes], *, name: str, made_at: datetime, now: datetime) -> int:
    """Keep a list of the feed. `made_at`: when the shop's system wrote it, which is the age of its numbers; the file
    bears it as its time. Returns the bytes. Raises `ArrivalError`; what was there before then stays as it is."""
    if not takes_lists(feed):
        raise ArrivalError(_("This feed is fetched from its address. A list cannot be sent to it."))
    if made_at > now:
        raise ArrivalError(_("A list cannot have been made in the future. Look at the time you gave."))
    place = _place(feed)
    target = place / _file_name(name, made_at) if _is_folder(feed, place) else place
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file() and target.stat().st_mtime > made_at.timestamp():
        raise ArrivalError(_("A younger list is here already: it was made %(when)s.") % {"when": _stamp_of(target)})
    unfinished = target.with_name(f".{secrets.token_hex(8)}{UNFINISHED[0]}")
    try:
        size = _write(unfinished, blocks)
        os.utime(unfinished, (made_at.timestamp(),) * 2)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    Feed.objects.filter(pk=feed.pk).update(due_at=now, parked_at=None, attempts=0)
    return size


def _place(feed: Feed) -> Path:
    try:
        return Path(locations.resolve(feed.location))
    except FeedError as error:
        raise ArrivalError(str(error)) from error


def _is_folder(feed: Feed, place: Path) -> bool:
    return feed.location.endswith("/") or place.is_dir()


def _file_name(name: str, made_at: datetime) -> str:
    """Of our own making: of the sender's name only its ending is kept."""
    ending = _SUFFIX.search(name.lower())
    return f"{made_at.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}{ending[0] if ending else ''}"


def _write(path: Path, blocks: Iterable[bytes]) -> int:
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
