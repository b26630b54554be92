"""The only use of requests: time-outs, retries, size limits counted after decompression, no private addresses.

Addresses come from feeds and shops, hence from strangers: requests-hardened resolves each host once, refuses private,
loopback and reserved addresses, and connects to the address it checked. Redirects are followed here, each checked anew.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import requests_hardened
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import NewConnectionError

from marketplace.foundation.deadlines import Deadline, watch

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
ANSWER_SECONDS = 180.0  # for all tries of a request and its answer
WHOLE_SECONDS = 900.0  # the same for a file
MAX_BYTES = 512 * 1024 * 1024
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_REDIRECTS = 5
TRIES = 3
LONGEST_PAUSE_SECONDS = 10  # longer than that nobody waits with a process in hand
LONGEST_WAIT_SECONDS = 24 * 3600
RETRIED = {429, 500, 502, 503, 504}
REDIRECTS = {301, 302, 303, 307, 308}
# What goes to another host than the one that was asked: any other header may be a login, which is for that one alone.
_NO_LOGIN = {"accept", "if-none-match", "if-modified-since"}
_BLOCK = 64 * 1024
_DETAIL = 16 * 1024  # of a refusal


class HttpError(Exception):
    """`permanent`: trying again will not help. `unknown_outcome`: the other side may have acted on it.
    `later_seconds`: it asks not to be called again before (Retry-After); 0 where it asks nothing. `status`: of its
    answer, also where that broke off or was too long after it. `body`: how that began, where it was refused.
    `told_at`: what time it was there, as `date_of` gives it."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        unknown_outcome: bool = False,
        status: int | None = None,
        later_seconds: int = 0,
        body: bytes = b"",
        told_at: datetime | None = None,
    ):
        super().__init__(message)
        self.later_seconds = later_seconds
        self.body = body
        self.told_at = told_at
        self.permanent = permanent
        self.unknown_outcome = unknown_outcome
        self.status = status


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise HttpError(f"The answer is not JSON: {error}", permanent=True, status=self.status) from error


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched: where it lies, the sender's stamp (or None), whether it was unchanged (then no file)."""

    path: Path
    headers: Mapping[str, str]
    size: int
    unchanged: bool = False


def check_address(url: str) -> None:
    """Raises HttpError (permanent) for an address we never call: another scheme, a login in it, plain http while
    DEBUG is off."""
    parts = urlsplit(url)
    allowed = {"http", "https"} if settings.DEBUG or settings.TESTING else {"https"}
    if parts.scheme not in allowed:
        raise HttpError(f"{url}: only {' and '.join(sorted(allowed))} addresses are fetched.", permanent=True)
    if not parts.hostname or parts.username or parts.password:
        raise HttpError(
            "An address needs a host and holds no user name: put those in the feed's options.", permanent=True
        )


def connect(host: str, port: int) -> socket.socket:
    """A connection to a stranger's host for what is not HTTP (SFTP): resolved once, its address checked as that of a
    request, and that very address called. Raises HttpError."""
    try:
        address = host if settings.HTTP_ALLOW_PRIVATE else str(get_ip_address(host, port, allow_loopback=False)[0])
        return socket.create_connection((address, port), timeout=CONNECT_SECONDS)
    except InvalidIPAddress as error:
        raise HttpError(f"{host} leads to a private address; it is never called.", permanent=True) from error
    except (OSError, ValueError) as error:
        raise HttpError(f"{host} did not answer: {error}") from error


