"""Role × page of the board, in one table; what a person without the role is told, and what the navigation shows."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import URLResolver, reverse
from django.urls.resolvers import RegexPattern

from marketplace import oscar_urls
from marketplace.foundation.models import AuditEntry, Network, OperatorRoles, Role
from marketplace.models import User
from marketplace.operations import navigation, operators, roles
from marketplace.operations.listings import LISTINGS
from marketplace.operations.urls import urlpatterns
from tests import factories
from tests.test_routes import named_routes

pytestmark = pytest.mark.django_db
CATALOGUE, ORDERS, MONEY, ADMINISTRATION = Role
# Page, its argument → for whom of (nobody's role, catalogue, orders, money, administration) it opens.
OPENS = {
    ("board", ""): (0, 1, 1, 1, 1),
    ("parked", ""): (0, 1, 1, 1, 1),
    ("verify", ""): (0, 1, 1, 1, 1),
    ("titles", ""): (0, 1, 0, 0, 0),
    ("questions", ""): (0, 1, 0, 0, 0),
    ("reviews", ""): (0, 1, 0, 0, 0),
    ("routing", ""): (0, 0, 1, 0, 0),
    ("points", ""): (0, 0, 1, 0, 0),
    ("money", ""): (0, 0, 0, 1, 0),
    ("exports", ""): (0, 0, 0, 1, 0),
    ("commission", ""): (0, 0, 0, 1, 0),
    ("institutions", ""): (0, 0, 0, 1, 0),
    ("network", ""): (0, 0, 0, 0, 1),
    ("operators", ""): (0, 0, 0, 0, 1),
    ("read-keys", ""): (0, 0, 0, 0, 1),
    ("checklist", ""): (0, 0, 0, 0, 1),
    ("list", "shops"): (0, 1, 1, 1, 1),
    ("list", "feeds"): (0, 1, 0, 0, 0),
    ("list", "orders"): (0, 0, 1, 1, 0),
    ("list", "payments"): (0, 0, 0, 1, 0),
    ("list", "mail"): (0, 0, 1, 0, 1),
    ("list", "applications"): (0, 0, 0, 0, 1),
    ("list", "audit"): (0, 0, 0, 0, 1),
}


def oscars() -> list[str]:
    named = named_routes(URLResolver(RegexPattern(r"^"), oscar_urls.dashboard).url_patterns)
    return [name for name in named if name.startswith(oscar_urls.DASHBOARDS)]


def operator(*given: str) -> User:
    person = factories.operator()
    OperatorRoles.objects.filter(user=person).update(roles=list(given))
    return person


def signed_in(person: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person)
    return client


@pytest.mark.parametrize("page", OPENS, ids=lambda page: "-".join(filter(None, page)))
def test_page_opens_for_its_roles(page):
    name, argument = page
    address = reverse(f"operations:{name}", args=[argument] if argument else [])
    people = [operator(), *(operator(role) for role in Role)]
    assert tuple(int(signed_in(one).get(address).status_code == 200) for one in people) == OPENS[page]


def test_every_page_and_list_says_whom_it_is_for():
    """A route without a role is for administration alone; whoever adds one says which it is."""
    names = {found.name for found in urlpatterns} | set(oscars())
    assert names - {"healthz", "list"} - set(roles.NEEDS) == set()
    assert set(roles.NEEDS) - names == set()


@pytest.mark.parametrize("name", ["catalogue-category-list", "reviews-list", "catalogue-category-create"])
def test_oscars_dashboards_ask_for_a_role_of_ours(name):
    opens = [signed_in(operator(*given)).get(reverse(f"dashboard:{name}")).status_code for given in ([CATALOGUE], Role)]
    assert opens == [200, 200]
    money, reader = signed_in(operator(MONEY)), factories.user()
    reader.user_permissions.add(Permission.objects.get(codename="dashboard_access"))
    assert money.get(reverse(f"dashboard:{name}")).status_code == 403
    assert signed_in(reader).get(reverse(f"dashboard:{name}")).status_code == 404, "what Oscar lets in"
    assert set(LISTINGS) == set(roles.LISTS)


def test_who_lacks_the_role_is_told_which_it_is():
    first, _none = operator(ADMINISTRATION), operator(MONEY)
    page = signed_in(operator(CATALOGUE)).get("/board/money/")
    text = page.content.decode()
    assert (page.status_code, "with the role: Money" in text) == (403, True)
    assert re.findall(r"mailto:([^\"]+)", text) == [first.email]


def test_new_staff_have_no_role_and_are_told_whom_to_ask():
    """Also at the door of the board itself; whoever was made at the machine has all and gives them."""
    root = factories.user("root@example.org", is_staff=True, is_superuser=True, first_name="Ada", last_name="R.")
    new = factories.confirmed_user("new@example.org", is_staff=True)
    for address in ("/board/", "/board/lists/shops/", "/board/money/", "/board/operators/"):
        page = signed_in(new).get(address)
        text = page.content.decode()
        assert (page.status_code, "You have no role yet" in text, 'Ada R., <a href="mailto:root@' in text) == (
            403,
            1,
            1,
        )
        assert 'href="/board/money/"' not in text
    sent = {"email": new.email, "roles": [ORDERS]}
    assert signed_in(root).post("/board/operators/save/", sent).status_code == 302
    assert [signed_in(new).get(address).status_code for address in ("/board/", "/board/money/")] == [200, 403]


def test_where_nobody_administers_the_page_says_what_to_do():
    text = signed_in(factories.user(is_staff=True)).get("/board/").content.decode()
    assert ("first_operator" in text, "mailto:" in text) == (True, False)


class TestTwoPersons:
    def limit(self) -> int:
        return Network.objects.get(pk=1).refund_two_above_minor

    def test_limit_begins_with_the_second_who_could_approve(self):
        factories.network()
        root = factories.user(is_staff=True, is_superuser=True)
        client, someone, third = signed_in(root), factories.confirmed_user(), factories.confirmed_user()
        text = client.get("/board/network/").content.decode()
        assert "Now 1 operator has that role: nobody could approve" in text
        client.post("/board/operators/save/", {"email": someone.email, "roles": [ORDERS]})
        assert self.limit() == 0
        page = client.post("/board/operators/save/", {"email": someone.email, "roles": [ORDERS, MONEY]}, follow=True)
        assert (self.limit(), "Refunds above $200.00 need two operators" in page.content.decode()) == (20_000, True)
        text = client.get("/board/network/").content.decode()
        assert ("Now 2 operators have that role." in text, 'value="200.00"' in text) == (True, True)
        factories.network(refund_two_above_minor=0)  # switched off, it stays so
        client.post("/board/operators/save/", {"email": third.email, "roles": [MONEY]})
        assert self.limit() == 0

    def test_switched_off_it_does_not_begin_again_with_the_next_second_one(self):
        factories.network()
        first, second = operator(MONEY), factories.confirmed_user()
        operators.give(second, [MONEY], by=first)
        assert self.limit() == 20_000
        factories.network(refund_two_above_minor=0)
        operators.end(second, by=first)
        operators.give(second, [MONEY], by=first)
        assert self.limit() == 0

    def test_what_the_network_set_stays(self):
        factories.network(refund_two_above_minor=500)
        operators.give(factories.user(), [MONEY], by=operator(MONEY))
        assert self.limit() == 500

    def test_who_is_made_at_the_machine_counts(self):
        factories.network()
        for email, limit in (("a@example.org", 0), ("b@example.org", 20_000)):
            call_command("first_operator", email, stdout=StringIO())
            assert self.limit() == limit


def test_navigation_shows_what_one_may_open():
    text = signed_in(operator(MONEY)).get("/board/").content.decode()
    assert ('href="/board/money/"' in text, 'href="/board/titles/"' in text) == (True, False)
    shown = {page.name for group in navigation.groups("", roles=frozenset({CATALOGUE})) for page in group.pages}
    assert ("titles" in shown, "network" in shown, "money" in shown) == (True, False, False)


def test_figures_on_the_board_are_those_one_may_open():
    text = signed_in(operator(CATALOGUE)).get("/board/").content.decode()
    assert ("/board/lists/feeds/" in text, "/board/lists/payments/" in text, "/board/money/" in text) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"is_staff": True}, frozenset()),
        ({"is_staff": True, "is_superuser": True}, roles.ALL),
        ({"is_superuser": True}, frozenset()),
        ({}, frozenset()),
        ({"is_staff": True, "is_active": False}, frozenset()),
    ],
)
def test_roles_of_whom_nobody_gave_any(columns, expected):
    assert roles.of(factories.user(**columns)) == expected


class TestGiving:
    def test_reader_becomes_operator_and_is_none_again(self):
        by, reader = operator(ADMINISTRATION), factories.user("lea@example.org")
        client = signed_in(by)
        sent = {"email": "LEA@example.org", "roles": [ORDERS, CATALOGUE]}
        EmailAddress.objects.create(user=reader, email=reader.email, verified=False)
        assert client.post("/board/operators/save/", sent).status_code == 422  # anybody can register an address
        EmailAddress.objects.update(verified=True)
        assert client.post("/board/operators/save/", sent).status_code == 302
        reader.refresh_from_db()
        assert roles.of(reader) == {ORDERS, CATALOGUE}
        assert "lea@example.org" in client.get("/board/operators/").content.decode()
        assert client.post(f"/board/operators/{reader.pk}/end/").status_code == 302
        reader.refresh_from_db()
        assert (roles.of(reader), reader.is_staff) == (frozenset(), False)
        assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
            "operator.roles",
            "operator.end",
        ]

    def test_all_taken_away_is_none_and_not_all(self):
        someone = factories.user(is_staff=True)
        operators.give(someone, [], by=operator(ADMINISTRATION))
        assert roles.of(someone) == frozenset()

    @pytest.mark.parametrize("who", ["self", "superuser", "gone", "nobody"])
    def test_of_whom_it_may_not(self, who):
        by = operator(ADMINISTRATION)
        addresses = {
            "self": by.email,
            "superuser": factories.user(is_staff=True, is_superuser=True).email,
            "gone": factories.user(is_active=False).email,
            "nobody": "nobody@example.org",
        }
        page = signed_in(by).post("/board/operators/save/", {"email": addresses[who], "roles": [MONEY]})
        assert (page.status_code, AuditEntry.objects.count()) == (422, 0)

    def test_other_roles_give_none(self):
        reader = factories.user("lea@example.org")
        client = signed_in(operator(MONEY, ORDERS, CATALOGUE))
        assert client.post("/board/operators/save/", {"email": reader.email, "roles": [MONEY]}).status_code == 403
        assert not User.objects.get(pk=reader.pk).is_staff
