"""The operator's page of which shop is asked for what another one lacks."""

from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.checkout.models import RouteDecision, RoutingRules
from marketplace.checkout.routing_rules import USUAL, Candidate, kept
from marketplace.foundation.models import AuditEntry
from marketplace.operations.routing_views import RulesForm
from shops.models import Rerouting, Shop, ShopOrder
from tests import factories

PAGE = "/board/routing/"


@pytest.fixture
def decided(db) -> tuple[Shop, Shop, Shop]:
    """A lacked one; B was asked since it is nearer, C is cheaper."""
    a, b, c = (factories.shop(f"Librairie {letter}") for letter in "ABC")
    now = timezone.now()
    declined = factories.shop_order(a, (factories.stock_record(a), 1), created_at=now)
    made: ShopOrder = factories.shop_order(
        b, (factories.stock_record(b), 1), placed=declined.order, number=f"{declined.order.number}-B", created_at=now
    )
    row = Rerouting.objects.create(
        shop_order=declined, spoken_of=declined.lines.get(), declined_at=now, decided_at=now, outcome="moved"
    )
    RouteDecision.objects.create(
        rerouting=row,
        shop_order=made,
        decided_at=now,
        candidates=[
            kept(Candidate(shop=b.pk, parts=1, total_minor=1200, km=2.0)),
            kept(Candidate(shop=c.pk, parts=1, total_minor=900, km=80.0)),
        ],
        steps=[{"link": "distance", "left": [b.pk]}],
        left_out=[{"shop": a.pk, "why": "dear"}],
    )
    return a, b, c


def test_page_says_why_each_shop_was_asked(board, decided):
    page = board.get(PAGE, headers={"Accept-Language": "en"}).content.decode()
    assert "from Librairie A to Librairie B" in page
    assert "Whoever is near" in page
    assert "Librairie A: costs more than the rule for the difference allows" in page


def test_other_rules_are_tried_and_nothing_is_changed(board, decided):
    places = RulesForm.of(["price"])
    answer = board.post(f"{PAGE}save/", places | {"try": "1"}, follow=True, headers={"Accept-Language": "en"})
    simulated = answer.context["simulated"]
    assert (simulated["looked_at"], simulated["changes"]) == (1, 1)
    assert [(one["name"], one["now"], one["then"]) for one in simulated["by_shop"]] == [
        ("Librairie B", 1, 0),
        ("Librairie C", 0, 1),
    ]
    assert "Librairie C instead of Librairie B" in answer.content.decode()
    assert not RoutingRules.objects.exists()


def test_rules_are_saved_as_a_version_of_their_own(board):
    assert board.post(f"{PAGE}save/", RulesForm.of(["price", "distance"])).status_code == 302
    assert board.post(f"{PAGE}save/", RulesForm.of(["distance"])).status_code == 302
    board.post(f"{PAGE}save/", RulesForm.of(["distance"]))
    assert [rules.links for rules in RoutingRules.objects.all()] == [["distance"], ["price", "distance"]]
    assert AuditEntry.objects.filter(action="routing.change").count() == 2
    assert board.get(PAGE).context["form"].initial["distance"] == 1


@pytest.mark.parametrize(
    "places", [{}, RulesForm.of([]), RulesForm.of(["price"]) | {"load": 1}, RulesForm.of(["price"]) | {"price": "9"}]
)
def test_rules_that_say_nothing_clear_are_not_saved(board, places):
    answer = board.post(f"{PAGE}save/", places)
    assert (answer.status_code, RoutingRules.objects.count()) == (422, 0)
    assert answer.context["form"].errors


@pytest.mark.parametrize("query", ["price=x", "price=1&load=1", "price=99"])
def test_hostile_addresses_are_told_what_is_wrong(board, query):
    assert board.get(f"{PAGE}?{query}").status_code == 422


def test_page_begins_with_the_usual_rules(board):
    assert board.get(PAGE).context["form"].initial == RulesForm.of(list(USUAL))
