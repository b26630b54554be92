"""Sessions that are over are removed: nothing else does."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module

from django.conf import settings


def clear_sessions(now: datetime) -> int:
    """Step."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return 0
