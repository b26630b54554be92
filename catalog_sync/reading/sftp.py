"""A shop's SFTP server: its file, or the newest finished one of a folder, fetched within limits. How a server is met:
`marketplace.foundation.ssh`."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import paramiko

from catalog_sync.reading.sftp_login import HostKeyError, Login
from catalog_sync.reading.unfinished import is_unfinished
from catalog_sync.reasons import FeedError, feed_error
from marketplace.foundation import http, ssh

MOST_ENTRIES = 10_000  # of a folder
_PIECE, _PIECES = 32_768, 64  # asked for at once: what OpenSSH answers in one packet, and 2 MiB of them


def place_of(location: str) -> ssh.Place:
    """As `ssh.place_of`. Raises `FeedError`."""
    try:
        return ssh.place_of(location)
    except ssh.SshError as problem:
        raise _as_feed_error(problem) from None


def download(location: str, login: Login, target: Path, *, max_bytes: int) -> datetime:
    """Fetch into `target`; the file's time at the server. Raises `FeedError`."""
    place = place_of(location)
    with _trouble(location), ssh.connected(place, login) as client:
        path, attributes = _newest(client, place.path, location)
        size = attributes.st_size
        if size is None or attributes.st_mtime is None:
            raise feed_error("file_unreachable", permanent=False, location=location, detail="no size, no time")
        if size > max_bytes:
            raise feed_error("file_too_large", permanent=True, limit=max_bytes // 1024**2)
        _read(client, path, size, target)
        after = client.stat(path)
        if (after.st_size, after.st_mtime) != (size, attributes.st_mtime) or target.stat().st_size != size:
            raise feed_error("file_growing", permanent=False)
        return datetime.fromtimestamp(attributes.st_mtime, UTC)


def _newest(client: paramiko.SFTPClient, path: str, location: str) -> tuple[str, paramiko.SFTPAttributes]:
    """The file itself, or the newest finished one of a folder."""
    attributes = client.stat(path)
    if not stat.S_ISDIR(attributes.st_mode or 0):
        return path, attributes
    files = []
    for number, entry in enumerate(client.listdir_iter(path)):
        if number >= MOST_ENTRIES:
            raise feed_error("folder_too_full", permanent=True, most=MOST_ENTRIES)
        if stat.S_ISREG(entry.st_mode or 0) and not is_unfinished(entry.filename):
            files.append(entry)
    newest = max(files, key=lambda entry: (entry.st_mtime or 0, entry.filename), default=None)
    if newest is None:
        raise feed_error("file_missing", permanent=False, location=location)
    # Only its name: what a server calls "../x" is no file of this folder.
    return str(PurePosixPath(path) / PurePosixPath(newest.filename).name), newest


def _read(client: paramiko.SFTPClient, path: str, size: int, target: Path) -> None:
    """`size` bytes, a few pieces at a time, so that no more than those are in memory."""
    deadline = time.monotonic() + http.WHOLE_SECONDS
    with client.open(path, "rb") as source, target.open("wb") as file:
        for start in range(0, size, _PIECE * _PIECES):
            end = min(size, start + _PIECE * _PIECES)
            pieces = [(offset, min(_PIECE, end - offset)) for offset in range(start, end, _PIECE)]
            for block in source.readv(pieces):
                file.write(block)
            if time.monotonic() > deadline:
                raise TimeoutError("too slow, given up")


@contextmanager
def _trouble(location: str) -> Iterator[None]:
    """What the library and the network raise, in our words."""
    try:
        yield
    except ssh.SshError as problem:
        raise _as_feed_error(problem) from problem
    except http.HttpError as problem:
        raise feed_error(
            "file_unreachable", permanent=problem.permanent, location=location, detail=problem
        ) from problem
    except FileNotFoundError as problem:
        raise feed_error("file_missing", permanent=False, location=location) from problem
    except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as problem:
        detail = str(problem) or type(problem).__name__
        raise feed_error("file_unreachable", permanent=False, location=location, detail=detail) from problem


def _as_feed_error(problem: ssh.SshError) -> FeedError:
    words = feed_error(problem.code, permanent=True, **problem.values)
    if not isinstance(problem, ssh.ShownKeyError):
        return words
    error = HostKeyError(str(words), permanent=True, reason=words.reason)
    error.shown = problem.shown
    return error
