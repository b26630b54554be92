"""Lists that come packed, as gzip or zip: unpacked into a file of their own, within limits on what comes out."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from catalog_sync.reading.confined import confined_value
from catalog_sync.reasons import feed_error

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
PACKED = (_GZIP, _ZIP)
_BLOCK = 1 << 20
_MOST_MEMBERS = 1000
_OURS = ("about.json", "catalogue.jsonl")  # shops/onboarding/exporting.py
# Spreadsheets are zip files too: what they hold tells them from a packed list.
_OF_SPREADSHEETS = {"[Content_Types].xml", "mimetype"}


class _Packed(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpacked(path: Path, folder: Path, *, most_bytes: int) -> Path:
    """The list itself: `path` as it is, or what a child unpacks of it into `folder`.

    Of a zip with several files `list_of` says which; a spreadsheet stays as it is. Raises `FeedError` for a damaged
    or locked one, and for more than `most_bytes`, however small it came.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start.startswith(PACKED):
        return path
    return Path(confined_value(lambda: str(_unpack(path, folder, start, most_bytes)), most_bytes))


def _unpack(path: Path, folder: Path, start: bytes, most_bytes: int) -> Path:
    if start.startswith(_GZIP):
        with _told(path), gzip.open(path) as packed:
            return _write(packed, folder / "unpacked", most_bytes)
    with _told(path), zipfile.ZipFile(path) as archive:
        return _from_zip(archive, path, folder, most_bytes)


def _from_zip(archive: zipfile.ZipFile, path: Path, folder: Path, most_bytes: int) -> Path:
    members = [member for member in archive.infolist()[:_MOST_MEMBERS] if not member.is_dir()]
    if not members or _OF_SPREADSHEETS & {member.filename for member in members}:
        return path
    found = list_of(members)
    if found.flag_bits & 1:
        raise feed_error("file_locked", permanent=True)
    with archive.open(found) as packed:
        return _write(packed, folder / "unpacked", most_bytes)


def list_of(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Of several files the largest, but of all that a shop took along from a Halles its articles."""
    ours = [member for member in members if member.filename == _OURS[1]]
    if ours and any(member.filename == _OURS[0] for member in members):
        return ours[0]
    return max(members, key=lambda member: member.file_size)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the libraries raise for a damaged file, in our words."""
    try:
        yield
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        raise feed_error("file_damaged", permanent=False, detail=problem) from problem


def _write(packed: "_Packed", target: Path, most_bytes: int) -> Path:
    size = 0
    with target.open("wb") as file:
        while block := packed.read(_BLOCK):
            size += len(block)
            if size > most_bytes:
                raise feed_error("file_too_large", permanent=True, limit=most_bytes // 1024**2)
            file.write(block)
    return target
