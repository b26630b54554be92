"""Shops as programs read them."""

from __future__ import annotations

import pytest

from tests import factories
from tests.api.conftest import Program, make_key


@pytest.mark.parametrize("number", [1, 30])
def test_shops_cost_the_same_with_1_and_30(program, db, number, django_assert_num_queries):
    for _ in range(number):
        factories.delivery_option(factories.shop())
    with django_assert_num_queries(5):  # counted; shops, hours, days named, deliveries
        assert program.get("shops").json()["total"] == number


def test_shops_come_in_pages_by_name_or_nearest_first(market):
    program = Program(make_key("read:shops"))
    for place, names in (
        ("", ["La Page", "Librairie du Port"]),
        ("&lat=45.5&lon=-73.5", ["Librairie du Port", "La Page"]),
    ):
        first = program.get(f"shops?limit=1{place}").json()
        second = program.get(f"shops?limit=1{place}&cursor={first['next']}").json()
        assert [row["name"] for row in first["results"] + second["results"]] == names
        assert second["next"] is None
    near = program.get("shops?lat=45.5&lon=-73.5&km=50").json()
    assert [(row["slug"], row["distance_km"]) for row in near["results"]] == [("port", 5.26)]
    assert program.get("shops/port").json()["deliveries"][0]["kind"] == "pickup"
