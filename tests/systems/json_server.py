"""A contract server: a shop's system as its documents describe it, over real HTTP on the loopback. What is served is a
subclass's; nothing here or there is shared with the client, adapter or channel that is tested."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.systems.clock import Clocked, DatedHandler


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")


class Refusal(Exception):
    """The answer to what is not done."""

    def __init__(self, status: int, body: object = None, **headers: str) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers


class JsonServer(Clocked):
    """A subclass writes `answer`."""

    def answer(self, asked: Asked) -> object:
        """The JSON of an answer with status 200. Raises Refusal."""
        raise NotImplementedError

    def start(self) -> str:
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.02))
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def served(self, asked: Asked) -> tuple[int, bytes, dict[str, str]]:
        with self._lock:
            try:
                return 200, json.dumps(self.answer(asked)).encode(), {}
            except Refusal as no:
                return no.status, json.dumps(no.body).encode(), no.headers


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, system: JsonServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.system = system


class _Handler(DatedHandler):
    server: _Server

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, said, headers = self.server.system.served(Asked(self.command, parts.path, query, self.headers, body))
        self.send_response(status)  # with its own Date
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(said)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def handle(self) -> None:
        with suppress(OSError):  # we were hung up on
            super().handle()

    def log_message(self, *args: object) -> None:
        pass
