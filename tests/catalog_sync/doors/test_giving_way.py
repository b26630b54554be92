"""A list that brings what its shop typed by hand: one of the two sells the copy."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import invariants, sync
from catalog_sync.doors import giving_way, own_articles, pushing
from catalog_sync.doors.own_articles import Typed
from catalog_sync.models import Feed, OwnArticle, SyncRun
from shops import absorbing, stock
from shops.invariants import counters_that_differ
from shops.models import Condition, Shop
from shops.orders import fulfilment
from tests import factories
from tests.catalog_sync import memory
from tests.proof.test_feed_size import isbn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_memory")]
NUMBER = int(isbn(7))


@pytest.fixture
def _memory(monkeypatch):
    memory.register(monkeypatch)


@pytest.fixture
def shop():
    return factories.shop("Port", slug="port", complete_as_of=None, booking_lag_minutes=1440)


def typed(shop, units: int = 1, condition: str = Condition.NEW) -> OwnArticle:
    said = Typed(NUMBER, "", "Nana", "", 1250, condition, units)
    article = own_articles.put(shop, said, by=factories.user(), now=timezone.now())
    applied()
    return article


def applied() -> None:
    while pushing.apply_pushes(timezone.now()):
        pass


def a_list(shop, quantity: int = 1) -> Feed:
    feed = memory.feed(shop)
    memory.shelve(feed, memory.article("77", gtin=NUMBER, title="Nana", quantity=quantity), at=timezone.now())
    return feed


def sellable(shop) -> dict[str, int]:
    rows = stock.annotate_sellable(StockRecord.objects.filter(partner=shop.partner), now=timezone.now())
    return dict(rows.values_list("partner_sku", "sellable"))


def test_list_that_brings_what_was_typed_sells_it_alone(shop):
    typed(shop)
    run = sync.run(a_list(shop), now=timezone.now())
    assert sellable(shop) == {f"M-{NUMBER}": 0, "77": 1}
    assert [note["code"] for note in run.notes] == ["run_typed"]
    applied()
    assert (sellable(shop), OwnArticle.objects.count()) == ({f"M-{NUMBER}": 0, "77": 1}, 0)
    assert invariants.copies_on_two_lists() == []


@pytest.fixture
def _dies(monkeypatch):
    """The process ends after the last slice of the list: nothing that follows a run is done."""
    monkeypatch.setattr(giving_way, "give_way", lambda _, now: 0)


@pytest.mark.usefixtures("_dies")
def test_copy_that_is_promised_is_not_sold_as_the_list_s_before_its_run_ends(shop):
    typed(shop)
    factories.shop_order(shop, (StockRecord.objects.get(), 1))
    sync.run(a_list(shop), now=timezone.now())
    new = StockRecord.objects.get(partner_sku="77")
    assert sellable(shop) == {f"M-{NUMBER}": 0, "77": 0}
    assert stock.hold([(new.pk, 1)], key="checkout:9", now=timezone.now())
    assert (invariants.copies_on_two_lists(), counters_that_differ()) == ([], [])


def test_taken_off_while_a_copy_is_promised_it_is_sold_by_no_list_either(shop):
    article, by = typed(shop, units=3), factories.user()
    order = factories.shop_order(shop, (StockRecord.objects.get(), 1))
    assert own_articles.remove(article, by=by, now=timezone.now()) is False
    applied()
    assert (sellable(shop), OwnArticle.objects.get().units) == ({f"M-{NUMBER}": 0}, 1)
    sync.run(a_list(shop), now=timezone.now())  # the till knows nothing of the order
    applied()
    assert (sellable(shop), OwnArticle.objects.count()) == ({f"M-{NUMBER}": 0, "77": 0}, 0)
    fulfilment.accept_all(order, by="shop", now=timezone.now())
    assert order.lines.get().stock_record.partner_sku == "77"
    assert (invariants.copies_on_two_lists(), counters_that_differ()) == ([], [])


def test_taken_off_a_copy_whose_promise_ends_unsold_is_not_sold_again(shop):
    article, by, now = typed(shop, units=3), factories.user(), timezone.now()
    assert stock.hold([(StockRecord.objects.get().pk, 2)], key="checkout:9", now=now) == []
    assert own_articles.remove(article, by=by, now=now) is False
    stock.release_hold("checkout:9", now=now)
    assert sellable(shop) == {f"M-{NUMBER}": 0}  # before the number of the rest is applied, and after
    applied()
    assert sellable(shop) == {f"M-{NUMBER}": 0}
    article = OwnArticle.objects.get()
    assert (article.units, article.taken_off_at) == (2, now)
    assert own_articles.change(article, 1, shown=2) == 3  # one came in: all of them are sold again
    applied()
    assert (sellable(shop), OwnArticle.objects.get().taken_off_at) == ({f"M-{NUMBER}": 3}, None)


def test_taken_off_it_is_not_sold_while_a_number_typed_before_is_applied(shop):
    article, by, now = typed(shop, units=1), factories.user(), timezone.now()
    assert stock.hold([(StockRecord.objects.get().pk, 1)], key="checkout:9", now=now) == []
    assert own_articles.change(article, 4, shown=1) == 5
    assert own_articles.remove(article, by=by, now=now) is False
    told = []
    while pushing.apply_pushes(timezone.now()):
        told.append((StockRecord.objects.get().num_in_stock, sellable(shop)))
    assert told == [(5, {f"M-{NUMBER}": 0}), (1, {f"M-{NUMBER}": 0})]


def test_taken_off_and_typed_anew_it_is_sold(shop):
    article, by, now = typed(shop, units=3), factories.user(), timezone.now()
    assert stock.hold([(StockRecord.objects.get().pk, 2)], key="checkout:9", now=now) == []
    own_articles.remove(article, by=by, now=now)
    stock.release_hold("checkout:9", now=now)
    applied()
    typed(shop, units=2)
    assert sellable(shop) == {f"M-{NUMBER}": 2}


def test_taken_off_it_is_not_sold_because_somebody_says_that_there_are_fewer(shop):
    """Before that number is applied the one of before would count."""
    article, by, now = typed(shop, units=3), factories.user(), timezone.now()
    assert stock.hold([(StockRecord.objects.get().pk, 2)], key="checkout:9", now=now) == []
    own_articles.remove(article, by=by, now=now)
    applied()
    stock.release_hold("checkout:9", now=now)
    none = Typed(NUMBER, "", "Nana", "", 1250, Condition.NEW, 0)
    own_articles.put(shop, none, article=OwnArticle.objects.get(), shown=2, by=by, now=timezone.now())
    assert sellable(shop) == {f"M-{NUMBER}": 0}
    applied()
    assert (sellable(shop), OwnArticle.objects.get().taken_off_at) == ({f"M-{NUMBER}": 0}, now)


def test_taken_off_it_is_sold_by_the_list_that_has_the_very_same_number(shop):
    article, by, now = typed(shop, units=3), factories.user(), timezone.now()
    assert stock.hold([(StockRecord.objects.get().pk, 2)], key="checkout:9", now=now) == []
    own_articles.remove(article, by=by, now=now)
    applied()
    stock.release_hold("checkout:9", now=now)
    feed = memory.feed(shop)
    memory.shelve(feed, memory.article(f"M-{NUMBER}", gtin=NUMBER, title="Nana", quantity=4), at=timezone.now())
    sync.run(feed, now=timezone.now())
    applied()
    assert (sellable(shop), OwnArticle.objects.count()) == ({f"M-{NUMBER}": 4}, 0)


def test_taken_off_it_is_not_sold_from_that_moment_and_once(shop):
    article, by = typed(shop, units=3), factories.user()
    assert own_articles.remove(article, by=by, now=timezone.now()) is True
    assert stock.hold([(StockRecord.objects.get().pk, 1)], key="checkout:9", now=timezone.now())  # refused
    assert own_articles.remove(article, by=by, now=timezone.now()) is True
    applied()
    assert (sellable(shop), OwnArticle.objects.count()) == ({f"M-{NUMBER}": 0}, 0)


def test_what_was_kept_for_an_order_goes_once_it_was_handed_over(shop):
    article, by = typed(shop, units=1), factories.user()
    order = factories.shop_order(shop, (StockRecord.objects.get(), 1))
    assert own_articles.remove(article, by=by, now=timezone.now()) is False
    applied()
    later = timezone.now() + timedelta(minutes=5)
    fulfilment.accept_all(order, by="shop", now=later)
    fulfilment.pack(order, by="shop", now=later)
    fulfilment.hand_over(order, by="shop", now=later, code=order.pickup_code)
    OwnArticle.objects.update(counted_at=later + timedelta(minutes=1))
    assert own_articles.remove(OwnArticle.objects.get(), by=by, now=later) is True


@pytest.mark.usefixtures("_dies")
def test_what_is_typed_beside_a_list_gives_way_before_its_run_ends(shop):
    typed(shop, units=0)
    own = OwnArticle.objects.get()
    sync.run(a_list(shop), now=timezone.now())
    OwnArticle.objects.bulk_create([OwnArticle(**{**_columns(own), "units": 1})])
    own_articles._push(own.feed, list(OwnArticle.objects.select_related("feed")), as_of=timezone.now())
    pushing.apply_pushes(timezone.now())
    pushing.apply_pushes(timezone.now())
    assert (sellable(shop)[f"M-{NUMBER}"], OwnArticle.objects.count()) == (0, 0)


@pytest.mark.usefixtures("_dies")
def test_without_giving_way_the_copy_would_be_sold_twice(shop, monkeypatch):
    """Negative control. The invariant also sees what was not moved where the typed one is sold no more."""
    typed(shop)
    monkeypatch.setattr(giving_way, "lock", lambda *_: [])
    sync.run(a_list(shop), now=timezone.now())
    assert sellable(shop) == {f"M-{NUMBER}": 1, "77": 1}
    assert len(invariants.copies_on_two_lists()) == 1
    absorbing.distrust([StockRecord.objects.get(partner_sku=f"M-{NUMBER}").pk])
    assert len(invariants.copies_on_two_lists()) == 1


def test_typed_while_the_list_is_being_read_gives_way_too(shop):
    typed(shop, units=0)
    own = OwnArticle.objects.get()
    sync.run(a_list(shop), now=timezone.now())
    OwnArticle.objects.bulk_create([OwnArticle(**{**_columns(own), "units": 1})])
    own_articles._push(own.feed, list(OwnArticle.objects.select_related("feed")), as_of=timezone.now())
    applied()
    assert (sellable(shop)[f"M-{NUMBER}"], OwnArticle.objects.count()) == (0, 0)


def _columns(article: OwnArticle) -> dict[str, object]:
    names = ("feed_id", "sku", "gtin", "title", "price_minor", "condition", "counted_at", "made_at")
    return {name: getattr(article, name) for name in names}


def test_list_that_goes_on_after_a_pause_takes_over_with_the_same_file(shop):
    feed = a_list(shop)
    sync.run(feed, now=timezone.now())
    feed.active = False
    feed.save()
    typed(shop)
    Feed.objects.filter(pk=feed.pk).update(active=True)
    assert sync.run(Feed.objects.get(pk=feed.pk), now=timezone.now()).state == SyncRun.State.DONE
    applied()
    assert sellable(shop) == {f"M-{NUMBER}": 0, "77": 1}


def test_what_is_promised_or_has_just_left_is_kept_back_of_the_list(shop):
    """Four typed: one promised, one being paid, one handed over an hour ago, which the till knows of a day later."""
    typed(shop, units=4)
    record = StockRecord.objects.get()
    kept = factories.shop_order(shop, (record, 1))
    assert stock.hold([(record.pk, 1)], key="checkout:1", now=timezone.now()) == []
    gone = factories.shop_order(shop, (record, 1)).lines.get()
    absorbing.reflect(gone, 1, reflected_at=timezone.now() - timedelta(hours=1), now=timezone.now())
    Shop.objects.update(booking_lag_minutes=1440)  # as it declares of its list
    sync.run(a_list(shop, quantity=4), now=timezone.now())
    assert (sellable(shop)["77"], counters_that_differ()) == (1, [])
    fulfilment.accept_all(kept, by="shop", now=timezone.now())
    line = kept.lines.get()
    line.shop_order = kept
    fulfilment.decline(line, 1, by="shop", reason="other", now=timezone.now())  # it is there after all
    assert (line.stock_record.partner_sku, sellable(shop)["77"], counters_that_differ()) == ("77", 2, [])


def test_used_copy_stays_typed_beside_the_new_one_of_the_list(shop):
    typed(shop, condition=Condition.GOOD)
    run = sync.run(a_list(shop), now=timezone.now())
    assert (run.notes, sorted(sellable(shop).values())) == ([], [1, 1])
