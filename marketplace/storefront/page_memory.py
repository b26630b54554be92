"""A page made for one visitor is sent to the next who would be shown the very same: for the minute that its words are
true ("checked 3 min ago"), and only among visitors of whom nothing is known.

Nothing here can be out of date: the memory is asked *after* the rows were read, with all that they say as its key. It
spares the rendering, which is most of a page's time, on the titles that many people look at in the same minute."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cache
from threading import Lock

from django.conf import settings
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import get_language

from marketplace.foundation import network
from search.reader import entrance_of

CSRF_MARK = secrets.token_hex(32)
"""Stands in a kept page where each visitor's own token goes. Nobody outside this process can write it."""

MOST_PAGES = 256  # of about 20 KB each, in each process

_pages: dict[tuple[object, ...], str] = {}
_minute: int | None = None
_lock = Lock()


def is_stranger(request: HttpRequest) -> bool:
    """Without a session, a basket or a message, and not in a shop's own entrance, where it is theirs: the visitor's
    page depends on nothing but the language."""
    known = set(request.COOKIES) - {settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    return not known and entrance_of(request) is None


def answer(request: HttpRequest, shown: tuple[object, ...], make: Callable[[], str], *, now: datetime) -> HttpResponse:
    """The page that `make` renders with `CSRF_MARK` as its token, or the same one kept. `shown`: all that it says."""
    address = request.build_absolute_uri()
    key = (address, get_language(), values_of(network.current()), *shown)
    page = _kept(key, now)
    if page is None:
        page = make()
        with _lock:
            if len(_pages) < MOST_PAGES:
                _pages[key] = page
    return HttpResponse(page.replace(CSRF_MARK, get_token(request)))


def values_of(row: Model) -> str:
    """All that was read of a row, to compare with."""
    read = [(name, value) for name, value in vars(row).items() if name in _columns(type(row))]
    return repr([(name, str(value) if isinstance(value, FieldFile) else value) for name, value in read])


@cache
def _columns(model: type[Model]) -> frozenset[str]:
    return frozenset(field.attname for field in model._meta.concrete_fields)


def forget() -> None:
    with _lock:
        _pages.clear()


def _kept(key: tuple[object, ...], now: datetime) -> str | None:
    global _minute
    minute = int(now.timestamp()) // 60
    with _lock:
        if minute != _minute:
            _pages.clear()
            _minute = minute
        return _pages.get(key)
