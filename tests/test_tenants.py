"""Roles and tenants in the portal: what an owner, the accounts and the other shop's owner get where `test_routes` asks
the staff; another shop's rows under one's own address; and every door behind the second factor."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from shops.models import ShopMember
from tests import factories
from tests.conftest import KEEPING
from tests.routes_kinds import LOGIN
from tests.shops.portal.conftest import signed_in
from tests.test_routes import ROUTES, World, answer, world  # noqa: F401

Role = ShopMember.Role
STAFF = 2  # the column of A's staff in a row of ROUTES
PORTAL = {name: row for name, row in ROUTES.items() if name.startswith("portal:") and "slug" in row.names}
# Who keeps the accounts looks at what the staff looks at and changes nothing; where that is not so:
ACCOUNTS = {
    "portal:refund": 200,
    "portal:save-tax": 302,
    "portal:step-down": 302,  # anybody leaves by themselves
    "portal:announcement-read": 302,  # and has read what was announced
    **dict.fromkeys(("portal:delivery-new", "portal:delivery-change", "portal:event-new", "portal:event-change"), 403),
    "portal:offer": 403,
}
DONE = {200, 302, 409, 422}  # let in: done, or told why not


def as_accounts(name: str) -> int:
    staff = PORTAL[name].expected[STAFF]
    return ACCOUNTS.get(name, staff if PORTAL[name].sent is None else 403)


@pytest.fixture
def owner(world: World) -> Client:  # noqa: F811
    return signed_in(factories.member(world.a.shop, role=Role.OWNER).user)


def test_owner_and_accounts_of_a_shop(world, owner):  # noqa: F811
    accounts = signed_in(factories.member(world.a.shop, role=Role.ACCOUNTS).user)
    by_owner = {name: answer(world, name, owner) for name in PORTAL}
    refused = {name for name in PORTAL if PORTAL[name].expected[STAFF] == 403}  # an owner decides
    no_webhook = {"portal:renew-secret": 404}  # there is none
    no_webhook |= {f"portal:system-{name}": 404 for name in ("read", "orders", "end")}  # nothing is connected
    assert {name: by_owner[name] for name in refused if by_owner[name] not in DONE} == no_webhook
    rest = PORTAL.keys() - refused
    assert {name: by_owner[name] for name in rest} == {name: PORTAL[name].expected[STAFF] for name in rest}
    by_accounts = {name: answer(world, name, accounts) for name in PORTAL}
    assert by_accounts == {name: as_accounts(name) for name in PORTAL}


def test_owner_of_another_shop_is_nobody_here(world):  # noqa: F811
    stranger = signed_in(factories.member(world.b.shop, role=Role.OWNER).user)
    assert {name: status for name in PORTAL if (status := answer(world, name, stranger)) != 404} == {}


def test_rows_of_another_shop_are_not_there_under_ones_own_address(world):  # noqa: F811
    """B's owner, in B's own rooms, names A's rows."""
    stranger = signed_in(factories.member(world.b.shop, role=Role.OWNER).user)
    theirs = list(ShopMember.objects.filter(shop=world.a.shop).values_list("pk", "role"))
    fixed = {"option_kind", "deed", "agree", "send", "given", "running", "csv", "trouble", "nothing", "slug"}
    fixed.add("system")  # a kind, not a row
    named = {name: row for name, row in PORTAL.items() if set(row.names) - fixed}
    found = {}
    for name, row in named.items():
        where = reverse(name, args=[world.b.shop.slug if part == "slug" else world.known[part] for part in row.names])
        before = transaction.savepoint()
        found[name] = (stranger.get(where) if row.sent is None else stranger.post(where, row.sent)).status_code
        transaction.savepoint_rollback(before)
        for kept in KEEPING:
            kept.forget()
    # These say that nothing was there, and lead back.
    gone = {"portal:member-remove": 302, "portal:member-role": 302, "portal:uninvite": 302}
    # Votes are of all members.
    gone |= {"portal:motion": 200, "portal:motion-say": 302, "portal:motion-vote": 302}
    assert {name: status for name, status in found.items() if status != 404} == gone
    assert list(ShopMember.objects.filter(shop=world.a.shop).values_list("pk", "role")) == theirs


def test_every_door_is_behind_the_second_factor(world, owner, settings):  # noqa: F811
    """Asked of people who have none, and whose days of grace are over: no row of the matrix answers them."""
    settings.SECOND_FACTOR_REQUIRED, settings.SECOND_FACTOR_GRACE_DAYS = True, 0
    first = reverse("mfa_index")
    operator = signed_in(world.operator)
    board = [name for name, row in ROUTES.items() if name.startswith("operations:") and row.expected[0] == LOGIN]
    found = {}
    for client, names in ((owner, list(PORTAL)[::5]), (operator, board[::5])):
        for name in names:
            row = ROUTES[name]
            where = reverse(name, args=[world.known[part] for part in row.names])
            reply = client.get(where) if row.sent is None else client.post(where)
            found[name] = (reply.status_code, reply.get("Location"))
    assert {name: reply for name, reply in found.items() if reply != (302, first)} == {}
    assert len(found) > 40
