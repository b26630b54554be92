"""A NUL in what a program sends: said to it as any other wrong value, never an error of the server."""

from __future__ import annotations

import pytest
from django.utils import timezone

from shops import order_keys
from shops.models import ShopScope
from tests import factories
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    """What a till asks about an order of its shop: (way, path, body)."""
    shop = factories.shop("Librairie du Port", slug="port", language="en")
    part = factories.shop_order(shop, (factories.stock_record(shop, units=3), 2))
    key = order_keys.make(shop, label="till", scopes=ShopScope.values, by=factories.user(), now=timezone.now())
    return Program(key), part, part.lines.get().pk


def test_words_of_an_answer(sent):
    till, part, line = sent
    at = f"shop/orders/{part.number}"
    once = {"Idempotency-Key": "abcdefgh1"}
    for path, said in (
        (f"{at}/decline", {"line": line, "units": 1, "reason": "sold", "note": "a\0b"}),
        (f"{at}/cancel", {"reason": "sold", "note": "\0"}),
        (f"{at}/hand-over", {"code": "k7\0m3qx", "carrier": "\0", "tracking": "\0"}),
        (f"{at}/offer", {"line": line, "units": 1, "kind": "other", "sku": "\0", "note": "\0", "reason": "sold"}),
        ("shop/returns/\0/refuse", {"note": "\0"}),
    ):
        answer = till.post(path, {"version": 0, **said}, **once)
        assert 400 <= answer.status_code < 500, (path, answer.content)


def test_what_only_looks_like_one_is_taken(sent):
    till, part, line = sent
    said = {"version": 0, "line": line, "units": 1, "reason": "sold", "note": "\\u0000"}
    answer = till.post(f"shop/orders/{part.number}/decline", said, **{"Idempotency-Key": "abcdefgh1"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "shop/orders/%00",
        "shop/orders?status=%00",
        "shop/orders?cursor=%00",
        "shop/offers?order=%00",
        "shop/messages?cursor=%00",
        "shop/statements?cursor=%00",
        "shop/returns/%00",
        "titles/%00",
        "shops/%00",
    ],
)
def test_addresses(path, sent):
    assert sent[0].get(path).status_code < 500
