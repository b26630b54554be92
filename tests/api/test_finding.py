"""The search for programs: as the result page finds, in pages that hold still."""

from __future__ import annotations

import pytest
from oscar.apps.catalogue.models import Product

from search.engines.base import SearchError
from shops.models import Shop
from tests import factories
from tests.api.conftest import FIRST, Program, make_key


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def walk(program: Program, parameters: dict[str, object]) -> list[str]:
    """All pages, one after the other."""
    found, cursor = [], ""
    while True:
        answer = program.get("search", parameters | ({"cursor": cursor} if cursor else {}))
        found += titles(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def test_search_finds_as_the_result_page_does(program, market, client):
    for parameters in (
        "q=camus",
        "q=etranger",
        "q=978-2-07-036002-4",
        "shop=page&sort=title",
        "condition=good",
        "price=-999&sort=title",
        "subject=F",
        "form=pocket",
        "q=nothing+at+all+like+it",
    ):
        page = client.get(f"/search/?{parameters}", follow=True).context
        shown = [row.product.title for row in page["rows"]] if "rows" in page else [page["product"].title]
        assert titles(program.get(f"search?{parameters}")) == shown, parameters


def test_search_says_what_shops_ask_and_where(program, market):
    answer = program.get("search", {"q": "etranger", "near": "1", "lat": 45.5, "lon": -73.57, "km": 20})
    (row,) = answer.json()["results"]
    assert (row["id"], row["gtin"], row["url"]) == (
        market.pk,
        str(FIRST),
        f"http://testserver{market.get_absolute_url()}",
    )
    assert (row["from_price_minor"], row["currency"], row["shops_in_stock"], row["shops_near"]) == (995, "CAD", 2, 1)
    assert titles(program.get("search", {"near": "1", "lat": 0, "lon": 0})) == []


def test_pages_hold_everything_once(reindex, db, monkeypatch):
    for number in range(60):
        factories.product(f"Title {number:02}")
    reindex()
    program = Program(make_key())
    expected = [f"Title {number:02}" for number in range(60)]
    for limit in (7, 20, 50):
        assert walk(program, {"sort": "title", "limit": limit}) == expected
    monkeypatch.setattr("search.queries.search", _broken)
    assert walk(program, {"sort": "title", "limit": 7}) == expected


def test_pages_hold_still_while_titles_come_and_go(program, reindex, db):
    shop = factories.shop()
    made = [factories.stock_record(shop, factories.product(f"M{number:02}")).product for number in range(40)]
    reindex()
    first = program.get("search", {"sort": "title", "limit": 10})
    for number in range(5):
        factories.stock_record(shop, factories.product(f"A{number}"))
    Product.objects.filter(pk__in=[made[2].pk, made[9].pk]).update(is_public=False)  # the last one given is one of them
    reindex()
    second = program.get("search", {"sort": "title", "limit": 10, "cursor": first.json()["next"]})
    assert titles(first) + titles(second) == [f"M{number:02}" for number in range(20)]


def test_cursor_is_bound_to_its_search(program, market):
    cursor = program.get("search?sort=title&limit=1").json()["next"]
    assert titles(program.get(f"search?sort=title&limit=2&cursor={cursor}")) == ["Kamouraska", "La Peste"]
    for address in (f"search?sort=price&cursor={cursor}", f"search?sort=title&cursor={cursor[:-1]}", "search?cursor=é"):
        answer = program.get(address)
        assert (answer.status_code, answer.json()["where"]) == (422, "query.cursor")


WRONG = [
    ({"q": "x" * 10_240}, "query.q"),
    ({"price": "cheap"}, "query.price"),
    ({"price": "-"}, "query.price"),
    ({"shop": "nowhere"}, "query.shop"),
    ({"shop": ["port"] * 51}, "query.shop"),
    ({"condition": "eaten"}, "query.condition.0"),
    ({"language": "\x00"}, "query.language.0"),
    ({"sort": "worst"}, "query.sort"),
    ({"near": "1"}, "query.near"),
    ({"near": "perhaps"}, "query.near"),
    ({"lat": "45"}, "query.lon"),
    ({"lat": "nan", "lon": "1"}, "query.lat"),
    ({"lat": "1e400", "lon": "1"}, "query.lat"),
    ({"lat": "1", "lon": "1", "km": "-1"}, "query.km"),
    ({"km": "5"}, "query.km"),
    ({"limit": "51"}, "query.limit"),
    ({"limit": "9" * 5000}, "query.limit"),
    ({"cursor": "x" * 1000}, "query.cursor"),
]


def test_what_is_wrong_is_named(program, db):
    factories.shop(slug="port")
    for parameters, where in WRONG:
        answer = program.get("search", parameters)
        assert (answer.status_code, answer.json()["error"], answer.json()["where"]) == (422, "invalid", where)


def test_strange_words_find_nothing_or_something_and_never_fail(program, market):
    for words in ("\x00\x01\x1b", '"((', "title:*", "\ud7ff\ufffe", "' OR 1=1 --", "%", "\u202e"):
        assert program.get("search", {"q": words}).status_code == 200, words
    answer = program.get("search", {"q": "camus", "page": "3", "utm_source": "x"})
    assert (answer.json()["total"], answer.json()["ignored"]) == (2, ["page", "utm_source"])


def test_search_answers_from_the_database_while_the_engine_is_down(program, market, monkeypatch):
    assert program.get("search?q=camus").json()["plain"] is False
    monkeypatch.setattr("search.queries.search", _broken)
    answer = program.get("search?q=camus").json()
    assert (answer["plain"], answer["total"]) == (True, 2)
    assert sorted(row["title"] for row in answer["results"]) == ["L'Étranger", "La Peste"]
    assert program.get(f"products/{FIRST}/availability").json()["offers"] != []


@pytest.mark.parametrize("number", [1, 30])
def test_search_costs_the_same_with_1_and_30(program, db, reindex, number, django_assert_num_queries):
    shop = factories.shop()
    for _ in range(number):
        factories.stock_record(shop)
    reindex()
    program.get("shops")  # the directory is known
    with django_assert_num_queries(3):  # counted; titles, offers
        assert len(titles(program.get("search?limit=50"))) == number


def test_what_is_shown_is_read_from_the_database(program, market):
    """The index is as it was."""
    Product.objects.filter(pk=market.pk).update(is_public=False)
    assert titles(program.get("search?q=etranger")) == []
    Shop.objects.update(status=Shop.Status.PAUSED)
    assert program.get("search?q=peste").json()["results"][0]["from_price_minor"] is None


def _broken(query) -> None:
    raise SearchError("The index is gone.")
