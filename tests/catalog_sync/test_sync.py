"""A feed from its list to the stock records: the counts, the rows, and that a second time nothing is written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.models import SourceRecord, SyncRun
from marketplace.catalogue.models import ProductFacts, TitleChange
from shops import absorbing
from shops.models import Allocation, StockTerms
from tests.catalog_sync.memory import NOON, article, codes, feed, register, shelve, sync_now

ISBN = 9782070360024


@pytest.fixture(autouse=True)
def _memory(monkeypatch):
    register(monkeypatch)


def counts(run: SyncRun) -> tuple[int, ...]:
    """(read, new, changed, unchanged, gone, refused, quarantined)"""
    return (run.read, run.new, run.changed, run.unchanged, run.gone, run.refused, run.quarantined)


def test_run_makes_products_and_stock_records(db):
    books = feed()
    shelve(books, article("a", gtin=ISBN, title="L'Étranger"), article("b", title="Savon"))
    run = sync_now(books)
    assert (run.state, counts(run)) == ("done", (2, 2, 0, 0, 0, 0, 0))
    assert list(
        StockRecord.objects.order_by("partner_sku").values_list("partner_sku", "price", "num_in_stock", "num_allocated")
    ) == [("a", Decimal("20.00"), 2, 0), ("b", Decimal("20.00"), 2, 0)]
    assert list(Product.objects.order_by("title").values_list("upc", "title", "product_class__slug", "slug")) == [
        (str(ISBN), "L'Étranger", "book", "letranger"),
        ("", "Savon", "goods", "savon"),
    ]
    assert list(ProductFacts.objects.order_by("product__title").values_list("gtin", "is_book")) == [
        (ISBN, True),
        (None, False),
    ]
    assert StockTerms.objects.count() == 0
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of == NOON


def stored() -> list[list[tuple]]:
    """Every row of the catalogue's and the stock's tables."""
    models = (SourceRecord, Product, ProductFacts, StockRecord, StockTerms, TitleChange)
    return [sorted(model.objects.values_list(), key=str) for model in models]


def test_second_run_of_the_same_list_writes_no_row(db):
    books = feed()
    shelve(books, article("a", gtin=ISBN), article("b", condition="good", quantity=None), article("c", price=None))
    assert (
        sync_now(books).written == 3 * 2 + 3 + 3 + 1
    )  # products and facts, source, stock records, terms of the used one
    before = stored()
    shelve(books, article("c", price=None), article("a", gtin=ISBN), article("b", condition="good", quantity=None))
    again = sync_now(books)
    assert (counts(again), again.written) == ((3, 0, 0, 3, 0, 0, 0), 0)
    assert stored() == before


def test_unchanged_list_makes_the_stock_younger_without_a_row(db):
    books = feed()
    shelve(books, article("a"))
    sync_now(books)
    before = stored()
    shelve(books, article("a"), at=NOON + timedelta(days=1))
    sync_now(books, NOON + timedelta(days=1))
    assert stored() == before
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of == NOON + timedelta(days=1)


def test_change_writes_the_changed_rows_alone(db):
    books = feed()
    shelve(books, *(article(f"s{n}") for n in range(30)))
    sync_now(books)
    TitleChange.objects.all().delete()
    later = NOON + timedelta(hours=1)
    shelve(
        books, *(article(f"s{n}") for n in range(28)), article("s28", quantity=7), article("s29", price=2100), at=later
    )
    run = sync_now(books, later)
    assert (counts(run), run.written) == ((30, 0, 2, 28, 0, 0, 0), 4)
    records = dict(StockRecord.objects.values_list("partner_sku", "num_in_stock"))
    assert (records["s28"], StockRecord.objects.get(partner_sku="s29").price) == (7, Decimal("21.00"))
    # From 2 copies to 7 changes nothing that a search shows; a price does.
    assert list(TitleChange.objects.values_list("product_id", flat=True)) == [
        StockRecord.objects.get(partner_sku="s29").product_id
    ]


def test_titles_are_marked_when_the_last_copy_goes_and_comes(db):
    books = feed()
    shelve(books, article("a"))
    sync_now(books)
    for hour, quantity in enumerate((0, 3), 1):
        TitleChange.objects.all().delete()
        shelve(books, article("a", quantity=quantity), at=NOON + timedelta(hours=hour))
        sync_now(books, NOON + timedelta(hours=hour))
        assert TitleChange.objects.count() == 1


def test_two_shops_with_the_same_sku_and_title_share_the_product_alone(db):
    first, second = feed(), feed()
    shelve(first, article("1", gtin=ISBN, price=1900), article("2", title="Bol"))
    shelve(second, article("1", gtin=ISBN, price=2300), article("2", title="Bougie"))
    sync_now(first)
    sync_now(second)
    rows = StockRecord.objects.order_by("pk").values_list("partner_id", "partner_sku", "price", "product__title")
    assert sorted(rows) == sorted(
        [
            (first.shop.partner_id, "1", Decimal("19.00"), "Title 1"),
            (first.shop.partner_id, "2", Decimal("20.00"), "Bol"),
            (second.shop.partner_id, "1", Decimal("23.00"), "Title 1"),
            (second.shop.partner_id, "2", Decimal("20.00"), "Bougie"),
        ]
    )
    assert Product.objects.count() == 3


def test_used_copy_is_an_offer_of_the_same_title(db):
    books = feed()
    shelve(books, article("new", gtin=ISBN), article("used", gtin=ISBN, condition="good", signed=True, price=800))
    sync_now(books)
    assert Product.objects.count() == 1
    terms = StockTerms.objects.get()
    assert (terms.stock_record.partner_sku, terms.condition, terms.signed) == ("used", "good", True)


def test_article_listed_twice_counts_as_its_last_line_says(db):
    books = feed()
    shelve(books, article("a", quantity=1), article("b"), article("a", quantity=4))
    run = sync_now(books)
    assert (run.new, run.read) == (2, 3)
    assert StockRecord.objects.get(partner_sku="a").num_in_stock == 4
    issue = run.issues.get()
    assert (issue.kind, issue.code, issue.sku) == ("warning", "sku_twice", "a")


def test_without_a_price_or_in_another_currency_nothing_is_for_sale(db):
    books = feed()
    shelve(books, article("a", price=None), article("b", currency="EUR"), article("c", price_kind="net"))
    run = sync_now(books)
    assert list(StockRecord.objects.values_list("price", "price_currency").distinct()) == [(None, "CAD")]
    assert [(issue.code, issue.sku) for issue in run.issues.all()] == [("currency_other", "b")]


def test_unknown_quantity_is_not_zero(db):
    books = feed()
    shelve(books, article("a", quantity=None, availability="in_stock"), article("b", quantity=None))
    sync_now(books)
    assert list(StockRecord.objects.values_list("num_in_stock", flat=True)) == [None, None]
    assert list(StockTerms.objects.values_list("stock_record__partner_sku", "availability")) == [("b", "unknown")]


def listed(books, day: int, *numbers: int):
    """The list of a day: articles s0, s1, …; its counts."""
    at = NOON + timedelta(days=day)
    shelve(books, *(article(f"s{n}") for n in numbers), at=at)
    return counts(sync_now(books, at))


def test_what_a_complete_list_lacks_is_not_sold_and_retired_when_the_next_lacks_it_too(db):
    books, nine = feed(), range(9)
    listed(books, 0, *range(10))
    assert listed(books, 1, *nine) == (9, 0, 0, 9, 1, 0, 0)
    terms = StockTerms.objects.get()
    assert (terms.stock_record.partner_sku, terms.availability, terms.retired_at) == ("s9", "unknown", None)
    assert (terms.as_of, terms.follows_runs) == (NOON, False)
    assert listed(books, 2, *nine) == (9, 0, 0, 9, 1, 0, 0)
    terms.refresh_from_db()
    assert terms.retired_at is not None
    assert listed(books, 3, *nine) == (9, 0, 0, 9, 0, 0, 0)
    assert (StockRecord.objects.count(), Product.objects.count()) == (10, 10)
    assert listed(books, 4, *range(10)) == (10, 0, 1, 9, 0, 0, 0)
    terms.refresh_from_db()
    assert (terms.retired_at, terms.availability, terms.follows_runs) == (None, "in_stock", True)
    assert SourceRecord.objects.filter(retired_at=None, missed=0).count() == 10


def test_what_was_missing_once_is_sold_again_when_it_is_listed(db):
    books = feed()
    listed(books, 0, *range(10))
    listed(books, 1, *range(9))
    assert listed(books, 2, *range(10)) == (10, 0, 1, 9, 0, 0, 0)
    assert StockTerms.objects.get().availability == "in_stock"
    assert listed(books, 3, *range(9)) == (9, 0, 0, 9, 1, 0, 0)
    assert StockTerms.objects.get().retired_at is None


def test_a_feed_that_lists_only_what_is_in_stock_sells_out_what_it_lacks(db):
    """With what is promised: the shop's number contains it, as any other number would."""
    books = feed(missing_is_zero=True)
    listed(books, 0, *range(10))
    record = StockRecord.objects.get(partner_sku="s9")
    promised = Allocation.objects.create(
        stock_record=record, units=1, cause="line", created_at=NOON, reflected_at=NOON + timedelta(hours=5)
    )
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=1)
    assert listed(books, 1, *range(9)) == (9, 0, 0, 9, 1, 0, 0)
    record.refresh_from_db()
    promised.refresh_from_db()
    assert (record.num_in_stock, record.num_allocated, promised.ended_by) == (0, 0, "absorbed")
    terms = StockTerms.objects.get()
    assert (terms.availability, terms.retired_at, terms.as_of) == (
        "temporarily_unavailable",
        None,
        NOON + timedelta(days=1),
    )
    for day in (2, 3):
        at = NOON + timedelta(days=day)
        shelve(books, *(article(f"s{n}") for n in range(9)), at=at)
        assert sync_now(books, at).written == 0
    assert listed(books, 4, *range(10)) == (10, 0, 1, 9, 0, 0, 0)
    assert StockRecord.objects.get(partner_sku="s9").num_in_stock == 2


