"""Engines beside each other: one while others use the same index, and two with the same titles."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection

from search import samples
from search.documents import TitleDocument
from search.engines.base import Engine, Page, Query

_PATIENCE_SECONDS = 60


class reading:
    """Searches in a thread until left; gives the totals seen, and raises what a search raised."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._done = threading.Event()
        self._error: BaseException | None = None
        self.totals: set[int] = set()
        self._thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        try:
            while not self._done.wait(0.001):
                self.totals.add(self._engine.search(Query(facets=("shop",))).total)
        except BaseException as error:
            self._error = error

    def __enter__(self) -> set[int]:
        self._thread.start()
        return self.totals

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if self._error:
            raise self._error


def kill_while(doing: str, opening: Callable[[], Engine]) -> None:
    """Another process writes or rebuilds, and is killed in the middle of it."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_write_for_ever, args=(doing, opening, theirs))
    process.start()
    assert ours.poll(_PATIENCE_SECONDS), "the other process did not begin"
    time.sleep(0.1)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def _write_for_ever(doing: str, opening: Callable[[], Engine], begun: Connection) -> None:
    engine = opening()
    if doing == "rebuild":
        engine.rebuild(_titles_without_end(begun))
        return
    for document in _titles_without_end(begun):
        engine.write([document])


def _titles_without_end(begun: Connection) -> Iterator[TitleDocument]:
    for number in range(100, 10**9):
        yield samples.title(number)
        if number == 105:
            begun.send("begun")


def differences(one: Engine, other: Engine, queries: Iterable[Query], *, first: bool = True) -> list[str]:
    """What two engines with the same titles do not have in common: which titles are found (where they fit on a page),
    how many, every facet's counts, and whether words were corrected; ``first``, also which title comes first. That may
    be another where several fit exactly as well."""
    return [
        f"{query.text!r}: {name} is {mine!r} and {theirs!r}"
        for query in queries
        for name, mine, theirs in _told(query, one.search(query), other.search(query), first)
        if mine != theirs
    ]


def _told(query: Query, mine: Page, theirs: Page, first: bool) -> Iterator[tuple[str, object, object]]:
    yield "total", mine.total, theirs.total
    yield "corrected", mine.corrected, theirs.corrected
    if first:
        yield "the first", mine.ids[:1], theirs.ids[:1]
    if mine.total <= query.page_size:
        yield "found", sorted(mine.ids), sorted(theirs.ids)
    for name in mine.facets:
        yield name, sorted(mine.facets[name], key=str), sorted(theirs.facets[name], key=str)
