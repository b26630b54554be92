"""Before a shop sells: a preview and a test order. Another shop of its business. And leaving, alone or as a shop."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog_sync.models import Feed, SftpLogin
from marketplace.checkout.models import Checkout
from marketplace.foundation import mail
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.operations import application_views
from marketplace.payments import carried_parcels
from shops import businesses, drops, lifecycle, team, webhooks
from shops.drops import Drop
from shops.models import (
    Application,
    Business,
    Parcel,
    ParcelRefund,
    Shop,
    ShopMember,
    ShopOrder,
    ShopSystem,
    ShopWebhook,
    TransmissionTry,
)
from shops.onboarding import applying, checklist, exporting, leaving
from shops.orders import carrying, fulfilment, left_elsewhere
from shops.portal.business_views import BusinessForm
from shops.returns import moving
from tests import factories
from tests.checkout import buying
from tests.checkout.buying import shop_with_delivery
from tests.checkout.test_ordering import later
from tests.payments import test_carried_parcels as carried_parcels_of
from tests.shops.portal.conftest import signed_in
from tests.shops.returns.sending_back import ask, check, handed_over

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def shop() -> Shop:
    return factories.shop("Librairie du Port", slug="port", tax_number="123456782RT0001")


@pytest.fixture
def owner(shop) -> ShopMember:
    return factories.member(shop, factories.confirmed_user("ann@example.org"), role="owner")


@pytest.fixture
def client(owner) -> Client:
    return signed_in(owner.user)


def at(name: str, *rest: object) -> str:
    return reverse(f"portal:{name}", args=["port", *rest])


def test_preview_is_for_the_shops_people_while_it_joins(client, shop):
    factories.stock_record(shop, factories.product("Le titre nouveau"), units=3)
    Shop.objects.update(status=Shop.Status.DRAFT)
    page = client.get(at("preview"))
    assert (page.status_code, "Le titre nouveau" in page.content.decode()) == (200, True)
    assert client.get(shop.get_absolute_url()).status_code == 404
    assert signed_in(factories.user()).get(at("preview")).status_code == 404


def test_test_order_by_mail_is_marked_and_moves_nothing(client, shop):
    assert not {point.code: point.is_done for point in checklist.points(shop)}["tested"]
    client.post(at("test-order"))
    letter = MailMessage.objects.get(kind="shop_order_test")
    assert (letter.to, "ESSAI" in letter.subject) == (shop.email, True)
    assert not ShopOrder.objects.exists()
    assert not {point.code: point.is_done for point in checklist.points(shop)}["tested"]  # written, and not sent
    assert TransmissionTry.objects.get().outcome == "on_its_way"
    assert mail.send_mail(timezone.now()) == 1
    assert TransmissionTry.objects.get().outcome == "sent"
    assert {point.code: point.is_done for point in checklist.points(shop)}["tested"]


def test_another_shop_of_the_business_types_no_fact_twice(client, shop, owner):
    said = {"name": "Port Nord", "shop_kind": "books", "line1": "2, rue", "city": "Laval", "postcode": "H7A 1A1"}
    client.post(at("save-business"), {"legal_name": "Port inc.", "registration": "1140000000"})
    assert client.post(at("business-shop"), said | {"country": "CA", "phone": "x"}).status_code == 422
    client.post(at("business-shop"), said | {"country": "CA", "phone": "514 555 0100"})
    row = Application.objects.get()
    assert (row.state, row.legal_name, row.tax_number, row.email) == (
        "applied", "Port inc.", "123456782RT0001", "ann@example.org",
    )  # fmt: skip
    second = applying.approve(row, slug="nord", timezone="America/Toronto", by=factories.user(), now=NOW)
    shop.refresh_from_db()
    assert (second.business, Business.objects.count()) == (shop.business, 1)
    client.post(at("save-business"), {"legal_name": "Port et Nord inc.", "registration": "1140000000"})
    second.refresh_from_db()
    assert second.legal_name == second.business.legal_name == "Port et Nord inc."
    client.post(reverse("portal:save-tax", args=["port"]), {"tax_registered": ""})
    second.refresh_from_db()
    assert not second.tax_registered
    assert businesses.share(factories.shop()) == 0


def test_who_owns_no_shop_of_the_business_any_more_gets_no_other_one(client, shop, owner):
    said = {"name": "Port Nord", "shop_kind": "books", "line1": "2, rue", "city": "Laval", "postcode": "H7A 1A1"}
    client.post(at("business-shop"), said | {"country": "CA", "phone": "514 555 0100"})
    row = Application.objects.get()
    factories.member(shop, factories.confirmed_user("max@example.org"), role="owner")
    team.step_down(shop, by=owner.user, now=NOW)
    board = signed_in(factories.operator("op@example.org"))
    answer = board.post(
        reverse("operations:application-approve", args=[row.pk]), {"slug": "nord", "timezone": "America/Toronto"}
    )
    row.refresh_from_db()
    assert (answer.status_code, row.state, Shop.objects.count()) == (302, "applied", 1)


def test_address_that_another_shop_took_a_moment_ago_is_told(client, shop, monkeypatch):
    said = {"name": "Port Nord", "shop_kind": "books", "line1": "2, rue", "city": "Laval", "postcode": "H7A 1A1"}
    client.post(at("business-shop"), said | {"country": "CA", "phone": "514 555 0100"})
    row = Application.objects.get()
    board = signed_in(factories.operator("op@example.org"))
    monkeypatch.setattr(application_views.ApproveForm, "_post_clean", lambda self: None)  # it was free when looked at
    sent = {"slug": "port", "timezone": "America/Toronto"}
    answer = board.post(reverse("operations:application-approve", args=[row.pk]), sent)
    row.refresh_from_db()
    assert (answer.status_code, row.state, list(answer.context["approve_form"].errors)) == (422, "applied", ["slug"])


def test_form_writes_what_was_changed_and_nothing_else(client, shop, monkeypatch):
    """The network suspends the shop while its owner's form is looked at."""
    looked_at = BusinessForm.is_valid

    def suspended_meanwhile(form):
        lifecycle.suspend(Shop.objects.get(pk=shop.pk), reason="x", by=factories.user(), now=NOW)
        return looked_at(form)

    monkeypatch.setattr(BusinessForm, "is_valid", suspended_meanwhile)
    client.post(at("save-business"), {"legal_name": "Port inc.", "registration": "1140000000"})
    shop.refresh_from_db()
    assert (shop.status, shop.legal_name) == ("suspended", "Port inc.")


