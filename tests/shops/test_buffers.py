"""Copies kept for the counter by rule: resolved in sets, one number compared when a copy is sold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.catalogue.models import TitleChange
from marketplace.foundation.models import AuditEntry
from shops import buffers, stock
from shops.models import BufferTask, Shop, StockTerms
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
BY = {"by": "test", "now": NOON}


@pytest.fixture
def shop():
    return factories.shop()


def article(shop: Shop, *codes: str, units: int = 1, price: str = "10.00", **columns: object):
    title = factories.product(subject_codes=list(codes))
    return factories.stock_record(shop, title, units=units, price=price, **columns)


def rule(shop: Shop, subject: str = "", price_minor: int = 0, keep: int = 1):
    buffers.add_rule(shop, "subject" if subject else "price", subject=subject, price_minor=price_minor, keep=keep, **BY)
    return shop.buffer_rules.get(subject=subject, price_minor=price_minor)


def resolved() -> int:
    return buffers.resolve_buffers(NOON)


def sold(record) -> int:
    return stock.sellable_now(stock.read([record.pk])[record.pk], now=NOON)


def marked() -> set[int]:
    found = set(TitleChange.objects.values_list("product_id", flat=True))
    TitleChange.objects.all().delete()
    return found


def test_rule_of_a_subject_keeps_its_articles_and_no_others(shop):
    kept, other, second = article(shop, "YFB", units=3), article(shop, "FBA"), article(shop, "FBA", "YFB")
    bare = factories.stock_record(shop, units=1)
    foreign = article(factories.shop(), "YFB")
    rule(shop, "YF", keep=2)
    assert resolved() == 2
    assert [sold(one) for one in (kept, other, second, bare, foreign)] == [1, 1, 0, 1, 1]
    assert resolved() == 0


def test_rule_of_a_price_counts_from_that_price_on(shop):
    dear, cheap = article(shop, price="50.00"), article(shop, price="49.99")
    rule(shop, price_minor=5000)
    resolved()
    assert (sold(dear), sold(cheap)) == (0, 1)


def test_the_rule_that_keeps_most_counts_and_never_less_than_of_all(shop):
    record = article(shop, "YFB", units=9, price="50.00")
    rule(shop, "Y", keep=1), rule(shop, "YFB", keep=4), rule(shop, price_minor=100, keep=3)
    resolved()
    assert sold(record) == 5
    buffers.keep_of_all(shop, 6, **BY)
    resolved()
    assert sold(record) == 3


def test_number_typed_for_an_article_wins_until_it_is_taken_away(shop):
    record = article(shop, "YFB", units=3)
    rule(shop, "YF", keep=1)
    resolved()
    for keep, left in ((0, 3), (3, 0), (None, 2)):
        buffers.keep_of_article(record, keep, **BY)
        assert sold(record) == left  # at once
        assert resolved() == 0
    assert AuditEntry.objects.filter(action="shop.buffer_article", shop=shop).count() == 3


def test_rule_that_is_removed_restores(shop):
    record, typed = article(shop, "YFB"), article(shop, "YFB", units=5)
    buffers.keep_of_article(typed, 3, **BY)
    gone = rule(shop, "YF")
    resolved()
    assert (sold(record), sold(typed)) == (0, 2)
    buffers.remove_rule(gone, **BY)
    resolved()
    assert (sold(record), sold(typed)) == (1, 2)
    assert StockTerms.objects.get(pk=record.pk).buffer is None
    assert BufferTask.objects.get().due_at is None


def test_titles_whose_stock_comes_or_goes_are_marked_alone(shop):
    last, many = article(shop, "YFB"), article(shop, "YFB", units=5)
    marked()
    gone = rule(shop, "YF")
    resolved()
    assert marked() == {last.product_id}
    buffers.remove_rule(gone, **BY)
    resolved()
    assert marked() == {last.product_id}
    buffers.keep_of_all(shop, 4, **BY)
    assert marked() == {last.product_id}
    buffers.keep_of_all(shop, 5, **BY)
    assert marked() == {many.product_id}
    assert not buffers.keep_of_all(shop, 5, **BY)


def test_sale_is_refused_what_a_rule_keeps(shop):
    record = article(shop, "YFB", units=2)
    rule(shop, "YF")
    resolved()
    assert stock.hold([(record.pk, 2)], key="checkout:1", now=NOON)
    assert not stock.hold([(record.pk, 1)], key="checkout:1", now=NOON)


def test_articles_that_come_later_are_found_ten_minutes_later(shop):
    rule(shop, "YF")
    resolved()
    record = article(shop, "YFB")
    assert resolved() == 0
    assert buffers.resolve_buffers(NOON + timedelta(minutes=10)) == 1
    assert StockTerms.objects.get(pk=record.pk).buffer == 1


def test_rule_changed_while_a_step_works_is_looked_at_again(shop, monkeypatch):
    article(shop, "YFB"), rule(shop, "YF")
    write = buffers._write
    monkeypatch.setattr(buffers, "_write", lambda found: (write(found), rule(shop, "YF", keep=2)))
    assert resolved() == 1
    monkeypatch.undo()
    assert resolved() == 1
    assert StockTerms.objects.get().buffer == 2


def test_terms_made_for_a_rule_say_what_no_terms_say(shop):
    record = article(shop, "YFB", units=5)
    assert not StockTerms.objects.filter(pk=record.pk).exists()
    before = stock.effective_as_of(None, shop)
    rule(shop, "YF")
    resolved()
    terms = StockTerms.objects.get(pk=record.pk)
    assert (stock.effective_as_of(terms, shop), terms.availability, terms.condition) == (before, "in_stock", "new")


def test_many_articles_are_resolved_in_slices_by_few_statements(shop, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(buffers, "_SLICE", 4)
    for _ in range(10):
        article(shop, "YFB")
    rule(shop, "YF")
    with django_assert_max_num_queries(70):
        assert resolved() == 10


def test_number_typed_while_the_step_waits_for_the_article_stays(shop, monkeypatch):
    kept = article(shop, "YFB", units=5)
    gone = rule(shop, "YF")
    resolved()
    buffers.remove_rule(gone, **BY)
    lock = stock.locked

    def waited(ids, *, now):
        monkeypatch.setattr(stock, "locked", lock)
        buffers.keep_of_article(kept, 3, **BY)
        return lock(ids, now=now)

    monkeypatch.setattr(stock, "locked", waited)
    resolved()
    assert (StockTerms.objects.get(pk=kept.pk).buffer, sold(kept)) == (3, 2)
