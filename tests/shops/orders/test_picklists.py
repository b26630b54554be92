from __future__ import annotations

import pytest

from shops.orders.picklists import PickRow, pick_list
from tests import factories

pytestmark = pytest.mark.django_db


def test_pick_list_is_sorted_as_a_shelf_is():
    shop = factories.shop()
    titles = ["Zadig", "étranger, L’", "Essais", "Étoile"]
    records = [factories.stock_record(shop, factories.product(title), sku=title[:3]) for title in titles]
    first = factories.shop_order(shop, *[(record, 1) for record in records])
    second = factories.shop_order(shop, (records[0], 2))
    rows = pick_list(second, first)
    assert [(row.title, row.units, row.number) for row in rows] == [
        ("Essais", 1, first.number),
        ("Étoile", 1, first.number),
        ("étranger, L’", 1, first.number),
        ("Zadig", 1, first.number),
        ("Zadig", 2, second.number),
    ]


def test_pick_list_leaves_out_what_is_declined_or_packed():
    shop = factories.shop()
    placed = factories.shop_order(shop, (factories.stock_record(shop), 3), (factories.stock_record(shop), 1))
    first, second = placed.lines.order_by("pk")
    first.accepted, first.declined, first.packed = 2, 1, 1
    second.declined = 1
    first.save()
    second.save()
    assert pick_list(placed) == [PickRow(first.title, "New", None, first.sku, 1, placed.number)]


@pytest.mark.parametrize("lines", [1, 30])
def test_pick_list_is_one_query(django_assert_num_queries, lines: int):
    shop = factories.shop()
    placed = factories.shop_order(shop, *[(factories.stock_record(shop), 1) for _ in range(lines)])
    with django_assert_num_queries(1):
        assert len(pick_list(placed)) == lines


def test_pick_list_goes_shelf_by_shelf_and_knows_that_two_comes_before_ten():
    shop = factories.shop()
    where = {"a": "B 10", "b": "b 2", "c": "", "d": "A", "e": "B 2"}
    records = [factories.stock_record(shop, factories.product(f"Titre {sku}"), sku=sku) for sku in where]
    placed = factories.shop_order(shop, *[(record, 1) for record in records])
    rows = pick_list(placed, places=lambda skus: {sku: where[sku] for sku in skus})
    assert [row.sku for row in rows] == ["d", "b", "e", "a", "c"]
