"""The way in to the search for everyone else: the engine that the settings name, once per process.

``SEARCH_ENGINE`` is the dotted path of an ``Engine`` class, which takes what else it needs from the settings
(``SEARCH_INDEX_PATH``; ``SEARCH_ADDRESS`` and ``SEARCH_INDEX_NAME`` for one on a server).
"""

from functools import cache

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from search.engines.base import Engine, Page, Query, Suggestion


@cache
def engine() -> Engine:
    """This process's engine."""
    return import_string(settings.SEARCH_ENGINE).from_settings(settings)


def search(query: Query) -> Page:
    """One page of titles; ``SearchError`` where the search is down."""
    return engine().search(query)


def count(query: Query) -> int:
    """How many titles have the words as they are written: one question; ``SearchError`` where the search is down."""
    return engine().count(query)


def suggest(typed: str, limit: int = 8) -> list[Suggestion]:
    """Completions while a reader types; ``SearchError`` where the search is down."""
    return engine().suggest(typed, limit)


def _forget_engine(*, setting: str, **_: object) -> None:
    """Tests override settings; the next call opens the engine they name."""
    if setting.startswith("SEARCH_"):
        engine.cache_clear()


setting_changed.connect(_forget_engine, dispatch_uid="search.queries")
