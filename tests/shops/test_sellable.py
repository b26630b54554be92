from __future__ import annotations

from datetime import timedelta

import pytest
from oscar.apps.partner.models import StockRecord

from shops.models import Shop, StockTerms
from shops.sellable import annotate_at_desk, annotate_sellable, effective_as_of, sellable_units, units_at_desk
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db

OLD, RECENT = NOON - timedelta(hours=73), NOON - timedelta(hours=71)

# (columns of the shop, of the record, of its terms or {} for none) → sellable at NOON
CASES = {
    "in stock": ({}, {"units": 3}, {}, 3),
    "allocated": ({}, {"units": 3, "allocated": 2}, {}, 1),
    "more promised than there is": ({}, {"units": 1, "allocated": 2}, {}, 0),
    "none": ({}, {"units": 0}, {}, 0),
    "the shop's buffer": ({"buffer": 1}, {"units": 3}, {}, 2),
    "its own buffer": ({"buffer": 1}, {"units": 3}, {"buffer": 0}, 3),
    "a buffer above the number": ({"buffer": 5}, {"units": 3}, {}, 0),
    "quantity unknown": ({}, {"units": None}, {}, 1),
    "quantity unknown, three open units allowed": (
        {"buffer": 2},
        {"units": None, "allocated": 1},
        {"open_limit": 3},
        2,
    ),
    "retired": ({}, {"units": 3}, {"retired_at": OLD}, 0),
    "to order": ({}, {"units": 3}, {"availability": "orderable"}, 0),
    "availability unknown": ({}, {"units": None}, {"availability": "unknown"}, 0),
    "shop paused": ({"status": Shop.Status.PAUSED}, {"units": 3}, {}, 0),
    "never read": ({"complete_as_of": None}, {"units": 3}, {}, 0),
    "read too long ago": ({"complete_as_of": OLD}, {"units": 3}, {}, 0),
    "read just in time": ({"complete_as_of": RECENT}, {"units": 3}, {}, 3),
    "own number is younger than the runs": ({"complete_as_of": OLD}, {"units": 3}, {"as_of": RECENT}, 3),
    "own number is older than the runs": ({"complete_as_of": RECENT}, {"units": 3}, {"as_of": OLD}, 3),
    "follows no runs, too old": ({"complete_as_of": RECENT}, {"units": 3}, {"as_of": OLD, "follows_runs": False}, 0),
    "follows no runs, recent": ({"complete_as_of": OLD}, {"units": 3}, {"as_of": RECENT, "follows_runs": False}, 3),
    "follows no runs, never read": ({"complete_as_of": RECENT}, {"units": 3}, {"follows_runs": False}, 0),
    "a patient shop": ({"complete_as_of": OLD, "freshness_hours": 100}, {"units": 3}, {}, 3),
}


@pytest.mark.parametrize("name", CASES)
def test_sellable_is_the_same_in_python_and_in_sql(name: str):
    shop_columns, record_columns, terms, expected = CASES[name]
    shop = factories.shop(**{"complete_as_of": NOON} | shop_columns)
    record = factories.stock_record(shop, units=record_columns["units"], **terms)
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=record_columns.get("allocated"))
    row = annotate_sellable(StockRecord.objects.filter(pk=record.pk), now=NOON).get()
    assert sellable_units(row, shop=shop, terms=StockTerms.objects.filter(pk=row.pk).first(), now=NOON) == expected
    assert row.sellable == expected


# What keeps an article from new readers alone: its people may use what its last number says for an open order.
AT_DESK = {
    "shop paused": 3,
    "never read": 3,
    "read too long ago": 3,
    "follows no runs, too old": 3,
    "follows no runs, never read": 3,
}


@pytest.mark.parametrize("name", CASES)
def test_at_the_desk_neither_age_nor_pause_counts(name: str):
    shop_columns, record_columns, terms, sold = CASES[name]
    shop = factories.shop(**{"complete_as_of": NOON} | shop_columns)
    record = factories.stock_record(shop, units=record_columns["units"], **terms)
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=record_columns.get("allocated"))
    row = annotate_at_desk(StockRecord.objects.filter(pk=record.pk)).get()
    assert units_at_desk(row, shop=shop, terms=StockTerms.objects.filter(pk=row.pk).first()) == row.at_desk
    assert row.at_desk == AT_DESK.get(name, sold)


def test_annotate_sellable_is_zero_for_a_partner_without_shop():
    record = factories.stock_record(factories.shop())
    Shop.objects.all().delete()
    assert annotate_sellable(StockRecord.objects.filter(pk=record.pk), now=NOON).get().sellable == 0


def test_annotate_sellable_can_be_filtered_by():
    shop = factories.shop(complete_as_of=NOON)
    there, gone = factories.stock_record(shop, units=2), factories.stock_record(shop, units=0)
    found = annotate_sellable(StockRecord.objects.filter(pk__in=[there.pk, gone.pk]), now=NOON).filter(sellable__gt=0)
    assert list(found) == [there]


def test_effective_as_of_of_a_record_without_terms_is_the_shops():
    assert effective_as_of(None, Shop(complete_as_of=NOON)) == NOON
    assert effective_as_of(None, Shop()) is None