def test_an_older_list_sells_nothing_out(db):
    books, counter = feed(missing_is_zero=True), NOON + timedelta(days=1, hours=1)
    listed(books, 0, *range(10))
    record = StockRecord.objects.get(partner_sku="s9")
    absorbing.write_number(record, 5, as_of=counter, now=counter)
    listed(books, 1, *range(9))
    record.refresh_from_db()
    assert record.num_in_stock == 5
    # It is not forgotten for that: the next list is younger than the number, and lacks the article still.
    assert listed(books, 2, *range(9)) == (9, 0, 0, 9, 1, 0, 0)
    record.refresh_from_db()
    assert record.num_in_stock == 0


def test_what_the_sender_withdraws_is_retired_from_a_list_of_changes(db):
    books = feed()
    shelve(books, article("a"), article("b"))
    sync_now(books)
    shelve(books, complete=False, gone=("a",), at=NOON + timedelta(hours=1))
    assert sync_now(books, NOON + timedelta(hours=1)).gone == 1
    assert StockTerms.objects.get(stock_record__partner_sku="a").retired_at is not None


def test_dry_run_counts_and_writes_nothing(db):
    books = feed()
    shelve(books, article("a"), article("b"))
    run = sync_now(books, dry_run=True)
    assert (run.pk, counts(run)) == (None, (2, 2, 0, 0, 0, 0, 0))
    assert stored() == [[], [], [], [], [], []]
    assert SyncRun.objects.count() == 0


def test_unusable_feed_fails_in_words(db):
    books = feed(kind="teleprinter")
    run = sync_now(books)
    assert (run.state, codes(run)) == ("failed", ["feed_kind_unknown"])
    assert "teleprinter" in run.notes[0]["text"]


def test_what_is_missing_keeps_the_age_of_its_number_also_where_the_shop_as_a_whole_has_none(db):
    """A shop of two lists, of which one was never read whole. Without its age an older number would count again."""
    books = feed()
    feed(books.shop, name="never-read")
    listed(books, 1, *range(10))
    assert books.shop.complete_as_of is None
    age = NOON + timedelta(days=1)
    listed(books, 2, *range(9))
    terms = StockTerms.objects.get(stock_record__partner_sku="s9")
    assert (terms.availability, terms.as_of, terms.follows_runs) == ("unknown", age, False)
    listed(books, 3, *range(9))
    terms.refresh_from_db()
    assert (terms.retired_at is None, terms.as_of) == (False, age)
