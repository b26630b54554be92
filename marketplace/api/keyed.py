"""What every route of a feed's key shares: who it is, when its list was made, and the body as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from ninja.errors import HttpError
from ninja.security import HttpBearer

from catalog_sync.doors import keys
from catalog_sync.models import Feed
from marketplace.foundation import walls

_BLOCK = 1 << 16


class FeedKey(HttpBearer):
    """`Authorization: Bearer KEY`; the feed it opens is `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> Feed | None:
        feed = keys.feed_of(token, now=timezone.now())
        if feed is not None:
            walls.enter([feed.shop_id])
        return feed


def feed_of(request: HttpRequest) -> Feed:
    """The one that the key opens."""
    return request.auth  # type: ignore[attr-defined, no-any-return]


def made_at(as_of: str, now: datetime) -> datetime:
    """When a list was exported, from its header `As-Of`; left out: just now."""
    try:
        made = parse_datetime(as_of) if as_of else now
    except ValueError:
        made = None
    if made is None or made.tzinfo is None:
        raise HttpError(422, "As-Of is a time with its zone, like 2026-03-02T09:00:00-05:00.")
    return made


def blocks(request: HttpRequest) -> Iterator[bytes]:
    while block := request.read(_BLOCK):
        yield block
