"""A shop system that keeps its articles in this module: what a test puts on the shelf is what its feed lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog_sync import sync
from catalog_sync.adapters import ADAPTERS
from catalog_sync.adapters.base import FULL, Adapter
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reasons import FeedError, reason
from catalog_sync.records import CatalogRecord, Chunk, Cursor, Lane, Refused
from shops.models import Shop
from tests import factories

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHELVES: dict[str, list[Chunk | FeedError]] = {}


class Memory(Adapter):
    kind = "memory"
    capabilities = frozenset({FULL})

    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        for chunk in SHELVES[self.feed.location]:
            if isinstance(chunk, FeedError):
                raise chunk
            yield chunk


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ADAPTERS, "memory", ("In memory", "tests.catalog_sync.memory.Memory"))


def feed(shop: Shop | None = None, name: str = "", **columns: Any) -> Feed:
    """A feed of the memory system, of a shop that has said nothing yet."""
    shop = shop or factories.shop(complete_as_of=None)
    name = name or f"feed-{Feed.objects.count() + 1}"
    return Feed.objects.create(shop=shop, name=name, **{"kind": "memory", "location": name} | columns)


def article(sku: str, at: datetime = NOON, **columns: Any) -> CatalogRecord:
    """A new book at 20.00 $, two copies, without a GTIN unless one is given."""
    values = {
        "gtin": None,
        "title": f"Title {sku}",
        "price": 2000,
        "currency": "CAD",
        "price_kind": "retail",
        "quantity": 2,
        "contains_our_orders": False,
        "condition": "new",
        "as_of": at,
    } | columns
    units = values["quantity"]
    values.setdefault(
        "availability", "unknown" if units is None else "in_stock" if units else "temporarily_unavailable"
    )
    return CatalogRecord(sku=sku, **values)


def shelve(
    of: Feed,
    *articles: CatalogRecord,
    at: datetime = NOON,
    complete: bool = True,
    refused: tuple[Refused, ...] = (),
    gone: tuple[str, ...] = (),
    more: tuple[Chunk | FeedError, ...] = (),
) -> None:
    """What the feed lists from now on, in one chunk, and then `more`."""
    articles = tuple(record._replace(as_of=at) for record in articles)
    SHELVES[of.location] = [chunk(articles, at=at, complete=complete, refused=refused, gone=gone), *more]


def chunk(
    articles: tuple[CatalogRecord, ...] = (),
    *,
    at: datetime = NOON,
    complete: bool = True,
    refused: tuple[Refused, ...] = (),
    gone: tuple[str, ...] = (),
) -> Chunk:
    return Chunk(list(articles), list(refused), [], list(gone), at, complete, None, ())


def refused(sku: str = "", code: str = "record_unreadable") -> Refused:
    return Refused("raw", reason(code, detail="a test") if code == "record_unreadable" else reason(code), 7, sku)


def sync_now(of: Feed, at: datetime = NOON, **how: Any) -> SyncRun:
    """Run the feed half an hour after its list was made."""
    of.refresh_from_db()
    return sync.run(of, now=at + timedelta(minutes=30), **how)


def codes(run: SyncRun) -> list[str]:
    return [note["code"] for note in run.notes]
