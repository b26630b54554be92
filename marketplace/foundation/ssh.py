"""A connection to a stranger's SFTP server, to fetch files from it or to leave them there.

A server is believed by its key alone, which a person has confirmed before; until then, and where it shows another, no
name and no password is sent. The host is resolved once and its address checked as for any stranger's (`http`).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import paramiko

from marketplace.foundation import http
from marketplace.foundation.logins import Login, fingerprint

PORT = 22
HELLO_SECONDS = 15.0  # for the greeting, for the keys, and for signing in
READ_SECONDS = 60.0  # without a byte
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")  # the ways of signing with an ssh-rsa key
SAID = {
    "sftp_address_wrong": "This is no SFTP address. Write it like sftp://user@host/folder/, without the password.",
    "sftp_host_new": "{host} was called for the first time, and showed the key {fingerprint}. Nothing was sent.",
    "sftp_host_changed": "{host} has another key than the one that was confirmed ({fingerprint}). Nothing was sent.",
    "sftp_not_let_in": "The SFTP server does not let “{user}” in.",
    "sftp_key_unreadable": "The private key for SFTP cannot be read.",
}


class SshError(Exception):
    """No connection, for good: a person must act. `code`: a key of `SAID`; `values`: what its text names."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(SAID[code].format(**values))
        self.code = code
        self.values = values


class ShownKeyError(SshError):
    """The server's key, `shown` ("type base64"), is not the confirmed one. Empty: it has none of that type."""

    shown: str = ""


class Place(NamedTuple):
    user: str
    host: str
    port: int
    path: str


def place_of(location: str) -> Place:
    """sftp://user@host[:port]/path; /~/path begins where the server puts us. Raises `SshError`."""
    try:
        parts = urlsplit(location)
        place = Place(unquote(parts.username or ""), parts.hostname or "", parts.port or PORT, unquote(parts.path))
    except ValueError:
        raise SshError("sftp_address_wrong") from None
    if not (place.user and place.host and place.path) or parts.password is not None:
        raise SshError("sftp_address_wrong")
    home = place.path.startswith("/~/")
    return Place(place.user, place.host, place.port, place.path[3:] or "." if home else place.path)


@contextmanager
def connected(place: Place, login: Login, *, seconds: float | None = None) -> Iterator[paramiko.SFTPClient]:
    """A connection to the server that was confirmed, for `seconds` at most (`http.WHOLE_SECONDS`). One that has no key
    of the confirmed kind is called once more, only to learn the key that a person has to look at; nothing is sent to
    it. Raises `SshError`, and what the library and the network raise."""
    try:
        with _called(place, login, http.WHOLE_SECONDS if seconds is None else seconds) as client:
            yield client
    except ShownKeyError as error:
        shown = error.shown or _key_of(place, login)
        raise _unknown_key(_code(login.host_key), shown, host=place.host, fingerprint=fingerprint(shown)) from error


def _key_of(place: Place, login: Login) -> str:
    """The key that a server shows to whoever knows none of its keys."""
    try:
        with _called(place, replace(login, host_key=""), 2 * HELLO_SECONDS):
            raise AssertionError("A server whose key is not confirmed was signed in to.")
    except ShownKeyError as error:
        return error.shown


@contextmanager
def _called(place: Place, login: Login, seconds: float) -> Iterator[paramiko.SFTPClient]:
    transport = paramiko.Transport(http.connect(place.host, place.port))
    # Whatever a slow server is doing then: the connection ends, and what waits for it with it.
    watch = threading.Timer(seconds, transport.close)
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


def _unknown_key(code: str, shown: str, **values: str) -> ShownKeyError:
    error = ShownKeyError(code, **values)
    error.shown = shown
    return error


def _sign_in(transport: paramiko.Transport, user: str, login: Login) -> None:
    try:
        if login.private_key:
            transport.auth_publickey(user, _private_key(login.private_key))
        if not transport.is_authenticated() and login.password:
            transport.auth_password(user, login.password)
    except paramiko.AuthenticationException as error:
        raise SshError("sftp_not_let_in", user=user) from error
    if not transport.is_authenticated():
        raise SshError("sftp_not_let_in", user=user)


def _private_key(text: str) -> paramiko.PKey:
    for kind in _KEY_CLASSES:
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise SshError("sftp_key_unreadable")
