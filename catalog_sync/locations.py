"""Where a feed's file is, and whether it is the one read last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FeedSettings, FileAdapter
from catalog_sync.models import Feed
from catalog_sync.reading.confined import confined_chunks
from catalog_sync.reading.fetching import LocalFile, open_local
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


@dataclass(frozen=True)
class Settings:
    """What an adapter may know of a feed, read from the database before its child begins."""

    kind: str
    location: str
    options: dict[str, Any]
    currency: str
    language: str
    encoding: str
    timezone: str
    password: str
    stock_kind: str


def settings_of(feed: Feed) -> Settings:
    return Settings(
        feed.kind,
        feed.location,
        feed.options,
        feed.currency,
        feed.language,
        feed.encoding,
        feed.timezone,
        feed.password,
        feed.stock_kind,
    )


@contextmanager
def opened(feed: Feed) -> Iterator[Reading]:
    """The feed's chunks to come, and the hash of its content. Raises `FeedError`, then and while chunks are read."""
    lane = Lane(feed.lane)
    since = Cursor(lane, feed.cursor) if feed.cursor else None
    with read_in_child(settings_of(feed), resolve(feed.location), lane, since) as (chunks, file):
        with _file_trouble(feed.location):
            digest = content_hash(feed, file.path) if file else ""
        yield Reading(chunks, digest)


@contextmanager
def read_in_child(
    settings: FeedSettings, location: str, lane: Lane, since: Cursor | None = None
) -> Iterator[tuple[Iterator[Chunk], LocalFile | None]]:
    """The chunks to come, which a child reads within its limits, and the file they are in, where it is one. `location`:
    an address, or a path as it is."""
    adapter = adapter_for(settings)
    if not isinstance(adapter, FileAdapter) or not adapter.is_one_file:
        with confined_chunks(lambda: adapter.fetch(lane, since), None) as chunks:
            yield chunks, None
        return
    with ExitStack() as stack:
        with _file_trouble(location):
            file = stack.enter_context(open_local(location))
            size = file.path.stat().st_size

        def read() -> Iterator[Chunk]:
            with _file_trouble(location):
                yield from adapter.read(file, lane, since)

        yield stack.enter_context(confined_chunks(read, size)), file


@contextmanager
def _file_trouble(location: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise feed_error("file_unreachable", permanent=False, location=location, detail=problem.strerror) from problem


def content_hash(feed: Feed, path: Path) -> str:
    """64 hexadecimal digits that change with the file, or with how it is to be understood."""
    meaning = [
        feed.kind,
        feed.lane,
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
