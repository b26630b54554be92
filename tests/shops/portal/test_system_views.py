from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog_sync.models import DryRun, Feed, StockLane
from marketplace.foundation.models import AuditEntry, MailMessage
from shops import drops, webhooks
from shops.drops import Drop
from shops.models import Shop, ShopMember, ShopSystem, Transmission
from shops.orders import hearing, routing
from tests import factories
from tests.systems import scripted

SAID = {"address": "https://shop.example.org/", "key": scripted.GOOD}


@pytest.fixture
def owned(ours, monkeypatch):
    scripted.install(monkeypatch)
    ShopMember.objects.filter(shop=ours.shop).update(role=ShopMember.Role.OWNER)
    return ours


def where(stall, name: str = "systems") -> str:
    rest = [] if name == "systems" else [scripted.KIND]
    return reverse(f"portal:{name}", args=[stall.shop.slug, *rest])


def shown(stall) -> str:
    return stall.client.get(where(stall)).content.decode()


def connected(stall, **said: str) -> ShopSystem:
    assert stall.client.post(where(stall, "system-connect"), SAID | said).url == where(stall)
    hearing.hear_systems(timezone.now() + timedelta(seconds=1))
    return ShopSystem.objects.get()


def test_what_is_entered_is_tried_and_told_in_plain_words(owned):
    stall = owned
    stall.client.post(where(stall, "system-connect"), SAID)
    assert "every 2s" in shown(stall)
    row = connected(stall)
    assert (row.address, row.secrets, row.due_at) == ("https://shop.example.org", {"key": scripted.GOOD}, None)
    page = shown(stall)
    assert ("Librairie d’essai" in page, "20" in page, "every 2s" in page) == (True, True, False)


@pytest.mark.parametrize(("language", "click"), [("en", "click “Add key”"), ("fr", "cliquez « Ajouter une clé »")])
def test_page_says_what_to_click_in_the_shops_own_system(owned, language, click):
    page = owned.client.get(where(owned), headers={"accept-language": language}).content.decode()
    assert click.replace("« ", "«\u00a0").replace(" »", "\u00a0»") in page


def test_secret_is_in_no_page_no_column_and_no_trail(owned):
    row = connected(owned)
    assert scripted.GOOD not in shown(owned)
    assert scripted.GOOD not in str(list(ShopSystem.objects.values()))
    assert not AuditEntry.objects.filter(facts__icontains=scripted.GOOD).exists()
    other = ShopSystem(pk=row.pk + 1, sealed_secrets=row.sealed_secrets)
    with pytest.raises(Exception, match="does not open"):
        _ = other.secrets


def test_orders_of_which_it_says_what_cannot_be_done_yet_are_named(owned):
    connected(owned)
    address = reverse("portal:order", args=[owned.shop.slug, owned.order.number])
    assert address not in shown(owned)
    ShopSystem.objects.update(again=[owned.order.number])
    assert address in shown(owned)


def test_wrong_key_is_told_and_another_one_mends_it(owned):
    row = connected(owned, key="wrong")
    assert (row.trouble["code"], row.paused_at is None) == ("system_key", False)
    page = shown(owned)
    assert ("Scripted" in page, "wrong" in page) == (True, False)
    row = connected(owned)
    assert (row.trouble, row.paused_at) == ({}, None)


@pytest.mark.parametrize("address", ["", "ftp://example.org", "https://me:word@example.org"])
def test_strange_address_is_refused(address, owned):
    page = owned.client.post(where(owned, "system-connect"), SAID | {"address": address})
    assert page.status_code == 422
    assert not ShopSystem.objects.exists()


def test_stock_is_tried_before_it_is_read(owned):
    connected(owned)
    page = owned.client.post(where(owned, "system-read"))
    feed = Feed.objects.get(kind=scripted.KIND)
    assert (feed.active, feed.mode, StockLane.objects.get(feed=feed).mode) == (False, "delta", "delta")
    assert owned.client.post(where(owned, "system-read")).url == page.url  # gone on with, not begun twice
    assert owned.client.get(page.url).status_code == 200
    owned.client.post(page.url + "trial/again/")
    assert DryRun.objects.get().file == ""
    sale = owned.client.get(page.url + "sale/")
    assert sale.status_code == 200


def test_orders_go_into_the_system_once_its_owner_says_so(owned):
    connected(owned)
    owned.client.post(where(owned, "system-orders"))
    owned.shop.refresh_from_db()
    said = (owned.shop.channel, owned.shop.stock_kind, owned.shop.booking_lag_minutes)
    assert said == (scripted.KIND, "available", 0)
    assert ShopSystem.objects.get().due_at is not None


def test_ended_connection_forgets_its_keys(owned):
    connected(owned)
    owned.client.post(where(owned, "system-read"))
    owned.client.post(where(owned, "system-orders"))
    owned.client.post(where(owned, "system-end"))
    owned.shop.refresh_from_db()
    assert (ShopSystem.objects.count(), owned.shop.channel) == (0, "email")


def test_orders_that_wait_for_an_ended_connection_come_by_mail(owned):
    """A parked one would hold all that are bought after it."""
    connected(owned)
    owned.client.post(where(owned, "system-orders"))
    now, shop = timezone.now(), owned.shop
    record = factories.stock_record(shop, units=9)
    for outcome in ("waiting", "unknown"):
        order = factories.shop_order(shop, (record, 1))
        kept = {"parked_at": now, "attempts": 10, "outcome": outcome, "channel": scripted.KIND}
        Transmission.objects.update_or_create(shop_order=order, defaults={"shop": shop, **kept})
    owned.client.post(where(owned, "system-end"))
    assert set(Transmission.objects.values_list("channel", "parked_at")) == {("email", None)}
    later = timezone.now()
    assert routing.transmit_orders(later) + routing.transmit_orders(later) == 2
    assert MailMessage.objects.filter(kind="shop_order_new").count() == 2


def test_who_rings_up_our_orders_again_has_a_day_for_it(owned):
    """A lag of none was the system's, which booked them itself."""
    connected(owned)
    for away in (
        lambda: owned.client.post(where(owned, "system-end")),
        lambda: webhooks.set_up(owned.shop, "https://shop.example.org/orders", by=factories.user(), now=timezone.now()),
        lambda: drops.set_up(
            owned.shop, "dilicom", Drop("sftp://me@host/in/"), by=factories.user(), now=timezone.now()
        ),
    ):
        Shop.objects.update(channel=scripted.KIND, booking_lag_minutes=0)
        away()
        assert Shop.objects.get(pk=owned.shop.pk).booking_lag_minutes == 24 * 60


def test_nobody_leads_orders_into_another_system_in_silence(owned):
    """As where files or a webhook get them: the shop's own address hears of it, whoever has got hold of an account."""
    row = connected(owned)
    said = MailMessage.objects.filter(kind="shop_order_files_changed", to=owned.shop.email)
    assert not said.exists()
    owned.client.post(where(owned, "system-orders"))
    assert row.address in said.get().text
    connected(owned)  # the same, with another key
    assert said.count() == 1
    connected(owned, address="https://other.example.org")
    assert "https://other.example.org" in said.latest("pk").text


def test_shop_is_told_that_its_orders_may_be_taken_from_another_place(owned):
    row = connected(owned)
    ShopSystem.objects.update(options={**row.options, "elsewhere": True})
    assert "autre emplacement" not in shown(owned)  # no orders go there
    Shop.objects.filter(pk=owned.shop.pk).update(channel=scripted.KIND)
    assert "autre emplacement" in shown(owned)
