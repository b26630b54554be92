"""A real WebDAV server (wsgidav) on the loopback, of one folder, with what a test wants to go wrong."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server

from wsgidav.wsgidav_app import WsgiDAVApp

USER, PASSWORD = "shop", "word"
Environ = dict[str, Any]


@dataclass
class Server:
    """`asked`: methods and paths, in order. `fault(method, path)`: "" or a status to answer instead ("503"), or "lost":
    it is done, and no answer comes."""

    folder: Path
    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    fault: Callable[[str, str], str] = lambda method, path: ""

    def location(self, path: str = "") -> str:
        return f"dav://127.0.0.1:{self.port}/{path}"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Threaded(WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a lost answer is what a test asked for


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    logging.getLogger("wsgidav").setLevel(logging.CRITICAL)
    server = Server(folder)
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "verbose": 0,
            "logging": {"enable": False},
            "lock_storage": True,
            "property_manager": None,
        }
    )

    def faulty(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        server.asked.append((method, path))
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        fault = server.fault(method, path)
        if fault.isdecimal():
            start(f"{fault} Fault", [("Content-Length", "0")])
            return []

        def told(status: str, *rest: Any) -> Any:
            server.statuses.append(status.split()[0])
            return start(status, *rest)

        answer = b"".join(app(environ, told))
        if fault == "lost":
            raise ConnectionResetError
        return [answer]

    ServerHandler.http_version = "1.1"
    with make_server("127.0.0.1", 0, faulty, _Threaded, _Quiet) as http:
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
