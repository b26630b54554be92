"""The demo's feeds, written once for all tests that only read them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from demo.generating import WrittenFeed, write_feeds

SENT_AT = datetime(2026, 1, 5, 9, 0, tzinfo=ZoneInfo("America/Toronto"))


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, WrittenFeed]:
    """Every written feed by its shop's slug."""
    written = write_feeds(tmp_path_factory.mktemp("demo-feeds"), sent_at=SENT_AT)
    return {feed.shop: feed for feed in written}
