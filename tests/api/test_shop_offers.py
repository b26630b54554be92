"""A shop's own program offers something in the place of what is not there, lists what it offered, and takes it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout import alternatives
from shops.models import Alternative, ShopOrder, ShopOrderLine, ShopScope
from tests import factories
from tests.api.test_document import misfits, operations
from tests.api.test_shop_orders import change, program
from tests.checkout.test_alternatives import another
from tests.checkout.test_rerouting import placed

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(db) -> ShopOrderLine:
    placed(agrees_other_shop=False)
    return ShopOrderLine.objects.select_related("shop_order__shop").get(title="Mug")


@pytest.fixture
def till(line):
    return program(line.shop_order.shop)


def test_article_is_offered_listed_and_taken_back_as_the_document_says(till, line):
    cup, order = another(), line.shop_order
    document = till.get("openapi.json").json()
    known = operations(document)
    said = {"line": line.pk, "units": 1, "sku": cup.partner_sku, "reason": "not_found", "left": 0}
    made = change(till, order, "offer", once="offer-0001", **said)
    assert misfits(made, known["post", "/api/v1/shop/orders/{number}/offer"], document) == []
    offer = made.json()["offer"]
    assert (offer["title"], offer["sku"], offer["state"], offer["unit_price_minor"], offer["became"]) == (
        "Cup",
        cup.partner_sku,
        "open",
        600,
        None,
    )
    told = next(one for one in made.json()["order"]["lines"] if one["line"] == line.pk)
    assert (told["declined"], told["decline_reason"]) == (1, "not_found")
    listed = till.get("shop/offers?state=open")
    assert misfits(listed, known["get", "/api/v1/shop/offers"], document) == []
    assert listed.json() == {"offers": [offer], "next": None}
    assert till.get("shop/offers?state=taken").json()["offers"] == []
    back = till.post(f"shop/offers/{offer['offer']}/withdraw", {})
    assert misfits(back, known["post", "/api/v1/shop/offers/{offer}/withdraw"], document) == []
    assert back.json()["state"] == "recalled"
    assert till.post(f"shop/offers/{offer['offer']}/withdraw", {}).status_code == 409


def test_same_key_offers_once_and_says_what_became_of_it(till, line):
    day = (timezone.localdate() + timedelta(days=9)).isoformat()
    version = ShopOrder.objects.get(pk=line.shop_order_id).version
    said = {"version": version, "line": line.pk, "units": 1, "on": day}
    at = f"shop/orders/{line.shop_order.number}/offer"
    first, again = (till.post(at, said, **{"Idempotency-Key": "offer-0002"}) for _ in range(2))
    assert (first.status_code, first.json()["offer"]) == (200, again.json()["offer"])
    made = alternatives.take(Alternative.objects.get(), by="reader", now=timezone.now())
    (listed,) = till.get(f"shop/offers?order={line.shop_order.number}").json()["offers"]
    assert (listed["state"], listed["kind"], listed["expected_on"], listed["became"]) == (
        "taken",
        "later",
        day,
        made.number,
    )


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({}, 422),  # neither another article nor a day
        ({"sku": "cup", "on": "2030-01-01"}, 422),
        ({"sku": "cup"}, 422),  # why?
        ({"sku": "nothing-like-it", "reason": "sold"}, 409),
        ({"sku": "cup", "reason": "sold", "price_minor": 9900}, 409),
        ({"sku": "cup", "reason": "sold", "units": 2}, 409),
        ({"on": "2020-01-01"}, 409),
        ({"on": "2199-01-01"}, 409),
    ],
)
def test_what_cannot_be_offered_is_said_and_nothing_is_declined(till, line, wrong, status):
    cup = another()
    said = {"line": line.pk, "units": 1} | wrong | ({"sku": cup.partner_sku} if wrong.get("sku") == "cup" else {})
    assert change(till, line.shop_order, "offer", **said).status_code == status
    assert not Alternative.objects.exists()
    assert ShopOrderLine.objects.get(pk=line.pk).declined == 0


def test_another_shops_offers_are_not_there_and_reading_changes_none(till, line):
    day = (timezone.localdate() + timedelta(days=9)).isoformat()
    change(till, line.shop_order, "offer", line=line.pk, units=1, on=day)
    at = f"shop/offers/{Alternative.objects.get().pk}/withdraw"
    other, reader = program(factories.shop()), program(line.shop_order.shop, ShopScope.READ)
    assert other.get("shop/offers").json()["offers"] == []
    assert (other.post(at, {}).status_code, reader.post(at, {}).status_code) == (404, 403)
    assert Alternative.objects.get().state == "open"
