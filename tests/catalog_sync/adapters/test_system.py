from __future__ import annotations

import gc
import weakref
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from catalog_sync.adapters.base import FeedSettings
from catalog_sync.adapters.system import OVERLAP, Stated, SystemAdapter, moments_of
from catalog_sync.records import Cursor, Lane
from shops.systems.calling import Caller

HOUR = timedelta(hours=1)


class Told(SystemAdapter):
    """Of a system with one article and a clock, or without one; `asked`: from when on it was asked for changes."""

    kind = "told"

    def __init__(self, clock: datetime | None) -> None:
        super().__init__(FeedSettings("told", "https://shop.example", "CAD", mode="delta"))
        self.clock, self.asked = clock, list[datetime | None]()

    def client(self):
        return SimpleNamespace(caller=Caller("Told", "https://shop.example", {}))

    def read(self, client, lane, changed_since):
        client.caller._hear_clock(self.clock, datetime.now(UTC))
        self.asked.append(changed_since)
        yield [Stated("A", title="A")]


def cursor_of(adapter: Told, since: str = "") -> str:
    chunks = list(adapter.fetch(Lane.CATALOGUE, Cursor(Lane.CATALOGUE, since)))
    return chunks[-1].cursor.value


def test_system_that_does_not_tell_its_time_is_read_whole_each_time():
    adapter = Told(None)
    assert (cursor_of(adapter, cursor_of(adapter)), adapter.asked) == ("", [None, None])


def test_changes_are_asked_for_by_the_clock_of_the_system():
    there = datetime(2031, 1, 1, tzinfo=UTC)
    adapter = Told(there)
    cursor_of(adapter, cursor_of(adapter))
    assert adapter.asked == [None, there - OVERLAP]


def test_clock_that_was_set_back_has_what_is_stamped_since_asked_for_too():
    there, now = datetime(2031, 1, 1, tzinfo=UTC), datetime.now(UTC)
    adapter = Told(there - 5 * HOUR)  # it was set back by six hours an hour ago
    cursor_of(adapter, f"{there:%Y-%m-%dT%H:%M:%SZ}/{now - HOUR:%Y-%m-%dT%H:%M:%SZ}")
    first, second = adapter.asked
    assert first == there - OVERLAP
    assert abs(second - (there - 6 * HOUR - OVERLAP)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("CAD", "12.90", 1355), ("JPY", "1290", 1355), ("KWD", "1.290", 1355)]
)
def test_tax_is_added_to_the_smallest_amount_of_its_currency(monkeypatch, currency, price, minor):
    assert price_of(monkeypatch, currency, price, shown=True, tax_rate=Decimal(5)) == minor


@pytest.mark.parametrize(("currency", "price"), [("CAD", "13.55"), ("JPY", "1355"), ("KWD", "1.355")])
def test_tax_is_taken_out_to_the_smallest_amount_of_its_currency(monkeypatch, currency, price):
    both = {"tax_rate": Decimal(20), "included_rate": Decimal(5)}
    assert price_of(monkeypatch, currency, price, shown=False, **both) == 1290


def price_of(monkeypatch, currency: str, price: str, *, shown: bool, **rates: Decimal) -> int | None:
    """`shown`: readers see prices with tax."""
    adapter = Told(datetime.now(UTC))
    adapter.feed = FeedSettings("told", "https://shop.example", currency, tax_included=shown)
    taxed = Stated("A", title="A", price=Decimal(price), currency=currency, **rates)
    monkeypatch.setattr(adapter, "read", lambda *how: iter([[taxed]]))
    (chunk,) = adapter.fetch(Lane.CATALOGUE, None)
    return chunk.records[0].price


def refused_of(monkeypatch, *articles: Stated) -> tuple[list[str], list[str], list[tuple[str, int]]]:
    """(numbers that are sold, numbers that are withdrawn, reasons and positions)"""
    adapter = Told(datetime.now(UTC))
    monkeypatch.setattr(adapter, "read", lambda *how: iter([articles]))
    (chunk,) = adapter.fetch(Lane.CATALOGUE, None)
    refused = [(each.reason.code, each.position) for each in chunk.refused]
    return [record.sku for record in chunk.records], chunk.gone, refused


def test_articles_of_one_number_are_all_refused(monkeypatch):
    articles = [Stated(sku, title=f"Title {key}", key=key) for key, sku in enumerate(("A", "B", "A ", "A"), 1)]
    assert refused_of(monkeypatch, *articles) == (["B"], ["A"], [("sku_shared", n) for n in (1, 3, 4)])


def test_article_that_comes_twice_is_one(monkeypatch):
    assert refused_of(monkeypatch, *[Stated("A", title="A", key=1)] * 2) == (["A"], [], [])


def test_articles_without_a_number_are_refused_for_that(monkeypatch):
    articles = [Stated("", title="A", key=key) for key in (1, 2)]
    assert refused_of(monkeypatch, *articles) == ([], [], [("sku_missing", 1), ("sku_missing", 2)])


def delta_of(sold: list[tuple[int, str]], *articles: Stated) -> tuple[list[str], list[str], bool]:
    """Of changes: (titles that are sold, numbers that are withdrawn, whether all is read the next time); `sold`: the
    articles that the system says are sold, by key and number."""
    adapter, now = Told(datetime.now(UTC)), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    client = adapter.client()
    client.shared = lambda skus: (each for each in [*sold, *sold] if each[1] in skus)
    client.caller._hear_clock(adapter.clock, datetime.now(UTC))
    adapter.client, adapter.read = lambda: client, lambda *how: iter([articles])
    (chunk,) = adapter.fetch(Lane.CATALOGUE, Cursor(Lane.CATALOGUE, f"{now}/{now}"))
    return [record.title for record in chunk.records], chunk.gone, chunk.cursor.value == ""


def test_article_that_another_took_the_number_of_is_followed_by_it():
    old, new = Stated("A", title="Old", key=1, is_gone=True), Stated("A", title="New", key=2)
    assert delta_of([(2, "A")], old, new) == (["New"], [], True)
    assert delta_of([(2, "A")], new, old) == (["New"], [], True)


def test_all_is_read_anew_where_one_of_two_of_a_number_is_put_away():
    assert delta_of([(2, "A")], Stated("A", title="Old", key=1, is_gone=True)) == ([], ["A"], True)
    assert delta_of([(2, "B")], Stated("A", title="Old", key=1, is_gone=True)) == ([], ["A"], False)


def test_article_that_a_system_names_twice_is_one():
    assert delta_of([(1, "A")], Stated("A", title="A", key=1)) == (["A"], [], False)
    assert delta_of([(1, "A"), (2, "A")], Stated("A", title="A", key=1)) == ([], ["A"], False)


def test_articles_are_not_kept_while_the_next_are_read(monkeypatch):
    made = list[weakref.ref]()

    class Raw:
        pass

    def pages(*how):
        for key in range(3):
            raw = Raw()
            made.append(weakref.ref(raw))
            yield [Stated(f"A{key}", title="A", key=key, raw=raw)]
            del raw

    adapter = Told(datetime.now(UTC))
    monkeypatch.setattr(adapter, "read", pages)
    chunk = next(adapter.fetch(Lane.CATALOGUE, None))
    gc.collect()
    assert (len(chunk.records), [ref() is None for ref in made[:2]]) == (3, [True, True])


@pytest.mark.parametrize("text", ["", "soon", "2031-01-01T00:00:00Z", "2031-01-01T00:00:00Z/then 7"])
def test_cursor_that_says_no_moments_asks_for_everything(text):
    assert moments_of(Cursor(Lane.STOCK, text)) is None
