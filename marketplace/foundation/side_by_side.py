"""Pieces of work that wait for others' servers, several at once: one that hangs holds nothing but itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from django.db import connections

logger = logging.getLogger("halles.worker")
W = TypeVar("W")
_open: ExitStack | None = None


@contextmanager
def threads() -> Iterator[None]:
    """Inside, every `Lanes` works in threads of its own; elsewhere (tests, `work --once`) one piece after another in
    the caller's. Leaving waits for what is at work."""
    global _open
    with ExitStack() as stack:
        _open = stack
        try:
            yield
        finally:
            _open = None


class Lanes:
    """At most `at_once` pieces of one kind of work. Called by one thread."""

    def __init__(self, name: str, at_once: int) -> None:
        self.name, self.at_once = name, at_once
        self._busy, self._lock = 0, threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_of: ExitStack | None = None

    @property
    def room(self) -> int:
        """How many more may begin now."""
        with self._lock:
            return self.at_once - self._busy

    @property
    def is_threaded(self) -> bool:
        return _open is not None

    def each(self, work: Callable[[W], bool], rows: Sequence[W]) -> int:
        """Do `work` for each of the rows. Returns how many were done well; with threads, how many were begun. What is
        raised in a thread is logged, and its row's lease runs out."""
        pool = self._threads()
        if pool is None:
            return sum(work(row) for row in rows)
        for row in rows:
            with self._lock:
                self._busy += 1
            pool.submit(self._one, work, row)
        return len(rows)

    def _threads(self) -> ThreadPoolExecutor | None:
        if _open is None:
            return None
        if self._pool_of is not _open:
            self._pool = _open.enter_context(ThreadPoolExecutor(self.at_once, thread_name_prefix=self.name))
            self._pool_of = _open
        return self._pool

    def _one(self, work: Callable[[W], bool], row: W) -> None:
        try:
            work(row)
        except Exception:
            logger.exception("%s: %r failed; it is taken up again.", self.name, row)
        finally:
            connections.close_all()
            with self._lock:
                self._busy -= 1
