"""A folder at an FTP server: `ftps://` with TLS (RFC 4217), `ftp://` without, as the book trade's own servers have it:
there user, password and files go readable by all in between."""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
import threading
from collections.abc import Iterator
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


class FtpFolder(Folder):
    """The session has been led into the folder: names alone are said."""

    def __init__(self, session: ftplib.FTP, location: str) -> None:
        self.session = session
        self.location = location

    def entries(self) -> list[Entry]:
        with _trouble(self.location):
            try:
                found = [_entry(name, facts) for name, facts in self.session.mlsd() if facts.get("type") == "file"]
            except ftplib.error_perm as problem:
                if not str(problem).startswith(_NOT_KNOWN):
                    raise
                found = [Entry(name) for name in self._names()]
        if len(found) > MOST_ENTRIES:
            raise too_full(self.location)
        return found

    def has(self, name: str) -> bool:
        with _trouble(name):
            return checked_name(name) in self._names()

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

    def _names(self) -> list[str]:
        """Some servers answer 550 for an empty folder, some name the folder too."""
        try:
            return [name.rpartition("/")[2] for name in self.session.nlst()]
        except ftplib.error_perm as problem:
            if str(problem).startswith(_NOT_THERE):
                return []
            raise


@contextmanager
def opened(location: str, login: Login, *, seconds: float) -> Iterator[FtpFolder]:
    """Raises `FolderError`."""
    place = _place_of(location)
    with _trouble(location):
        session = _greeted(place, is_safe=urlsplit(location).scheme == "ftps", seconds=seconds)
        watch = threading.Timer(seconds, _cut, [session])  # however slowly it answers, and whatever to
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


def _cut(session: ftplib.FTP) -> None:
    with suppress(OSError):
        if session.sock:
            session.sock.shutdown(socket.SHUT_RDWR)


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


def _greeted(place: _Place, *, is_safe: bool, seconds: float) -> ftplib.FTP:
    """The library would resolve the host once more: it is given the connection whose address was checked. For data it
    calls that same address, whatever the server names (`trust_server_pasv_ipv4_address`)."""
    session = ftplib.FTP_TLS(context=ssl.create_default_context()) if is_safe else ftplib.FTP()  # noqa: S321
    session.host, session.port, session.timeout = place.host, place.port, seconds
    connection = http.connect(place.host, place.port)
    connection.settimeout(seconds)
    session.sock, session.af = connection, connection.family
    session.file = connection.makefile("r", encoding=session.encoding)
    session.welcome = session.getresp()
    return session


def _entry(name: str, facts: dict[str, str]) -> Entry:
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
