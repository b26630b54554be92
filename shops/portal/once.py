"""A form that is sent twice acts once, and the second answer is that of the first.

Every form of an order carries a token; that its change was made is written into the person's session in the
transaction of the change. Whoever comes second finds the order's version moved on, and its own token there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.http import HttpRequest

_NAME = "portal_done"
_KEPT = 30


def token() -> str:
    return secrets.token_urlsafe(12)


@contextmanager
def doing(request: HttpRequest, token: str) -> Iterator[None]:
    """Around the change that the form with `token` asks for."""
    with transaction.atomic():
        yield
        if token:
            request.session[_NAME] = [*request.session.get(_NAME, []), token][-_KEPT:]
            request.session.save()


def was_done(request: HttpRequest, token: str) -> bool:
    """Whether a change with this token is committed; read anew, since it may be a moment old."""
    stored = type(request.session)(request.session.session_key)
    return bool(token) and token in stored.get(_NAME, [])
