"""Slugs that a page must not have, because an address of ours or of Oscar's would hide it."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from marketplace.storefront import entrances

_WORD = re.compile(r"^\^?([\w-]+)")


@cache
def taken() -> frozenset[str]:
    """The first parts of all addresses but Wagtail's own pages, which match anything; that of shops' entrances too."""
    found = _first_parts(get_resolver().url_patterns)
    folders = (settings.STATIC_URL, settings.MEDIA_URL, entrances.PREFIX)
    return frozenset(found | {folder.strip("/").split("/")[0] for folder in folders})


def _first_parts(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        route = str(pattern.pattern)
        if word := _WORD.match(route):
            found.add(word.group(1))
        elif isinstance(pattern, URLResolver):
            found |= _first_parts(pattern.url_patterns)
    return found
