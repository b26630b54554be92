from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import TitleChange
from shops import absorbing, invariants
from shops import stock as stocks
from shops.models import Allocation, Shop, StockIncident, StockTerms
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def shop() -> Shop:
    return factories.shop(complete_as_of=NOON)


def sold(of: Shop, *, units: int = 1, stock: int = 3, reflected_at=None, **terms: object):
    """A record of which `units` are promised to a line."""
    record = factories.stock_record(of, units=stock, **terms)
    line = factories.shop_order(of, (record, units), created_at=NOON).lines.get()
    if reflected_at:
        Allocation.objects.filter(line=line).update(reflected_at=reflected_at)
    return record, line


def ended() -> list[str]:
    return list(Allocation.objects.order_by("pk").values_list("ended_by", flat=True))


@pytest.mark.parametrize(
    ("number", "as_of", "stored", "stored_as_of", "counts"),
    [
        (5, NOON, 3, None, True),
        (5, NOON + HOUR, 3, NOON, True),
        (5, NOON - HOUR, 3, NOON, False),
        (2, NOON, 3, NOON, True),
        (3, NOON, 3, NOON, False),
        (4, NOON, 3, NOON, False),
        (None, NOON + HOUR, 3, NOON, True),
        (None, NOON, 3, NOON, False),
        (3, NOON, None, NOON, True),
    ],
)
def test_counts_younger_or_lower(number, as_of, stored, stored_as_of, counts):
    assert absorbing.counts(number, as_of, stored=stored, stored_as_of=stored_as_of) is counts


def test_write_number_keeps_its_age_beside_the_shops(shop):
    record = factories.stock_record(shop, units=3)
    assert not absorbing.write_number(record, 9, as_of=NOON - HOUR, now=NOON)
    assert absorbing.write_number(record, 5, as_of=NOON + HOUR, now=NOON + HOUR)
    record.refresh_from_db()
    assert (record.num_in_stock, record.terms.as_of, record.terms.follows_runs) == (5, NOON + HOUR, True)


def test_write_number_puts_a_sold_out_record_on_sale_again(shop):
    record = factories.stock_record(shop, units=0, availability="temporarily_unavailable")
    gone = factories.stock_record(shop, units=0, availability="unavailable")
    for row in (record, gone):
        absorbing.write_number(row, 2, as_of=NOON + HOUR, now=NOON + HOUR)
    assert StockTerms.objects.get(pk=record.pk).availability == "in_stock"
    assert StockTerms.objects.get(pk=gone.pk).availability == "unavailable"
    assert list(TitleChange.objects.values_list("product_id", flat=True)) == [record.product_id]


def test_absorb_ends_only_what_stored_numbers_contain(shop):
    now = NOON + 3 * HOUR
    contained, _ = sold(shop, reflected_at=NOON + HOUR, as_of=NOON + 2 * HOUR)
    later, _ = sold(shop, reflected_at=NOON + 3 * HOUR, as_of=NOON + 2 * HOUR)
    unreflected, _ = sold(shop, as_of=NOON + 2 * HOUR)
    not_written, _ = sold(shop, reflected_at=NOON + HOUR)
    ids = [record.pk for record in (contained, later, unreflected, not_written)]
    assert absorbing.absorb(shop_id=shop.pk, as_of=NOON + 2 * HOUR, now=now, stock_record_ids=ids) == 1
    assert ended() == ["absorbed", "", "", ""]
    assert StockRecord.objects.get(pk=contained.pk).num_allocated == 0
    assert invariants.counters_that_differ() == []


def test_absorb_leaves_records_alone_that_were_not_written_and_other_shops(shop):
    mine, _ = sold(shop, reflected_at=NOON - HOUR)
    sold(shop, reflected_at=NOON - HOUR)
    sold(factories.shop(complete_as_of=NOON), reflected_at=NOON - HOUR)
    assert absorbing.absorb(shop_id=shop.pk, as_of=NOON, now=NOON, stock_record_ids=[mine.pk]) == 1
    assert ended() == ["absorbed", "", ""]


def test_absorb_is_set_based(shop, django_assert_num_queries):
    for _ in range(2):
        sold(shop, reflected_at=NOON - HOUR)
    few = count_queries(shop, django_assert_num_queries)
    for _ in range(30):
        sold(shop, reflected_at=NOON - HOUR)
    assert count_queries(shop, django_assert_num_queries) == few
    assert set(ended()) == {"absorbed"}


def count_queries(shop: Shop, django_assert_num_queries) -> int:
    with django_assert_num_queries(30, exact=False) as captured:
        absorbing.absorb(shop_id=shop.pk, as_of=NOON, now=NOON)
    return len(captured)


