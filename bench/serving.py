"""Real HTTP for the benchmarks: gunicorn with workers forked from the program (so on its database, everything
imported), and a client that costs little, since it shares the processors with what it measures."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from urllib.parse import quote

import common
from django.core.handlers.wsgi import WSGIHandler
from gunicorn.app.base import BaseApplication

WORKERS, CONNECTIONS = 2, 4
_THREADS = 4  # as `manage.py serve` and the server's unit start it
_PEER, _WORKER = "HTTP_X_PEER", "X-Worker"


class _Gunicorn(BaseApplication):
    def __init__(self, answer: Callable, listening: socket.socket) -> None:
        self.answer, self.listening = answer, listening
        super().__init__()

    def load_config(self) -> None:
        words = {"bind": f"fd://{self.listening.fileno()}", "workers": WORKERS, "threads": _THREADS, "timeout": 60}
        for name, value in (words | {"loglevel": "warning", "keepalive": 60, "control_socket_disable": True}).items():
            self.cfg.set(name, value)

    def load(self) -> Callable:
        return self.answer


@contextmanager
def served(peers: Mapping[str, WSGIHandler]) -> Iterator[int]:
    """The port at which each peer answers requests that name it; the first one those that name none. All in the same
    workers, so that each meets the same load."""
    first = next(iter(peers))

    def answer(environ: dict, start: Callable) -> object:
        def started(status: str, headers: list, *more: object) -> object:
            return start(status, [*headers, (_WORKER, str(os.getpid()))], *more)

        return peers[environ.get(_PEER, first)](environ, started)

    common.connections.close_all()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        listening.set_inheritable(True)
        port = listening.getsockname()[1]
        child = os.fork()
        if not child:
            try:
                _Gunicorn(answer, listening).run()
            finally:
                os._exit(0)  # the workers come by here too: what this program tidies up at its end is not theirs
    try:
        yield port
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def load(port: int, peer: str, addresses: Sequence[str], times: int) -> tuple[float, list[float]]:
    """Ask for the addresses in turn, `times` requests in all, over CONNECTIONS connections that are kept open and lie
    evenly on the workers. Returns seconds from the first request to the last answer, and those of each."""
    wanted = islice((_request(address, peer) for address in _round(addresses)), times)
    waiting, taken = selectors.DefaultSelector(), []
    opened = _connections(port, _request(addresses[0], peer))
    began = time.perf_counter()
    for connection in opened:
        waiting.register(connection, selectors.EVENT_READ)
    asked = {connection: _ask(connection, request) for connection, request in zip(opened, wanted, strict=False)}
    while asked:
        for key, _ in waiting.select(60):
            connection = key.fileobj
            read(connection)
            now = time.perf_counter()
            taken.append(now - asked.pop(connection))
            if request := next(wanted, b""):
                asked[connection] = _ask(connection, request)
    seconds = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return seconds, taken


def read(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    """Headers (lower case) and body (in its chunks, where it has any) of a whole answer; anything but 200 ends the
    program."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if " 200 " not in status:
        raise SystemExit(f"The server answers {status}, not 200.")
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
        return headers, body
    parts, left = [body], int(headers["content-length"]) - len(body)
    while left:
        parts.append(_more(connection))
        left -= len(parts[-1])
    return headers, b"".join(parts)


def _more(connection: socket.socket) -> bytes:
    got = connection.recv(1 << 18)
    if not got:
        raise SystemExit("The server has closed the connection.")
    return got


def _connections(port: int, request: bytes) -> list[socket.socket]:
    """As many on each worker: which worker took a connection is known from its first answer."""
    found: dict[str, list[socket.socket]] = {}
    while sum(map(len, found.values())) < CONNECTIONS:
        connection = socket.create_connection(("127.0.0.1", port), 60)
        connection.sendall(request)
        mine = found.setdefault(read(connection)[0][_WORKER.lower()], [])
        if len(mine) < CONNECTIONS // WORKERS:
            mine.append(connection)
        else:
            connection.close()
    return [connection for mine in found.values() for connection in mine]


def _ask(connection: socket.socket, request: bytes) -> float:
    began = time.perf_counter()
    connection.sendall(request)
    return began


def _round(addresses: Sequence[str]) -> Iterator[str]:
    while True:
        yield from addresses


def _request(address: str, peer: str) -> bytes:
    said = quote(address, safe="/?&=%+-_.~")
    return f"GET {said} HTTP/1.1\r\nHost: testserver\r\nX-Peer: {peer}\r\n\r\n".encode()
