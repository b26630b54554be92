"""Two titles become one, one becomes two, and back: all that belongs to them follows, in real readings of feeds."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.utils import timezone, translation
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.catalogue.models import Product, ProductRecommendation
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.order.models import Line as OrderLine
from oscar.apps.partner.models import StockRecord
from oscar.apps.wishlists.models import Line as WishListLine
from oscar.apps.wishlists.models import WishList

from catalog_sync import invariants, sync, undoing
from catalog_sync.models import Feed, PinnedArticle, SourceRecord, TitleMove
from catalog_sync.titles import editing, joining, moderation, move_undoing, moves, parting
from catalog_sync.titles.joining import MoveError
from marketplace.catalogue.models import Moderation, OtherGtin, ProductFacts, ProductRedirect, TitleChange
from marketplace.foundation import bulk
from marketplace.foundation.models import AuditEntry
from marketplace.oscar_apps.basket import lines
from shops.invariants import counters_that_differ, ends_without_cause
from shops.models import Allocation, Shop, ShopOrderLine
from tests import factories
from tests.catalog_sync.memory import NOON, article, feed, shelve, sync_now

pytestmark = pytest.mark.usefixtures("_memory")
PAPER, OTHER, THIRD = 9782070360024, 9782070368228, 9782070409341


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def at(hours: float):
    return NOON + timedelta(hours=hours)


def of_gtin(gtin: int) -> Product:
    return Product.objects.get(upc=str(gtin))


def two_titles() -> tuple[Product, Product, Feed, Feed]:
    """A title with a kept number in one shop, and the same book under another number in both."""
    port, mile = feed(name="port"), feed(name="mile")
    shelve(
        port, article("a", gtin=PAPER, title="L'étranger", pages=180), article("b", gtin=OTHER, title="Etranger (L')")
    )
    shelve(
        mile, article("x", gtin=OTHER, title="Etranger", publisher="Gallimard", cover="https://covers.example.org/x")
    )
    sync_now(port)
    sync_now(mile)
    return of_gtin(PAPER), of_gtin(OTHER), port, mile


def join(kept: Product, other: Product, hours: float = 2, **how: Any) -> TitleMove:
    return joining.join(kept, other, **{"by": "staff", "reason": "the same book", "now": at(hours)} | how)


def record(sku: str) -> StockRecord:
    return StockRecord.objects.get(partner_sku=sku)


def broken() -> dict[str, list[str]]:
    """What `verify` would say of feeds, titles and stock."""
    checks = {**invariants.INVARIANTS, "counters": counters_that_differ, "ends": ends_without_cause}
    return {name: found for name, check in checks.items() if (found := check())}


TABLES = (
    *(follow.model for follow in moves.FOLLOWS),
    *moves.MERGED,
    *moves.OWN,
    *("catalogue.Product", "shops.StockTerms", "shops.Allocation", "catalog_sync.PinnedArticle"),
)


def everything() -> dict[str, list[Any]]:
    """Every byte of the tables that a move writes."""
    tables = {apps.get_model(name)._meta.db_table for name in TABLES} | {SourceRecord._meta.db_table}
    return {table: sorted(map(repr, bulk.rows(f"SELECT * FROM {table}"))) for table in sorted(tables)}


@pytest.mark.django_db
def test_join_takes_everything_along_and_undo_gives_every_byte_back():
    kept, other, _port, mile = two_titles()
    reader, second = factories.user(), factories.user()
    bought = factories.shop_order(mile.shop, (record("x"), 1), created_at=at(0.6))
    basket = factories.basket((record("a"), 1), (record("b"), 2))
    stale = factories.basket((record("b"), 1))
    stale.lines.create(
        line_reference=f"{kept.pk}_{record('b').pk}",
        product=kept,
        stockrecord=record("b"),
        quantity=3,
        price_currency="CAD",
    )
    wished, both = WishList.objects.create(owner=reader), WishList.objects.create(owner=second)
    WishListLine.objects.create(wishlist=wished, product=other)
    WishListLine.objects.create(wishlist=both, product=other, quantity=2)
    WishListLine.objects.create(wishlist=both, product=kept)
    said = {"title": "Read it", "body": "Twice.", "status": ProductReview.APPROVED}
    older = ProductReview.objects.create(product=other, user=reader, score=5, **said)
    younger = ProductReview.objects.create(product=kept, user=reader, score=1, **said)
    ProductRecommendation.objects.create(primary=kept, recommendation=other)
    ProductRecommendation.objects.create(primary=other, recommendation=factories.product())
    moves.rate([kept.pk, other.pk])
    before = everything()

    move = join(kept, other)

    offers = StockRecord.objects.filter(product=kept)
    assert sorted(offers.values_list("partner_sku", "num_in_stock", "num_allocated")) == [
        ("a", 2, 0), ("b", 2, 0), ("x", 2, 1)
    ]  # fmt: skip
    assert Allocation.objects.get().stock_record.product_id == kept.pk
    assert set(SourceRecord.objects.values_list("product_id", flat=True)) == {kept.pk}
    assert sorted(basket.lines.values_list("product", "line_reference", "quantity")) == sorted(
        [(kept.pk, f"{kept.pk}_{record('a').pk}", 1), (kept.pk, f"{kept.pk}_{record('b').pk}", 2)]
    )
    assert stale.lines.get().quantity == 4
    assert list(WishListLine.objects.order_by("wishlist").values_list("product", "quantity")) == [
        (kept.pk, 1),
        (kept.pk, 3),
    ]
    assert [ProductReview.objects.get(pk=row.pk).product_id for row in (older, younger)] == [kept.pk, other.pk]
    assert OrderLine.objects.get().product_id == ShopOrderLine.objects.get().product_id == kept.pk
    assert (OrderLine.objects.get().title, bought.lines.get().title) == ("Etranger (L')", "Etranger (L')")
    kept.refresh_from_db()
    assert (kept.facts.gtin, kept.facts.publisher, kept.facts.pages, kept.rating) == (PAPER, "Gallimard", 180, 5)
    assert [other.pk in {row.product_id for row in ProductFacts.objects.all()}, of_gtin(OTHER).is_public] == [
        False,
        False,
    ]
    assert list(OtherGtin.objects.values_list("gtin", "product_id")) == [(OTHER, kept.pk)]
    assert {kept.pk, other.pk} <= set(TitleChange.objects.values_list("product_id", flat=True))
    assert AuditEntry.objects.get().action == "title.join"
    assert broken() == {}
    assert everything() != before

    assert move_undoing.undo(move, by="staff", now=at(3)) == []
    assert everything() == before
    with pytest.raises(MoveError, match="undone already"):
        move_undoing.undo(move, by="staff", now=at(4))


@pytest.mark.django_db
def test_address_of_a_joined_title_leads_to_the_kept_one(client):
    kept, other, _port, _mile = two_titles()
    third = feed(name="third")
    shelve(third, article("t", gtin=THIRD))
    sync_now(third)
    first = join(other, of_gtin(THIRD))
    join(kept, other)
    for gone in (other, of_gtin(THIRD)):
        answer = client.get(gone.get_absolute_url())
        assert (answer.status_code, answer["Location"]) == (302, kept.get_absolute_url())
    assert broken() == {}
    with translation.override("en"), pytest.raises(MoveError, match="First undo what was done later"):
        move_undoing.undo(first, by="staff", now=at(3))


@pytest.mark.django_db
def test_later_readings_keep_a_joined_title_together():
    """The same list, a changed one, a new shop's, another feed of the same shop: all by the number that was joined."""
    kept, other, port, mile = two_titles()
    move = join(kept, other)
    shelve(mile, article("x", gtin=OTHER, title="Etranger", price=2100, pages=200), at=at(3))
    till, newcomer = feed(mile.shop, name="till"), feed(name="new")
    shelve(till, article("x", gtin=OTHER, title="Etranger"), at=at(3))
    shelve(newcomer, article("n", gtin=OTHER, title="Etranger", publisher="Another"), at=at(3))
    for of in (port, mile, till, newcomer):
        assert sync_now(of, at(3)).state == "done"
    assert set(SourceRecord.objects.values_list("product_id", flat=True)) == {kept.pk}
    assert set(StockRecord.objects.values_list("product_id", flat=True)) == {kept.pk}
    assert broken() == {}
    # What came by the number goes along when the number does.
    assert move_undoing.undo(move, by="staff", now=at(4)) == []
    assert sorted(StockRecord.objects.filter(product=other).values_list("partner_sku", flat=True)) == ["b", "n", "x"]
    assert ProductFacts.objects.get(gtin=OTHER).publisher == "Another"
    assert broken() == {}


