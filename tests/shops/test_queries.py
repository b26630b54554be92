from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from marketplace.models import User
from shops import queries
from shops.models import ShopMember
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    """Two shops with an order each; Alice works at the first, Bob at the second, the stranger at none."""
    port, gare = factories.shop("Port"), factories.shop("Gare")
    people = {
        "alice": factories.member(port).user,
        "bob": factories.member(gare, role=ShopMember.Role.OWNER).user,
        "stranger": factories.user(),
        "operator": factories.user(is_staff=True, is_superuser=True),
        "nobody": AnonymousUser(),
    }
    orders = {shop.name: factories.shop_order(shop, (factories.stock_record(shop), 1)) for shop in (port, gare)}
    return port, gare, people, orders


@pytest.mark.parametrize(
    ("who", "names"),
    [("alice", ["Port"]), ("bob", ["Gare"]), ("stranger", []), ("operator", []), ("nobody", [])],
)
def test_each_sees_only_their_own_shop(market, who: str, names: list[str]):
    port, gare, people, orders = market
    person = people[who]
    assert [shop.name for shop in queries.shops_for(person)] == names
    assert list(queries.orders_for(person)) == [orders[name] for name in names]
    for name, placed in orders.items():
        assert queries.order_for(person, placed.number) == (placed if name in names else None)
    assert [queries.can_work(person, shop) for shop in (port, gare)] == ["Port" in names, "Gare" in names]
    assert [member.shop.name for member in queries.members(person)] == names


def test_order_for_an_unknown_number_is_none(market):
    assert queries.order_for(market[2]["alice"], "999999-A") is None


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("staff", True), ("accounts", False), ("read_only", False)])
def test_can_work_needs_a_working_role(role: str, may: bool):
    member = factories.member(factories.shop(), role=role)
    assert queries.can_work(member.user, member.shop) is may


def test_account_that_was_closed_sees_nothing(market):
    alice = market[2]["alice"]
    User.objects.filter(pk=alice.pk).update(is_active=False)
    alice.refresh_from_db()
    assert (list(queries.shops_for(alice)), queries.can_work(alice, market[0])) == ([], False)


def test_person_of_two_shops_sees_both(market):
    alice = market[2]["alice"]
    factories.member(market[1], alice)
    assert queries.orders_for(alice).count() == 2