def test_staff_ask_for_no_shop_and_change_no_business(shop, owner):
    staff = signed_in(factories.member(shop).user)
    assert staff.get(at("business")).status_code == 200
    for name in ("save-business", "business-shop", "leaving-ask", "leaving-stay", "leaving-export"):
        assert staff.post(at(name)).status_code == 403, name


def test_member_leaves_the_team_but_the_last_owner_stays(client, shop, owner):
    client.post(at("step-down"))
    assert ShopMember.objects.filter(pk=owner.pk).exists()
    other = factories.member(shop, factories.confirmed_user("max@example.org"), role="owner")
    client.post(at("step-down"))
    assert list(ShopMember.objects.values_list("pk", flat=True)) == [other.pk]
    assert AuditEntry.objects.filter(action="member.step_down").count() == 1
    assert client.get(at("team")).status_code == 404


def test_owners_are_told_of_another_owner(shop, owner):
    staff = factories.member(shop, factories.confirmed_user("max@example.org"))
    team.change_role(shop, staff.pk, "owner", by=owner.user, now=NOW)
    assert "max@example.org" in MailMessage.objects.get(kind="shop_owner_new", to="ann@example.org").text
    asked = team.invite(shop, "zoe@example.org", "owner", language="fr", by=owner.user, now=NOW)
    team.accept(asked, by=factories.confirmed_user("zoe@example.org"), now=NOW)
    told = MailMessage.objects.filter(kind="shop_owner_new", text__contains="zoe@example.org")
    assert set(told.values_list("to", flat=True)) == {"ann@example.org", "max@example.org"}


