"""A real SFTP server on the loopback, of one folder, with what a test wants to go wrong. It is another library's than
the one that we call with, so that both cannot share a mistake."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "shop", "word"


class Key:
    """`shown`: its public half, as OpenSSH writes it; `text`: all of it."""

    def __init__(self, algorithm: str = "ssh-ed25519") -> None:
        self.pair = asyncssh.generate_private_key(algorithm)
        self.text = self.pair.export_private_key().decode()
        self.shown = " ".join(self.pair.export_public_key().decode().split()[:2])
        self.fingerprint = self.pair.get_fingerprint()


@dataclass
class Server:
    """`signed_in`: who was let in and how. `before_read`: called before every answer to a read."""

    folder: Path
    host_keys: list[Key]
    port: int = 0
    client_key: Key | None = None
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # names and passwords that came here
    before_read: Callable[[], object] | None = None
    names: list[str] | None = None  # what the folder says it holds
    # Of a rename or a removal: "" or "down" (it is not done) or "lost" (it is done, and no answer comes).
    fault: Callable[[str], str] = lambda name: ""
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    def cut(self) -> None:
        for connection in self.connections[:]:  # who comes again meanwhile is let in
            connection.abort()

    def location(self, path: str) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}/{path}"

    def shown(self, number: int = 0) -> str:
        return self.host_keys[number].shown


class _Door(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self.server, self.user, self.how = server, "", ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self.user = username
        self.server.seen.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.how = "password"
        self.server.seen.append(password)
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self.how, ours = "key", self.server.client_key
        return username == USER and ours is not None and key == ours.pair.convert_to_public()

    def auth_completed(self) -> None:
        self.server.signed_in.append((self.user, self.how))


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel, server: Server) -> None:
        super().__init__(channel, chroot=str(server.folder).encode())
        self.server = server

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if self.server.names is None:
            async for entry in super().scandir(path):
                yield entry
            return
        for name in self.server.names:
            stat = (Path(self.map_path(path).decode()) / name).stat()
            yield asyncssh.SFTPName(name.encode(), attrs=asyncssh.SFTPAttrs.from_local(stat))

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if self.server.before_read is not None:
            await asyncio.to_thread(self.server.before_read)
        read: Any = super().read(file_obj, offset, size)
        return read

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._done(lambda: super(_Files, self).rename(oldpath, newpath), "rename")

    def remove(self, path: bytes) -> None:
        self._done(lambda: super(_Files, self).remove(path), "remove")

    def _done(self, deed: Callable[[], object], name: str) -> None:
        if self.server.fault(name) == "down":
            raise asyncssh.SFTPFailure("down")
        deed()
        if self.server.fault(name) == "lost":
            self.server.cut()


async def _serve(server: Server, listener: socket.socket) -> None:
    """Until it is cancelled. The keys are those that the server has as somebody calls."""
    try:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            with suppress(asyncssh.Error, OSError):
                await asyncssh.run_server(
                    connection,
                    server_factory=lambda: _Door(server),
                    server_host_keys=[key.pair for key in server.host_keys],
                    sftp_factory=lambda channel: _Files(channel, server),
                    allow_scp=False,
                )
    finally:
        server.cut()
        await asyncio.gather(*(each.wait_closed() for each in server.connections), return_exceptions=True)


@contextmanager
def serving(folder: Path, *host_keys: Key) -> Iterator[Server]:
    server = Server(folder, list(host_keys))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server.port = listener.getsockname()[1]
    runner = asyncio.Runner()
    loop = runner.get_loop()
    serve = loop.create_task(_serve(server, listener))

    def run() -> None:
        with runner, suppress(asyncio.CancelledError):
            loop.run_until_complete(serve)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(serve.cancel)
        thread.join()
        listener.close()