@pytest.mark.django_db
def test_shop_that_corrects_its_number_within_a_joined_title_is_asked_nothing():
    kept, other, _port, mile = two_titles()
    join(kept, other)
    shelve(mile, article("x", gtin=PAPER, title="Etranger"), at=at(3))
    run = sync_now(mile, at(3), approve_run=sync_now(mile, at(3)))
    assert (run.state, SourceRecord.objects.get(sku="x").product_id) == ("done", kept.pk)


@pytest.mark.django_db
def test_join_is_undone_for_what_nobody_moved_since():
    kept, other, _port, mile = two_titles()
    third = feed(name="third")
    shelve(third, article("t", gtin=THIRD))
    sync_now(third)
    basket = factories.basket((record("a"), 1))
    move = join(kept, other)
    lines.add(basket, record("x").pk, 1, now=at(2.5))
    later = factories.shop_order(mile.shop, (record("x"), 1), created_at=at(0.6))
    moved = of_gtin(THIRD)
    SourceRecord.objects.filter(sku="b").update(product_id=moved.pk)  # as a question that a person answered
    StockRecord.objects.filter(partner_sku="b").update(product_id=moved.pk)
    left = move_undoing.undo(move, by="staff", now=at(3))
    assert left == ["1 offer has been matched to another title since and stays there."]
    assert {row.partner_sku: row.product_id for row in StockRecord.objects.all()} == {
        "a": kept.pk, "b": moved.pk, "x": other.pk, "t": moved.pk
    }  # fmt: skip
    assert later.lines.get().product_id == kept.pk  # where it was sold
    assert set(basket.lines.values_list("product", "line_reference")) == {
        (kept.pk, f"{kept.pk}_{record('a').pk}"), (other.pk, f"{other.pk}_{record('x').pk}")
    }  # fmt: skip
    assert broken() == {}


