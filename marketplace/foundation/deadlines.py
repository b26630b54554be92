"""A moment after which the connections of one request are cut, however many bytes still trickle in.

The time-outs of a socket are for one read each: a server that sends a byte a minute never meets them.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class Deadline:
    """As a context: connections that this thread opens inside through `watch`ed pools are cut when the time is up."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self.sockets: list[socket.socket] = []
        self.timer = threading.Timer(seconds, self._cut)
        self.timer.daemon = True

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends_at

    def __enter__(self) -> Deadline:
        self.token = _current.set(self)
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        _current.reset(self.token)

    def add(self, connected: socket.socket) -> None:
        self.sockets.append(connected)
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        for each in self.sockets:
            with suppress(OSError):  # closed already
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # not TLS's own, which would wait for the other side


class _Watched:
    """What the two kinds of connection share: the bare socket is told, and again once TLS has taken it over."""

    def _new_conn(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        return _told(connected)

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _told(self.sock)  # type: ignore[attr-defined]


def _told(connected: Any) -> Any:
    if deadline := _current.get():
        deadline.add(connected)
    return connected


class _Http(_Watched, HTTPConnection):
    pass


class _Https(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def watch(pools: PoolManager) -> None:
    """Have the connections of these pools cut at their deadline."""
    pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
