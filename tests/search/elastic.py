"""The real server for tests: what ELASTICSEARCH_URL names (`scripts/with-elasticsearch make test` brings one). Each
test has indexes of its own there, which go when the process ends.

With HALLES_SEARCH_ENGINE=tests.search.elastic.OwnIndex any other test runs on it as well."""

from __future__ import annotations

import atexit
import hashlib
import os
from functools import cache
from pathlib import Path

from django.conf import LazySettings, settings
from django.db import connection

from search.engines import elasticsearch
from search.engines.elasticsearch import ElasticsearchEngine

MISSING = "no Elasticsearch: ELASTICSEARCH_URL names none that answers (scripts/with-elasticsearch make test)"
EXPECTED = bool(os.environ.get("CI")) and connection.vendor == "postgresql"
"""CI brings a server in its leg on PostgreSQL: there its absence fails tests, elsewhere they are skipped."""


def index_name(place: Path) -> str:
    """An index for each place and process that tests."""
    _tidied()
    return f"{_ours()}-{hashlib.blake2b(str(place).encode(), digest_size=6).hexdigest()}"


class OwnIndex(ElasticsearchEngine):
    """As the settings name it, but with another index for each SEARCH_INDEX_PATH: tests set that to their folders."""

    @classmethod
    def from_settings(cls, settings: LazySettings) -> OwnIndex:
        path = Path(settings.SEARCH_INDEX_PATH)
        return cls(settings.SEARCH_ADDRESS, index_name(path), path)


@cache
def reachable() -> bool:
    try:
        return "ELASTICSEARCH_URL" in os.environ and not _indices("test-none.*")
    except Exception:
        return False


def _indices(pattern: str) -> list[str]:
    return list(_client().indices.get_alias(index=pattern))


def _client() -> elasticsearch.Elasticsearch:
    return elasticsearch._client(settings.SEARCH_ADDRESS, elasticsearch.SECONDS_TO_WRITE, os.getpid())


def _ours() -> str:
    return f"test-{os.getpid()}"


@cache
def _tidied() -> None:
    atexit.register(_tidy)


def _tidy() -> None:
    if found := _indices(f"{_ours()}-*"):
        _client().indices.delete(index=found)
