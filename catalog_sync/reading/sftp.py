"""A shop's SFTP server: its file, or the newest finished one of a folder, fetched within limits.

A server is believed by its key alone, which a person has confirmed before; until then, and where it shows another, no
name and no password is sent. The host is resolved once and its address checked as for any stranger's (foundation/http).
"""

from __future__ import annotations

import io
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import paramiko

from catalog_sync.reading.sftp_login import HostKeyError, Login, fingerprint
from catalog_sync.reading.unfinished import is_unfinished
from catalog_sync.reasons import feed_error
from marketplace.foundation import http

PORT = 22
MOST_ENTRIES = 10_000  # of a folder
HELLO_SECONDS = 15.0  # for the greeting, for the keys, and for signing in
READ_SECONDS = 60.0  # without a byte
_PIECE, _PIECES = 32_768, 64  # asked for at once: what OpenSSH answers in one packet, and 2 MiB of them
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")  # the ways of signing with an ssh-rsa key


class Place(NamedTuple):
    user: str
    host: str
    port: int
    path: str


def place_of(location: str) -> Place:
    """sftp://user@host[:port]/path; /~/path begins where the server puts us. Raises `FeedError`."""
    try:
        parts = urlsplit(location)
        place = Place(unquote(parts.username or ""), parts.hostname or "", parts.port or PORT, unquote(parts.path))
    except ValueError:
        raise feed_error("sftp_address_wrong", permanent=True) from None
    if not (place.user and place.host and place.path) or parts.password is not None:
        raise feed_error("sftp_address_wrong", permanent=True)
    home = place.path.startswith("/~/")
    return Place(place.user, place.host, place.port, place.path[3:] or "." if home else place.path)


