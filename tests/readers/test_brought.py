"""Customers that a shop brought along: shown to them, ended by them, never back; nothing of an account is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.readers import brought, consents, leaving, retention
from marketplace.readers.models import Consent
from shops.models import BroughtCustomer
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
LEA = brought.Customer("Léa D.", "Lea@example.org", NOON, "Port may keep me.")


@pytest.fixture
def shop():
    return factories.shop("Port")


@pytest.fixture
def reader():
    return factories.confirmed_user("lea@example.org", first_name="Léa", last_name="Secret")


def take(shop, *rows) -> tuple[int, int, int]:
    return tuple(brought.take(shop, rows or [LEA], lambda: factories.earlier_network(shop, "One"), now=timezone.now()))


def test_taken_once_by_the_shops_own_word(shop, reader):
    assert (take(shop), take(shop)) == ((1, 0, 0), (0, 1, 0))
    row = brought.of_shop(shop).get()
    assert (row.name, row.email, row.words, row.given_at) == ("Léa D.", "Lea@example.org", "Port may keep me.", NOON)
    assert Consent.objects.count() == 0  # of the account nothing is said
    assert list(brought.of(factories.user("lea.other@example.org"))) == []


def test_who_says_so_here_is_told_once(shop, reader):
    take(shop)
    consents.give(reader, "shop", shop=shop, now=timezone.now())
    assert (BroughtCustomer.objects.count(), take(shop)) == (0, (0, 1, 0))


def test_withdrawal_here_lasts_whatever_is_brought(shop, reader):
    held = consents.give(reader, "shop", shop=shop, now=timezone.now())
    consents.withdraw(held, now=timezone.now())
    assert take(shop) == (0, 0, 1)
    assert take(factories.shop()) == (1, 0, 0)  # of another shop they said nothing
    row = BroughtCustomer.objects.get(shop=shop)
    assert (row.email, row.name, row.words, row.given_at) == ("", "", "", None)


def test_withdrawal_holds_for_an_address_that_was_theirs(shop, reader):
    """It was changed in between, and the shop's file is of before."""
    held = consents.give(reader, "shop", shop=shop, now=timezone.now())
    reader.emailaddress_set.create(email="new@example.org", verified=True, primary=False)
    client = Client()
    client.force_login(reader)
    for action, email in (("primary", "new@example.org"), ("remove", "lea@example.org")):
        client.post("/accounts/email/", {f"action_{action}": "", "email": email})
    reader.refresh_from_db()
    assert list(reader.emailaddress_set.values_list("email", flat=True)) == [reader.email] == ["new@example.org"]
    consents.withdraw(held, now=timezone.now())
    assert take(shop) == (0, 0, 1)


def test_account_that_did_not_confirm_its_address_undoes_no_withdrawal(shop, reader):
    """Anybody can register one: the shop brought nobody back by that."""
    take(shop)
    brought.forget_address(shop, "lea@example.org", now=timezone.now())
    stranger = factories.user("LEA@example.org")
    stranger.emailaddress_set.create(email=stranger.email, verified=False, primary=True)
    held = consents.give(stranger, "shop", shop=shop, now=timezone.now())
    assert BroughtCustomer.objects.exclude(ended_at=None).count() == 1
    consents.withdraw(held, now=timezone.now())
    assert take(shop) == (0, 0, 1)


def test_reader_sees_it_and_takes_it_back(shop, reader, settings):
    settings.LANGUAGE_CODE = "en"
    take(shop)
    client, other = Client(), Client()
    client.force_login(reader)
    other.force_login(factories.confirmed_user("max@example.org"))
    row = brought.of_shop(shop).get()
    assert "Port brought it along from One" in client.get("/account/consents/").content.decode()
    assert "Port may keep me." not in other.get("/account/consents/").content.decode()
    at = f"/account/consents/brought/{row.pk}/end/"
    assert (other.post(at).status_code, client.post(at).status_code) == (404, 302)
    assert (brought.of_shop(shop).count(), take(shop)) == (0, (0, 0, 1))


def test_address_that_is_not_confirmed_shows_nothing(shop):
    """Anybody can register one."""
    take(shop)
    person = factories.user("lea@example.org")
    person.emailaddress_set.create(email=person.email, verified=False, primary=True)
    assert list(brought.of(person)) == []


def test_reader_takes_it_along_and_account_that_ends_takes_it_away(shop, reader):
    other = factories.shop()
    take(shop)
    consents.withdraw(consents.give(reader, "shop", shop=other, now=timezone.now()), now=timezone.now())
    assert [row["name"] for row in leaving.export(reader)["brought_by_shops"]] == ["Léa D."]
    assert leaving.leave(reader, now=timezone.now()) == []
    assert set(BroughtCustomer.objects.values_list("email", "name", "words", "network")) == {("", "", "", None)}
    assert (take(shop), take(other)) == ((0, 0, 1), (0, 0, 1))


def test_shop_forgets_who_asks_it_to(shop):
    take(shop)
    assert brought.forget_address(shop, " LEA@example.org", now=timezone.now())
    assert not brought.forget_address(shop, "lea@example.org", now=timezone.now())
    assert take(shop) == (0, 0, 1)


def test_they_go_some_time_after_their_shop(shop):
    days = next(rule.days for rule in retention.RULES if rule.name == "brought")
    now = timezone.now()
    gone = factories.shop(status="left", status_since=now - timedelta(days=days + 1))
    fresh = factories.shop(status="left", status_since=now - timedelta(days=days - 1))
    for one in (shop, gone, fresh):
        take(one)
    brought.forget_address(gone, LEA.email, now=now)
    take(gone, LEA._replace(email="max@example.org"))
    assert (retention.keep(now), retention.keep(now)) == (1, 0)
    assert [brought.of_shop(one).count() for one in (shop, gone, fresh)] == [1, 0, 1]
    assert take(gone) == (0, 0, 1)  # who took it back stays away
