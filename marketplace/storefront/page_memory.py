"""Pages of titles that are sent again, among visitors of whom nothing is known. Two levels, both in this process.

*Of this second* (`of_this_second`): the answer to an address in a language is sent again for one second from the moment
before its rows were read. No row is asked, nothing is invalidated: what a shop's stock was cannot be shown for longer.

*Of this minute* (`answer`): asked after the rows were read, with all that they say as its key, for the minute that its
words are true ("checked 3 min ago"). It spares the rendering, which is most of a page's time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cache
from threading import Lock
from typing import NamedTuple

from django.conf import settings
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import get_language

from marketplace.foundation import network
from marketplace.foundation.models import Network
from search.reader import entrance_of

CSRF_MARK = secrets.token_hex(32)
"""Stands in a kept page where each visitor's own token goes. Nobody outside this process can write it."""

MOST_PAGES = 256  # on each level, of about 20 KB each, in each process
KEPT_SECONDS = 1.0

Page = tuple[bytes, ...]
"""What stands before, between and after the marks."""


class _Asked(NamedTuple):
    """Two addresses or languages never share an answer, nor two states of the network's row."""

    address: str
    language: str | None


class _Recent(NamedTuple):
    page: Page
    asked_at: float  # by time.monotonic, before any row was read
    network: Network


_recent: dict[_Asked, _Recent] = {}  # the oldest first
_pages: dict[tuple[object, ...], Page] = {}
_minute: int | None = None
_lock = Lock()


def is_stranger(request: HttpRequest) -> bool:
    """Without a session, a basket or a message, and not in a shop's own entrance, where it is theirs: the visitor's
    page depends on nothing but the language."""
    known = set(request.COOKIES) - {settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    return not known and entrance_of(request) is None


def of_this_second(request: HttpRequest, *, asked_at: float) -> HttpResponse | None:
    """What another stranger got within the last second; `asked_at` by `time.monotonic()`. None: make it."""
    if request.method not in ("GET", "HEAD") or not is_stranger(request):
        return None
    kept = _recent.get(_asked(request))
    if kept is None or asked_at - kept.asked_at >= KEPT_SECONDS or kept.network is not network.current():
        return None
    return _sent(request, kept.page)


def answer(
    request: HttpRequest, shown: tuple[object, ...], make: Callable[[], str], *, now: datetime, asked_at: float
) -> HttpResponse:
    """The page that `make` renders with `CSRF_MARK` as its token, or the same one kept; only for strangers. `shown`:
    all that it says. `asked_at`: by `time.monotonic()`, before the first of its rows was read."""
    asked, current = _asked(request), network.current()
    key = (*asked, values_of(current), *shown)
    page = _kept(key, now)
    if page is None:
        page = tuple(part.encode() for part in make().split(CSRF_MARK))
        with _lock:
            if len(_pages) < MOST_PAGES:
                _pages[key] = page
    if request.method in ("GET", "HEAD"):
        _keep(asked, _Recent(page, asked_at, current))
    return _sent(request, page)


def values_of(row: Model) -> str:
    """All that was read of a row, to compare with."""
    read = [(name, value) for name, value in vars(row).items() if name in _columns(type(row))]
    return repr([(name, str(value) if isinstance(value, FieldFile) else value) for name, value in read])


@cache
def _columns(model: type[Model]) -> frozenset[str]:
    return frozenset(field.attname for field in model._meta.concrete_fields)


def forget() -> None:
    forget_second()
    with _lock:
        _pages.clear()


def forget_second() -> None:
    """Ask for the rows again; pages that say the same are not made anew."""
    with _lock:
        _recent.clear()


def _asked(request: HttpRequest) -> _Asked:
    return _Asked(request.build_absolute_uri(), get_language())


def _sent(request: HttpRequest, page: Page) -> HttpResponse:
    return HttpResponse(get_token(request).encode().join(page))


def _keep(asked: _Asked, recent: _Recent) -> None:
    """What is too old to be sent goes, and the oldest where there is no room."""
    with _lock:
        _recent.pop(asked, None)
        while _recent:
            oldest = next(iter(_recent))
            if len(_recent) < MOST_PAGES and recent.asked_at - _recent[oldest].asked_at < KEPT_SECONDS:
                break
            del _recent[oldest]
        _recent[asked] = recent


def _kept(key: tuple[object, ...], now: datetime) -> Page | None:
    global _minute
    minute = int(now.timestamp()) // 60
    with _lock:
        if minute != _minute:
            _pages.clear()
            _minute = minute
        return _pages.get(key)
