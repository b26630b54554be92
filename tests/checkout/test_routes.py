"""Which shop is asked for what another one lacks, by the network's rules, and what is kept of why."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.checkout import candidate_plans, candidates, routes
from marketplace.checkout.models import Checkout, RouteDecision, RoutingRules
from shops.models import Rerouting, Shop, ShopLoad, ShopOrder, ShopOrderLine
from tests import factories
from tests.checkout import test_rerouting
from tests.checkout.buying import shop_with_delivery
from tests.checkout.test_rerouting import lack, rule, third, work

pytestmark = pytest.mark.django_db


def placed() -> None:
    """Mugs cost as much everywhere; what another parcel costs the network bears."""
    test_rerouting.placed()
    rule("network")


def other(name: str, price: str = "8.00", **columns) -> Shop:
    """One more shop that has the mug, and sends by post."""
    shop, *_ = shop_with_delivery(name, **columns)
    mug = ShopOrderLine.objects.filter(title="Mug").first().product
    factories.stock_record(shop, mug, price=price, units=9)
    return shop


def rules(*links: str) -> RoutingRules:
    routes.forget()
    return RoutingRules.objects.create(links=links, made_at=timezone.now())


def asked() -> Shop:
    return ShopOrder.objects.get(instead_of__isnull=False).shop


def test_readers_own_shop_is_asked_first():
    placed(), third("7.00")
    theirs = other("Librairie D")
    Checkout.objects.update(reader_shop=theirs)
    lack(), work()
    decision = RouteDecision.objects.get()
    assert (asked(), decision.shop_order.shop) == (theirs, theirs)
    assert decision.steps == [{"link": "readers_shop", "left": [theirs.pk]}]


def test_nearest_to_the_shop_that_the_reader_chose():
    placed(), third("7.00", latitude=46.8, longitude=-71.2)
    Shop.objects.filter(name="Librairie A").update(latitude=45.5, longitude=-73.6)
    near = other("Librairie D", latitude=45.53, longitude=-73.6)
    lack(), work()
    assert asked() == near
    km = {row["shop"]: row["km"] for row in RouteDecision.objects.get().candidates}
    assert km[near.pk] == pytest.approx(3.3, abs=0.1)
    assert len(km) == 2


def test_who_has_as_many_as_they_can_do_is_passed_over():
    placed()
    full, free = third("7.00", orders_per_day=2), other("Librairie D")
    ShopLoad.objects.create(shop=full, orders_today=2)
    lack(), work()
    assert (asked(), RouteDecision.objects.get().steps) == (free, [{"link": "load", "left": [free.pk]}])


def test_rules_of_the_network_decide_and_are_kept_with_it():
    placed(), other("Librairie D")
    cheap = third("7.00")
    of = rules("price")
    lack(), work()
    decision = RouteDecision.objects.get()
    assert (asked(), decision.rules, decision.steps) == (cheap, of, [{"link": "price", "left": [cheap.pk]}])


def test_who_could_not_is_kept_with_the_reason():
    placed()
    dear, unpaid = third("19.50"), other("Librairie D")
    Shop.objects.filter(pk=unpaid.pk).update(stripe_account_ready=False)
    elsewhere, *_ = shop_with_delivery("Librairie E")
    elsewhere.delivery_options.update(active=False)
    factories.stock_record(elsewhere, ShopOrderLine.objects.get(title="Mug").product, price="8.00", units=1)
    lack(), work()
    decision = RouteDecision.objects.get()
    assert (decision.shop_order, decision.candidates, Rerouting.objects.get().outcome) == (None, [], "nobody")
    why = {row["shop"]: row["why"] for row in decision.left_out}
    assert (why[dear.pk], why[elsewhere.pk]) == ("dear", "way")
    assert why[unpaid.pk] in candidate_plans.WHY_NOT


def test_other_rules_are_tried_on_what_was_decided():
    placed(), other("Librairie D", "7.50")
    Shop.objects.filter(name="Librairie A").update(latitude=45.5, longitude=-73.6)
    near = other("Librairie E", latitude=45.5, longitude=-73.6)
    lack(), work()
    assert asked() == near
    tried = routes.simulated(["price"])
    cheap = Shop.objects.get(name="Librairie D")
    assert (tried.looked_at, [then for _, then in tried.changed]) == (1, [cheap.pk])
    assert tried.by_shop == {cheap.pk: (0, 1), near.pk: (1, 0)}
    assert routes.simulated(["distance"]).changed == ()


def test_decision_asks_the_database_no_more_for_more_shops():
    """Two statements, and two for the price of the one that is chosen."""
    placed(), third()
    lack()
    row = Rerouting.objects.select_related("shop_order__order__checkout", "shop_order__shop").get()
    parts = list(row.parts.select_related("line__shop_order"))
    counts = []
    for _ in range(2):
        routes.decide(row, parts, now=timezone.now())  # rules and hours are read
        with CaptureQueriesContext(connection) as asked_for:
            seen, _left_out = candidates.seen(row, parts, timezone.now())
        assert len(asked_for) == 2
        with CaptureQueriesContext(connection) as asked_for:
            decided = routes.decide(row, parts, now=timezone.now())
        counts.append(len(asked_for))
        assert len(seen) == len(decided.row.candidates) == len(counts) * 5 - 4
        for number in range(5):
            other(f"Librairie {number} of {len(counts)}")
    assert counts[0] == counts[1] <= 4


def test_chosen_one_that_cannot_bring_it_is_dropped_and_the_rules_begin_again():
    """Delivery shows with the price alone: the nearest costs more than is borne, and the next is asked."""
    placed()
    Shop.objects.filter(name="Librairie A").update(latitude=45.5, longitude=-73.6)
    near, far = third("7.00", latitude=45.5, longitude=-73.6), other("Librairie D", latitude=46.8, longitude=-71.2)
    near.delivery_options.update(price_minor=9_000)
    lack(), work()
    decision = RouteDecision.objects.get()
    assert (asked(), decision.left_out) == (far, [{"shop": near.pk, "why": "dear"}])
