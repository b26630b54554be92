"""A run is put back as it was: prices, matches, conditions, facts; never a quantity."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import journal, runs, undoing
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, JournalPart, SourceRecord, SyncRun
from catalog_sync.undoing import UndoError, undo
from marketplace.catalogue.models import ProductFacts, TitleChange
from marketplace.foundation.models import AuditEntry
from shops.models import StockTerms
from shops.stock import sellable_units
from tests import factories
from tests.catalog_sync.memory import NOON, article, codes, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN = 9782070360024


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def at(hours: float):
    return NOON + timedelta(hours=hours)


def list_at(books: Feed, hours: float, *articles, **how) -> SyncRun:
    shelve(books, *articles, at=at(hours), **how)
    return sync_now(books, at(hours))


def undo_at(run: SyncRun, hours: float) -> SyncRun:
    run.refresh_from_db()
    return undo(run, by="staff", now=at(hours))


def stored() -> dict[str, list[tuple]]:
    """All that a run writes but quantities, ages and keys of products."""
    sources = SourceRecord.objects.order_by("sku").values_list(
        "sku",
        "product_id",
        "gtin",
        "title",
        "price_minor",
        "currency",
        "price_kind",
        "condition",
        "facts",
        "retired_at",
    )
    records = StockRecord.objects.order_by("partner_sku").values_list("partner_sku", "product_id", "price")
    terms = StockTerms.objects.order_by("stock_record__partner_sku").values_list("condition", "signed", "retired_at")
    facts = ProductFacts.objects.order_by("product_id").values_list("product__title", "publisher", "contributors")
    return {"sources": list(sources), "records": list(records), "terms": list(terms), "facts": list(facts)}


def sellable(sku: str, hours: float) -> int:
    row = StockRecord.objects.select_related("partner__shop", "terms").get(partner_sku=sku)
    return sellable_units(row, shop=row.partner.shop, terms=getattr(row, "terms", None), now=at(hours))


def test_prices_facts_and_conditions_come_back_and_nothing_is_sold_until_the_next_number():
    books = feed()
    rows = [article(f"s{n}", gtin=None, publisher="Folio", condition="good") for n in range(5)]
    list_at(books, 0, *rows)
    before = stored()
    bad = [row._replace(price=2300, title="PRIX", publisher="12,90", condition="new", quantity=9) for row in rows[:4]]
    run = list_at(books, 2, *bad, rows[4])
    assert run.changed == 4
    assert stored() != before
    done = undo_at(run, 3)
    assert (done.state, done.changed, done.refused, codes(done)) == ("done", 4, 0, ["undo_done"])
    assert stored() == before
    assert [sellable(f"s{n}", 3) for n in range(5)] == [0, 0, 0, 0, 2]
    run.refresh_from_db()
    assert (run.state, run.journal.count()) == ("undone", 0)
    # The right list: everything is sold again, at its own number.
    list_at(books, 4, *rows)
    assert [sellable(f"s{n}", 4) for n in range(5)] == [2] * 5
    assert StockRecord.objects.filter(price=Decimal("20.00")).count() == 5


def test_new_articles_are_taken_off_and_their_titles_are_not_shown():
    books = feed()
    list_at(books, 0, article("a"))
    before = {name: rows for name, rows in stored().items() if name != "terms"}
    run = list_at(books, 1, article("a"), article("b", gtin=ISBN, title="Wrong"), article("c", title="Wrong too"))
    undo_at(run, 2)
    after = stored()
    assert (after["sources"], after["facts"]) == (before["sources"], before["facts"])
    assert [sellable(sku, 2) for sku in "abc"] == [2, 0, 0]
    assert StockTerms.objects.exclude(retired_at=None).count() == 2
    assert set(Product.objects.filter(is_public=False).values_list("title", flat=True)) == {"Wrong", "Wrong too"}
    # Listed again, rightly this time: the same products, shown and sold.
    list_at(books, 3, article("a"), article("b", gtin=ISBN, title="Right"))
    assert Product.objects.get(upc=str(ISBN)).is_public
    assert (Product.objects.get(upc=str(ISBN)).title, Product.objects.count()) == ("Right", 3)
    assert [sellable(sku, 3) for sku in "ab"] == [2, 2]


def test_what_a_run_took_off_for_missing_comes_back_but_is_not_sold():
    books = feed()
    rows = [article(f"s{n}") for n in range(10)]
    list_at(books, 0, *rows)
    before = stored()["sources"]
    run = list_at(books, 1, *rows[:9])
    assert run.gone == 1
    undo_at(run, 2)
    assert stored()["sources"] == before
    assert not StockTerms.objects.exclude(retired_at=None).exists()
    assert sellable("s9", 2) == 0
    list_at(books, 3, *rows)
    assert sellable("s9", 3) == 2


def test_what_a_later_run_changed_stays_and_is_listed():
    books = feed()
    rows = [article(sku) for sku in "abc"]
    list_at(books, 0, *rows)
    run = list_at(books, 1, *(row._replace(price=2100) for row in rows))
    later = list_at(books, 2, rows[0]._replace(price=2200), *(row._replace(price=2100) for row in rows[1:]))
    assert later.changed == 1
    done = undo_at(run, 3)
    assert (done.changed, done.refused) == (2, 1)
    assert list(done.issues.values_list("sku", "code")) == [("a", "undo_changed_since")]
    assert dict(StockRecord.objects.values_list("partner_sku", "price")) == {"a": 22, "b": 20, "c": 20}


def test_runs_are_undone_in_reverse_order():
    books = feed()
    states, done = [], []
    for hours, price in enumerate((2000, 2100, 2200)):
        done.append(list_at(books, hours, article("a", price=price)))
        states.append(stored()["records"])
    undo_at(done[2], 3)
    assert stored()["records"] == states[1]
    undo_at(done[1], 4)
    assert stored()["records"] == states[0]


def test_a_price_that_another_feed_of_the_shop_wrote_since_stays():
    books = feed()
    prices = feed(books.shop, name="prices")
    list_at(books, 0, article("a"))
    run = list_at(books, 1, article("a", price=2100))
    list_at(prices, 2, article("a", price=2300))
    done = undo_at(run, 3)
    assert (done.changed, done.refused) == (0, 1)
    assert StockRecord.objects.get().price == 23


def test_a_source_that_goes_takes_along_what_it_brought():
    """The publisher's title stands, as the other shop tells it."""
    other, books = feed(), feed()
    list_at(other, 0, article("x", gtin=ISBN, title="L'Étranger"))
    run = list_at(books, 1, article("a", gtin=ISBN, title="L'Étranger, roman", publisher="Gallimard"))
    assert ProductFacts.objects.get().publisher == "Gallimard"
    TitleChange.objects.all().delete()
    undo_at(run, 2)
    facts = ProductFacts.objects.select_related("product").get()
    assert (facts.publisher, facts.product.title, facts.product.is_public) == ("", "L'Étranger", True)
    assert TitleChange.objects.filter(product_id=facts.pk).exists()