def test_shop_leaves_once_all_is_finished(client, shop, owner):
    order = factories.shop_order(shop, (factories.stock_record(shop, units=5), 1))
    assert client.post(at("leaving-ask"), {"name": "another"}).status_code == 422
    client.post(at("leaving-ask"), {"name": "librairie du port", "reason": "Retraite"})
    shop.refresh_from_db()
    assert (shop.status, shop.status_reason) == ("leaving", "Retraite")
    assert Client().get(shop.get_absolute_url()).status_code == 404
    assert MailMessage.objects.filter(kind="shop_leaving").count() == 2
    assert client.get(reverse("portal:order", args=["port", order.number])).status_code == 200
    assert missing(shop) == ["orders", "export"]
    packed = client.post(at("leaving-export"))
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert order.number in archive.read("orders.csv").decode()
        assert set(archive.namelist()) == {*exporting.FILES, "about.json"}
    assert leaving.finish(NOW) == 0
    line = order.lines.get()
    fulfilment.decline(line, line.quantity, by=owner.user, reason="damaged", now=timezone.now())
    assert missing(shop) == []
    assert leaving.finish(NOW) == 1
    shop.refresh_from_db()
    assert (shop.status, MailMessage.objects.filter(kind="shop_left").count()) == ("left", 1)
    assert client.get(at("leaving")).status_code == 200


def missing(shop: Shop) -> list[str]:
    return [point.code for point in leaving.points(Shop.objects.get(pk=shop.pk)) if not point.is_done]


def test_export_from_before_it_asked_does_not_count(shop, owner):
    leaving.export(shop, by=owner.user)
    assert leaving.ask(shop, reason="", by=owner.user, now=timezone.now() + timedelta(seconds=1))
    assert missing(shop) == ["export"]
    board = signed_in(factories.operator())
    board.post(reverse("operations:shop-has-left", args=[shop.pk]))
    shop.refresh_from_db()
    assert shop.status == "left"
    assert not leaving.ask(shop, reason="", by=owner.user, now=NOW)


@pytest.mark.parametrize(
    ("before", "after"), [("draft", "draft"), ("active", "paused"), ("paused", "paused"), ("suspended", "suspended")]
)
def test_who_stays_after_all_is_as_before_or_paused(shop, owner, before, after):
    Shop.objects.update(status=before)
    assert lifecycle.ask_to_leave(shop, reason="", by=owner.user, now=NOW)
    assert lifecycle.stay(shop, by=owner.user, now=NOW)
    assert shop.status == after


def test_money_that_is_not_settled_keeps_the_shop(shop, owner):
    order = factories.shop_order(shop, (factories.stock_record(shop, units=5), 1))
    ShopOrder.objects.filter(pk=order.pk).update(status="handed_over", handed_over_at=NOW)
    assert lifecycle.ask_to_leave(shop, reason="", by=owner.user, now=NOW)
    assert missing(shop) == ["money", "export"]
    assert not leaving.leave(shop, by=owner.user, now=NOW)


def test_parcel_on_its_way_keeps_both_shops_and_one_that_was_paid_back_none(shop):
    other = factories.shop("Mile End", slug="mile-end")
    order = factories.shop_order(shop, (factories.stock_record(shop, units=5), 1))
    ShopOrder.objects.update(status="handed_over", handed_over_at=NOW, booked_at=NOW)
    parcel = Parcel.objects.create(shop_order=order, carried_to=other, handed_over_at=NOW)
    assert ["parcels" in missing(one) for one in (shop, other)] == [True, True]
    Parcel.objects.update(missing_at=NOW, missing_ended_at=NOW)
    lost = ParcelRefund.objects.create(parcel=parcel, borne_by="shop")
    assert ["parcels" in missing(one) for one in (shop, other)] == [True, True]
    ParcelRefund.objects.filter(pk=lost.pk).update(made_at=NOW)
    assert ["parcels" in missing(one) for one in (shop, other)] == [False, False]
    Parcel.objects.update(missing_at=None, missing_ended_at=None, collected_at=NOW)
    assert ["money" in missing(one) for one in (shop, other)] == [True, True]
    Parcel.objects.update(fee_booked_at=NOW)
    assert ["money" in missing(one) for one in (shop, other)] == [False, False]


