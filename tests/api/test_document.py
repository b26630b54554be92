"""The document that is served, and every answer held against it."""

from __future__ import annotations

import json

import pytest

from tests.api import openapi
from tests.api.conftest import FIRST, Program, make_key

# Of a feed's key: tests/api/test_feeds.py, test_runs.py; of a shop's: test_shop_orders.py.
FEEDS = {"feeds", "runs", "shop orders", "shop offers", "shop returns", "shop messages", "shop statements"}


def operations(document: dict) -> dict[tuple[str, str], dict]:
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def misfits(answer, operation: dict, document: dict) -> list[str]:
    """What of an answer the document does not say."""
    said = operation["responses"].get(str(answer.status_code))
    if said is None:
        return [f"{answer.status_code} is not in the document"]
    if "content" not in said:
        return [] if not answer.content else ["no body is in the document"]
    return openapi.wrong(answer.json(), said["content"]["application/json"]["schema"], document)


def calls(title: int) -> list[tuple[str, str, str, object, int]]:
    """(method, path in the document, address, body, status)."""
    bulk = {"gtins": [FIRST, "9782070360420", "9780306406157", "x"], "lat": 45.5, "lon": -73.5, "km": 400}
    place = "?lat=45.5&lon=-73.5&km=400"
    return [
        ("get", "search", "search?q=camus&near=1&lat=45.5&lon=-73.5&limit=1&what=this", None, 200),
        ("get", "search", "search?sort=worst", None, 422),
        ("get", "search", "search?cursor=x", None, 422),
        ("get", "products/{gtin}", f"products/{FIRST}", None, 200),
        ("get", "products/{gtin}", "products/9780306406157", None, 404),
        ("get", "products/{gtin}", "products/12", None, 422),
        ("get", "products/id/{product_id}", f"products/id/{title}", None, 200),
        ("get", "products/{gtin}/availability", f"products/{FIRST}/availability{place}", None, 200),
        ("get", "products/id/{product_id}/availability", f"products/id/{title}/availability", None, 200),
        ("post", "availability", "availability", bulk, 200),
        ("post", "availability", "availability", {"gtins": []}, 422),
        ("post", "availability", "availability", "{", 400),
        ("get", "shops", f"shops{place}&limit=1", None, 200),
        ("get", "shops/{slug}", "shops/port", None, 200),
        ("get", "shops/{slug}", "shops/nowhere", None, 404),
    ]


@pytest.mark.django_db
def test_every_answer_is_as_the_document_says(market):
    program = Program(make_key())
    document = program.get("openapi.json").json()
    known = operations(document)
    called = set()
    for method, path, address, body, status in calls(market.pk):
        sent = body if body is None or isinstance(body, str) else json.dumps(body)
        answer = program.get(address) if method == "get" else program.post(address, sent)
        assert (address, answer.status_code) == (address, status)
        assert (address, misfits(answer, known[method, f"/api/v1/{path}"], document)) == (address, [])
        called.add((method, f"/api/v1/{path}"))
    reading = {key for key, operation in known.items() if not FEEDS & set(operation["tags"])}
    assert called == reading


@pytest.mark.django_db
def test_refusals_of_callers_are_as_the_document_says(market):
    document = Program().get("openapi.json").json()
    for (method, path), operation in operations(document).items():
        if FEEDS & set(operation["tags"]):
            continue
        address = path.removeprefix("/api/v1/").format(gtin=FIRST, product_id=market.pk, slug="port")
        for key, status in (("wrong", 401), (make_key("read:nothing"), 403)):
            program = Program(key)
            answer = program.get(address) if method == "get" else program.post(address, {})
            assert (path, answer.status_code, misfits(answer, operation, document)) == (path, status, [])


def test_what_the_document_does_not_say_is_noticed():
    """Negative control."""
    document = {"components": {"schemas": {"A": {"type": "object", "properties": {"n": {"type": "integer"}}}}}}
    document["components"]["schemas"]["A"]["required"] = ["n"]
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/A"}}
    assert openapi.wrong([{"n": 1}], schema, document) == []
    assert openapi.wrong([{"n": "1"}, {"n": True}, {}, {"n": 1, "m": 2}, 3], schema, document) == [
        "$[0].n: '1' is no integer",
        "$[1].n: True is no integer",
        "$[2]: n is missing",
        "$[3]: m is not in the document",
        "$[4]: 3 is no object",
    ]
