"""Where a feed's file is, and whether it is the one read last time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from catalog_sync import lanes
from catalog_sync.adapters import adapter_class, adapter_for
from catalog_sync.adapters.base import DELTA, Adapter, FeedSettings, FileAdapter
from catalog_sync.adapters.system import as_feed_error
from catalog_sync.doors import sftp_logins
from catalog_sync.models import Feed
from catalog_sync.reading.confined import confined_chunks
from catalog_sync.reading.fetching import LocalFile, open_all
from catalog_sync.reading.known_rows import KnownRows
from catalog_sync.reading.sftp_login import HostKeyError, Login
from catalog_sync.reading.shares import Share, in_order, shares
from catalog_sync.reasons import feed_error
from catalog_sync.records import Chunk, Cursor, Lane
from marketplace.foundation.folders.webdav import SCHEMES as DAV
from shops.systems import SYSTEMS, keeping
from shops.systems.calling import SystemCallError

_BLOCK = 1 << 20


class Reading:
    """One opened feed. `begin`: its chunks from the first on, without the rows that are known, where its adapter can
    tell. `content_hash` identifies its content, empty where there is no file; `meaning` how its rows are understood,
    empty where each is read anew."""

    def __init__(
        self, begin: Callable[[KnownRows | None], Iterator[Chunk]], content_hash: str, meaning: bytes = b""
    ) -> None:
        self.begin = begin
        self.content_hash = content_hash
        self.meaning = meaning


def feeds_folder() -> Path:
    return Path(settings.VAR_DIR) / "feeds"


def resolve(location: str) -> str:
    """An address as it is; a path below the feeds folder as an absolute one. Raises `FeedError` for a path outside."""
    if urlsplit(location).scheme in ("http", "https", "sftp", *DAV):
        return location
    folder = feeds_folder().resolve()
    path = (folder / location).resolve()
    if not path.is_relative_to(folder):
        raise feed_error("file_missing", permanent=True, location=location)
    return str(path)


@contextmanager
def opened(feed: Feed, lane: str, *, now: datetime, changes: bool = False) -> Iterator[Reading]:
    """The chunks to come of one lane of the feed, and the hash of its content. `changes`: these alone, though all of it
    is due. Raises `FeedError`, then and while chunks are read."""
    row = lanes.row_of(feed, lane)
    settings = _with_access(feed, lanes.settings_of(feed, row), now)
    can = adapter_class(feed.kind).capabilities
    asks_for_all = DELTA in can and row.mode == row.Mode.DELTA and lanes.is_whole_due(row, now=now) and not changes
    since = Cursor(Lane(lane), row.cursor) if row.cursor and not asks_for_all else None
    location = resolve(settings.location)
    login = login_of(feed, location)
    adapter = adapter_for(settings)
    with server_key_kept(feed), _opened(adapter, location, Lane(lane), since, login) as (begin, files):
        with _file_trouble(settings.location):
            digest = content_hash(settings, lane, [file.path for file in files]) if files else ""
        knows = isinstance(adapter, FileAdapter) and adapter.passes_over_known
        yield Reading(begin, digest, _meaning(settings, lane).digest() if files and knows else b"")


def _with_access(feed: Feed, settings: FeedSettings, now: datetime) -> FeedSettings:
    """With what its adapter needs to call the shop's system, where it is one that we call: the child that reads cannot
    exchange tokens. Raises `FeedError`."""
    if feed.kind not in SYSTEMS:
        return settings
    try:
        access = keeping.access_of(feed.shop_id, feed.kind, now=now)
    except SystemCallError as error:
        raise as_feed_error(error) from error
    options = {**settings.options, **access.options}
    return replace(settings, location=access.address, options=options, secrets=access.secrets)


def login_of(feed: Feed, location: str) -> Login | None:
    """How to sign in at one of the feed's addresses: what was given for its own host goes to no other."""
    scheme, user = urlsplit(location).scheme, str(feed.options.get("user", ""))
    if scheme == "sftp":
        return sftp_logins.login_of(feed)
    if not user or not scheme or urlsplit(location).netloc != urlsplit(feed.location).netloc:
        return None
    return Login(feed.password, "", "", user)


