"""Titles of which no shop or publisher says more than the number, asked of one bibliographic service.

Which one is configured (`HALLES_LOOKUP_URL`, an https address with {isbn} in it, and `HALLES_LOOKUP_FORMAT`: a kind
of feed such as `onix` or `jsonl`, or `openlibrary`, the form of Open Library's books API). Without an address the step
does nothing and the titles wait. An answer is one more source of the fold, below publishers and wholesalers. That the
service does not know a number is remembered for 90 days; trouble is tried again later and later.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from catalog_sync import cleaning
from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.identifiers import gtin_text
from catalog_sync.models import Lookup
from catalog_sync.reasons import FeedError
from catalog_sync.records import FACT_FIELDS, CatalogRecord, Lane
from catalog_sync.titles import facts, moves
from marketplace.foundation import bulk, http, leases

OPEN_LIBRARY = "openlibrary"
AT_ONCE = 5  # questions in one call of the step
ASKED_AGAIN_AFTER = timedelta(days=90)
MOST_BYTES = 2 * 1024 * 1024
_TITLE_LENGTH = 300


@dataclass(frozen=True)
class Found:
    """What the service says of a title; `facts` are named as those of a record. Without a title it knows nothing."""

    title: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def want(product_ids: Iterable[int], now: datetime) -> None:
    """These titles are to be looked up. One statement."""
    among, ids = bulk.among(product_ids)
    bulk.execute(
        "INSERT INTO catalog_sync_lookup (product_id, title, facts, due_at, attempts, lease_token, last_error)"
        f" SELECT p.id, '', '{{}}', %(now)s, 0, '', '' FROM catalogue_product p WHERE p.id {among} ORDER BY p.id"
        " ON CONFLICT (product_id) DO NOTHING",
        {**ids, "now": bulk.moment(now)},
    )


def look_up(now: datetime) -> int:
    """The step: ask the service about a few titles. Returns how many were asked about or needed no asking any more."""
    if not settings.LOOKUP_URL:
        return 0
    done = 0
    for row in leases.claim(Lookup, now=now, limit=AT_ONCE, lease_seconds=300):
        product = row.product
        if moves.is_emptied(product.pk):
            leases.finish(row, due_at=now + ASKED_AGAIN_AFTER)  # it may have come back by then
            done += 1
            continue
        if not product.upc or (product.title != product.upc and not row.asked_at):  # somebody has named it meanwhile
            leases.finish(row)
            done += 1
            continue
        try:
            found = ask(int(product.upc))
        except http.HttpError as error:
            leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
        except FeedError as error:
            leases.postpone(row, error=str(error), now=now, permanent=True)
        else:
            _keep(row, found, now)
            done += 1
    return done


def _keep(row: Lookup, found: Found, now: datetime) -> None:
    again = None if found.title else now + ASKED_AGAIN_AFTER
    with transaction.atomic():
        if leases.finish(
            row, asked_at=now, title=found.title[:_TITLE_LENGTH], facts=found.facts, due_at=again, attempts=0
        ):
            facts.refold([row.product_id], now=now)


def ask(gtin: int) -> Found:
    """What the service says. Raises `http.HttpError`, and `FeedError` for an answer that cannot be read."""
    address = settings.LOOKUP_URL.replace("{isbn}", quote(gtin_text(gtin)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer"
        try:
            http.fetch_to_file(address, path, max_bytes=MOST_BYTES)
        except http.HttpError as error:
            if error.status in (404, 410):
                return Found()
            raise
        if settings.LOOKUP_FORMAT == OPEN_LIBRARY:
            return _from_open_library(path.read_bytes(), gtin)
        return _from_records(path, gtin)


def _from_records(path: Path, gtin: int) -> Found:
    try:
        for chunk in adapter_for(FeedSettings(settings.LOOKUP_FORMAT, str(path))).fetch(Lane.CATALOGUE, None):
            for record in chunk.records:
                if record.gtin == gtin and record.title:
                    return Found(record.title, _facts_of(record))
    except FeedError as error:
        if error.reason is None or error.reason.code not in ("file_empty", "file_without_articles"):
            raise
    return Found()


def _facts_of(record: CatalogRecord) -> dict[str, Any]:
    return json.loads(json.dumps({name: value for name in FACT_FIELDS if (value := getattr(record, name))}))


def _from_open_library(body: bytes, gtin: int) -> Found:
    """{"ISBN:978…": {"title", "subtitle", "authors": [{"name"}], "publishers": [{"name"}], "publish_date",
    "number_of_pages", "cover": {"large"}}}; an empty object where it knows nothing (jscmd=data)."""
    try:
        told = json.loads(body)
    except ValueError as error:
        raise http.HttpError(f"The answer is no JSON: {error}") from error
    books = list(told.values()) if isinstance(told, dict) else []
    book = told.get(f"ISBN:{gtin_text(gtin)}", books[0]) if books else {}
    if not isinstance(book, Mapping):
        return Found()
    pages = book.get("number_of_pages")
    known: dict[str, Any] = {
        "subtitle": cleaning.one_line(_text(book.get("subtitle"))),
        "contributors": [[name, "author"] for name in _names(book.get("authors"))],
        "publisher": next(iter(_names(book.get("publishers"))), ""),
        "publication_date": cleaning.partial_date(_text(book.get("publish_date"))),
        "pages": pages if isinstance(pages, int) and 0 < pages < 100_000 else None,
        "cover": cleaning.web_address(_text((book.get("cover") or {}).get("large"))),
    }
    return Found(cleaning.title(_text(book.get("title"))), {name: value for name, value in known.items() if value})


def _names(said: Any) -> list[str]:
    named = [one.get("name") for one in said if isinstance(one, Mapping)] if isinstance(said, list) else []
    return [name for one in named if (name := cleaning.one_line(_text(one)))]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
