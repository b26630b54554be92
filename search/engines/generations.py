"""Directories of an embedded index: one *generation* is live, the next is built beside it and replaces it at once.

``current`` is a small file with the live generation's name, replaced atomically; readers notice its new inode. While
a generation is built, changes to the live one are also noted in a journal, which the builder replays before the swap.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO

from search.documents import TitleDocument
from search.engines.query import SearchError, UnusableIndexError

Stamp = tuple[int, int]
_PATIENCE_SECONDS = 0.5
_PAUSE_SECONDS = 0.02
_REBUILD_LOCK = "rebuild.lock"
_SEVERAL = {field.name for field in fields(TitleDocument) if str(field.type).startswith("tuple")}


class Generations:
    """The generations under one directory. ``version`` tells indexes apart that this program cannot read."""

    def __init__(self, path: Path, version: str) -> None:
        self._path = path
        self._version = version
        self._pointer = path / "current"
        self._journal = path / "journal"
        self._rebuild_lock = path / _REBUILD_LOCK

    def stamp(self) -> Stamp | None:
        """Changes whenever another generation goes live; None where there is none."""
        return stamp(self._pointer)

    def current(self) -> Path | None:
        """The live generation's directory, or None; ``UnusableIndexError`` if another version built it."""
        try:
            name = self._pointer.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        if not name.startswith(f"{self._version}-"):
            raise UnusableIndexError(
                f"The search index in {self._path} was built by another version: run manage.py rebuild_index"
            )
        return self._path / Path(name).name

    def new(self) -> Path:
        """An empty directory for the next generation."""
        directory = self._path / f"{self._version}-{secrets.token_hex(6)}"
        directory.mkdir(parents=True)
        return directory

    def make_first(self, directory: Path) -> None:
        """Makes a generation live unless another process already made one; then this one is removed."""
        pending = self._write_pointer(directory)
        try:
            os.link(pending, self._pointer)
        except FileExistsError:
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            pending.unlink()

    def make_live(self, directory: Path) -> None:
        """Replaces the live generation. The old directory is removed; who still reads it keeps its open files."""
        os.replace(self._write_pointer(directory), self._pointer)
        self._sweep()

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """One at a time over all processes; ``SearchError`` if one is running. From here on changes are noted. What a
        process that died left behind is removed here."""
        with rebuilding_alone(self._path):
            self._sweep()
            self._journal.write_bytes(b"")
            try:
                yield
            finally:
                self._journal.unlink(missing_ok=True)

    def discard(self, directory: Path) -> None:
        """Removes a generation that will not go live."""
        shutil.rmtree(directory, ignore_errors=True)

    def note(self, changes: Iterable[TitleDocument | int]) -> None:
        """Notes documents written and ids removed, if a rebuild is running. Called by the process that writes."""
        if not self._journal.exists():
            return
        with self._rebuild_lock.open("a") as lock:
            if _taken(lock, fcntl.LOCK_SH):  # the rebuild was killed
                self._journal.unlink(missing_ok=True)
                return
        # The line break in front ends a line that a killed process left unfinished.
        lines = (json.dumps(change if isinstance(change, int) else asdict(change)) for change in changes)
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write("".join(f"\n{line}\n" for line in lines))

    def noted(self) -> Iterator[TitleDocument | int]:
        """What was noted, in order."""
        with self._journal.open(encoding="utf-8") as journal:
            for line in journal:
                try:
                    change = json.loads(line)
                except json.JSONDecodeError:
                    continue  # an empty line, or one cut when its process was killed before it committed
                yield change if isinstance(change, int) else _document(change)

    def _write_pointer(self, directory: Path) -> Path:
        pending = self._path / f"current.{secrets.token_hex(6)}"
        with pending.open("w", encoding="utf-8") as pointer:
            pointer.write(directory.name)
            pointer.flush()
            os.fsync(pointer.fileno())
        return pending

    def _sweep(self) -> None:
        try:
            live = self._pointer.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return  # another process may be making the first one just now
        for directory in self._path.iterdir():
            if directory.is_dir() and directory.name != live:
                shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def rebuilding_alone(path: Path) -> Iterator[None]:
    """One rebuild at a time over all processes that share a directory; ``SearchError`` if one is running. The system
    frees the lock when its process dies."""
    path.mkdir(parents=True, exist_ok=True)
    with (path / _REBUILD_LOCK).open("a") as lock:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _taken(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise SearchError("The search index is already being rebuilt: wait until that is done")
            time.sleep(_PAUSE_SECONDS)
        yield


def bytes_in(directory: Path) -> int:
    """Size of a directory's files; those that vanish meanwhile do not count."""
    total = 0
    for file in directory.iterdir():
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def stamp(file: Path) -> Stamp | None:
    """Changes when a file is replaced."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


def _taken(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _document(change: dict[str, object]) -> TitleDocument:
    return TitleDocument(
        **{name: tuple(value) if name in _SEVERAL else value for name, value in change.items()}  # type: ignore[arg-type]
    )
