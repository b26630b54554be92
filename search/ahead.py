"""Work made ahead by a second process: while one reads documents from SQL, the other takes their texts apart. Building
the index of a large catalogue is bound by the processor, and one process of Python uses one."""

from __future__ import annotations

import gc
import os
import pickle
import struct
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO, NoReturn, TypeVar

from django.db import connections

T = TypeVar("T")
_SIZE = struct.Struct(">Q")
_left: list[object] = []  # connections of the parent, which in the child are neither used nor closed


class AheadError(Exception):
    """The second process ended before its work did."""


def made_ahead(make: Callable[[], Iterable[list[T]]]) -> Iterator[T]:
    """What `make` gives, list by list, made in a child that sees what is committed; it ends with this iterator. Values
    that can be pickled. Raises `AheadError`."""
    stream, out = os.pipe()
    child = os.fork()
    if not child:
        os.close(stream)
        _be_the_child(make, out)
    os.close(out)
    try:
        with os.fdopen(stream, "rb") as messages:
            while size := _SIZE.unpack(_exactly(messages, _SIZE.size))[0]:
                yield from pickle.loads(_exactly(messages, size))  # noqa: S301 our own process wrote it
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, 9)
        os.waitpid(child, 0)


def _exactly(messages: BinaryIO, size: int) -> bytes:
    found = messages.read(size)
    if len(found) < size:
        raise AheadError("The process that reads the titles ended before its work did: its log says why.")
    return found


def _be_the_child(make: Callable[[], Iterable[list[T]]], out: int) -> NoReturn:
    """A connection to the database of its own; never returns."""
    try:
        gc.freeze()
        for connection in connections.all(initialized_only=True):
            _left.append(connection.connection)
            connection.connection = None
            connection.in_atomic_block = False
            connection.savepoint_ids = []
        messages = os.fdopen(out, "wb")  # closed by the end alone, after what went wrong was told
        for some in make():
            if some:
                packed = pickle.dumps(some, protocol=pickle.HIGHEST_PROTOCOL)
                messages.write(_SIZE.pack(len(packed)) + packed)
                messages.flush()
        messages.write(_SIZE.pack(0))
        messages.flush()
    except BrokenPipeError:
        pass  # nobody listens any more
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(0)
