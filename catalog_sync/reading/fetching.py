"""Where a feed's location becomes a file on this machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from catalog_sync.reasons import feed_error

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
    """The file at a path, the newest file of a folder, or a download that is deleted afterwards.

    Raises `FeedError` for what is missing, empty, or larger than LARGEST_BYTES.
    """
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:
        received_at = datetime.now(UTC)
        if urlsplit(location).scheme in ("http", "https"):
            path, stamp = local_copy(location, Path(folder)), None
        else:
            path = local_copy(location, Path(folder))
            stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        size = path.stat().st_size
        if not size:
            raise feed_error("file_empty", permanent=False)
        if size > LARGEST_BYTES:
            raise feed_error("file_too_large", permanent=True, limit=LARGEST_BYTES // 1024**2)
        yield LocalFile(path, received_at, stamp)


def local_copy(location: str, folder: Path) -> Path:
    """The path of a location's content: the file itself when it is local, else a copy downloaded into `folder`."""
    if urlsplit(location).scheme in ("http", "https"):
        return _download(location, folder / "feed")
    path = Path(location)
    if path.is_dir():
        files = [entry for entry in path.iterdir() if entry.is_file() and entry.suffix not in UNFINISHED]
        if not files:
            raise feed_error("file_missing", permanent=False, location=location)
        return max(files, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))
    if not path.is_file():
        raise feed_error("file_missing", permanent=False, location=location)
    return path


def _download(url: str, path: Path) -> Path:
    from marketplace.foundation import http

    try:
        http.fetch_to_file(url, path)
    except (http.FetchError, OSError) as problem:
        raise feed_error("file_unreachable", permanent=False, location=url, detail=problem) from problem
    return path
