"""Tokens that change at each use: the new one is stored before anything is called with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shops.models import ShopSystem
from shops.systems import keeping
from shops.systems.access import Access
from shops.systems.calling import SystemCallError
from tests import factories
from tests.factories import NOON
from tests.systems import scripted
from tests.systems.scripted import Scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(monkeypatch) -> ShopSystem:
    scripted.install(monkeypatch, renews=True)
    secrets = {"key": scripted.GOOD, "refresh": "r", "until": str(NOON.timestamp())}
    return keeping.keep(factories.shop().pk, Access(scripted.KIND, "https://a.example", {}, secrets), now=NOON)


def stored() -> dict[str, str]:
    return ShopSystem.objects.get().secrets


def test_token_that_has_run_out_is_exchanged_and_stored(connection):
    access = keeping.access_to(connection, now=NOON)
    assert access.secrets["refresh"] == stored()["refresh"] == "r+"
    assert ShopSystem.objects.get().renewing_until is None


def test_token_that_is_good_is_left_alone(connection):
    assert keeping.access_to(connection, now=NOON - timedelta(hours=1)).secrets["refresh"] == "r"
    assert Scripted.spent == []


def test_process_with_an_old_copy_uses_no_token_twice(connection):
    """Two lanes and an order at once: each has read the connection before the first exchanged its tokens."""
    old = ShopSystem.objects.get()
    keeping.access_to(connection, now=NOON)
    assert keeping.access_to(old, now=NOON).secrets["refresh"] == "r+"
    assert Scripted.spent == ["r"]


def test_one_process_exchanges_at_a_time(connection):
    ShopSystem.objects.update(renewing_until=NOON + timedelta(seconds=30))
    with pytest.raises(SystemCallError) as caught:
        keeping.access_to(connection, now=NOON)
    assert (caught.value.trouble, caught.value.permanent, Scripted.spent) == ("system_busy", False, [])
    later = NOON + timedelta(minutes=1)  # it died
    assert keeping.access_to(ShopSystem.objects.get(), now=later).secrets["refresh"] == "r+"


def test_exchange_that_fails_keeps_what_there_is(connection, monkeypatch):
    monkeypatch.setattr(Scripted, "dies", True)
    with pytest.raises(SystemCallError):
        keeping.access_to(connection, now=NOON)
    assert (stored()["refresh"], ShopSystem.objects.get().renewing_until) == ("r", None)
    monkeypatch.setattr(Scripted, "dies", False)
    assert keeping.access_to(ShopSystem.objects.get(), now=NOON).secrets["refresh"] == "r+"


def test_secrets_of_another_row_do_not_open(connection):
    other = keeping.keep(factories.shop().pk, Access(scripted.KIND, "https://a.example", {}, {"key": "x"}), now=NOON)
    ShopSystem.objects.filter(pk=other.pk).update(sealed_secrets=connection.sealed_secrets)
    other.refresh_from_db()
    with pytest.raises(SystemCallError) as caught:
        keeping.access_to(other, now=NOON)
    assert caught.value.trouble == "system_key"


def entered_meanwhile() -> None:
    """Its owner enters another application while somebody calls with the old one."""
    shop_id = ShopSystem.objects.values_list("shop", flat=True).get()
    secrets = {"key": "another", "refresh": "new", "until": str((NOON + timedelta(days=1)).timestamp())}
    keeping.keep(shop_id, Access(scripted.KIND, "https://b.example", {"company": "B"}, secrets), now=NOON)


def test_exchange_overwrites_no_key_that_was_entered_meanwhile(connection, monkeypatch):
    renew = Scripted.renew
    monkeypatch.setattr(Scripted, "renew", staticmethod(lambda access: (entered_meanwhile(), renew(access))[1]))
    access = keeping.access_to(connection, now=NOON)
    assert (stored()["refresh"], stored()["key"]) == ("new", "another")
    assert (access.address, access.secrets["key"]) == ("https://b.example", "another")


def test_first_call_keeps_nothing_of_what_was_entered_anew_meanwhile(connection, monkeypatch):
    check = Scripted.check
    monkeypatch.setattr(Scripted, "check", lambda client: (entered_meanwhile(), check(client))[1])
    keeping.check(connection, now=NOON - timedelta(hours=1))
    assert ShopSystem.objects.get().options == {"company": "B"}


def test_what_was_not_called_yet_gives_no_access_and_is_no_failure(connection):
    shop_id = connection.shop_id
    with pytest.raises(SystemCallError) as caught:
        keeping.access_of(shop_id, scripted.KIND, now=NOON)
    assert (caught.value.trouble, caught.value.permanent) == ("system_new", False)
    assert keeping.failed(connection, caught.value.told, now=NOON).total_seconds() == caught.value.later_seconds > 0
    assert (ShopSystem.objects.get().failing_since, ShopSystem.objects.get().trouble) == (None, {})
    keeping.check(connection, now=NOON - timedelta(hours=1))
    assert keeping.access_of(shop_id, scripted.KIND, now=NOON - timedelta(hours=1)).options["company_id"] == 1
