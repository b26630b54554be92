"""Numbers by the order of their age, what they absorb, lanes and lists of changes; slices."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync import applying, planning
from catalog_sync.models import SourceRecord
from catalog_sync.titles import facts
from marketplace.catalogue.models import ProductFacts
from shops import absorbing
from shops.models import Allocation, StockTerms
from shops.stock import sellable_units
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
STOCK = ("quantity", "contains_our_orders", "availability")


def at(hours: float):
    return NOON + timedelta(hours=hours)


def record(sku: str = "a") -> StockRecord:
    return StockRecord.objects.select_related("partner__shop", "terms").get(partner_sku=sku)


def sellable(hours: float, sku: str = "a") -> int:
    row = record(sku)
    return sellable_units(row, shop=row.partner.shop, terms=getattr(row, "terms", None), now=at(hours))


def list_at(books, hours: float, *articles, **how) -> None:
    shelve(books, *articles, at=at(hours), **how)
    sync_now(books, at(hours))


def sell(units: int, *, reflected_hours: float | None) -> Allocation:
    row = record()
    row.num_allocated = (row.num_allocated or 0) + units
    row.save()
    reflected = None if reflected_hours is None else at(reflected_hours)
    return Allocation.objects.create(
        stock_record=row, units=units, cause="line", created_at=NOON, reflected_at=reflected
    )


def test_number_is_sellable():
    list_at(feed(), 0, article("a", quantity=3))
    assert sellable(1) == 3


def test_older_list_changes_nothing():
    books = feed()
    list_at(books, 10, article("a", quantity=0), article("b"))
    list_at(books, 8, article("a", quantity=1, price=1900), article("b", title="Other"))
    assert (record().num_in_stock, record().price, sellable(11)) == (0, Decimal("20.00"), 0)
    books.shop.refresh_from_db()
    assert books.shop.complete_as_of == at(10)


def test_older_list_retires_nothing():
    books = feed()
    list_at(books, 10, article("a"), article("b"))
    list_at(books, 8, article("a"))
    assert not StockTerms.objects.exists()


def test_of_equal_age_only_the_lower_number_counts():
    books = feed()
    list_at(books, 24, article("a", quantity=5))
    list_at(books, 24, article("a", quantity=1))
    assert record().num_in_stock == 1
    list_at(books, 24, article("a", quantity=2))
    assert record().num_in_stock == 1
    list_at(books, 48, article("a", quantity=2))
    assert record().num_in_stock == 2, "what did not count before counts once it is younger"


def test_number_absorbs_what_it_contains():
    books = feed()
    list_at(books, 0, article("a", quantity=3))
    contained, open_ = sell(1, reflected_hours=2), sell(1, reflected_hours=9)
    list_at(books, 5, article("a", quantity=2))
    contained.refresh_from_db()
    open_.refresh_from_db()
    assert (contained.ended_by, open_.ended_at) == ("absorbed", None)
    assert (record().num_in_stock, record().num_allocated, sellable(6)) == (2, 1, 1)


def test_unchanged_complete_list_absorbs_and_list_of_changes_does_not():
    """Scenario 5: deltas without the row end nothing; a complete list does, though it writes no row."""
    books = feed()
    list_at(books, 0, article("a", quantity=2), article("b"))
    list_at(books, 11, article("a", quantity=1), article("b"))
    sold = sell(1, reflected_hours=15)
    for hours in (16, 18):
        list_at(books, hours, article("b", quantity=hours), complete=False)
        sold.refresh_from_db()
        assert sold.ended_at is None
    list_at(books, 20, article("a", quantity=1), article("b", quantity=18))
    sold.refresh_from_db()
    assert (sold.ended_by, record().num_in_stock, record().num_allocated) == ("absorbed", 1, 0)


def test_list_of_changes_speaks_for_its_rows_alone():
    books = feed()
    list_at(books, 0, article("a"), article("b"))
    list_at(books, 60, article("a", quantity=9), complete=False)
    assert (record().terms.as_of, sellable(100), sellable(100, "b")) == (at(60), 9, 0)


def test_allocated_units_are_never_written():
    books = feed()
    list_at(books, 0, article("a", quantity=3))
    sell(2, reflected_hours=None)
    list_at(books, 5, article("a", quantity=4, price=2200))
    assert (record().num_in_stock, record().num_allocated, record().price) == (4, 2, Decimal("22.00"))


def test_stock_list_speaks_for_the_stock_alone():
    shop = factories.shop(complete_as_of=None)
    books = feed(shop)
    counts = feed(shop, lane="stock")
    list_at(books, 0, article("a", quantity=2, gtin=9782070360024, condition="good"))
    bare = {"title": "", "price": None, "condition": "new", "speaks_for": STOCK}
    list_at(counts, 5, article("a", quantity=7, **bare), article("x", quantity=1, **bare))
    row = record()
    assert (row.num_in_stock, row.price, row.terms.condition, row.product.title) == (
        7,
        Decimal("20.00"),
        "good",
        "Title a",
    )
    assert StockRecord.objects.count() == 1
    list_at(books, 3, article("a", quantity=1, gtin=9782070360024, condition="good", price=2500))
    assert (record().num_in_stock, record().price) == (7, Decimal("25.00")), "its number is older, its price is not"


def test_shop_with_two_lists_is_as_young_as_the_older():
    shop = factories.shop(complete_as_of=None)
    books, goods = feed(shop), feed(shop)
    list_at(books, 5, article("a"))
    shop.refresh_from_db()
    assert (shop.complete_as_of, sellable(6)) == (at(5), 2), "nobody else has said anything yet"
    list_at(goods, 3, article("b"))
    shop.refresh_from_db()
    assert shop.complete_as_of == at(3)
    assert set(StockTerms.objects.values_list("follows_runs", flat=True)) <= {True}
    list_at(goods, 6, article("b"))
    shop.refresh_from_db()
    assert shop.complete_as_of == at(5)


def test_partial_record_leaves_the_other_facts():
    books = feed()
    facts = {"publisher": "Gallimard", "description": "Aujourd'hui, maman est morte.", "pages": 186}
    list_at(books, 0, article("a", title="L'Étranger", **facts))
    list_at(books, 5, article("a", title="", speaks_for=("publisher", "pages"), publisher="Folio"), complete=False)
    source = SourceRecord.objects.get()
    assert (source.title, source.facts) == (
        "L'Étranger",
        {"publisher": "Folio", "description": "Aujourd'hui, maman est morte."},
    )
    assert (record().price, record().num_in_stock) == (Decimal("20.00"), 2)


def test_terms_keep_what_the_shop_set_itself():
    books = feed()
    list_at(books, 0, article("a", condition="good"))
    StockTerms.objects.update(buffer=1, open_limit=4, note="Dédicacé")
    list_at(books, 5, article("a", condition="very_good"))
    terms = StockTerms.objects.get()
    assert (terms.condition, terms.buffer, terms.open_limit, terms.note) == ("very_good", 1, 4, "Dédicacé")


def test_slices_follow_the_time_they_take(monkeypatch):
    monkeypatch.setattr(applying, "FIRST_SLICE", 7)
    monkeypatch.setattr(applying, "SMALLEST", 3)
    books = feed()
    list_at(books, 0, *(article(f"s{n:03}") for n in range(50)))
    assert StockRecord.objects.count() == 50


def test_number_that_came_while_a_list_was_planned_keeps_its_age(monkeypatch):
    """Otherwise the age moves back, and an older list that still holds a sold copy would count again."""
    books = feed()
    list_at(books, 0, article("a", at(0), quantity=2))
    planned = planning.plan

    def plan_then_another_lane_speaks(*args, **kwargs):
        plan = planned(*args, **kwargs)
        absorbing.write_number(record(), 1, as_of=at(5), now=at(6))
        return plan

    monkeypatch.setattr(planning, "plan", plan_then_another_lane_speaks)
    list_at(books, 3, article("a", at(3), quantity=4))
    assert (record().num_in_stock, record().terms.as_of) == (1, at(5))


def test_facts_of_new_titles_are_what_a_fold_over_all_sources_gives():
    """They are folded from the plan, without reading back what was just stored."""
    books = feed()
    list_at(books, 0, *(article(f"s{n}", publisher="Folio", title=f"Titre {n}") for n in range(5)))
    made = set(SourceRecord.objects.values_list("product_id", flat=True))
    assert len(made) == 5
    assert facts.refold(made, now=at(1)) == set()
    assert set(ProductFacts.objects.values_list("publisher", flat=True)) == {"Folio"}
