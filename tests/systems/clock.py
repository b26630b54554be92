"""The clock of contract servers, which may be off: that of their stamps and of the `Date` of their answers. One for all
of them, since a process plays one at a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import ClassVar


class Clocked:
    """A system that has it."""

    ahead: ClassVar[timedelta] = timedelta(0)

    def set_clock(self, ahead: timedelta) -> None:
        Clocked.ahead = ahead


class DatedHandler(BaseHTTPRequestHandler):
    def date_time_string(self, timestamp: float | None = None) -> str:
        true = time.time() if timestamp is None else timestamp
        return super().date_time_string(true + Clocked.ahead.total_seconds())


def now() -> datetime:
    return datetime.now(UTC) + Clocked.ahead
