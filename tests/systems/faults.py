"""What may go wrong between us and a shop's system, over real HTTP on the loopback: a server that hands each call on to
the real one, and fails as a test says. So every system, real or written from its documents, meets the same faults."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

PAGE = b"<!DOCTYPE html><html><head><title>Back soon</title></head><body>We mend our shop.</body></html>"
# The call is handed on and its answer lost; it is not handed on and the connection breaks; a page for people with
# status 200; too many calls; half of the answer's JSON; a fault of the server; a redirect to `leads_to`; the call is
# handed on, and what is answered, `says`, is JSON of another form.
LOST, BROKEN, MAINTENANCE, BUSY, CUT, ERROR, MOVED = "lost", "broken", "maintenance", "busy", "cut", "error", "moved"
ODD = "odd"
RETRY_AFTER = 7200  # seconds
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}


class Call(NamedTuple):
    number: int  # from 1, since the last `clear`
    method: str
    path: str  # with its query
    body: bytes

    @property
    def writes(self) -> bool:
        """As far as the method tells; of GraphQL, which posts everything, a mutation does (that of a bulk query makes a
        file and changes nothing)."""
        if self.path.endswith(("/graphql.json", "/admin-api")):
            return json.loads(self.body)["query"].lstrip().startswith("mutation") and b"bulkOperation" not in self.body
        if "/json/2/" in self.path:  # Odoo's, where all is a POST too
            return not self.path.endswith(("/search_read", "/web_search_read", "/search_count", "/fields_get"))
        if "/ir.date/today" in self.path or self.path.endswith("/frappe.client.get_list"):  # Tryton's, ERPNext's
            return False
        if self.path.startswith("/v2/"):  # Square's, which is asked by POST
            return self.method != "GET" and not self.path.endswith(("/search", "/batch-retrieve"))
        return self.method != "GET"


Plan = Callable[[Call], str]  # which of the faults; "": none


class Between(ThreadingHTTPServer):
    """`plan` says what goes wrong; `before` is called before a call is handed on. `calls` are those since `clear`."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.there = urlsplit(address)
        self.clear()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def clear(self) -> None:
        self.plan: Plan = lambda call: ""
        self.leads_to, self.says = "", b'{"message": "down for maintenance"}'
        self.before: Callable[[Call], object] = lambda call: None
        self.calls: list[Call] = []


class Handler(BaseHTTPRequestHandler):
    server: Between

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(len(self.server.calls) + 1, self.command, self.path, body)
        self.server.calls.append(call)
        self.server.before(call)
        fault = self.server.plan(call)
        if fault in ("", LOST, CUT, ODD):
            status, headers, answer = self._hand_on(call)
            if fault == CUT:
                answer = answer[: len(answer) // 2]
            if fault == ODD:
                status, answer = 200, self.server.says
            if fault != LOST:
                self._answer(status, answer, headers)
                return
        if fault in (LOST, BROKEN):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == MAINTENANCE:
            self._answer(200, PAGE, {"Content-Type": "text/html"})
        elif fault == BUSY:
            self._answer(429, b"{}", {"Retry-After": str(RETRY_AFTER)})
        elif fault == MOVED:
            self._answer(301, PAGE, {"Content-Type": "text/html", "Location": self.server.leads_to + self.path})
        elif fault == ERROR:
            self._answer(500, b"Internal Server Error", {})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _hand_on(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        there = http.client.HTTPConnection(self.server.there.hostname or "", self.server.there.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP | {"host"}}
        try:
            there.request(call.method, call.path, call.body or None, headers)
            answer = there.getresponse()
            told = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP - {"date"}}
            return answer.status, told, answer.read()
        finally:
            there.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        with suppress(OSError):  # we were hung up on
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def between(address: str) -> Iterator[Between]:
    with Between(address) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
