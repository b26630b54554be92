"""Where a feed's file is, and whether it is the one read last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FileAdapter
from catalog_sync.models import Feed
from catalog_sync.reading.fetching import open_all
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
def opened(feed: Feed) -> Iterator[Reading]:
    """The feed's chunks to come, and the hash of its content. Raises `FeedError`, then and while chunks are read."""
    adapter = adapter_for(feed)
    lane = Lane(feed.lane)
    since = Cursor(lane, feed.cursor) if feed.cursor else None
    if not isinstance(adapter, FileAdapter) or not adapter.is_one_file:
        yield Reading(adapter.fetch(lane, since), "")
        return
    with ExitStack() as stack:
        with _file_trouble(feed):
            files, left_out = open_all(adapter.places(resolve(feed.location), since), stack)
            digest = content_hash(feed, [file.path for file in files])
        yield Reading(_chunks(feed, adapter.read_all(files, lane, since, left_out)), digest)


@contextmanager
def _file_trouble(feed: Feed) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise feed_error(
            "file_unreachable", permanent=False, location=feed.location, detail=problem.strerror
        ) from problem


def _chunks(feed: Feed, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; trouble with the file while they are read becomes a `FeedError`."""
    while True:
        with _file_trouble(feed):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def content_hash(feed: Feed, paths: Sequence[Path]) -> str:
    """64 hexadecimal digits that change with the files, or with how they are to be understood."""
    meaning = [
        feed.kind,
        feed.lane,
        feed.options,
        feed.currency,
        feed.country,
        feed.language,
        feed.encoding,
        feed.timezone,
        feed.stock_kind,
    ]
    digest = hashlib.blake2b(json.dumps(meaning, sort_keys=True).encode(), digest_size=32)
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
