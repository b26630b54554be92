"""A shop's WebDAV folder: its newest finished file, or a file of it, fetched within limits; not again while its entity
tag says that it is the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog_sync.reading.unfinished import is_unfinished
from catalog_sync.reasons import FeedError, feed_error
from marketplace.foundation import http
from marketplace.foundation.folders import Entry, FolderError
from marketplace.foundation.folders.webdav import WebDavFolder
from marketplace.foundation.logins import Login

LISTING_SECONDS = 60.0
KEEP_SECONDS = 30 * 24 * 3600  # a copy that nobody asked for


def download(location: str, login: Login, target: Path, *, kept: Path, max_bytes: int) -> datetime | None:
    """Fetch into `target`: of `davs://host/folder/` the newest finished file, else the file itself. The file's time at
    the server. `kept`: where the copy of the last time is. Raises `FeedError`."""
    with _trouble(location):
        folder, entry = _found(location, login)
        url = folder.url_of(entry.name)
        copy = kept / hashlib.sha256(f"{url} {login.user}".encode()).hexdigest()
        tag = _tag_of(copy)
        headers = {"If-None-Match": tag} if tag else {}
        fetched = http.fetch_to_file(url, target, headers=headers, auth=folder.auth, max_bytes=max_bytes)
        if fetched.unchanged:
            shutil.copyfile(copy, target)
            os.utime(copy)
        after = folder.look(entry.name)
        if after is None or (after.size, after.tag) != (entry.size, entry.tag):
            raise feed_error("file_growing", permanent=False)
        if not fetched.unchanged:
            _keep(copy, fetched.path, fetched.headers.get("ETag", ""))
        return entry.changed_at


def _found(location: str, login: Login) -> tuple[WebDavFolder, Entry]:
    path = urlsplit(location).path
    if not path.endswith("/") and path:
        folder = WebDavFolder(location.rpartition("/")[0] + "/", login, seconds=LISTING_SECONDS)
        entry = folder.look(unquote(path.rpartition("/")[2]))
    else:
        folder = WebDavFolder(location, login, seconds=LISTING_SECONDS)
        finished = [each for each in folder.entries() if not is_unfinished(each.name)]
        entry = max(
            finished, key=lambda each: (each.changed_at.timestamp() if each.changed_at else 0, each.name), default=None
        )
    if entry is None:
        raise feed_error("file_missing", permanent=False, location=location)
    return folder, entry


def _tag_of(copy: Path) -> str:
    """What the copy's server calls it; empty where there is none, or not its content."""
    try:
        return copy.with_suffix(".tag").read_text() if copy.exists() else ""
    except OSError:
        return ""


def _keep(copy: Path, path: Path, tag: str) -> None:
    """The copy for the next time, its tag last; those that nobody asked for in a month go."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.with_suffix(".tag").unlink(missing_ok=True)
    if tag:
        part = copy.with_suffix(".part")
        shutil.copyfile(path, part)
        part.replace(copy)
        copy.with_suffix(".tag").write_text(tag)
    else:
        copy.unlink(missing_ok=True)
    for old in copy.parent.iterdir():
        if time.time() - old.stat().st_mtime > KEEP_SECONDS and old.suffix != ".tag":
            old.unlink(missing_ok=True)
            old.with_suffix(".tag").unlink(missing_ok=True)


@contextmanager
def _trouble(location: str) -> Iterator[None]:
    try:
        yield
    except (FolderError, http.HttpError) as problem:
        raise _as_feed_error(location, problem) from problem


def _as_feed_error(location: str, problem: FolderError | http.HttpError) -> FeedError:
    if problem.status in (401, 403):
        return feed_error("file_not_let_in", permanent=True, location=location)
    if problem.status == 404:
        return feed_error("file_missing", permanent=False, location=location)
    error = feed_error("file_unreachable", permanent=problem.permanent, location=location, detail=problem)
    error.later_seconds = problem.later_seconds
    return error
