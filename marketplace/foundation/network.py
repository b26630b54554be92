"""The one Network row, cached for a few seconds per process: every page needs it and it hardly ever changes."""

from __future__ import annotations

import time

from marketplace.foundation.models import Network

_CACHE_SECONDS = 5.0
_cached: tuple[float, Network] | None = None


def current() -> Network:
    """The marketplace's settings; made with defaults when the database is new."""
    global _cached
    if _cached and time.monotonic() - _cached[0] < _CACHE_SECONDS:
        return _cached[1]
    network = Network.objects.filter(pk=1).first() or Network.objects.get_or_create(pk=1)[0]
    _cached = (time.monotonic(), network)
    return network


def forget() -> None:
    """Drop the cached row: after it was saved, and between tests."""
    global _cached
    _cached = None
