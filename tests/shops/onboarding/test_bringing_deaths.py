"""A process that dies while it brings in a file leaves a report that says so; the same file goes on from there."""

from __future__ import annotations

from functools import cache

import pytest
from django.test import Client

from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from shops.models import Bringing, EarlierNetwork, EarlierOrder, EarlierStatement, Shop, ShopMember
from shops.onboarding import bringing
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.shops.onboarding import brought
from tests.shops.onboarding.brought import MADE, customer, export, order, statement

pytestmark = pytest.mark.usefixtures("committed_db")
POINTS = ["bringing.before_commit", "bringing.after_commit"]


@cache
def content() -> bytes:
    """Seven orders in batches of three, of which one is refused as it is read, a statement, a customer."""
    return export([*(order(number=f"{n}-A") for n in range(7)), 1], [statement()], [customer()])


def bring(shop: Shop, content: bytes) -> Bringing:
    return brought.bring(shop, content, by=User.objects.get(email="brings@example.org"))


@pytest.fixture
def shop(monkeypatch) -> Shop:
    monkeypatch.setattr(bringing, "_AT_ONCE", 3)
    factories.user("brings@example.org")
    content()  # here, not in the process that dies: a ZIP made a second later is another file
    return factories.shop()


def in_whole() -> dict[str, dict[str, int]]:
    return {"orders.jsonl": {"new": 7, "refused": 1}, "settlements.jsonl": {"new": 1}, "customers.jsonl": {"new": 1}}


@pytest.mark.parametrize("where", POINTS)
@pytest.mark.parametrize("nth", [1, 3, 4, 5])
def test_same_file_goes_on_where_it_stopped_and_the_report_is_of_all_of_it(shop, where, nth):
    assert dies_at(f"{where}:{nth}", lambda: bring(shop, content()))
    left = Bringing.objects.get()
    done = nth if where.endswith("after_commit") else nth - 1
    assert (left.counts["orders.jsonl"].get("new", 0), "unfinished" in left.counts) == (min(3 * done, 7), True)
    report = bring(shop, content())
    assert (report.pk, report.counts, len(report.problems)) == (left.pk, in_whole(), 1)
    assert (Bringing.objects.count(), EarlierOrder.objects.count(), EarlierStatement.objects.count()) == (1, 7, 1)
    assert AuditEntry.objects.filter(action="shop.bring").count() == 1
    again = bring(shop, content())  # it is another time now
    assert (again.pk == left.pk, again.counts["orders.jsonl"]) == (False, {"same": 7, "refused": 1})


def test_page_says_that_it_is_not_all_in_until_it_is(shop):
    owner = factories.member(shop, role=ShopMember.Role.OWNER).user
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(owner)
    assert dies_at("bringing.after_commit", lambda: bring(shop, content()))
    says = "Not all of it is in."
    text = client.get(f"/portal/{shop.slug}/data/brought/").content.decode()
    assert (says in text, "unfinished" in text) == (True, False)
    bring(shop, content())
    assert says not in client.get(f"/portal/{shop.slug}/data/brought/").content.decode()


def test_another_file_has_a_report_of_its_own(shop):
    assert dies_at("bringing.after_commit", lambda: bring(shop, content()))
    report = bring(shop, export([order(number=f"{n}-A") for n in range(4)]))
    assert report.counts["orders.jsonl"] == {"same": 3, "new": 1}
    assert Bringing.objects.count() == 2


def test_what_was_taken_out_again_meanwhile_is_brought_from_its_beginning(shop):
    assert dies_at("bringing.after_commit:2", lambda: bring(shop, content()))
    bringing.remove(EarlierNetwork.objects.get(), by=factories.user())
    assert bring(shop, content()).counts == in_whole()
    assert (EarlierOrder.objects.count(), EarlierNetwork.objects.get().until) == (7, MADE)
