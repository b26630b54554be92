"""A feed is read in a child process with limits: whatever its file does to memory and time, it does there.

The child sends its chunks as plain tuples, pickled (3.4 µs a record there and back; 5.5 as named tuples, 3.9 by
marshal, which knows no times). Unpickling makes nothing but plain values: a child that was taken over cannot have code
run here.
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from catalog_sync.reasons import FeedError, ReadingEndedError, Reason, reason
from catalog_sync.records import CatalogRecord, Chunk, Cursor, Issue, Lane, Refused
from marketplace.foundation.confinement import ConfinedError, End, Limits, confined

MEMORY_BYTES = 512 * 1024**2  # beyond what the process has: the largest record, a chunk, and what cleaning remembers
PROCESSOR_SECONDS = 120
PROCESSOR_SECONDS_PER_MB = 2  # four times what the slowest format takes
# Silence is shorter than `runs.DEAD_AFTER`: a reading that waits is not taken for a dead one.
FILE_SECONDS, FILE_SILENCE = 2 * 3600, 540
PULL_SECONDS, PULL_SILENCE = 6 * 3600, 540  # page after page from a slow system; each page has its own limit
LARGEST_PART = 16 * 1024**2  # bytes of a message: what this process takes in at once

_CHUNK, _VALUE, _ERROR = "chunk", "value", "error"
_ENDS = {
    End.MEMORY: ("reading_memory", True),
    End.PROCESSOR: ("reading_processor", True),
    End.TIME: ("reading_time", False),
    End.CRASH: ("reading_crashed", True),
}
logger = logging.getLogger(__name__)


def limits_of(file_bytes: int | None, children: int = 1) -> Limits:
    """What one of so many children that read a file of this size may take; None: it comes page by page from a shop's
    system."""
    if file_bytes is None:
        return Limits(MEMORY_BYTES, 3600, PULL_SECONDS, PULL_SILENCE)
    seconds = PROCESSOR_SECONDS + PROCESSOR_SECONDS_PER_MB * (file_bytes // 1024**2)
    return Limits(MEMORY_BYTES // children, seconds, FILE_SECONDS, FILE_SILENCE)


@contextmanager
def confined_chunks(
    read: Callable[[], Iterable[Chunk]], file_bytes: int | None, *, children: int = 1
) -> Iterator[Iterator[Chunk]]:
    """The chunks that `read` gives, read in a child (one of so many) that begins with the first and ends with this
    context. While they are read, raises what `read` raises of `FeedError`, and `ReadingEndedError`."""
    with closing(_messages(lambda: _chunk_messages(read), limits_of(file_bytes, children))) as messages:
        yield (_chunk(plain) for plain in messages)


def confined_value(find: Callable[[], Any], file_bytes: int) -> Any:
    """What `find` returns, found in a child: texts, numbers, lists and tuples of them. Raises as above."""
    with closing(_messages(lambda: [_pack((_VALUE, find()))], limits_of(file_bytes))) as messages:
        return next(messages)


def _messages(work: Callable[[], Iterable[bytes]], limits: Limits) -> Generator[Any, None, None]:
    """The content of each message. A generator, so that it can be closed."""

    def telling() -> Iterator[bytes]:
        try:
            yield from work()
        except FeedError as error:
            yield _pack(
                (_ERROR, (str(error), error.permanent, error.reason and tuple(error.reason), error.later_seconds))
            )

    with closing(confined(telling, limits)) as messages:
        try:
            for message in messages:
                kind, content = _PlainValues(io.BytesIO(message)).load()
                if kind == _ERROR:
                    words, permanent, why, later = content
                    raise FeedError(words, permanent=permanent, reason=why and Reason(*why), later_seconds=later)
                yield content
        except ConfinedError as ended:
            level = logging.ERROR if ended.end is End.CRASH else logging.WARNING
            logger.log(level, "The child that reads a feed ended: %s", ended)
            code, permanent = _ENDS[ended.end]
            why = reason(code)
            raise ReadingEndedError(why.words(), permanent=permanent, reason=why) from ended


def _chunk_messages(read: Callable[[], Iterable[Chunk]]) -> Iterator[bytes]:
    for chunk in read():
        yield from _parts(chunk)


def _parts(chunk: Chunk) -> Iterator[bytes]:
    """A chunk as messages of at most LARGEST_PART: halved where it is larger, down to single records."""
    message = _pack((_CHUNK, _plain(chunk)))
    half = len(chunk.records) // 2
    if len(message) <= LARGEST_PART or not half:
        yield message
        return
    del message
    hashes = chunk.row_hashes
    first = chunk._replace(records=chunk.records[:half], row_hashes=hashes[:half], issues=[], gone=[], same=())
    yield from _parts(first._replace(complete=False, cursor=None))
    second = chunk._replace(records=chunk.records[half:], row_hashes=hashes[half:], refused=[], notes=())
    yield from _parts(second)


def _pack(values: Any) -> bytes:
    return pickle.dumps(values, protocol=pickle.HIGHEST_PROTOCOL)


def _plain(chunk: Chunk) -> tuple[Any, ...]:
    """A chunk as tuples, lists and values alone."""
    return (
        list(map(tuple, chunk.records)),
        [(row.raw, tuple(row.reason), row.position, row.sku) for row in chunk.refused],
        [(row.sku, tuple(row.reason), row.position) for row in chunk.issues],
        chunk.gone,
        chunk.as_of,
        chunk.complete,
        chunk.cursor and (str(chunk.cursor.lane), chunk.cursor.value),
        [tuple(note) for note in chunk.notes],
        chunk.row_hashes,
        chunk.same,
        chunk.turn,
    )


def _chunk(plain: tuple[Any, ...]) -> Chunk:
    records, refused, issues, gone, as_of, complete, cursor, notes, row_hashes, same, turn = plain
    return Chunk(
        list(map(CatalogRecord._make, records)),
        [Refused(raw, Reason(*why), position, sku) for raw, why, position, sku in refused],
        [Issue(sku, Reason(*why), position) for sku, why, position in issues],
        gone,
        as_of,
        complete,
        cursor and Cursor(Lane(cursor[0]), cursor[1]),
        tuple(Reason(*note) for note in notes),
        row_hashes,
        same,
        turn,
    )


class _PlainValues(pickle.Unpickler):
    """Makes values and times, and nothing else."""

    _KNOWN = {(each.__module__, each.__qualname__): each for each in (datetime, timedelta, timezone)}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._KNOWN:
            raise ConfinedError(End.CRASH, f"it sent a {module}.{name}")
        return self._KNOWN[module, name]
