"""Authors, publishers and series that have a page: how a name becomes an address, and which names there are.

A name's page is the search for its `key`, as the index has it; its address is its slug. `noting` writes the names of
titles as they are indexed: whatever can be found has its page, and a shop's list pays nothing for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import quote

from django.db import transaction
from django.utils.text import slugify
from oscar.apps.catalogue.models import Product

from marketplace.catalogue.models import ListedName
from marketplace.catalogue.slugs import slug as ascii_slug
from marketplace.foundation import bulk
from search import queries, text
from search.documents import TitleDocument
from search.engines.query import LONGEST_CODE, Query, SearchError

Kind = ListedName.Kind
QUERIED: dict[str, Any] = {"author": "authors", "publisher": "publishers", "series": "series"}
"""Kinds of names, and what the engine's query calls them."""

_NOTHING_LEFT = "title"
_BATCH = 2000
_MOST_KNOWN = 100_000  # of some 250 bytes each
_LOOKED_EVERY = timedelta(days=7)
_LOOKED_AT = 500  # at once: a second of an engine's time
_known: dict[tuple[str, str], date] = {}
_lock = Lock()


class Named(NamedTuple):
    kind: str
    slug: str
    key: str
    name: str


@lru_cache(maxsize=1 << 14)
def slug_of(kind: str, name: str) -> str:
    """ "Camus, Albert" → `albert-camus`. A name without a Latin letter keeps its own; empty for one without any. What a
    slug cannot say ("C++") is told apart by a few characters of its key."""
    name = shown(kind, name)
    slug = ascii_slug(name)
    if slug == _NOTHING_LEFT and _NOTHING_LEFT not in name.lower():
        slug = slugify(name, allow_unicode=True)
    said = text.key(name)
    if slug and slug.replace("-", "") != said.replace(" ", ""):
        slug = f"{slug[:240]}-{blake2b(said.encode(), digest_size=3).hexdigest()}"
    return slug[:255]


def shown(kind: str, name: str) -> str:
    """ "Camus, Albert" is "Albert Camus"; publishers and series are as they are written."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and kind == Kind.AUTHOR else name


@lru_cache(maxsize=1 << 14)
def address(kind: str, name: str) -> str:
    """The page of a name; empty for a name that can have none."""
    slug = slug_of(kind, name)
    return address_of(kind, slug) if slug else ""


def address_of(kind: str, slug: str) -> str:
    return f"/{kind}/{quote(slug)}/"


def key_of(kind: str, name: str) -> str:
    """As the index has it (`engines.fields`)."""
    return text.name_key(name) if kind == Kind.AUTHOR else text.key(name)


def noting(documents: Iterable[TitleDocument], on: date, *, changed: bool) -> Iterator[TitleDocument]:
    """The documents as they come; their names are written. `changed`: their pages say something new on this day, which
    is not so while an index is built anew. What this process has written on a day it does not write again."""
    found: dict[tuple[str, str], Named] = {}
    for document in documents:
        for named in _names_of(document):
            place = (named.kind, named.slug)
            if place not in found and (_known.get(place) is None or (changed and _known[place] < on)):
                found[place] = named
        yield document
        if not changed and len(found) >= _BATCH:  # in small statements; a step's are one, in its transaction
            _write(found, on, changed=changed)
            found = {}
    _write(found, on, changed=changed)


def drop_gone(now: datetime) -> int:
    """Step: names whose last title has gone have no page, and leave the sitemap. The longest not looked at first, each
    by one question to the engine, once a week at most; those that changed today wait. Nothing is dropped while the
    index is down, or has hardly half of the titles."""
    day = now.date()
    due = ListedName.objects.filter(looked_on__lte=day - _LOOKED_EVERY, changed_on__lt=day).order_by("looked_on", "pk")
    rows = list(due[:_LOOKED_AT])
    if not rows or not _index_is_whole():
        return 0
    try:
        gone = [row for row in rows if not queries.count(_titles_of(row))]
    except SearchError:
        return 0
    there = set(rows) - set(gone)
    ListedName.objects.filter(pk__in=[row.pk for row in there]).update(looked_on=day)
    dropped = 0
    for row in gone:  # unless a title of it was indexed meanwhile
        dropped += ListedName.objects.filter(pk=row.pk, changed_on=row.changed_on).delete()[0]
        with _lock:
            _known.pop((row.kind, row.slug), None)
    return dropped


def _titles_of(row: ListedName) -> Query:
    wanted: dict[str, Any] = {QUERIED[row.kind]: (row.key,)}
    return Query(**wanted)


def _index_is_whole() -> bool:
    state = queries.engine().status()
    return state.healthy and 2 * state.documents >= Product.objects.filter(is_public=True).count()


def forget() -> None:
    """Of what this process has written: between tests."""
    with _lock:
        _known.clear()


def _names_of(document: TitleDocument) -> Iterator[Named]:
    for kind, names in (
        (Kind.AUTHOR.value, document.contributors),
        (Kind.PUBLISHER.value, (document.publisher,)),
        (Kind.SERIES.value, (document.series,)),
    ):
        for name in names:
            if name and (named := _named(kind, name)):
                yield named


@lru_cache(maxsize=1 << 14)
def _named(kind: str, name: str) -> Named | None:
    slug, key = slug_of(kind, name), key_of(kind, name)
    return Named(kind, slug, key, shown(kind, name)[:300]) if slug and 0 < len(key) <= LONGEST_CODE else None


_ROWS = {
    True: "SELECT * FROM unnest(%(kinds)s::text[], %(slugs)s::text[], %(keys)s::text[], %(names)s::text[])"
    " AS row (kind, slug, key, name)",
    False: "SELECT json_extract(value, '$[0]') AS kind, json_extract(value, '$[1]') AS slug,"
    " json_extract(value, '$[2]') AS key, json_extract(value, '$[3]') AS name FROM json_each(%(rows)s)",
}
# In the order of their places, so that two processes never wait for each other.
_WRITE = """
INSERT INTO titles_listedname (kind, slug, key, name, changed_on, looked_on)
SELECT kind, slug, key, name, {on}, {on} FROM ({rows}) AS said WHERE true ORDER BY kind, slug
ON CONFLICT (kind, slug) DO UPDATE SET key = excluded.key"""
# A key follows a folding that has changed since.
_OTHER_KEY = " WHERE titles_listedname.key <> excluded.key"
_CHANGED = f", changed_on = excluded.changed_on{_OTHER_KEY} OR titles_listedname.changed_on < excluded.changed_on"


def _write(found: dict[tuple[str, str], Named], on: date, *, changed: bool) -> None:
    if not found:
        return
    names = list(found.values())
    if bulk.is_postgres():
        kinds, slugs, keys, written = map(list, zip(*names, strict=True))
        values: dict[str, object] = {"kinds": kinds, "slugs": slugs, "keys": keys, "names": written}
    else:
        values = {"rows": json.dumps(names)}
    day = "%(on)s::date" if bulk.is_postgres() else "%(on)s"
    sql = _WRITE.format(on=day, rows=_ROWS[bulk.is_postgres()]) + (_CHANGED if changed else _OTHER_KEY)
    bulk.execute(sql, {**values, "on": on.isoformat()})
    transaction.on_commit(partial(_remember, list(found), on if changed else date.min))


def _remember(places: list[tuple[str, str]], on: date) -> None:
    with _lock:
        if len(_known) + len(places) > _MOST_KNOWN:
            _known.clear()
        _known.update(dict.fromkeys(places, on))
