"""Large and hostile files, and what is taken out again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.readers import brought as customers
from shops.models import BroughtCustomer, EarlierNetwork, EarlierOrder
from shops.onboarding import bringing, brought_files, brought_rows
from shops.onboarding.brought_files import FileError
from tests import factories
from tests.shops.onboarding.brought import (
    MADE,
    NOW,
    OLD,
    about,
    bring,
    customer,
    export,
    line,
    moved,
    order,
    packed,
    statement,
)

pytestmark = pytest.mark.django_db
PAID = {"kind": "transfer", "goods_minor": 0, "commission_minor": 0, "tax_minor": 0, "transferred_minor": 2343}


def test_customers_go_with_their_network_whatever_it_is_called_by_then():
    shop = factories.shop()
    bring(shop, export([order()], customers=[customer()]))
    later = [{"site": OLD, "name": "Another name", "until": (MADE + timedelta(days=1)).isoformat()}]
    bring(shop, export([order()], networks=later))
    bringing.remove(EarlierNetwork.objects.get(), by=factories.user())
    assert customers.of_shop(shop).count() == 0


def test_customers_of_one_network_stay_as_another_of_its_name_goes():
    shop = factories.shop()
    other = [{"site": "https://b.example", "name": "Anciennes Halles", "until": MADE.isoformat()}]
    bring(shop, export([order()], customers=[customer()]))
    bring(shop, export([order(network="https://b.example")], networks=other))
    bringing.remove(EarlierNetwork.objects.get(site="https://b.example"), by=factories.user())
    assert customers.of_shop(shop).count() == 1


def test_customers_alone_can_be_taken_out_again():
    shop = factories.shop()
    bring(shop, export(customers=[customer()]))
    bringing.remove(EarlierNetwork.objects.get(), by=factories.user())
    assert BroughtCustomer.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 30])
def test_taking_out_asks_as_often_however_many_rows(rows, django_assert_max_num_queries):
    shop = factories.shop()
    orders = [order(number=f"{n}-A") for n in range(rows)]
    bring(shop, export(orders, customers=[customer(email=f"{n}@a.org") for n in range(rows)]))
    user = factories.user()
    with django_assert_max_num_queries(25):
        bringing.remove(EarlierNetwork.objects.get(), by=user)
    assert EarlierOrder.objects.count() == 0


def test_searched_text_is_short_whatever_its_letters_become():
    wide = [line(title="\ufdfa" * 255) for _ in range(100)]
    found = brought_rows.order(order(lines=wide, total_minor=2580 * 100), NOW)
    assert len(found.text) <= brought_rows.LONGEST_SEARCHED


def test_rows_are_counted_empty_ones_too(monkeypatch):
    """Sixty-five thousand bytes of them kept a processor busy for minutes."""
    monkeypatch.setattr(brought_files, "MOST_ROWS", 100)
    about_json = ("about.json", json.dumps(about()).encode())
    for rows in (b"\n" * 101, b"1\n" * 101):
        with pytest.raises(FileError, match="too_many"):
            bring(factories.shop(), packed([about_json, ("orders.jsonl", rows)]))
    bring(factories.shop(), packed([about_json, ("orders.jsonl", b"\n" * 100)]))


def test_statements_that_are_not_in_question_are_not_read():
    shop = factories.shop()
    bring(shop, export([], [statement(number=7)]))
    later = {"begins_at": "2026-02-01T05:00:00+00:00", "ends_at": "2026-03-01T00:00:00+00:00"}
    lines = [moved(at="2026-02-06T09:00:00+00:00"), moved(at="2026-02-07T09:00:00+00:00", **PAID)]
    with CaptureQueriesContext(connection) as asked:
        report = bring(shop, export([], [statement(number=8, **later, lines=lines), statement(number=9)]))
    assert report.counts["settlements.jsonl"] == {"new": 1, "refused": 1}  # another number, a month that is known
    assert [row[2] for row in report.problems] == ["statement_differs"]
    (read,) = [row["sql"] for row in asked if "SELECT" in row["sql"] and '"lines"' in row["sql"]]
    assert '"number" IN' in read


def test_same_order_is_known_however_it_is_found_by_now():
    """Letters may be folded otherwise in a later version than in the one that brought it in."""
    shop = factories.shop()
    bring(shop, export([order()]))
    EarlierOrder.objects.update(text="written otherwise")
    assert bring(shop, export([order()])).counts["orders.jsonl"] == {"same": 1}