@pytest.mark.django_db
def test_undoing_a_join_keeps_what_was_decided_since():
    kept, other, _port, _mile = two_titles()
    moderation.wait([kept.pk], "adults", shop_id=None, now=at(1))
    move = join(kept, other)
    moderation.answer([kept.pk], "yes", by=factories.user(), now=at(2.5))
    moderation.wait([other.pk], "adults", shop_id=None, now=at(2.5))
    move_undoing.undo(move, by="staff", now=at(3))
    assert dict(Product.objects.values_list("pk", "is_public")) == {kept.pk: True, other.pk: False}


@pytest.mark.django_db
def test_join_refuses_what_it_could_not_keep():
    kept, other, port, _mile = two_titles()
    shelve(port, article("c"), complete=False, at=at(1))
    sync_now(port, at(1))
    nameless = Product.objects.get(title="Title c")
    for pair, why in (((kept, kept), "same title twice"), ((nameless, kept), "Keep the title that has")):
        with pytest.raises(MoveError, match=why):
            join(*pair)
    join(kept, nameless)
    with pytest.raises(MoveError, match="joined with another title before"):
        join(other, nameless)


@pytest.mark.django_db
def test_parted_offers_stay_apart_in_later_readings():
    """A shop gives a puzzle the number of the book. Another feed of the shop does not bring it back; undone, it is one
    title again, byte for byte."""
    port, mile = feed(name="port"), feed(name="mile")
    shelve(port, article("a", gtin=PAPER, title="L'étranger"))
    shelve(mile, article("x", gtin=PAPER, title="L'étranger, le puzzle", publisher="Puzzles"))
    sync_now(port)
    sync_now(mile)
    source = of_gtin(PAPER)
    factories.shop_order(mile.shop, (record("x"), 1), created_at=at(0.6))
    basket = factories.basket((record("a"), 1), (record("x"), 1))
    before = everything()
    key = f"{mile.shop.partner_id}:x"
    for chosen, why in (([], "Choose"), (["1:?"], "Choose"), ([key, f"{port.shop.partner_id}:a"], "must stay")):
        with pytest.raises(MoveError, match=why):
            parting.part(source, chosen, by="staff", reason="", now=at(1))
    move = parting.part(source, [key], by="staff", reason="a puzzle", now=at(1))
    made = Product.objects.get(pk=move.to_product_id)
    assert (made.title, made.upc or None, made.facts.gtin, made.facts.publisher) == (
        "L'étranger, le puzzle",
        None,
        None,
        "Puzzles",
    )
    assert (ProductFacts.objects.get(gtin=PAPER).publisher, Product.objects.get(upc=PAPER).title) == ("", "L'étranger")
    assert OrderLine.objects.get().product_id == ShopOrderLine.objects.get().product_id == made.pk
    assert basket.lines.get(stockrecord=record("x")).line_reference == f"{made.pk}_{record('x').pk}"

    till = feed(mile.shop, name="till")
    shelve(mile, article("x", gtin=PAPER, title="L'étranger, le puzzle", publisher="Puzzles", price=1900), at=at(2))
    shelve(till, article("x", gtin=PAPER, title="L'étranger"), at=at(3))
    for of, hours in ((port, 2), (mile, 2), (till, 3)):
        assert sync_now(of, at(hours)).state == "done"
    assert {row.partner_sku: row.product_id for row in StockRecord.objects.all()} == {"a": source.pk, "x": made.pk}
    assert broken() == {}
    run = Feed.objects.get(name="till").runs.get()
    undoing.undo(run, by="staff", now=at(3.5))
    assert record("x").product_id == made.pk

    assert move_undoing.undo(move, by="staff", now=at(4)) == []
    assert ProductRedirect.objects.get().old_id == made.pk
    assert not PinnedArticle.objects.exists()
    assert broken() == {}
    after = everything()
    for table in ("order_line", "shops_shoporderline", "basket_line", "titles_productfacts", "shops_allocation"):
        assert after[table] == before[table]