def test_the_list_that_was_undone_does_not_come_back_by_itself():
    books = feed(kind="csv", location="books.csv", name="books")
    write(books, "sku;titre;prix;quantité\na;Nana;20,00;2\n", hours=0)
    sync_now(books, at(0))
    write(books, "sku;titre;prix;quantité\na;PRIX;21,00;2\n", hours=1)
    undo_at(sync_now(books, at(1)), 2)
    again = sync_now(books, at(3))
    assert (again.state, codes(again)[0]) == ("awaiting", "run_undone")
    assert StockRecord.objects.get().price == 20
    write(books, "sku;titre;prix;quantité\na;Nana;19,00;2\n", hours=4)
    assert sync_now(books, at(4)).state == "done"
    assert StockRecord.objects.get().price == 19


def write(books: Feed, text: str, *, hours: float) -> None:
    path = feeds_folder() / books.location
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at(hours).timestamp(),) * 2)


def test_undoing_is_audited_and_done_once():
    books = feed()
    run = list_at(books, 0, article("a"))
    undo_at(run, 1)
    entry = AuditEntry.objects.get(action="sync_run.undo")
    assert (entry.facts["articles"], entry.shop) == (1, books.shop)
    with pytest.raises(UndoError, match="undone already"):
        undo_at(run, 2)


def test_a_run_that_changed_nothing_cannot_be_undone():
    books = feed()
    list_at(books, 0, article("a"))
    run = list_at(books, 1, article("a"))
    with pytest.raises(UndoError, match="nothing to undo"):
        undo_at(run, 2)


def test_a_feed_is_not_undone_while_it_is_read():
    books = feed()
    run = list_at(books, 0, article("a"))
    runs.begin(books, now=timezone.now())
    with pytest.raises(runs.AlreadyRunningError):
        undo_at(run, 1)
    assert SourceRecord.objects.count() == 1


def test_killed_in_between_it_goes_on_with_what_is_left(monkeypatch):
    monkeypatch.setattr("catalog_sync.applying.FIRST_SLICE", 3)
    monkeypatch.setattr("catalog_sync.applying.SMALLEST", 3)
    books = feed()
    rows = [article(f"s{n}") for n in range(9)]
    list_at(books, 0, *rows)
    before = stored()
    run = list_at(books, 1, *(row._replace(price=2100) for row in rows))
    parts = run.journal.count()
    assert parts > 1
    put_back = undoing._put_back

    def then_dies(this, of, part, now):
        put_back(this, of, part, now)
        if part.number == 2:
            raise RuntimeError("killed")

    monkeypatch.setattr(undoing, "_put_back", then_dies)
    with pytest.raises(RuntimeError):
        undo_at(run, 2)
    assert run.journal.count() == 2
    monkeypatch.setattr(undoing, "_put_back", put_back)
    undo_at(run, 3)
    assert {name: stored()[name] for name in ("sources", "records", "facts")} == {
        name: before[name] for name in ("sources", "records", "facts")
    }


def test_orders_of_what_was_undone_keep_their_copies():
    books = feed()
    run = list_at(books, 0, article("a", gtin=ISBN))
    shop_order = factories.shop_order(books.shop, (StockRecord.objects.get(), 1), created_at=at(0.6))
    undo_at(run, 1)
    line = shop_order.lines.get()
    assert (line.stock_record.num_allocated, line.stock_record.num_in_stock) == (1, 2)


def test_journals_are_kept_for_thirty_runs_or_ninety_days(monkeypatch):
    monkeypatch.setattr(journal, "KEPT_RUNS", 2)
    books = feed()
    done = [list_at(books, hours, article("a", price=2000 + hours)) for hours in range(4)]
    assert journal.prune(at(5)) == 2
    assert set(JournalPart.objects.values_list("run", flat=True)) == {done[2].pk, done[3].pk}
    assert journal.prune(at(5) + timedelta(days=91)) == 2
    assert not JournalPart.objects.exists()


def test_undoing_leaves_a_list_that_awaits_approval_waiting():
    books = feed()
    rows = [article(f"s{n}") for n in range(10)]
    run = list_at(books, 0, *rows)
    waiting = list_at(books, 1, *rows[:3])
    assert waiting.state == "awaiting"
    undo_at(run, 2)
    waiting.refresh_from_db()
    assert waiting.state == "awaiting"