def download(location: str, login: Login, target: Path, *, max_bytes: int) -> datetime:
    """Fetch into `target`; the file's time at the server. Raises `FeedError`."""
    place = place_of(location)
    with _trouble(location), _known(place, login) as client:
        path, attributes = _newest(client, place.path, location)
        size = attributes.st_size
        if size is None or attributes.st_mtime is None:
            raise feed_error("file_unreachable", permanent=False, location=location, detail="no size, no time")
        if size > max_bytes:
            raise feed_error("file_too_large", permanent=True, limit=max_bytes // 1024**2)
        _read(client, path, size, target)
        after = client.stat(path)
        if (after.st_size, after.st_mtime) != (size, attributes.st_mtime) or target.stat().st_size != size:
            raise feed_error("file_growing", permanent=False)
        return datetime.fromtimestamp(attributes.st_mtime, UTC)


@contextmanager
def _known(place: Place, login: Login) -> Iterator[paramiko.SFTPClient]:
    """A connection to the server that was confirmed. One that has no key of the confirmed kind is called once more,
    only to learn the key that a person has to look at; nothing is sent to it."""
    try:
        with _connected(place, login) as client:
            yield client
    except HostKeyError as error:
        shown = error.shown or _key_of(place, login)
        raise _unknown_key(_code(login.host_key), shown, host=place.host, fingerprint=fingerprint(shown)) from error


def _key_of(place: Place, login: Login) -> str:
    """The key that a server shows to whoever knows none of its keys."""
    try:
        with _connected(place, replace(login, host_key="")):
            raise AssertionError("A server whose key is not confirmed was signed in to.")
    except HostKeyError as error:
        return error.shown


@contextmanager
def _connected(place: Place, login: Login) -> Iterator[paramiko.SFTPClient]:
    transport = paramiko.Transport(http.connect(place.host, place.port))
    # Whatever a slow server is doing then: the connection ends, and what waits for it with it.
    watch = threading.Timer(http.WHOLE_SECONDS, transport.close)
    watch.daemon = True
    watch.start()
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = HELLO_SECONDS
        transport.channel_timeout = HELLO_SECONDS
        _meet(transport, place.host, login.host_key)
        _sign_in(transport, place.user, login)
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise paramiko.SSHException("no SFTP")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(READ_SECONDS)
        yield client
    finally:
        watch.cancel()
        transport.close()


def _meet(transport: paramiko.Transport, host: str, confirmed: str) -> None:
    """Learn the server's key, and go no further unless it is the confirmed one."""
    kind = confirmed.partition(" ")[0]
    if kind:  # a server has several keys: ask for the one we know
        transport.get_security_options().key_types = _RSA if kind == "ssh-rsa" else (kind,)
    try:
        transport.start_client(timeout=HELLO_SECONDS)
    except paramiko.IncompatiblePeer as error:
        if kind:
            raise _unknown_key(_code(confirmed), "", host=host, fingerprint="–") from error
        raise
    key = transport.get_remote_server_key()
    shown = f"{key.get_name()} {key.get_base64()}"
    if shown != confirmed:
        raise _unknown_key(_code(confirmed), shown, host=host, fingerprint=fingerprint(shown))


def _code(confirmed: str) -> str:
    return "sftp_host_changed" if confirmed else "sftp_host_new"


def _unknown_key(code: str, shown: str, **values: str) -> HostKeyError:
    words = feed_error(code, permanent=True, **values)
    error = HostKeyError(str(words), permanent=True, reason=words.reason)
    error.shown = shown
    return error


def _sign_in(transport: paramiko.Transport, user: str, login: Login) -> None:
    try:
        if login.private_key:
            transport.auth_publickey(user, _private_key(login.private_key))
        if not transport.is_authenticated() and login.password:
            transport.auth_password(user, login.password)
    except paramiko.AuthenticationException as error:
        raise feed_error("sftp_not_let_in", permanent=True, user=user) from error
    if not transport.is_authenticated():
        raise feed_error("sftp_not_let_in", permanent=True, user=user)


def _private_key(text: str) -> paramiko.PKey:
    for kind in _KEY_CLASSES:
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise feed_error("sftp_key_unreadable", permanent=True)


def _newest(client: paramiko.SFTPClient, path: str, location: str) -> tuple[str, paramiko.SFTPAttributes]:
    """The file itself, or the newest finished one of a folder."""
    attributes = client.stat(path)
    if not stat.S_ISDIR(attributes.st_mode or 0):
        return path, attributes
    files = []
    for number, entry in enumerate(client.listdir_iter(path)):
        if number >= MOST_ENTRIES:
            raise feed_error("folder_too_full", permanent=True, most=MOST_ENTRIES)
        if stat.S_ISREG(entry.st_mode or 0) and not is_unfinished(entry.filename):
            files.append(entry)
    newest = max(files, key=lambda entry: (entry.st_mtime or 0, entry.filename), default=None)
    if newest is None:
        raise feed_error("file_missing", permanent=False, location=location)
    # Only its name: what a server calls "../x" is no file of this folder.
    return str(PurePosixPath(path) / PurePosixPath(newest.filename).name), newest


def _read(client: paramiko.SFTPClient, path: str, size: int, target: Path) -> None:
    """`size` bytes, a few pieces at a time, so that no more than those are in memory."""
    deadline = time.monotonic() + http.WHOLE_SECONDS
    with client.open(path, "rb") as source, target.open("wb") as file:
        for start in range(0, size, _PIECE * _PIECES):
            end = min(size, start + _PIECE * _PIECES)
            pieces = [(offset, min(_PIECE, end - offset)) for offset in range(start, end, _PIECE)]
            for block in source.readv(pieces):
                file.write(block)
            if time.monotonic() > deadline:
                raise TimeoutError("too slow, given up")


@contextmanager
def _trouble(location: str) -> Iterator[None]:
    """What the library and the network raise, in our words."""
    try:
        yield
    except http.HttpError as problem:
        raise feed_error(
            "file_unreachable", permanent=problem.permanent, location=location, detail=problem
        ) from problem
    except FileNotFoundError as problem:
        raise feed_error("file_missing", permanent=False, location=location) from problem
    except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as problem:
        detail = str(problem) or type(problem).__name__
        raise feed_error("file_unreachable", permanent=False, location=location, detail=detail) from problem
