from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import TitleChange
from shops import stock
from shops.models import Allocation, Shop, ShopOrderLine
from shops.stock import HoldEndedError, Shortage, StockError
from tests import factories

pytestmark = pytest.mark.django_db


def allocated(record: StockRecord) -> int:
    return StockRecord.objects.get(pk=record.pk).num_allocated or 0


def marked() -> list[int]:
    return sorted(TitleChange.objects.values_list("product_id", flat=True))


def test_hold_keeps_units_under_its_key():
    now, shop = timezone.now(), factories.shop()
    first, second = factories.stock_record(shop, units=3), factories.stock_record(shop, units=1)
    assert stock.hold([(second.pk, 1), (first.pk, 2)], key="checkout:1", now=now) == []
    assert (allocated(first), allocated(second)) == (2, 1)
    rows = Allocation.objects.order_by("stock_record_id").values_list("stock_record_id", "units", "cause", "hold_key")
    assert list(rows) == [(first.pk, 2, "hold", "checkout:1"), (second.pk, 1, "hold", "checkout:1")]
    assert marked() == [second.product_id]  # its last copy; of the first one is left


def test_hold_keeps_all_or_nothing_and_says_what_is_short():
    now, shop = timezone.now(), factories.shop()
    there, few = factories.stock_record(shop, units=3), factories.stock_record(shop, units=1)
    gone = factories.stock_record(shop, units=5, retired_at=now)
    wanted = [(there.pk, 1), (few.pk, 2), (gone.pk, 1), (gone.pk + 999, 1)]
    assert stock.hold(wanted, key="checkout:1", now=now) == [
        Shortage(few.pk, 2, 1),
        Shortage(gone.pk, 1, 0),
        Shortage(gone.pk + 999, 1, 0),
    ]
    assert (allocated(there), allocated(few), Allocation.objects.count(), marked()) == (0, 0, 0, [])


def test_hold_adds_up_lines_of_one_record():
    record = factories.stock_record(factories.shop(), units=3)
    assert stock.hold([(record.pk, 2), (record.pk, 2)], key="k", now=timezone.now()) == [Shortage(record.pk, 4, 3)]
    assert stock.hold([(record.pk, 2), (record.pk, 1)], key="k", now=timezone.now()) == []
    assert allocated(record) == 3


def test_hold_again_under_its_key_holds_nothing_twice():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=1)
    assert stock.hold([(record.pk, 1)], key="k", now=now) == []
    assert stock.hold([(record.pk, 1)], key="k", now=now) == []
    assert allocated(record) == 1
    with pytest.raises(StockError, match="holds something else"):
        stock.hold([(record.pk, 2)], key="k", now=now)


def test_hold_of_no_units_is_an_error():
    with pytest.raises(ValueError, match="0 units"):
        stock.hold([(1, 0)], key="k", now=timezone.now())


def test_hold_respects_buffer_freshness_and_status():
    now = timezone.now()
    buffered = factories.stock_record(factories.shop(buffer=1), units=1)
    stale = factories.stock_record(factories.shop(complete_as_of=now - timedelta(hours=73)), units=1)
    paused = factories.stock_record(factories.shop(status=Shop.Status.PAUSED), units=1)
    for record in (buffered, stale, paused):
        assert stock.hold([(record.pk, 1)], key="k", now=now) == [Shortage(record.pk, 1, 0)]


def test_hold_of_unknown_quantity_counts_open_units():
    now, shop = timezone.now(), factories.shop()
    plain, open_two = factories.stock_record(shop, units=None), factories.stock_record(shop, units=None, open_limit=2)
    assert stock.hold([(plain.pk, 1), (open_two.pk, 1)], key="a", now=now) == []
    assert stock.hold([(plain.pk, 1)], key="b", now=now) == [Shortage(plain.pk, 1, 0)]
    assert stock.hold([(open_two.pk, 1)], key="b", now=now) == []
    assert (allocated(plain), allocated(open_two)) == (1, 2)


def test_hold_query_count_grows_by_one_per_record(django_assert_num_queries):
    now, shop = timezone.now(), factories.shop()
    records = [factories.stock_record(shop, units=3) for _ in range(30)]
    fixed = 6  # savepoint and its end, what the key holds, the records before and after, the allocations
    with django_assert_num_queries(fixed + 1):
        stock.hold([(records[0].pk, 1)], key="one", now=now)
    with django_assert_num_queries(fixed + 30):
        stock.hold([(record.pk, 1) for record in records], key="thirty", now=now)


def test_release_hold_gives_units_back_once():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=1)
    stock.hold([(record.pk, 1)], key="k", now=now)
    TitleChange.objects.all().delete()
    assert stock.release_hold("k", now=now) == 1
    assert stock.release_hold("k", now=now) == 0
    row = Allocation.objects.get()
    assert (allocated(record), row.ended_at, row.ended_by) == (0, now, Allocation.End.EXPIRED)
    assert marked() == [record.product_id]


def line_of(record: StockRecord, units: int = 1, **columns: object) -> ShopOrderLine:
    return factories.shop_order(Shop.objects.get(partner=record.partner), (record, units), **columns).lines.get()


def test_promise_turns_the_hold_into_the_lines():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=3)
    line = line_of(record)
    stock.hold([(record.pk, 2)], key="k", now=now)
    stock.promise("k", {record.pk: line.pk}, now=now)
    assert allocated(record) == 3
    assert Allocation.objects.filter(line=line, cause=Allocation.Cause.LINE, ended_at=None).count() == 2
    assert stock.release_hold("k", now=now) == 0


def test_promise_needs_the_whole_hold():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=3)
    line = line_of(record)
    stock.hold([(record.pk, 2)], key="k", now=now)
    stock.release_hold("k", now=now)
    with pytest.raises(HoldEndedError, match="Of 1 articles k holds 0"), transaction.atomic():
        stock.promise("k", {record.pk: line.pk}, now=now)


def test_take_is_guarded_like_a_hold():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=2)
    line = line_of(record)
    assert stock.take(line, 1, now=now)
    assert not stock.take(line, 1, now=now)
    assert allocated(record) == 2


def test_release_line_divides_an_allocation():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=5)
    line = line_of(record, 3)
    assert stock.release_line(line, 1, answered=False, now=now) == 1
    rows = Allocation.objects.order_by("pk").values_list("units", "ended_by")
    assert (list(rows), allocated(record)) == ([(2, ""), (1, "released")], 2)


def test_end_ends_an_allocation_once():
    now, record = timezone.now(), factories.stock_record(factories.shop(), units=1)
    stock.hold([(record.pk, 1)], key="k", now=now)
    seen = list(Allocation.objects.all())
    assert stock.end(seen, by=Allocation.End.RELEASED, now=now) == 1
    with pytest.raises(StockError, match="1 of 1 allocations had ended"):
        stock.end(seen, by=Allocation.End.ABSORBED, now=now)
    assert allocated(record) == 0


def test_count_is_one_statement_for_many_records(django_assert_num_queries):
    shop = factories.shop()
    records = [factories.stock_record(shop) for _ in range(30)]
    with django_assert_num_queries(1):
        stock.count({record.pk: position for position, record in enumerate(records)})
    assert [allocated(record) for record in records] == list(range(30))


def test_locked_marks_titles_that_cross_zero_only():
    now, shop = timezone.now(), factories.shop()
    crossing, staying = factories.stock_record(shop, units=1), factories.stock_record(shop, units=5)
    with stock.locked([crossing.pk, staying.pk], now=now):
        stock.count({crossing.pk: 1, staying.pk: 1})
    assert marked() == [crossing.product_id]