def test_parcel_that_nobody_collected_keeps_each_shop_until_it_has_done_its_part():
    now = timezone.now()  # not of when the tests began: the payment's times are counted from it
    carried_parcels_of.sent(now)
    carrying.arrive(carried_parcels_of.parcel(), by="c", now=now)
    parcel = carried_parcels_of.parcel()
    seller, receiver = parcel.shop_order.shop, parcel.carried_to
    over = parcel.keep_until + timedelta(minutes=1)
    left_elsewhere.watch_kept_parcels(over - timedelta(days=2)), left_elsewhere.watch_kept_parcels(over)
    assert ["parcels" in missing(one) for one in (seller, receiver)] == [True, True]
    left_elsewhere.send_back(carried_parcels_of.parcel(), by="c", now=over)
    assert ["parcels" in missing(one) for one in (seller, receiver)] == [True, False]
    left_elsewhere.come_home(carried_parcels_of.parcel(), by="a", now=over)
    assert "parcels" in missing(seller)  # its reader has the money back only then
    carried_parcels.refund_lost(over)
    assert ["parcels" in missing(one) for one in (seller, receiver)] == [False, False]


def test_what_a_table_program_would_run_is_a_text(shop, owner):
    factories.stock_record(shop, factories.product("=1+1"), sku="@x")
    with zipfile.ZipFile(io.BytesIO(leaving.export(shop, by=owner.user))) as archive:
        assert "'=1+1" in archive.read("stock.csv").decode()


@pytest.mark.parametrize("receives", [False, True])
def test_shop_with_returns_under_way_does_not_leave(shop, receives):
    other = factories.shop("Mile End", slug="mile-end", receives_returns=True)
    Shop.objects.filter(pk=shop.pk).update(receives_returns=True)
    sells = other if receives else shop
    part = handed_over(1, shop=sells, to="FR")
    ShopOrder.objects.update(booked_at=NOW)
    row = ask(part, 1, goes_to=Shop.objects.get(pk=shop.pk))
    assert missing(shop) == ["returns", "export"]
    moving.arrive(row, by="port", now=NOW)
    check(row, 0, note="torn")
    assert missing(shop) == (["returns", "export"] if receives else ["export"])
    if receives:
        moving.forward(row, by="port", now=NOW)
        assert missing(shop) == ["export"]


@pytest.mark.parametrize("sold", ["from the shelf", "to order"])
def test_shop_whose_title_somebody_is_paying_does_not_leave(sold):
    """What is ordered first holds no copy, and becomes an order as well."""
    port, *_ = shop_with_delivery("Port")
    record = factories.stock_record(port, units=2) if sold == "from the shelf" else later(port, factories.product())
    checkout = buying.frozen(factories.basket((record, 1)), post=False)
    assert missing(port) == ["reservations", "export"]
    assert leaving.ask(port, reason="", by=factories.user(), now=NOW)
    leaving.export(port, by=factories.user())
    assert not leaving.leave(port, by=None, now=NOW)
    Checkout.objects.filter(pk=checkout.pk).update(state=Checkout.State.ENDED)
    assert leaving.leave(port, by=None, now=NOW)


def test_keys_of_a_shops_system_go_with_it_and_those_of_its_folders_and_lists():
    port = factories.shop("Port")
    feed = Feed.objects.create(shop=port, name="list", kind="onix", location="sftp://me@host/list.xml")
    feed.keep_password("word")
    login = SftpLogin(feed=feed)
    login.keep_private_key("-----BEGIN")
    login.save()
    webhooks.set_up(port, "https://erp.example.org/orders", by=factories.user(), now=NOW)
    ShopSystem.objects.create(shop=port, kind="tryton", address="https://erp.example.org", made_at=NOW)
    drops.set_up(port, "editx", Drop("sftp://me@host/in/"), by=factories.user(), now=NOW, password="word")
    assert leaving.ask(port, reason="", by=factories.user(), now=NOW)
    assert ShopSystem.objects.exists()
    assert leaving.leave(port, by=None, now=NOW)
    assert not ShopSystem.objects.exists()
    assert not ShopWebhook.objects.exists()
    feed.refresh_from_db(), login.refresh_from_db()
    assert (feed.password, login.private_key) == ("", "")
    port.refresh_from_db()
    assert (port.channel, port.channel_options) == ("email", {})
