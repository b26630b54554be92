"""A folder on this machine, below one of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from marketplace.foundation.folders.base import (
    MOST_ENTRIES,
    Entry,
    Folder,
    FolderError,
    checked_name,
    too_full,
    too_large,
)


class LocalFolder(Folder):
    def __init__(self, base: Path, location: str) -> None:
        self.path = (base / location).resolve()
        if not self.path.is_relative_to(base.resolve()):
            raise FolderError(f"{location} is not below {base}.", permanent=True)
        with _trouble(location):
            self.path.mkdir(parents=True, exist_ok=True)

    def entries(self) -> list[Entry]:
        found = []
        with _trouble(self.path.name), os.scandir(self.path) as listed:
            for number, entry in enumerate(listed):
                if number >= MOST_ENTRIES:
                    raise too_full(self.path.name)
                if entry.is_file(follow_symlinks=False):
                    seen = entry.stat()
                    found.append(Entry(entry.name, seen.st_size, datetime.fromtimestamp(seen.st_mtime, UTC)))
        return found

    def has(self, name: str) -> bool:
        return (self.path / checked_name(name)).exists()

    def read(self, name: str, *, max_bytes: int) -> bytes:
        with _trouble(name), (self.path / checked_name(name)).open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise too_large(name, max_bytes)
        return content

    def put(self, name: str, content: bytes) -> None:
        with _trouble(name):
            (self.path / checked_name(name)).write_bytes(content)

    def rename(self, name: str, new_name: str) -> None:
        with _trouble(new_name):
            os.link(self.path / checked_name(name), self.path / checked_name(new_name))  # which replaces nothing
            (self.path / name).unlink()

    def remove(self, name: str) -> None:
        with _trouble(name):
            (self.path / checked_name(name)).unlink(missing_ok=True)


@contextmanager
def _trouble(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise FolderError(f"{name}: {problem.strerror}") from problem