@pytest.mark.django_db
def test_number_that_comes_later_does_not_bring_a_parted_article_back():
    port, mile = feed(name="port"), feed(name="mile")
    shelve(port, article("a", gtin=PAPER))
    shelve(mile, article("x", title="Nameless"))
    sync_now(port)
    sync_now(mile)
    source = of_gtin(PAPER)
    join(source, Product.objects.get(title="Nameless"), 1)
    parting.part(source, [f"{mile.shop.partner_id}:x"], by="staff", reason="", now=at(2))
    shelve(mile, article("x", title="Nameless", gtin=PAPER), at=at(3))
    sync_now(mile, at(3))
    assert record("x").product_id != source.pk
    assert broken() == {}
    PinnedArticle.objects.all().delete()  # negative control
    SourceRecord.objects.filter(sku="x").update(gtin=None, facts_hash=0)
    shelve(mile, article("x", title="Nameless", gtin=PAPER, pages=9), at=at(4))
    sync_now(mile, at(4))
    assert record("x").product_id == source.pk


@pytest.mark.django_db
def test_parting_what_was_joined_brings_the_emptied_title_back():
    kept, other, port, mile = two_titles()
    joined = join(kept, other)
    keys = [f"{mile.shop.partner_id}:x", f"{port.shop.partner_id}:b"]
    parted = parting.part(kept, keys, by="staff", reason="after all", now=at(3))
    assert parted.to_product_id == other.pk
    assert (of_gtin(OTHER).is_public, ProductFacts.objects.get(gtin=OTHER).product_id) == (True, other.pk)
    assert [OtherGtin.objects.count(), ProductRedirect.objects.count()] == [0, 0]
    with translation.override("en"), pytest.raises(MoveError, match="First undo what was done later"):
        move_undoing.undo(joined, by="staff", now=at(4))
    move_undoing.undo(parted, by="staff", now=at(4))
    move_undoing.undo(joined, by="staff", now=at(5))
    assert sorted(StockRecord.objects.filter(product=other).values_list("partner_sku", flat=True)) == ["b", "x"]
    assert broken() == {}


@pytest.mark.django_db
def test_parting_gives_an_emptied_title_back_what_its_join_took():
    """Its edit, its other number with the title of that, and that it waits. Undone, all is the kept title's again."""
    kept, other, port, mile = two_titles()
    third = feed(name="third")
    shelve(third, article("t", gtin=THIRD))
    sync_now(third)
    join(other, of_gtin(THIRD))
    editing.say(other, "publisher", "Folio", by=factories.user(), now=at(2))
    join(kept, other)
    moderation.wait([other.pk], "adults", shop_id=None, now=at(2.5))
    keys = [f"{shop.partner_id}:{sku}" for shop, sku in ((mile.shop, "x"), (port.shop, "b"), (third.shop, "t"))]
    parted = parting.part(kept, keys, by="staff", reason="", now=at(3))
    back = ProductFacts.objects.select_related("product").get(product=other)
    assert (parted.to_product_id, back.publisher, back.product.is_public) == (other.pk, "Folio", False)
    assert (ProductFacts.objects.get(product=kept).publisher, moves.numbers_of(other.pk)) == ("", [THIRD])
    assert ProductRedirect.objects.get().product_id == other.pk
    assert broken() == {}
    move_undoing.undo(parted, by="staff", now=at(4))
    assert (ProductFacts.objects.get(product=kept).publisher, moves.numbers_of(kept.pk)) == ("Folio", [OTHER, THIRD])
    assert broken() == {}


