"""Where a feed's file is, and whether it is the one read last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from catalog_sync import lanes
from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import DELTA, FeedSettings, FileAdapter
from catalog_sync.models import Feed
from catalog_sync.reading.fetching import open_local
from catalog_sync.reasons import feed_error
from catalog_sync.records import Chunk, Cursor, Lane

_BLOCK = 1 << 20


class Reading:
    """One opened feed: its adapter and, where it is a file, what identifies its content."""

    def __init__(self, chunks: Iterator[Chunk], content_hash: str) -> None:
        self.chunks = chunks
        self.content_hash = content_hash  # empty where there is no file


def feeds_folder() -> Path:
    return Path(settings.VAR_DIR) / "feeds"


def resolve(location: str) -> str:
    """An address as it is; a path below the feeds folder as an absolute one. Raises `FeedError` for a path outside."""
    if urlsplit(location).scheme in ("http", "https"):
        return location
    folder = feeds_folder().resolve()
    path = (folder / location).resolve()
    if not path.is_relative_to(folder):
        raise feed_error("file_missing", permanent=True, location=location)
    return str(path)


@contextmanager
def opened(feed: Feed, lane: str, *, now: datetime) -> Iterator[Reading]:
    """The chunks to come of one lane of the feed, and the hash of its content. Raises `FeedError`, then and while
    chunks are read."""
    row = lanes.row_of(feed, lane)
    settings = lanes.settings_of(feed, row)
    adapter = adapter_for(settings)
    lane = Lane(lane)
    asks_for_all = DELTA in adapter.capabilities and row.mode == row.Mode.DELTA and lanes.is_whole_due(row, now=now)
    since = Cursor(lane, row.cursor) if row.cursor and not asks_for_all else None
    if not isinstance(adapter, FileAdapter) or not adapter.is_one_file:
        yield Reading(adapter.fetch(lane, since), "")
        return
    with ExitStack() as stack:
        with _file_trouble(settings):
            location = resolve(settings.location)
            file = stack.enter_context(open_local(location, timedelta(hours=settings.lateness_hours)))
            digest = content_hash(settings, lane, file.path)
        yield Reading(_chunks(settings, adapter.read(file, lane, since)), digest)


@contextmanager
def _file_trouble(feed: FeedSettings) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise feed_error(
            "file_unreachable", permanent=False, location=feed.location, detail=problem.strerror
        ) from problem


def _chunks(feed: FeedSettings, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; trouble with the file while they are read becomes a `FeedError`."""
    while True:
        with _file_trouble(feed):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def content_hash(feed: FeedSettings, lane: str, path: Path) -> str:
    """64 hexadecimal digits that change with the file, or with how it is to be understood."""
    meaning = [
        feed.kind,
        lane,
        feed.mode,
        feed.options,
        feed.currency,
        feed.language,
        feed.encoding,
        feed.timezone,
        feed.stock_kind,
    ]
    digest = hashlib.blake2b(json.dumps(meaning, sort_keys=True).encode(), digest_size=32)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
