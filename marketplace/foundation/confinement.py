"""Work on what strangers sent, in a child process that may take only so much memory, processor and time.

The child is a fork (no second start of the program), says what it found message by message through a pipe, and is
ended with the work. It has no database, no open file or connection of ours, and leaves no temporary file. Linux only.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import struct
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from fcntl import fcntl
from pathlib import Path
from typing import NoReturn

from django.db import connections

LARGEST_MESSAGE = 1 << 28  # bytes
_PIPE_BYTES = 1 << 20  # what Linux lets anybody have
_PIPE_SIZE = 1031  # F_SETPIPE_SZ
_HEADER = struct.Struct(">cQ")  # tag, bytes that follow
_MESSAGE, _DONE, _NO_MEMORY, _FAILED = b"+", b".", b"m", b"x"
_TRACE = 20_000  # characters of a traceback that are told


@dataclass(frozen=True)
class Limits:
    """`memory_bytes`: address space beyond what the process has at the fork. `waiting_seconds`, `silence_seconds`: how
    long the parent waits in all, and for one message; what the parent itself takes in between does not count."""

    memory_bytes: int
    processor_seconds: int
    waiting_seconds: float
    silence_seconds: float


class End(StrEnum):
    """How a child ended that did not end well."""

    MEMORY = "memory"
    PROCESSOR = "processor"
    TIME = "time"
    CRASH = "crash"  # of the program, or an exception that left the work


class ConfinedError(Exception):
    """The work was ended, or ended itself: `end` says by what, the message has details for whoever mends programs."""

    def __init__(self, end: End, detail: str = "") -> None:
        super().__init__(f"{end}: {detail}" if detail else str(end))
        self.end = end


def confined(work: Callable[[], Iterable[bytes]], limits: Limits) -> Generator[bytes, None, None]:
    """The messages of `work`, which runs in a child; one at a time, each when it is asked for. Raises `ConfinedError`.

    Close the iterator where it is not read to its end: that ends the child.
    """
    with tempfile.TemporaryDirectory(prefix="confined-") as folder:
        child, stream = _fork(work, limits, folder)
        try:
            yield from _Messages(child, stream, limits)
        finally:
            os.close(stream)
            _reap(child, kill=True)


def _fork(work: Callable[[], Iterable[bytes]], limits: Limits, folder: str) -> tuple[int, int]:
    """(process, the pipe's end to read from)."""
    stream, out = os.pipe()
    with suppress(OSError):  # the user has many large pipes already; a small one is only slower
        fcntl(out, _PIPE_SIZE, _PIPE_BYTES)
    child = os.fork()
    if not child:
        _be_the_child(work, limits, folder, out)
    os.close(out)
    return child, stream


def _reap(child: int, *, kill: bool) -> int:
    """End a child and return its wait status; 0 where another one has asked for it already."""
    try:
        if kill:
            os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1]
    except (ProcessLookupError, ChildProcessError):
        return 0


class _Messages:
    """The parent's end of the pipe. A class, because time waited adds up over messages."""

    def __init__(self, child: int, stream: int, limits: Limits) -> None:
        self.child, self.stream, self.limits = child, stream, limits
        self.waited = self.silent = 0.0
        self.poll = select.poll()
        self.poll.register(stream, select.POLLIN)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            tag, size = _HEADER.unpack(self._read(_HEADER.size))
            if size > LARGEST_MESSAGE:
                raise ConfinedError(End.MEMORY, f"a message of {size} bytes")
            content = self._read(size)
            self.silent = 0.0
            if tag == _DONE:
                return
            if tag == _NO_MEMORY:
                raise ConfinedError(End.MEMORY)
            if tag != _MESSAGE:
                raise ConfinedError(End.CRASH, content.decode(errors="replace"))
            yield content

    def _read(self, size: int) -> bytes:
        content = bytearray(size)
        rest = memoryview(content)
        while rest:
            self._wait()
            count = os.readv(self.stream, [rest])
            if not count:
                raise self._death()
            rest = rest[count:]
        return bytes(content)

    def _wait(self) -> None:
        left = min(self.limits.waiting_seconds - self.waited, self.limits.silence_seconds - self.silent)
        began = time.monotonic()
        ready = self.poll.poll(max(0.0, left * 1000))
        taken = time.monotonic() - began
        self.waited += taken
        self.silent += taken
        if not ready or self.waited > self.limits.waiting_seconds:
            raise ConfinedError(End.TIME, f"{self.waited:.0f} s")

    def _death(self) -> ConfinedError:
        """Why the pipe closed without a last word."""
        status = _reap(self.child, kill=False)
        if not os.WIFSIGNALED(status):
            return ConfinedError(End.CRASH, f"exit status {os.waitstatus_to_exitcode(status)}")
        died_of = os.WTERMSIG(status)
        if died_of == signal.SIGXCPU:
            return ConfinedError(End.PROCESSOR)
        # Killed not by us: the system was short of memory. Aborted: what Rust and C++ do when refused some.
        if died_of in (signal.SIGKILL, signal.SIGABRT):
            return ConfinedError(End.MEMORY)
        return ConfinedError(End.CRASH, signal.strsignal(died_of) or str(died_of))


# The child


def _be_the_child(work: Callable[[], Iterable[bytes]], limits: Limits, folder: str, out: int) -> NoReturn:
    """Never returns, and runs none of what the parent has still to clean up."""
    try:
        gc.freeze()  # what the parent made is never looked through: neither copied nor collected here
        _forget_the_parent(out)
        tempfile.tempdir = folder
        _limit(limits)
        try:
            for message in work():
                _say(out, _MESSAGE, message)
            _say(out, _DONE)
        except MemoryError:
            _say(out, _NO_MEMORY)
        except BrokenPipeError:
            pass  # nobody listens any more
        except BaseException:
            _say(out, _FAILED, traceback.format_exc()[-_TRACE:].encode())
    finally:
        os._exit(0)


def _forget_the_parent(out: int) -> None:
    """Signals as in a new process; open files lead nowhere (their numbers stay taken, so that nothing of the child's
    gets one that a forgotten object of the parent still writes to); the database refuses."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):
        if (file := int(name)) > 2 and file not in (out, nowhere):
            with suppress(OSError):  # the list's own, which is closed again
                os.dup2(nowhere, file, inheritable=False)
    for connection in connections.all(initialized_only=True):
        connection.execute_wrappers.append(_refuse)


def _refuse(*_: object) -> NoReturn:
    raise RuntimeError("The child that reads what strangers sent has no database.")


def _limit(limits: Limits) -> None:
    """Address space, and of it what may be written to: each thread of the parent left some that was only set aside (64
    MB with the C library of Linux), in which the child would go on. proc(5): the first and sixth number of statm."""
    pages = [int(number) for number in Path("/proc/self/statm").read_text().split()]
    for what, most in (
        (resource.RLIMIT_AS, pages[0] * resource.getpagesize() + limits.memory_bytes),
        (resource.RLIMIT_DATA, pages[5] * resource.getpagesize() + limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.processor_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (soft, hard))


def _say(out: int, tag: bytes, content: bytes = b"") -> None:
    rest = memoryview(_HEADER.pack(tag, len(content)) + content)
    while rest:
        rest = rest[os.write(out, rest) :]