@pytest.mark.django_db
def test_title_that_is_parted_from_one_that_waits_waits_too():
    kept, other, _port, mile = two_titles()
    join(kept, other)
    moderation.wait([kept.pk], "adults", shop_id=None, now=at(2.5))
    ProductRedirect.objects.all().delete()
    parted = parting.part(kept, [f"{mile.shop.partner_id}:x"], by="staff", reason="", now=at(3))
    made = Product.objects.select_related("moderation").get(pk=parted.to_product_id)
    assert (made.is_public, made.moderation.reason, made.moderation.answer) == (False, "adults", "")
    assert Moderation.objects.count() == 2


@pytest.mark.django_db
def test_undoing_a_run_from_before_a_join_leaves_the_emptied_title_empty():
    kept, other, _port, mile = two_titles()
    shelve(mile, article("x", gtin=OTHER, title="Etranger", price=2100), at=at(1))
    run = sync_now(mile, at(1))
    join(kept, other)
    undoing.undo(run, by="staff", now=at(3))
    assert (record("x").price, record("x").product_id) == (20, kept.pk)
    assert broken() == {}


def test_every_table_that_names_a_title_follows():
    """A table that is added later must say what becomes of its rows."""
    named = {
        f"{model._meta.label}:{field.attname}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is Product
    }
    known = {follow.key for follow in moves.FOLLOWS}
    known |= {f"{name}:product_id" for name in (*moves.MERGED, *moves.OWN)}
    known |= {"titles.ProductRedirect:old_id"}
    assert named == known


@pytest.mark.django_db
def test_invariants_notice_what_a_join_would_leave_behind():
    """Negative control of each."""
    kept, other, _port, _mile = two_titles()
    join(kept, other)
    StockRecord.objects.filter(partner_sku="x").update(product_id=other.pk)
    OtherGtin.objects.create(gtin=PAPER, product_id=kept.pk)
    checks = (invariants.offers_of_another_title, invariants.emptied_titles_in_use, invariants.numbers_of_two_titles)
    assert [len(check()) for check in checks] == [1, 1, 1]


def test_join_while_feeds_are_read_and_baskets_filled(committed_db):
    """Whoever is first: no offer, no line of a basket and no facts are left with the emptied title, and nobody waits
    for somebody who waits for him."""
    kept, other, port, mile = two_titles()
    now = timezone.now()
    Shop.objects.update(complete_as_of=now - timedelta(hours=2), fresh_until=now + timedelta(hours=70))
    for of, sku, gtin in ((port, "b", OTHER), (mile, "x", OTHER)):
        more = [article(f"{of.name}{n}", gtin=None, title=f"More {n}") for n in range(40)]
        shelve(
            of, article(sku, gtin=gtin, title="Etranger", pages=7), *more, at=now - timedelta(hours=1), complete=False
        )
    newcomer = feed(name="new")
    shelve(newcomer, article("n", gtin=OTHER, title="Etranger"), at=now - timedelta(hours=1))
    chosen = record("x").pk
    errors: list[BaseException] = []
    start = threading.Barrier(6)

    def doing(task: Any) -> threading.Thread:
        def run() -> None:
            try:
                start.wait(10)
                task()
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def fill() -> None:
        for _ in range(5):
            lines.add(factories.basket(), chosen, 1, now=now)

    tasks = [
        *(lambda of=of: sync.run(Feed.objects.get(pk=of.pk), now=now) for of in (port, mile, newcomer)),
        fill,
        fill,
        lambda: joining.join(kept, other, by="staff", reason="", now=now),
    ]
    for thread in [doing(task) for task in tasks]:
        thread.join(60)
    assert errors == []
    assert set(StockRecord.objects.filter(partner_sku__in="abxn").values_list("product_id", flat=True)) == {kept.pk}
    assert set(BasketLine.objects.values_list("product_id", flat=True)) == {kept.pk}
    assert broken() == {}
