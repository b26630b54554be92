"""The clock of a real server, set by libfaketime (Debian's package faketime) for its process alone."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.systems.under_test import SETS_CLOCK

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")) if sys.platform == "linux" else []


class FakeTime:
    """`can`: SETS_CLOCK, where the library is there. `environment`: of the server."""

    def __init__(self, folder: Path) -> None:
        self.can, self.folder = frozenset({SETS_CLOCK} if LIBRARIES else ()), folder
        self.ahead = timedelta(0)
        self.set(self.ahead)

    @property
    def environment(self) -> dict[str, str]:
        if not LIBRARIES:
            return {}
        switches = dict.fromkeys(("FAKETIME_CACHE_DURATION", "FAKETIME_DONT_FAKE_MONOTONIC"), "1")
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self._at), **switches}

    def set(self, ahead: timedelta) -> None:
        self.ahead = ahead
        part = self.folder / "part"
        part.write_text(f"{ahead.total_seconds():+.0f}\n")
        part.rename(self._at)

    def set_for(self, address: str, ahead: timedelta) -> None:
        """`set`, and wait until the server says so too: the library looks once a second, as Node at its `Date`."""
        self.set(ahead)
        asked = urllib.request.Request(address, method="HEAD")
        while True:
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    told = answer.headers["Date"]
            except urllib.error.HTTPError as error:
                told = error.headers["Date"]
            if abs(parsedate_to_datetime(told) - datetime.now(UTC) - ahead) < timedelta(minutes=1):
                return
            time.sleep(0.1)

    @property
    def _at(self) -> Path:
        return self.folder / "clock"