@contextmanager
def server_key_kept(feed: Feed) -> Iterator[None]:
    """An SFTP server's key that nobody has confirmed is kept for a person to look at."""
    try:
        yield
    except HostKeyError as error:
        if error.shown:
            sftp_logins.saw(feed, error.shown, now=timezone.now())
        raise


@contextmanager
def read_in_child(
    settings: FeedSettings, location: str, lane: Lane
) -> Iterator[tuple[Iterator[Chunk], list[LocalFile]]]:
    """The chunks to come, which a child reads within its limits, and the files they are in, where there are any.
    `location`: an address, or a path as it is."""
    with _opened(adapter_for(settings), location, lane, None, None) as (begin, files):
        yield begin(None), files


_Begin = Callable[[KnownRows | None], Iterator[Chunk]]


@contextmanager
def _opened(
    adapter: Adapter, location: str, lane: Lane, since: Cursor | None, login: Login | None
) -> Iterator[tuple[_Begin, list[LocalFile]]]:
    """What begins to read in a child, as often as it is called, and the files. `login`: to an SFTP server."""
    with ExitStack() as stack:
        if not isinstance(adapter, FileAdapter) or not adapter.is_one_file:
            yield lambda _: stack.enter_context(confined_chunks(lambda: adapter.fetch(lane, since), None)), []
            return
        with _file_trouble(location):
            lateness = timedelta(hours=adapter.feed.lateness_hours)
            files, left_out = open_all(adapter.places(location, since), stack, lateness, login)
            size = sum(file.path.stat().st_size for file in files)
            several = shares(size) if len(files) == 1 and adapter.reads_in_shares(files[0]) else [Share()]
            if len(several) > 1 and (kept := _kept(files[0], location, stack)):
                files = [kept]
            else:
                several = [Share()]

        def read(share: Share) -> Iterator[Chunk]:
            adapter.share = share
            with _file_trouble(location):
                yield from adapter.read_all(files, lane, since, left_out)

        def begin(known: KnownRows | None) -> Iterator[Chunk]:
            adapter.known = known
            readings = [
                stack.enter_context(confined_chunks(partial(read, share), size, children=len(several)))
                for share in several
            ]
            return in_order(readings) if len(readings) > 1 else readings[0]

        yield begin, files


def _kept(file: LocalFile, location: str, stack: ExitStack) -> LocalFile | None:
    """The file under a name of ours: several children open it one after the other, and the shop may put its next list
    in its place meanwhile. One that was fetched or unpacked has such a name. None where it cannot be had."""
    theirs = Path(location)
    if file.path != theirs and theirs not in file.path.parents:
        return file
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="feed-", dir=settings.VAR_DIR)))
    try:
        os.link(file.path, folder / file.path.name)
    except OSError:
        return None
    return replace(file, path=folder / file.path.name)


@contextmanager
def _file_trouble(location: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise feed_error("file_unreachable", permanent=False, location=location, detail=problem.strerror) from problem


def content_hash(feed: FeedSettings, lane: str, paths: Sequence[Path]) -> str:
    """64 hexadecimal digits that change with the files, or with how they are to be understood."""
    digest = _meaning(feed, lane)
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _meaning(feed: FeedSettings, lane: str) -> hashlib.blake2b:
    """What a file's content is to be understood by."""
    meaning = [
        *(feed.kind, lane, feed.mode, feed.options, feed.currency, feed.country, feed.language, feed.encoding),
        *(feed.timezone, feed.stock_kind),
    ]
    return hashlib.blake2b(json.dumps(meaning, sort_keys=True).encode(), digest_size=32)
