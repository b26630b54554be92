"""Where a feed's location becomes a file on this machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from catalog_sync.reading.decoding import SAMPLE, refuse_no_list
from catalog_sync.reading.stamps import read_stamp
from catalog_sync.reading.unpacking import unpacked
from catalog_sync.reasons import feed_error
from marketplace.foundation import http

LARGEST_BYTES = 2 * 1024**3
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")  # names of uploads still under way


@dataclass(frozen=True)
class LocalFile:
    """A feed's file here. `stamp` is the file's own time, None where it has none (a download tells only ours)."""

    path: Path
    received_at: datetime
    stamp: datetime | None


@contextmanager
def open_local(location: str) -> Iterator[LocalFile]:
    """The file at a path, the newest file of a folder, or a download that is deleted afterwards; unpacked where it is.

    Raises `FeedError` for what is missing, cannot be fetched, is empty, no list, or larger than LARGEST_BYTES.
    """
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:
        file = local_copy(location, Path(folder))
        file = replace(file, path=unpacked(file.path, Path(folder), most_bytes=LARGEST_BYTES))
        size = file.path.stat().st_size
        if not size:
            raise feed_error("file_empty", permanent=False)
        if size > LARGEST_BYTES:
            raise feed_error("file_too_large", permanent=True, limit=LARGEST_BYTES // 1024**2)
        with file.path.open("rb") as stream:
            refuse_no_list(stream.read(SAMPLE))
        yield file


def local_copy(location: str, folder: Path) -> LocalFile:
    """The file itself when it is local, else a copy downloaded into `folder`, stamped with its Last-Modified if it
    has one."""
    received_at = datetime.now(UTC)
    if urlsplit(location).scheme in ("http", "https"):
        return _download(location, folder / "feed", received_at)
    path = Path(location)
    if path.is_dir():
        files = [entry for entry in path.iterdir() if entry.is_file() and entry.suffix not in UNFINISHED]
        path = max(files, key=lambda entry: (entry.stat().st_mtime_ns, entry.name), default=path)
    if not path.is_file():
        raise feed_error("file_missing", permanent=False, location=location)
    return LocalFile(path, received_at, datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _download(url: str, path: Path, received_at: datetime) -> LocalFile:
    try:
        fetched = http.fetch_to_file(url, path, max_bytes=LARGEST_BYTES)
    except http.HttpError as problem:
        raise feed_error("file_unreachable", permanent=problem.permanent, location=url, detail=problem) from problem
    stamp = read_stamp(fetched.headers.get("Last-Modified", ""), "UTC")
    return LocalFile(fetched.path, received_at, stamp)
