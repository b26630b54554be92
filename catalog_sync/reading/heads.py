"""The beginning of a list, small enough to be looked at while somebody waits for a page, whoever sent it.

Of a text, packed or not, HEAD_BYTES are taken. A workbook can only be opened whole: it is refused where what it unpacks
to is more than MOST_UNPACKED, whatever it says of itself.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from catalog_sync.reading.unpacking import list_of
from catalog_sync.reading.xlsx_rows import MAGIC
from catalog_sync.reasons import feed_error

HEAD_BYTES = 1 << 20
MOST_WORKBOOK = 5 << 20  # bytes of its file
MOST_UNPACKED = 40 << 20
_MOST_MEMBERS = 500
_BLOCK = 1 << 16
_GZIP = b"\x1f\x8b"
_OF_WORKBOOKS = {"[Content_Types].xml", "mimetype"}


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def beginning(path: Path, folder: Path) -> Path:
    """A file in `folder` that holds the first whole lines of the list, or the workbook itself where it is small.

    Raises `FeedError` for a damaged file and for a workbook that is too large.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    with _told():
        if start == MAGIC[0]:
            return _of_zip(path, folder)
        if start in MAGIC:
            _limit(path)
            return path
        if start.startswith(_GZIP):
            with gzip.open(path) as packed:
                return _written(packed, folder)
        with path.open("rb") as plain:
            return _written(plain, folder)


def _of_zip(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > _MOST_MEMBERS:
            raise _too_large()
        if not _OF_WORKBOOKS & {member.filename for member in members}:
            with archive.open(list_of(members)) as packed:
                return _written(packed, folder)
        _limit(path)
        left = MOST_UNPACKED
        for member in members:
            member.file_size = left + 1  # what it says is not believed: it is counted
            with archive.open(member) as packed:
                while block := packed.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise _too_large()
    return path


def _written(stream: _Stream, folder: Path) -> Path:
    """The first whole lines; a list of one endless line is cut in it."""
    parts, left = [], HEAD_BYTES
    while left and (block := stream.read(min(left, _BLOCK))):
        parts.append(block)
        left -= len(block)
    text = b"".join(parts)
    if not left and b"\n" in text:
        text = text[: text.rindex(b"\n") + 1]
    target = folder / "beginning"
    target.write_bytes(text)
    return target


def _limit(path: Path) -> None:
    if path.stat().st_size > MOST_WORKBOOK:
        raise _too_large()


def _too_large() -> Exception:
    return feed_error("workbook_too_large", permanent=True, limit=MOST_WORKBOOK >> 20)


@contextmanager
def _told() -> Iterator[None]:
    """What the libraries raise for a damaged file, in our words."""
    try:
        yield
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ) as problem:
        raise feed_error("file_damaged", permanent=False, detail=problem) from problem
