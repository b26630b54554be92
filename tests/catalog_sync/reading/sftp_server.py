"""A real SFTP server on the loopback, of one folder, with what a test wants to go wrong."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

USER, PASSWORD = "shop", "word"


@dataclass
class Server:
    """`signed_in`: who was let in and how. `before_read`: called before every answer to a read."""

    folder: Path
    host_keys: list[paramiko.PKey]
    port: int = 0
    client_key: paramiko.PKey | None = None
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # names and passwords that came here
    before_read: object = None
    names: list[str] | None = None  # what the folder says it holds
    # Of a rename or a removal: "" or "down" (it is not done) or "lost" (it is done, and no answer comes).
    fault: Callable[[str], str] = lambda name: ""
    transports: list[paramiko.Transport] = field(default_factory=list)

    def cut(self) -> None:
        for transport in self.transports[:]:  # who comes again meanwhile is let in
            transport.close()

    def location(self, path: str) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}/{path}"

    def shown(self, number: int = 0) -> str:
        key = self.host_keys[number]
        return f"{key.get_name()} {key.get_base64()}"


class _Door(paramiko.ServerInterface):
    def __init__(self, server: Server) -> None:
        self.server = server

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.seen += [username, password]
        return self._answer(username, "password", (username, password) == (USER, PASSWORD))

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.server.seen += [username]
        return self._answer(username, "key", username == USER and key == self.server.client_key)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def _answer(self, username: str, how: str, right: bool) -> int:
        if right:
            self.server.signed_in.append((username, how))
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED


class _Handle(paramiko.SFTPHandle):
    def __init__(self, server: Server, path: Path) -> None:
        super().__init__(os.O_RDONLY)
        self.server, self.readfile = server, path.open("rb")

    def read(self, offset: int, length: int) -> bytes | int:
        if callable(self.server.before_read):
            self.server.before_read()
        return super().read(offset, length)


class _Written(paramiko.SFTPHandle):
    def __init__(self, path: Path) -> None:
        super().__init__(os.O_WRONLY)
        self.writefile = path.open("wb")


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, door: _Door, *_: object) -> None:
        self.server = door.server

    def _path(self, path: str) -> Path:
        return self.server.folder / path.lstrip("/")

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        entries = []
        for name in self.server.names or sorted(os.listdir(self._path(path))):
            entries.append(paramiko.SFTPAttributes.from_stat((self._path(path) / name).stat(), filename=name))
        return entries

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle | int:
        try:
            if flags & os.O_WRONLY:
                return _Written(self._path(path))
            return _Handle(self.server, self._path(path))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def rename(self, oldpath: str, newpath: str) -> int:
        return self._done(lambda: self._path(oldpath).rename(self._path(newpath)), "rename")

    def remove(self, path: str) -> int:
        return self._done(self._path(path).unlink, "remove")

    def _done(self, deed: Callable[[], object], name: str) -> int:
        if self.server.fault(name) == "down":
            return paramiko.SFTP_FAILURE
        try:
            deed()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        if self.server.fault(name) == "lost":
            self.server.cut()
        return paramiko.SFTP_OK


@contextmanager
def serving(folder: Path, *host_keys: paramiko.PKey) -> Iterator[Server]:
    server = Server(folder, list(host_keys))
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            server.transports.append(transport)
            for key in server.host_keys:
                transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(event=threading.Event(), server=_Door(server))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        server.cut()
