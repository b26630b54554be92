"""A shop takes all it has along; what it takes, another installation reads."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SyncRun
from marketplace.readers import consents
from shops.models import Shop, ShopMember
from shops.onboarding import exporting, leaving
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
    assert b"@example.org" not in everything


def test_only_an_owner_takes_it():
    shop = factories.shop()
    owner = signed_in(factories.member(shop, role=ShopMember.Role.OWNER).user)
    staff = signed_in(factories.member(shop).user)
    at = f"/portal/{shop.slug}/data/export/"
    assert [client.post(at).status_code for client in (owner, staff)] == [200, 403]
    assert set(unpacked(owner.post(at).content)) == {*exporting.FILES, "about.json"}
