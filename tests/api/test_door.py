"""What all answers of the read API share: ETags, other sites' pages, one shape of refusals."""

from __future__ import annotations

import pytest
from django.test import Client

from search import directory
from shops.models import Shop
from tests.api.conftest import FIRST


@pytest.mark.parametrize("path", ["search?q=camus", f"products/{FIRST}", f"products/{FIRST}/availability", "shops"])
def test_what_has_not_changed_is_not_sent_again(program, market, path):
    first = program.get(path)
    assert first["ETag"].startswith('"')
    assert first["Cache-Control"].startswith("private")
    again = program.get(path, **{"If-None-Match": f'"x", {first["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Access-Control-Allow-Origin"] == "*"
    Shop.objects.filter(slug="page").update(status=Shop.Status.PAUSED)
    market.title = "L'Étranger !"
    market.save()
    directory.forget()
    changed = program.get(path, **{"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_pages_of_other_sites_may_ask_and_get_no_cookie(market):
    client = Client(enforce_csrf_checks=True)
    asked = client.options("/api/v1/search", headers={"Origin": "https://library.example.org"})
    assert (asked.status_code, asked["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")
    assert asked["Access-Control-Allow-Headers"] == "Authorization, If-None-Match"
    for path in ("search", "products/1", "nothing", "openapi.json", "shops/port"):
        answer = client.get(f"/api/v1/{path}")
        assert answer["Access-Control-Allow-Origin"] == "*", path
        assert "Access-Control-Allow-Credentials" not in answer
    assert not client.cookies


def test_feeds_are_not_open_to_pages_of_other_sites(db):
    answer = Client().get("/api/v1/feed/runs", headers={"Origin": "https://library.example.org"})
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer) == (401, False)
    assert list(answer.json()) == ["error", "message", "where"]


def test_head_is_get_without_a_body(program, market):
    answer = program.client.head("/api/v1/shops")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == program.get("shops")["ETag"]


def test_refusals_have_one_shape(program, market):
    for answer, status in (
        (program.get("nothing"), 404),
        (program.get("nothing/at/all/"), 404),
        (program.get(""), 404),
        (program.post("search", "{}"), 405),
        (program.get("availability"), 405),
        (program.get("search?" + "&".join(f"a{n}=1" for n in range(10_001))), 400),
    ):
        assert (answer.status_code, list(answer.json())) == (status, ["error", "message", "where"])
        assert answer["Cache-Control"] == "no-store"
    assert program.get("availability")["Allow"] == "POST"
