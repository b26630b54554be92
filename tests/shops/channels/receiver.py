"""A shop's system at the other end of a webhook, over real HTTP on the loopback: it checks signatures and knows a
message that it has by its id. Its faults are a test's to choose."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import timezone

from marketplace.foundation.webhook_signing import standard_key
from shops import webhooks
from shops.models import Shop
from tests import factories

# What it may do instead of a plain 200, by path and number of the call there: "" or one of the faults of `Handler`.
Plan = Callable[[str], str]


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan: Plan = lambda path: ""
        self.secrets: dict[str, str] = {}
        self.calls: list[str] = []  # ids, in the order in which they came
        self.kept: dict[str, dict[str, dict]] = {}  # by path, by id, in order: what was processed
        self.headers: list[Mapping[str, str]] = []
        self.let_go = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def numbers(self, kind: str = "shop_order.new", path: str = "/orders") -> list[str]:
        return [body["data"]["number"] for body in self.kept.get(path, {}).values() if body["type"] == kind]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(self.headers["webhook-id"])
        self.server.headers.append(dict(self.headers))
        self._behave(self.server.plan(self.path) if self._is_signed(body) else "401", body)

    def _behave(self, fault: str, body: bytes) -> None:
        if fault == "hang":
            self.server.let_go.wait(60)
        if fault == "slow":
            self.server.let_go.wait(0.05)
        if fault not in {"down", "hang", "busy", "moved"} and not fault.isdecimal():
            self.server.kept.setdefault(self.path, {}).setdefault(self.headers["webhook-id"], json.loads(body))
        if fault in {"down", "hang", "lost"}:
            self._reset()
        elif fault == "breaks":
            self._begin(200, 100)
            self._reset()
        elif fault == "stalls":
            self._begin(200, 100)
            self.server.let_go.wait(60)
        elif fault == "busy":
            self._answer(429, Retry_After="7200")
        elif fault == "moved":
            self._answer(302, Location="/elsewhere")
        else:
            self._answer(int(fault) if fault.isdecimal() else 200, b"x" * 200_000 if fault == "endless" else b"")

    def _is_signed(self, body: bytes) -> bool:
        secret = self.server.secrets.get(self.path, "")
        if not secret:
            return True
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.digest(standard_key(secret), content, "sha256")).decode()
        return f"v1,{right}" in self.headers["webhook-signature"].split()

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self._begin(status, len(body), **headers)
        self.wfile.write(body)

    def _begin(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def handle(self) -> None:
        with suppress(OSError):  # we were hung up on
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


def connected(server: Receiver, shop: Shop, path: str = "/orders") -> str:
    """The shop's orders are posted there from now on; the secret."""
    now = timezone.now()
    secret = webhooks.set_up(shop, server.address + path, by=factories.user(), now=now)
    server.secrets[path] = secret
    shop.refresh_from_db()
    return secret
