"""Lists that are wrong and look right. In no case is an offer retired, repriced or sold out beyond the limits of the
guard before a person has said so, and the good rows beside the bad go in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from oscar.apps.partner.models import StockRecord

from catalog_sync import guarding, planning, sync
from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.base import FileAdapter
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SyncRun
from catalog_sync.reasons import FeedError
from catalog_sync.records import Chunk, Lane
from shops.models import StockTerms
from tests.catalog_sync import lists, memory
from tests.catalog_sync.lists import WRITERS, Row
from tests.catalog_sync.memory import codes

pytestmark = pytest.mark.django_db
DAY = 24 * 3600
START = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
ARTICLES = 100
GOOD = lists.rows(ARTICLES)
KINDS = sorted(WRITERS)
Offers = dict[str, tuple[int | None, str, int | None, str, bool]]

POISONS: dict[str, Callable[[Row], Row]] = {
    "all zero": lambda row: row._replace(price=0, quantity=0),
    "all null": lambda row: row._replace(price=None, quantity=None),
    "prices × 100": lambda row: row._replace(price=row.price * 100),
    "prices × 0.01": lambda row: row._replace(price=row.price // 100),
    "other currency": lambda row: row._replace(currency="EUR"),
    "price and number swapped": lambda row: row._replace(price=row.quantity * 100, quantity=row.price // 100),
    "all sold out": lambda row: row._replace(quantity=0),
    "no price": lambda row: row._replace(price=None),
    "title and number of the article swapped": lambda row: row._replace(sku=row.title, title=row.sku),
    "ISBNs moved by one": lambda row: row._replace(gtin=lists.isbn(int(row.sku[1:]) + 1)),
    "price is the ISBN": lambda row: row._replace(price=int(row.gtin) * 100),
    "number is the ISBN": lambda row: row._replace(quantity=int(row.gtin)),
}


def offers() -> Offers:
    """{SKU: (cents, currency, copies, availability, retired)}"""
    terms = {
        term.stock_record_id: (term.availability, term.retired_at is not None) for term in StockTerms.objects.all()
    }
    return {
        record.partner_sku: (
            None if record.price is None else round(record.price * 100),
            record.price_currency,
            record.num_in_stock,
            *terms.get(record.pk, ("in_stock", False)),
        )
        for record in StockRecord.objects.all()
    }


def beyond_limits(before: Offers, after: Offers) -> list[str]:
    """What the guard's limits forbid without a person (docs/feeds.md, 3 and 4)."""
    found = []
    both = [(before[sku], after.get(sku, (None, "", None, "unknown", True))) for sku in before]
    priced = [(was[0], now[0]) for was, now in both if was[0] is not None]
    if any(now is not None and abs(now - was) * 100 > was * 40 for was, now in priced):
        found.append("a price moved by more than 40 %")
    if sum(now is None for _, now in priced) * 2 > len(before):
        found.append("more than half of the prices are lost")
    if any(now[4] and not was[4] for was, now in both):
        found.append("an offer is retired")
    sold = [now for was, now in both if was[2]]
    if sum(not now[2] or now[3] == "unknown" for now in sold) * 2 > len(sold):
        found.append("more than half is not sold any more")
    if sum(now[3] == "unknown" and was[3] != "unknown" for was, now in both) * 100 > len(before) * 20:
        found.append("more than 20 % are missing")
    return found


def leave(feed: Feed, content: bytes, *, day: float, name: str = "") -> SyncRun:
    """The shop leaves a file on a day, and we read it an hour later."""
    path = feeds_folder() / feed.location / (name or "list")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    stamp = START + day * DAY
    os.utime(path, (stamp, stamp))
    feed.refresh_from_db()
    return sync.run(feed, now=datetime.fromtimestamp(stamp + 3600, UTC))


def opened(kind: str) -> Feed:
    """A feed whose good list is in, in a folder of its own."""
    feed = memory.feed(kind=kind, location=f"{kind}-{os.getpid()}/", name="books")
    for old in (feeds_folder() / feed.location).glob("*"):
        old.unlink()
    run = leave(feed, WRITERS[kind](GOOD), day=0)
    assert (run.state, run.new, run.refused, run.complete) == ("done", ARTICLES, 0, True), run.notes
    return feed


