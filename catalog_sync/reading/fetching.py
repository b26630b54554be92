"""Where a feed's location becomes a file on this machine."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from catalog_sync.reading import webdav
from catalog_sync.reading.decoding import SAMPLE, refuse_no_list
from catalog_sync.reading.sftp_login import Login
from catalog_sync.reading.stamps import DECLARED_LATENESS, read_stamp
from catalog_sync.reading.unfinished import is_arriving, is_unfinished
from catalog_sync.reading.unpacking import unpacked
from catalog_sync.reasons import FeedError, Reason, feed_error, reason
from marketplace.foundation import http
from marketplace.foundation.folders.webdav import SCHEMES as DAV

LARGEST_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class LocalFile:
    """A feed's file here. `stamp` is the file's own time, None where it has none (a download tells only ours)."""

    path: Path
    received_at: datetime
    stamp: datetime | None
    lateness: timedelta = DECLARED_LATENESS  # where it has no time


@contextmanager
def open_local(
    location: str, *, lateness: timedelta = DECLARED_LATENESS, login: Login | None = None
) -> Iterator[LocalFile]:
    """The file at a path, the newest file of a folder, or a download that is deleted afterwards; unpacked where it is.
    `login`: for an address that asks for one.

    Raises `FeedError` for what is missing, cannot be fetched, is empty, no list, or larger than LARGEST_BYTES.
    """
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:
        file = local_copy(location, Path(folder), login)
        file = replace(file, path=unpacked(file.path, Path(folder), most_bytes=LARGEST_BYTES), lateness=lateness)
        size = file.path.stat().st_size
        if not size:
            raise feed_error("file_empty", permanent=False)
        if size > LARGEST_BYTES:
            raise feed_error("file_too_large", permanent=True, limit=LARGEST_BYTES // 1024**2)
        with file.path.open("rb") as stream:
            refuse_no_list(stream.read(SAMPLE))
        yield file


def open_all(
    locations: Sequence[str], stack: ExitStack, lateness: timedelta = DECLARED_LATENESS, login: Login | None = None
) -> tuple[list[LocalFile], list[Reason]]:
    """The files at several places, open as long as `stack`, and a word about each that cannot be opened. Raises
    `FeedError` where there is none."""
    files: list[LocalFile] = []
    left_out: list[Reason] = []
    for location in locations:
        try:
            files.append(stack.enter_context(open_local(location, lateness=lateness, login=login)))
        except FeedError as error:
            if len(locations) == 1:
                raise
            left_out.append(reason("file_left_out", name=Path(location).name, detail=error))
    if not files:
        raise feed_error("file_missing", permanent=False, location=locations[0])
    return files, left_out


def finished_files(folder: Path) -> list[Path]:
    """The files of a folder whose upload is not under way, hidden ones left out."""
    return [entry for entry in folder.iterdir() if entry.is_file() and not is_unfinished(entry.name)]


def local_copy(location: str, folder: Path, login: Login | None = None) -> LocalFile:
    """The file itself when it is local, else a copy downloaded into `folder`, stamped with its Last-Modified if it
    has one."""
    received_at = datetime.now(UTC)
    if urlsplit(location).scheme in ("http", "https"):
        return _download(location, folder / "feed", received_at, login)
    if urlsplit(location).scheme in DAV:
        return _from_webdav(location, folder / "feed", received_at, login)
    if urlsplit(location).scheme == "sftp":
        return _from_sftp(location, folder / "feed", received_at, login)
    path = Path(location)
    if path.is_dir():
        path = max(finished_files(path), key=lambda entry: (entry.stat().st_mtime_ns, entry.name), default=path)
    if not path.is_file():
        raise feed_error("file_missing", permanent=False, location=location)
    found = path.stat()
    if is_arriving(found, now=time.time(), us=os.geteuid()):
        raise feed_error("file_growing", permanent=False)
    return LocalFile(path, received_at, datetime.fromtimestamp(found.st_mtime, UTC))


def unreachable(location: str, problem: http.HttpError) -> FeedError:
    if problem.status in (401, 403):
        return feed_error("file_not_let_in", permanent=True, location=location)
    error = feed_error("file_unreachable", permanent=problem.permanent, location=location, detail=problem)
    error.later_seconds = problem.later_seconds
    return error


def _download(url: str, path: Path, received_at: datetime, login: Login | None) -> LocalFile:
    try:
        auth = (login.user, login.password) if login and login.user else None
        fetched = http.fetch_to_file(url, path, auth=auth, max_bytes=LARGEST_BYTES)
    except http.HttpError as problem:
        raise unreachable(url, problem) from problem
    stamp = read_stamp(fetched.headers.get("Last-Modified", ""), "UTC")
    return LocalFile(fetched.path, received_at, stamp)


def _from_webdav(location: str, path: Path, received_at: datetime, login: Login | None) -> LocalFile:
    kept = Path(settings.VAR_DIR) / "feeds" / ".kept"
    stamp = webdav.download(location, login or Login("", "", ""), path, kept=kept, max_bytes=LARGEST_BYTES)
    return LocalFile(path, received_at, stamp)


def _from_sftp(location: str, path: Path, received_at: datetime, login: Login | None) -> LocalFile:
    from catalog_sync.reading import sftp  # its library is large, and few feeds need it

    stamp = sftp.download(location, login or Login("", "", ""), path, max_bytes=LARGEST_BYTES)
    return LocalFile(path, received_at, stamp)
