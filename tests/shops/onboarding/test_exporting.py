"""A shop takes all it has along; what it takes, another installation reads."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, time

import pytest
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, OwnArticle, PriceRule, SyncRun
from marketplace.readers import consents
from shops.models import BufferRule, QuickReply, Return, Shop, ShopMember, Thread
from shops.onboarding import exported_rest, exporting, leaving
from tests import factories
from tests.journeys import market as story
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def imported(shop: Shop, kind: str, name: str, content: bytes) -> None:
    path = feeds_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    feed = Feed.objects.create(name=f"{shop.slug}-{name}", shop=shop, kind=kind, location=name, currency="CAD")
    run = sync.run(feed, now=timezone.now())
    assert run.state == SyncRun.State.DONE, run.notes


def listed(*rows: tuple) -> bytes:
    head = "sku,isbn,title,author,price,quantity"
    return "\n".join([head, *(",".join(f'"{value}"' for value in row) for row in rows)]).encode()


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lines(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.decode().splitlines()]


def sold(shop: Shop) -> list[tuple]:
    """What it sells, and how."""
    columns = ("partner_sku", "product__facts__gtin", "product__title", "price", "price_currency", "num_in_stock",
               "terms__condition", "terms__availability", "terms__days", "terms__available_on", "terms__signed",
               "terms__first_edition")  # fmt: skip
    return list(shop.partner.stockrecords.order_by("partner_sku").values_list(*columns))


def test_empty_shop_that_reads_it_sells_the_same(settings):
    factories.network()
    shop, empty = factories.shop("Port", slug="port"), factories.shop("New", slug="new")
    imported(shop, "csv", "port.csv", listed(*story.PORT))
    used = {"sku": "U1", "isbn": "9782264034373", "title": "Œuvres", "price": "9.00", "currency": "CAD", "quantity": 1,
            "condition": "very_good", "signed": True}  # fmt: skip
    head = {"halles": 1}
    row = {**used, "gtin": 9782264034373}
    del row["isbn"]
    text = "\n".join(json.dumps(part) for part in (head, row, {"end": 1, "complete": True}))
    imported(shop, "jsonl", "used.jsonl", text.encode())
    files = unpacked(leaving.export(shop, by=factories.user()))
    assert set(files) == {*exporting.FILES, "about.json"}
    imported(empty, "jsonl", "catalogue.jsonl", files["catalogue.jsonl"])
    assert len(sold(shop)) == 4
    assert sold(empty) == sold(shop)
    assert unpacked(leaving.export(empty, by=factories.user()))["catalogue.jsonl"].count(b"\n") == 6


def test_orders_name_nobody_and_customers_are_those_who_said_so():
    shop, other = factories.shop(), factories.shop()
    people = [factories.user(f"{n}@example.org", first_name=n) for n in ("kept", "quiet", "gone")]
    for person in people:
        factories.shop_order(shop, (factories.stock_record(shop), 2), placed=factories.order(person))
    for person in (people[0], people[2]):
        consents.give(person, "shop", shop=shop, now=timezone.now())
    consents.give(people[1], "shop", shop=other, now=timezone.now())
    consents.withdraw(consents.held(people[2].pk).get(), now=timezone.now())
    files = unpacked(leaving.export(shop, by=factories.user()))
    assert [row["email"] for row in lines(files["customers.jsonl"])] == ["kept@example.org"]
    orders = lines(files["orders.jsonl"])
    assert [len(row["lines"]) for row in orders] == [1, 1, 1]
    assert orders[0]["total_minor"] == orders[0]["lines"][0]["total_minor"] == 4000
    everything = b"".join(content for name, content in files.items() if name != "customers.jsonl")
    assert b"@example.org" not in everything.replace(shop.email.encode(), b"")


def test_only_an_owner_takes_it():
    shop = factories.shop()
    owner = signed_in(factories.member(shop, role=ShopMember.Role.OWNER).user)
    staff = signed_in(factories.member(shop).user)
    at = f"/portal/{shop.slug}/data/export/"
    assert [client.post(at).status_code for client in (owner, staff)] == [200, 403]
    assert set(unpacked(owner.post(at).content)) == {*exporting.FILES, "about.json"}


def rest_of(shop: Shop) -> tuple[dict, list[dict], list[dict], list[list[str]]]:
    """What stands in shop.json, threads.jsonl, returns.jsonl and pictures.csv."""
    files = unpacked(leaving.export(shop, by=factories.user()))
    rows = list(csv.reader(io.StringIO(files["pictures.csv"].decode("utf-8-sig"))))
    return json.loads(files["shop.json"]), lines(files["threads.jsonl"]), lines(files["returns.jsonl"]), rows


def test_hours_texts_and_rules_go_along_and_nothing_secret():
    shop = factories.shop("Port", description_fr="Au port.", quiet_from=time(20), kept_days=9)
    shop.opening_hours.create(weekday=1, opens=time(9), closes=time(18))
    shop.special_hours.create(first_day=date(2026, 12, 25), last_day=date(2026, 12, 26), note_fr="Noël")
    BufferRule.objects.create(shop=shop, kind="subject", subject="FB", keep=2)
    PriceRule.objects.create(shop=shop, place=0, worn="used", change_bp=-500)
    factories.delivery_option(shop, "post", name_fr="Par la poste")
    QuickReply.objects.create(shop=shop, label="Merci", text_fr="Merci !")
    Shop.objects.filter(pk=shop.pk).update(stripe_account="acct_1", channel_options={"password": "sealed"})
    said, *_ = rest_of(Shop.objects.get(pk=shop.pk))
    assert (said["about"]["description_fr"], said["rules"]["quiet_from"], said["rules"]["kept_days"]) == (
        *("Au port.", "20:00:00", 9),
    )
    assert said["opening_hours"] == [{"weekday": 1, "opens": "09:00:00", "closes": "18:00:00"}]
    [closed] = said["special_hours"]
    assert (closed["first_day"], closed["opens"], closed["note_fr"]) == ("2026-12-25", None, "Noël")
    assert [rule["keep"] for rule in said["counter_rules"]] == [2]
    assert [(rule["worn"], rule["change_bp"], rule["list"]) for rule in said["price_rules"]] == [("used", -500, "")]
    assert [option["name_fr"] for option in said["delivery"]] == ["Par la poste"]
    assert [reply["text_fr"] for reply in said["quick_replies"]] == ["Merci !"]
    assert ("acct_1" in json.dumps(said), "sealed" in json.dumps(said)) == (False, False)


def test_every_column_of_a_shop_is_taken_along_or_is_the_networks():
    """Whoever adds one says which it is."""
    ours = {
        *("id", "partner", "slug", "status", "status_since", "status_by", "status_reason", "status_before", "logo"),
        *("complete_as_of", "fresh_until", "counted_for_sale", "sells_for_all", "commission_basis_points", "business"),
        *("gift_cards_limit_minor", "stripe_account", "stripe_account_ready", "stripe_account_changed_at", "channel"),
        *("channel_options", "fallback_minutes", "unreachable", "tax_registered", "is_professional", "agreed_version"),
        *("accreditation", "accredited_until", "administrative_region", "kept_share", "member_shares", "joined_at"),
        *("vouched_at", "vouched_by"),
    }
    columns = {field.name for field in Shop._meta.concrete_fields}
    assert columns - {*exported_rest.ABOUT, *exported_rest.RULES} - ours == set()


def test_conversations_and_returns_go_along_and_no_reader_is_named():
    shop, other, now = factories.shop(), factories.shop(), timezone.now()
    reader = factories.user("sentinel@example.org", first_name="Sentinel")
    for seller in (shop, other):
        made = factories.shop_order(seller, (factories.stock_record(seller), 2), placed=factories.order(reader))
        about = {"created_at": now, "confirmed_at": now, "last_at": now, "language": "fr"}
        thread = Thread.objects.create(shop=seller, shop_order=made, **about)
        for side, name in (("reader", "Sentinel"), ("shop", "Ann")):
            thread.messages.create(side=side, by_name=name, text=f"from {side}", at=now, once=f"{seller.pk}{side}")
        back = Return.objects.create(
            number=f"{made.number}-R1", shop_order=made, goes_to=seller, basis="withdrawal", reason="changed",
            note="Sentinel", once=f"r{seller.pk}", asked_at=now,
        )  # fmt: skip
        back.lines.create(line=made.lines.get(), units=1)
    unconfirmed = {"created_at": now, "last_at": now, "language": "fr", "email": "sentinel@example.org"}
    Thread.objects.create(shop=shop, **unconfirmed)
    _said, threads, returns, _pictures = rest_of(shop)
    [thread] = threads
    assert [(one["side"], one["by"], one["text"]) for one in thread["messages"]] == [
        ("reader", "", "from reader"),
        ("shop", "Ann", "from shop"),
    ]
    [back] = returns
    assert (back["order"], back["state"], [line["units"] for line in back["lines"]]) == (thread["order"], "asked", [1])
    assert "sentinel" not in json.dumps([threads, returns]).lower()


def test_pictures_are_told_by_their_addresses():
    shop = factories.shop()
    feed = Feed.objects.create(name="own", shop=shop, kind="manual", location="", currency="CAD")
    common = {"feed": feed, "price_minor": 900, "units": 1, "counted_at": timezone.now(), "made_at": timezone.now()}
    OwnArticle.objects.create(sku="U1", photo="covers/ab/abc-page.webp", **common)
    OwnArticle.objects.create(sku="U2", **common)
    _said, _threads, _returns, (head, *rows) = rest_of(shop)
    assert head == ["of", "sku", "address"]
    assert [(of, sku, address.startswith("http"), address.endswith("abc-page.webp")) for of, sku, address in rows] == [
        ("article", "U1", True, True)
    ]