def test_absorb_of_a_shop_without_orders_is_cheap(shop, django_assert_num_queries):
    for _ in range(5):
        factories.stock_record(shop)
    with django_assert_num_queries(3):
        assert absorbing.absorb(shop_id=shop.pk, as_of=NOON, now=NOON) == 0


def test_complete_run_makes_unchanged_rows_younger_and_absorbs(shop):
    record, _ = sold(shop, reflected_at=NOON + HOUR)
    own_age, _ = sold(shop, reflected_at=NOON + HOUR, as_of=NOON, follows_runs=False)
    assert absorbing.complete_run(shop.pk, as_of=NOON + 2 * HOUR, now=NOON + 3 * HOUR) == 1
    assert Allocation.objects.get(stock_record=record).ended_by == "absorbed"
    assert Allocation.objects.get(stock_record=own_age).ended_by == ""
    shop.refresh_from_db()
    assert shop.complete_as_of == NOON + 2 * HOUR


def test_complete_run_never_moves_back(shop):
    absorbing.complete_run(shop.pk, as_of=NOON - HOUR, now=NOON)
    shop.refresh_from_db()
    assert shop.complete_as_of == NOON


def test_incident_opens_when_a_set_of_numbers_falls_below_what_is_promised(shop):
    record, _ = sold(shop, units=2, stock=2)
    with transaction.atomic():  # as a sync does it
        StockRecord.objects.filter(pk=record.pk).update(num_in_stock=1)
        absorbing.absorb(shop_id=shop.pk, as_of=NOON, now=NOON, stock_record_ids=[record.pk])
    incident = StockIncident.objects.get()
    assert (incident.in_stock, incident.allocated, incident.closed_at) == (1, 2, None)
    absorbing.absorb(shop_id=shop.pk, as_of=NOON, now=NOON, stock_record_ids=[record.pk])
    assert StockIncident.objects.count() == 1
    absorbing.write_number(record, 2, as_of=NOON + HOUR, now=NOON + HOUR)
    incident.refresh_from_db()
    assert incident.closed_at == NOON + HOUR


def test_reflect_counts_units_in_total(shop):
    _, line = sold(shop, units=3)
    for units in (1, 1, 2):
        absorbing.reflect(line, units, reflected_at=NOON + HOUR, now=NOON)
    rows = Allocation.objects.filter(line=line).order_by("pk").values_list("units", "reflected_at")
    assert list(rows) == [(1, None), (1, NOON + HOUR), (1, NOON + HOUR)]


def test_reflect_ends_what_the_stored_number_contains_already(shop):
    record, line = sold(shop)
    assert absorbing.reflect(line, 1, reflected_at=NOON - HOUR, now=NOON) == 1
    assert StockRecord.objects.get(pk=record.pk).num_allocated == 0


def test_decline_after_absorption_leaves_the_other_units_of_the_line(shop):
    """Three copies: one accepted and absorbed, then declined; of the two others one is declined too."""
    record, line = sold(shop, units=3)
    line.accepted = 1
    absorbing.reflect(line, 1, reflected_at=NOON - HOUR, now=NOON)
    assert stocks.release_line(line, 1, answered=True, now=NOON) == 0
    line.accepted, line.declined = 0, 1
    assert stocks.release_line(line, 1, answered=False, now=NOON) == 1
    line.declined = 2
    assert StockRecord.objects.get(pk=record.pk).num_allocated == 1
    absorbing.reflect(line, 1, reflected_at=NOON - HOUR, now=NOON)
    assert StockRecord.objects.get(pk=record.pk).num_allocated == 0


@pytest.mark.parametrize(
    ("lag", "booked_at", "expected"),
    [
        (0, None, NOON),
        (60, None, NOON + HOUR),
        (0, NOON - HOUR, NOON - timedelta(minutes=45)),
        (0, NOON + HOUR, NOON),
        (60, NOON - HOUR, NOON + timedelta(minutes=15)),
    ],
)
def test_reflection_time(lag, booked_at, expected):
    shop = Shop(booking_lag_minutes=lag)
    assert absorbing.reflection_time(shop, recorded_at=NOON, booked_at=booked_at) == expected


def test_distrust_keeps_the_age_of_the_number(shop):
    record = factories.stock_record(shop, units=3)
    assert absorbing.distrust([record.pk]) == 1
    terms = StockTerms.objects.get(pk=record.pk)
    assert (terms.as_of, terms.follows_runs, terms.availability) == (NOON, False, "unknown")
    assert list(TitleChange.objects.values_list("product_id", flat=True)) == [record.product_id]
