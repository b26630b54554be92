"""Price rules in the way of a list: laid over at the end of each slice, taken off where lists are compared, undone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from oscar.apps.partner.models import StockRecord

from catalog_sync import pricing, undoing
from catalog_sync.models import Feed, PriceRule, PriceTask, SourceRecord, SyncRun
from marketplace.catalogue.models import ProductFacts, TitleChange
from shops import special_orders
from shops.models import Shop, StockTerms
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]
ISBN = 9782070360024


@pytest.fixture
def books() -> Feed:
    return feed()


def at(hours: float):
    return NOON + timedelta(hours=hours)


def list_at(books: Feed, hours: float, *articles) -> SyncRun:
    shelve(books, *articles, at=at(hours))
    return sync_now(books, at(hours))


def rule(shop: Shop, **columns) -> PriceRule:
    pricing.due(shop.pk, NOON)
    place = PriceRule.objects.count() + 1
    return PriceRule.objects.create(shop=shop, place=place, **({"change_bp": -1000} | columns))


def prices() -> dict[str, tuple[str, str | None]]:
    """What each is sold for, and what the list says where a rule made another price of it."""
    rows = StockRecord.objects.order_by("partner_sku").values_list("partner_sku", "price", "terms__listed_price")
    return {sku: (str(price), str(listed) if listed is not None else None) for sku, price, listed in rows}


def resolved() -> int:
    return pricing.resolve_prices(at(9))


def test_rule_changes_what_is_on_sale_and_what_comes(books):
    list_at(books, 0, article("1"), article("2", price=1000))
    rule(books.shop)
    assert resolved() == 2
    ruled = {"1": ("18.00", "20.00"), "2": ("9.00", "10.00")}
    assert prices() == ruled
    assert resolved() == 0
    list_at(books, 1, article("1"), article("2", price=1000, quantity=9), article("3", price=3000))
    assert prices() == ruled | {"3": ("27.00", "30.00")}  # in the very run
    list_at(books, 2, article("1", price=2200), article("2", price=1000), article("3", price=3000))
    assert prices()["1"] == ("19.80", "22.00")
    assert SourceRecord.objects.get(sku="1").price_minor == 2200


def test_guard_and_bands_look_at_what_the_list_says(books):
    """Half of the price by a rule, and a list that moves by 30 %: nothing is kept back, which 40 % of half would be."""
    rule(books.shop, change_bp=-5000)
    list_at(books, 0, article("1"))
    run = list_at(books, 1, article("1", price=2600))
    assert (run.state, run.quarantined, prices()) == ("done", 0, {"1": ("13.00", "26.00")})
    run = list_at(books, 2, article("1", price=1300))
    assert (run.quarantined, prices()) == (1, {"1": ("13.00", "26.00")})


def test_undoing_puts_back_the_lists_price_under_the_rule(books):
    rule(books.shop)
    list_at(books, 0, article("1"), article("2"))
    run = list_at(books, 1, article("1", price=2200), article("2"))
    undone = undoing.undo(run, by="test", now=at(2))
    assert (undone.changed, undone.refused, prices()) == (1, 0, dict.fromkeys("12", ("18.00", "20.00")))


def test_undoing_what_was_gone_does_not_take_a_ruled_price_for_the_lists(books):
    rule(books.shop)
    many = [article(str(number)) for number in range(1, 8)]
    list_at(books, 0, *many)
    run = list_at(books, 1, *many[:-1])
    undoing.undo(run, by="test", now=at(2))
    assert prices()["7"] == ("18.00", "20.00")


def test_rule_said_after_a_run_is_no_hindrance_to_undoing_it(books):
    list_at(books, 0, article("1"))
    run = list_at(books, 1, article("1", price=2200))
    rule(books.shop)
    resolved()
    assert undoing.undo(run, by="test", now=at(2)).refused == 0
    assert prices() == {"1": ("18.00", "20.00")}


def test_rule_that_is_gone_leaves_the_lists_prices(books):
    gone = rule(books.shop)
    list_at(books, 0, article("1"))
    gone.delete()
    list_at(books, 1, article("1", price=2200))  # before the step
    assert prices() == {"1": ("22.00", None)}
    resolved()
    assert PriceTask.objects.get().due_at is None
    assert not pricing.has_any(books.shop)


def test_by_list_publisher_subject_and_condition(books):
    other = feed(books.shop)
    list_at(books, 0, article("1", gtin=ISBN, publisher="Zoé"), article("2"), article("3", condition="good"))
    list_at(other, 0, article("9"))
    ProductFacts.objects.filter(gtin=ISBN).update(subject_codes=["FBA", "YFB"])
    for columns in ({"feed": other}, {"subject": "YF"}, {"publisher": "zoe"}, {"worn": "used"}):
        rule(books.shop, change_minor=-PriceRule.objects.count() - 1, change_bp=0, **columns)
    resolved()
    sold = {sku: price for sku, (price, _) in prices().items()}
    assert sold == {"1": "19.98", "2": "20.00", "3": "19.96", "9": "19.99"}


def test_price_fixed_by_law_stays_whoever_says_that_it_is(books):
    sender = feed()
    list_at(sender, 0, article("p", gtin=ISBN, price_kind="fixed"))
    list_at(books, 0, article("1", gtin=ISBN), article("2", gtin=ISBN, condition="good"), article("3"))
    rule(books.shop)
    resolved()
    mine = {sku: listed for sku, (_, listed) in prices().items()}
    assert mine == {"1": None, "2": "20.00", "3": "20.00", "p": None}


def test_new_books_of_a_french_shop_stay(books):
    Shop.objects.filter(pk=books.shop_id).update(country="FR")
    books.shop.refresh_from_db()
    rule(books.shop)
    list_at(books, 0, article("1", gtin=ISBN), article("2", gtin=ISBN, condition="good"))
    assert {sku: price for sku, (price, _) in prices().items()} == {"1": "20.00", "2": "18.00"}


def test_what_is_ordered_elsewhere_has_the_price_before_the_rule(books):
    rule(books.shop)
    list_at(books, 0, article("1", price_kind="recommended"))
    record = StockRecord.objects.get()
    known = special_orders.known_price(record.product_id, "CAD")
    assert known.amount == Decimal("20.00")
    buyer = factories.shop(services=["ordering"])
    own = special_orders.record_for(buyer, record.product_id, currency="CAD", now=NOON)
    rule(buyer)
    resolved()
    own.refresh_from_db()
    assert own.price == Decimal("20.00")  # no list has it: no rule names it


def test_titles_are_indexed_again_and_only_those(books):
    list_at(books, 0, article("1", gtin=ISBN), article("2"))
    TitleChange.objects.all().delete()
    rule(books.shop, worn="new", subject="YF")
    ProductFacts.objects.filter(gtin=ISBN).update(subject_codes=["YFB"])
    resolved()
    assert list(TitleChange.objects.values_list("product_id", flat=True)) == [
        StockRecord.objects.get(partner_sku="1").product_id
    ]


def test_terms_made_for_a_rule_say_what_no_terms_say(books):
    list_at(books, 0, article("1"))
    StockTerms.objects.all().delete()
    rule(books.shop)
    resolved()
    terms = StockTerms.objects.get()
    assert (terms.follows_runs, terms.availability, terms.condition, terms.buffer) == (True, "in_stock", "new", None)


def test_shop_whose_prices_cannot_be_worked_out_stops_no_other(books, monkeypatch):
    list_at(books, 0, article("1"))
    rule(books.shop)
    broken = factories.shop()
    pricing.due(broken.pk, NOON - timedelta(hours=1))  # the oldest, whenever it is claimed
    done = pricing._resolve
    monkeypatch.setattr(pricing, "_resolve", lambda shop, now: 1 / 0 if shop.pk == broken.pk else done(shop, now))
    assert resolved() == 1
    task = PriceTask.objects.get(shop=broken)
    assert (task.due_at > at(9), "ZeroDivisionError" in task.last_error) == (True, True)