def fetch_to_file(
    url: str,
    path: Path,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Fetched:
    """GET into `path`, retried; decompressed bytes are counted while they come. A 304 gives `unchanged`."""
    with (
        Deadline(WHOLE_SECONDS) as deadline,
        _request("GET", url, deadline, headers=headers, auth=auth, stream=True, retry=True) as response,
    ):
        if response.status_code == 304:
            return Fetched(path, response.headers, 0, unchanged=True)
        size = 0
        with path.open("wb") as file:
            for block in _blocks(response, max_bytes, deadline):
                size += len(block)
                file.write(block)
        expected = response.headers.get("Content-Length")
        if expected and not response.headers.get("Content-Encoding") and int(expected) != size:
            raise HttpError(f"{url}: {size} of {expected} bytes came; the connection was cut.")
    return Fetched(path, response.headers, size)


def get_json(url: str, *, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None) -> object:
    with (
        Deadline(ANSWER_SECONDS) as deadline,
        _request("GET", url, deadline, headers=headers, auth=auth, stream=True, retry=True) as response,
    ):
        return _answer(response, deadline).json()


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    seconds: float | None = None,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> Answer:
    """`call` with POST."""
    return call("POST", url, body, headers=headers, auth=auth, seconds=seconds, max_bytes=max_bytes)


def call(
    method: str,
    url: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    seconds: float | None = None,
    max_bytes: int = MAX_ANSWER_BYTES,
    stays: bool = False,
) -> Answer:
    """One request of any method. A GET is tried again and follows redirects, as it changes nothing (`stays`: to the
    same host alone, another one is the answer); of all others whoever calls decides about both. It takes `seconds` at
    most (ANSWER_SECONDS). A connection that breaks after sending raises HttpError with `unknown_outcome`, one that was
    never made without; a status of 400 and above raises as well, permanent below 500 (408, 425, 429 excepted)."""
    is_get = method == "GET"
    with (
        Deadline(ANSWER_SECONDS if seconds is None else seconds) as deadline,
        _request(
            method, url, deadline, headers=headers, auth=auth, stream=True, retry=is_get, body=body, stays=stays
        ) as response,
    ):
        return _answer(response, deadline, max_bytes)


def _answer(response: requests.Response, deadline: Deadline, max_bytes: int = MAX_ANSWER_BYTES) -> Answer:
    body = b"".join(_blocks(response, max_bytes, deadline))
    return Answer(response.status_code, response.headers, body)


def _blocks(response: requests.Response, max_bytes: int, deadline: Deadline):
    size = 0
    try:
        for block in response.iter_content(_BLOCK):
            size += len(block)
            if size > max_bytes:
                problem = f"{response.url}: more than {max_bytes // 2**20} MB; not read further."
                raise HttpError(problem, permanent=True, status=response.status_code)
            if deadline.is_over:
                raise _too_slow(response.url, response.status_code)
            yield block
    except requests.RequestException as error:
        status = response.status_code
        if deadline.is_over:
            raise _too_slow(response.url, status) from error
        problem = f"{response.url}: the connection broke: {error}"
        raise HttpError(problem, unknown_outcome=True, status=status) from error
    if deadline.is_over:  # cut by us, which looks like the end where the server told no length
        raise _too_slow(response.url, response.status_code)


def _too_slow(url: str, status: int | None = None) -> HttpError:
    return HttpError(f"{url}: too slow, given up.", unknown_outcome=True, status=status)


def _request(
    method: str,
    url: str,
    deadline: Deadline,
    *,
    headers: Mapping[str, str] | None,
    auth: tuple[str, str] | None,
    stream: bool,
    retry: bool = False,
    body: bytes | None = None,
    stays: bool = False,
) -> requests.Response:
    tries = TRIES if retry else 1
    for attempt in range(1, tries + 1):
        try:
            return _follow(method, url, headers=dict(headers or {}), auth=auth, stream=stream, body=body, stays=stays)
        except HttpError as error:
            if deadline.is_over and error.status is None:
                raise _too_slow(url) from error
            if error.permanent or attempt == tries or deadline.is_over or error.later_seconds > LONGEST_PAUSE_SECONDS:
                raise
            time.sleep(0 if settings.TESTING else max(2**attempt, error.later_seconds))
    raise AssertionError("unreachable")


def _follow(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    auth: tuple[str, str] | None,
    stream: bool,
    body: bytes | None,
    stays: bool,
) -> requests.Response:
    first_host = urlsplit(url).netloc
    for _ in range(MAX_REDIRECTS + 1):
        check_address(url)
        if urlsplit(url).netloc != first_host:
            headers, auth = {k: v for k, v in headers.items() if k.lower() in _NO_LOGIN}, None
        response = _send(method, url, headers=headers, auth=auth, stream=stream, body=body)
        if method != "GET" or response.status_code not in REDIRECTS or "Location" not in response.headers:
            return _checked(response)
        there = urljoin(url, response.headers["Location"])
        if stays and urlsplit(there).netloc != first_host:
            return response
        response.close()
        url = there
    raise HttpError(f"{url}: more than {MAX_REDIRECTS} redirects.", permanent=True)


def _send(
    method: str, url: str, *, headers: dict[str, str], auth: tuple[str, str] | None, stream: bool, body: bytes | None
) -> requests.Response:
    config = requests_hardened.Config(
        ip_filter_enable=not settings.HTTP_ALLOW_PRIVATE,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        user_agent_override="Halles (+https://halles.example.org)",
    )
    session = requests_hardened.HTTPSession(config)
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            watch(adapter.poolmanager)
    try:
        return session.request(method, url, headers=headers, auth=auth, stream=stream, data=body)
    except InvalidIPAddress as error:
        raise HttpError(f"{url} leads to a private address; it is never called.", permanent=True) from error
    except (requests.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.SSLError) as error:
        raise HttpError(f"{url}: {error}", permanent=isinstance(error, requests.exceptions.InvalidURL)) from error
    except requests.RequestException as error:
        unknown = method != "GET" and not _never_connected(error)
        raise HttpError(f"{url} did not answer: {error}", unknown_outcome=unknown) from error


def _never_connected(error: requests.RequestException) -> bool:
    """Whether nothing was sent: the name is not known, or nobody listens there."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _checked(response: requests.Response) -> requests.Response:
    status = response.status_code
    if status < 400:
        return response
    try:
        detail = response.raw.read(_DETAIL, decode_content=True) if response.raw else b""
    except TransportError:  # broken, unreadable, or cut at the deadline: the status says enough
        detail = b""
    response.close()
    transient = status in RETRIED or status in {408, 425}
    raise HttpError(
        f"{response.url} answered {status}: {detail[:300].decode('utf-8', 'replace').strip()}",
        permanent=not transient,
        unknown_outcome=status >= 500,
        status=status,
        later_seconds=_asked_to_wait(response) if transient else 0,
        body=detail,
        told_at=date_of(response.headers),
    )


def _asked_to_wait(response: requests.Response) -> int:
    """Retry-After in seconds, of either of its forms (RFC 9110, 10.2.3), of which a moment goes by the clock of whoever
    answers; never longer than LONGEST_WAIT_SECONDS."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return min(int(asked[:9]), LONGEST_WAIT_SECONDS)
    try:
        left = parsedate_to_datetime(asked).timestamp() - (date_of(response.headers) or datetime.now(UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(0, round(left)), LONGEST_WAIT_SECONDS)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """What time it was there as it answered, to the second; None where it does not say."""
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
