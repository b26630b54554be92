"""What a folder can do, wherever it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

MOST_ENTRIES = 10_000
UNFINISHED = ".part"  # what a file is called while it is written


class FolderError(Exception):
    """The only exception that leaves a folder. `permanent`: trying again is no use. `unknown_outcome`: what was asked
    may have been done all the same. `later_seconds`: not to be called again before. `status`: of an answer over
    HTTP."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unknown_outcome: bool = False,
        later_seconds: int = 0,
        status: int | None = None,
    ):
        super().__init__(message)
        self.permanent = permanent
        self.unknown_outcome = unknown_outcome
        self.later_seconds = later_seconds
        self.status = status


class ShownKeyError(FolderError):
    """An SFTP server's key, `shown` ("type base64"), is not the one that was confirmed: a person must look."""

    def __init__(self, message: str, *, shown: str):
        super().__init__(message, permanent=True)
        self.shown = shown


@dataclass(frozen=True)
class Entry:
    """A file of a folder. `size` in bytes, `changed_at` by its server's clock, `tag`: an HTTP entity tag; each where
    the server says it."""

    name: str
    size: int | None = None
    changed_at: datetime | None = None
    tag: str = ""


class Folder:
    """Names are those of files directly in it."""

    # Subclass implementation:
    def entries(self) -> list[Entry]:
        """Its files, in no order. More than MOST_ENTRIES are refused."""
        raise NotImplementedError

    def has(self, name: str) -> bool:
        raise NotImplementedError

    def read(self, name: str, *, max_bytes: int) -> bytes:
        raise NotImplementedError

    def put(self, name: str, content: bytes) -> None:
        """A file of that name has this content, whatever it had."""
        raise NotImplementedError

    def rename(self, name: str, new_name: str) -> None:
        """FolderError where there is a file of the new name: none is ever replaced."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        raise NotImplementedError


def checked_name(name: str) -> str:
    """A name that leads nowhere else. FolderError for any other."""
    if not name or name in {".", ".."} or PurePosixPath(name).name != name or any(ord(each) < 32 for each in name):
        raise FolderError(f"“{name}” is no name of a file.", permanent=True)
    return name


def too_full(location: str) -> FolderError:
    return FolderError(f"{location} holds more than {MOST_ENTRIES} files: take the old ones away.", permanent=True)


def too_large(name: str, max_bytes: int) -> FolderError:
    return FolderError(f"{name} is larger than {max_bytes // 1024} KB; it is not read.", permanent=True)
