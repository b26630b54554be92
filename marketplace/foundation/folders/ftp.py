"""A folder at an FTP server: `ftps://` with TLS (RFC 4217), `ftp://` without, as the book trade's own servers have it:
there user, password and files go readable by all in between."""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from marketplace.foundation import http
from marketplace.foundation.folders.base import (
    MOST_ENTRIES,
    Entry,
    Folder,
    FolderError,
    checked_name,
    too_full,
    too_large,
)
from marketplace.foundation.logins import Login

PORT = 21
_NOT_KNOWN = ("500", "501", "502", "504")  # the server does not know the command
_NOT_THERE = ("450", "550")


class _Place(NamedTuple):
    user: str
    host: str
    port: int
    path: str


class _Session(ftplib.FTP):
    """`data`: the connection of the transfer that runs, which the watch must end as well as one of commands."""

    data: socket.socket | None = None

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        self.data, size = super().ntransfercmd(cmd, rest)
        return self.data, size

    def cut(self) -> None:
        for connection in (self.sock, self.data):
            with suppress(OSError):
                if connection:
                    connection.shutdown(socket.SHUT_RDWR)


class _SafeSession(ftplib.FTP_TLS, _Session):
    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        self.data, size = super().ntransfercmd(cmd, rest)
        return self.data, size


class FtpFolder(Folder):
    """The session has been led into the folder: names alone are said."""

    def __init__(self, session: _Session, location: str) -> None:
        self.session = session
        self.location = location

    def entries(self) -> list[Entry]:
        found: list[Entry] = []

        def take(line: str) -> None:
            if entry := _entry(line):
                self._count(found, entry)

        with _trouble(self.location):
            try:
                self.session.retrlines("MLSD", take)
            except ftplib.error_perm as problem:
                if not str(problem).startswith(_NOT_KNOWN):
                    raise
                self._names(lambda name: self._count(found, Entry(name)))
        return found

    def has(self, name: str) -> bool:
        wanted, found = checked_name(name), set[str]()

        def look(said: str) -> None:
            if said == wanted:
                found.add(said)

        with _trouble(name):
            self._names(look)
        return bool(found)

    def read(self, name: str, *, max_bytes: int) -> bytes:
        got = bytearray()

        def take(block: bytes) -> None:
            got.extend(block)
            if len(got) > max_bytes:
                raise too_large(name, max_bytes)

        with _trouble(name):
            self.session.retrbinary(f"RETR {checked_name(name)}", take)
        return bytes(got)

    def put(self, name: str, content: bytes) -> None:
        with _trouble(name):
            self.session.storbinary(f"STOR {checked_name(name)}", io.BytesIO(content))

    def rename(self, name: str, new_name: str) -> None:
        if self.has(new_name):  # servers replace it
            raise FolderError(f"There is a file {new_name} already.", permanent=True)
        with _trouble(new_name, is_asked=True):
            self.session.rename(checked_name(name), checked_name(new_name))

    def remove(self, name: str) -> None:
        with _trouble(name):
            self.session.delete(checked_name(name))

    def _names(self, take: Callable[[str], None]) -> None:
        """Some servers answer 550 for an empty folder, some name the folder too."""
        try:
            self.session.retrlines("NLST", lambda name: take(name.rpartition("/")[2]))
        except ftplib.error_perm as problem:
            if not str(problem).startswith(_NOT_THERE):
                raise

    def _count(self, found: list[Entry], one: Entry) -> None:
        """While it comes: a list without an end would fill the memory."""
        found.append(one)
        if len(found) > MOST_ENTRIES:
            raise too_full(self.location)


@contextmanager
def opened(location: str, login: Login, *, seconds: float) -> Iterator[FtpFolder]:
    """Raises `FolderError`."""
    place = _place_of(location)
    with _trouble(location):
        session = _greeted(place, is_safe=urlsplit(location).scheme == "ftps", seconds=seconds)
        watch = threading.Timer(seconds, session.cut)  # however slowly it answers, and whatever to
        watch.daemon = True
        watch.start()
        try:
            session.login(place.user, login.password)
            if isinstance(session, ftplib.FTP_TLS):
                session.prot_p()
            if place.path:
                session.cwd(place.path)
            yield FtpFolder(session, location)
            with suppress(*ftplib.all_errors):
                session.quit()
        finally:
            watch.cancel()
            session.close()


def _place_of(location: str) -> _Place:
    """ftp[s]://user@host[:port]/folder/, from where the server puts us; //folder/ from its root."""
    try:
        parts = urlsplit(location)
        path = unquote(parts.path).removeprefix("/").rstrip("/")
        place = _Place(unquote(parts.username or ""), parts.hostname or "", parts.port or PORT, path)
    except ValueError:
        place = _Place("", "", 0, "")
    odd = any(ord(each) < 32 for each in place.user + place.path)
    if not (place.user and place.host) or odd or urlsplit(location).password is not None:
        raise FolderError("This is no FTP address. Write it like ftps://user@host/folder/.", permanent=True)
    return place


def _greeted(place: _Place, *, is_safe: bool, seconds: float) -> _Session:
    """The library would resolve the host once more: it is given the connection whose address was checked. For data it
    calls that same address, whatever the server names (`trust_server_pasv_ipv4_address`)."""
    session = _SafeSession(context=ssl.create_default_context()) if is_safe else _Session()
    session.host, session.port, session.timeout = place.host, place.port, seconds
    connection = http.connect(place.host, place.port)
    connection.settimeout(seconds)
    session.sock, session.af = connection, connection.family
    session.file = connection.makefile("r", encoding=session.encoding)
    session.welcome = session.getresp()
    return session


def _entry(line: str) -> Entry | None:
    """Of a line of RFC 3659; None for what is no file."""
    said, _, name = line.partition(" ")
    facts = {key.lower(): value for key, _, value in (fact.partition("=") for fact in said.split(";"))}
    if facts.get("type", "").lower() != "file":
        return None
    at = None
    with suppress(ValueError):
        at = datetime.strptime(facts.get("modify", "")[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    size = facts.get("size", "")
    return Entry(name.rpartition("/")[2], int(size) if size.isdecimal() else None, at)


@contextmanager
def _trouble(what: str, *, is_asked: bool = False) -> Iterator[None]:
    """`is_asked`: a connection that breaks leaves open whether it was done."""
    try:
        yield
    except http.HttpError as problem:
        raise FolderError(str(problem), permanent=problem.permanent) from problem
    except ftplib.error_perm as problem:
        refused = str(problem).startswith("530")
        said = "The FTP server does not let us in: look at user and password." if refused else f"{what}: {problem}"
        raise FolderError(said, permanent=refused) from problem
    except (ftplib.Error, OSError, EOFError, UnicodeError) as problem:
        raise FolderError(f"{what}: {problem or type(problem).__name__}", unknown_outcome=is_asked) from problem