# A table and records; the others get the first half of the poisons, and their cuts without a database.
THOROUGHLY = ("csv", "onix")


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves the database as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", KINDS)
def test_poisoned_list_changes_nothing_beyond_the_limits(kind):
    feed, before = opened(kind), offers()
    assert len(before) == ARTICLES
    names = list(POISONS)[: None if kind in THOROUGHLY else len(POISONS) // 2]
    lists_of = {name: list(map(POISONS[name], GOOD)) for name in names}
    lists_of |= {"half gone": GOOD[::2]}
    for name, spoiled in lists_of.items():
        with undone():
            run = leave(feed, WRITERS[kind](spoiled), day=1)
            assert beyond_limits(before, offers()) == [], (name, codes(run))
            assert run.state == "awaiting", (name, codes(run))


def cuts(kind: str) -> Iterator[bytes]:
    """A good list with other prices, cut at every twentieth of its length."""
    content = WRITERS[kind]([row._replace(price=row.price + 100) for row in GOOD])
    return (content[: len(content) * twentieth // 20] for twentieth in range(1, 20))


@pytest.mark.parametrize("kind", THOROUGHLY)
def test_list_cut_at_every_twentieth_retires_and_reprices_nothing(kind):
    feed, before = opened(kind), offers()
    prices = {row.price + more for row in GOOD for more in (0, 100)}
    for content in cuts(kind):
        with undone():
            run = leave(feed, content, day=1)
            after = offers()
            where = (len(content), codes(run))
            assert (run.complete, run.gone, beyond_limits(before, after)) == (False, 0, []), where
            assert {offer[0] for offer in after.values()} <= prices, where
            assert {sku: offer[2:] for sku, offer in after.items()} == {sku: offer[2:] for sku, offer in before.items()}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(THOROUGHLY)))
def test_reading_of_a_cut_list_is_not_complete(kind, tmp_path):
    """What is not complete retires nothing, as the lists above show."""
    prices = {row.sku: row.price + 100 for row in GOOD}
    for content in cuts(kind):
        (tmp_path / "list").write_bytes(content)
        chunks: list[Chunk] = []
        with suppress(FeedError):
            chunks += adapter_for(FeedUnderTest(kind, str(tmp_path / "list"))).fetch(Lane.CATALOGUE, None)
        assert not any(chunk.complete or chunk.gone for chunk in chunks), len(content)
        assert all(record.price == prices[record.sku] for chunk in chunks for record in chunk.records), len(content)


def test_cut_list_that_is_taken_for_whole_takes_articles_off_sale(monkeypatch):
    """The negative control of the proof of the end."""
    feed = opened("csv")
    told = FileAdapter.last_chunk
    monkeypatch.setattr(FileAdapter, "last_chunk", lambda *those, **how: told(*those, **how | {"whole": True}))
    assert leave(feed, list(cuts("csv"))[-2], day=1).gone > 5


@pytest.mark.parametrize("kind", KINDS)
def test_yesterdays_list_and_the_same_under_another_name_change_nothing(kind):
    feed = opened(kind)
    today = WRITERS[kind]([row._replace(price=row.price + 100, quantity=7) for row in GOOD])
    assert leave(feed, today, day=1).changed == ARTICLES
    before = offers()
    again = leave(feed, today, day=2, name="renamed")
    assert (again.state, again.written, offers()) == ("done", 0, before)
    # Of a folder of ONIX messages both are read: the newest of others is the very same file.
    assert ("run_unchanged" in codes(again)) == (kind != "onix")
    for old in (feeds_folder() / feed.location).glob("*"):
        old.unlink()
    yesterday = leave(feed, WRITERS[kind](GOOD[:60]), day=0.5)
    assert (yesterday.gone, offers()) == (0, before), codes(yesterday)
    assert leave(feed, WRITERS[kind](GOOD), day=3).changed == ARTICLES, "only its age was against it"


@pytest.mark.parametrize("kind", KINDS)
def test_good_rows_beside_the_bad_go_in(kind):
    feed = opened(kind)
    listed = [row._replace(price=row.price + 100, quantity=7) for row in GOOD]
    bad: dict[int, dict[str, Any]] = {3: {"price": 99_999_00}, 40: {"price": 1}, 77: {"gtin": "9780000000001"}}
    for place, spoiled in bad.items():
        listed[place] = listed[place]._replace(**spoiled)
    run = leave(feed, WRITERS[kind](listed), day=1)
    assert run.state == "done", codes(run)
    after = offers()
    assert all(after[row.sku][:3] == (row.price + 100, "CAD", 7) for n, row in enumerate(GOOD) if n not in bad)
    assert [after[GOOD[place].sku][0] for place in (3, 40)] == [GOOD[place].price for place in (3, 40)]
    assert run.quarantined >= 2


def test_poisons_are_seen_where_nothing_guards(monkeypatch):
    """The negative control: each limit is needed by a poison."""
    feed, before = opened("csv"), offers()
    monkeypatch.setattr(guarding, "objections", lambda feed, plan: [])
    monkeypatch.setattr(planning, "FACTOR", 10**6)
    Feed.objects.update(price_jump=30_000, price_floor_minor=0)
    seen = {}
    lists_of = {
        name: list(map(POISONS[name], GOOD)) for name in ("all sold out", "no price", "prices × 0.01", "other currency")
    }
    for name, spoiled in (lists_of | {"half gone": GOOD[::2]}).items():
        with undone():
            leave(feed, WRITERS["csv"](spoiled), day=1)
            seen[name] = beyond_limits(before, offers())
    assert seen == {
        "all sold out": ["more than half is not sold any more"],
        "no price": ["more than half of the prices are lost"],
        "prices × 0.01": ["a price moved by more than 40 %"],
        "other currency": ["more than half of the prices are lost"],
        "half gone": ["more than 20 % are missing"],
    }
