"""Who has a title now: the words, the age, the place; and a thousand at once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from shops.models import Shop
from tests import factories
from tests.api.conftest import FIRST, Program, isbn, make_key


@pytest.fixture
def keyed(db) -> Program:
    return Program(make_key("read:availability", per_minute=100_000))


def offered(answer) -> list[tuple]:
    assert answer.status_code == 200, answer.content
    return [(row["shop"], row["availability"], row["copies"]) for row in answer.json()["offers"]]


def test_offers_say_how_many_how_sure_and_how_far(program, market):
    answer = program.get(f"products/{FIRST}/availability?lat=46.8&lon=-71.2")
    last, many = answer.json()["offers"]
    assert (last["shop"], last["copies"], last["price_minor"], last["currency"]) == ("page", "last", 995, "CAD")
    assert (last["distance_km"], many["distance_km"]) == (1.66, 232.56)
    assert (many["shop"], many["copies"], many["confidence"]) == ("port", "many", "sure")
    as_of = Shop.objects.get(slug="port").complete_as_of
    assert many["as_of"] == as_of.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [shop["name"] for shop in answer.json()["shops"]] == ["La Page", "Librairie du Port"]


def test_only_shops_within_the_distance_are_named(program, market):
    answer = program.get(f"products/{FIRST}/availability?lat=46.8&lon=-71.2&km=50")
    assert offered(answer) == [("page", "in_stock", "last")]
    assert [shop["slug"] for shop in answer.json()["shops"]] == ["page"]


def test_words_are_those_of_the_one_vocabulary(program, db):
    now = timezone.now()
    title = factories.product(gtin=FIRST)
    old = {"complete_as_of": now - timedelta(days=30), "fresh_until": now - timedelta(days=27)}
    cases = {
        "few": ({}, {"units": 5}),
        "none": ({}, {"units": 0}),
        "unnumbered": ({}, {"units": None}),
        "old": (old, {"units": 5}),
        "later": ({}, {"units": 0, "availability": "orderable", "days": 6}),
        "never": ({}, {"units": 0, "availability": "unavailable"}),
    }
    for slug, (of_shop, of_record) in cases.items():
        factories.stock_record(factories.shop(slug=slug, **of_shop), title, **of_record)
    assert sorted(offered(program.get(f"products/{FIRST}/availability"))) == [
        ("few", "in_stock", "few"),
        ("later", "orderable", None),
        ("never", "unavailable", None),
        ("none", "temporarily_unavailable", None),
        ("old", "unknown", None),
        ("unnumbered", "in_stock", "unknown"),
    ]


def test_bulk_names_what_it_has_not_and_what_is_no_number(keyed, market):
    asked = [FIRST, "978-2-07-036002-4", "9780306406157", "9782070360025", None, True, {"a": 1}, "\ud800", "", 1.5]
    found = keyed.post("availability", json.dumps({"gtins": asked})).json()
    assert [(row["id"], row["gtin"], len(row["offers"])) for row in found["results"]] == [(market.pk, str(FIRST), 2)]
    assert found["unknown"] == ["9780306406157"]
    assert [row["row"] for row in found["refused"]] == [3, 4, 5, 6, 7, 8, 9]
    assert "check digit" in found["refused"][0]["problem"]


WRONG = [
    ({"gtins": [FIRST] * 1001}, 422, "body.gtins"),
    ({"gtins": []}, 422, "body.gtins"),
    ({"gtins": "9782070360024"}, 422, "body.gtins"),
    ({}, 422, "body.gtins"),
    ([], 422, "body.gtins"),
    ({"gtins": [FIRST], "lat": 91, "lon": 0}, 422, "body.lat"),
    ({"gtins": [FIRST], "lat": 1}, 422, "body.lon"),
    ("[" * 100_000, 400, ""),
    ('{"gtins": [' + "9" * 5000 + "]}", 400, ""),
    (b"\xff\xfe", 400, ""),
    ("x" * 3_000_000, 413, "body"),
]


def test_bulk_body_that_is_wrong_is_named(keyed):
    for body, status, where in WRONG:
        answer = keyed.post("availability", json.dumps(body) if isinstance(body, dict | list) else body)
        assert (answer.status_code, answer.json()["where"]) == (status, where)


def test_bulk_needs_a_key(program, market):
    answer = program.post("availability", json.dumps({"gtins": [FIRST]}))
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize("number", [1, 30, 1000])
def test_bulk_costs_the_same_for_1_and_1000(keyed, db, number, django_assert_num_queries):
    shop = factories.shop()
    for place in range(min(number, 30)):
        factories.stock_record(shop, factories.product(gtin=isbn(place)))
    keyed.get(f"products/{isbn(0)}/availability")  # the directory is known, the key's use written
    with django_assert_num_queries(6 if number >= 100 else 5):  # key, count (and its weight), two for GTINs, offers
        answer = keyed.post("availability", json.dumps({"gtins": [isbn(place) for place in range(number)]}))
    assert len(answer.json()["results"]) == min(number, 30)
    assert len(answer.json()["unknown"]) == number - min(number, 30)
    assert answer["X-RateLimit-Remaining"] == str(100_000 - 2 - number // 100)


def test_more_offers_than_fit_are_counted(program, db):
    title = factories.product(gtin=FIRST)
    for _ in range(23):
        factories.stock_record(factories.shop(), title)
    answer = program.get(f"products/{FIRST}/availability").json()
    assert (len(answer["offers"]), answer["left_out"], len(answer["shops"])) == (20, 3, 20)
