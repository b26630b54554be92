"""Where a feed's file is, and whether it is the one read last time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from catalog_sync import sftp_logins
from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FileAdapter
from catalog_sync.models import Feed
from catalog_sync.reading.fetching import LocalFile, open_local
from catalog_sync.reading.sftp_login import HostKeyError
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
    if urlsplit(location).scheme in ("http", "https", "sftp"):
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
            file = stack.enter_context(_opened_file(feed))
            digest = content_hash(feed, file.path)
        yield Reading(_chunks(feed, adapter.read(file, lane, since)), digest)


def _opened_file(feed: Feed) -> AbstractContextManager[LocalFile]:
    if urlsplit(feed.location).scheme != "sftp":
        return open_local(resolve(feed.location))
    return _opened_at_server(feed)


@contextmanager
def _opened_at_server(feed: Feed) -> Iterator[LocalFile]:
    """By SFTP. A key that nobody has confirmed is kept for a person to look at."""
    try:
        with open_local(feed.location, sftp_logins.login_of(feed)) as file:
            yield file
    except HostKeyError as error:
        if error.shown:
            sftp_logins.saw(feed, error.shown, now=timezone.now())
        raise


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
