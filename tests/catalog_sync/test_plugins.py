"""A shop system in a package of its own is found by its entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from catalog_sync.adapters import ADAPTERS, adapter_for
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.records import Lane
from marketplace.foundation import plugins
from shops.channels import CHANNELS, Channel, channel_for
from shops.channels.conformance import ChannelConformance
from shops.models import Shop, ShopMember, ShopOrder, ShopSystem
from shops.orders import hearing
from shops.systems import SYSTEMS
from tests import factories
from tests.shops.channels.test_conformance import shop_orders_of_one_shop
from tests.systems.json_server import Asked, JsonServer, Refusal

KIND = "example_till"
PACKAGE = Path(__file__).parent.parent / "fixtures" / "example_package"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE))
    for table, group in ((ADAPTERS, "halles.adapters"), (CHANNELS, "halles.channels")):
        for name, found in plugins.paths(group).items():
            monkeypatch.setitem(table, name, found)
    for name, point in plugins.found("halles.systems").items():
        monkeypatch.setitem(SYSTEMS, name, point.load())


def test_adapter_of_a_package_reads_its_files(tmp_path):
    file = tmp_path / "list"
    file.write_text("9782999900011;Un été;12.50;3\nB2;Sans numéro;5.00;0")
    (chunk,) = adapter_for(FeedSettings("example", str(file), "CAD")).fetch(Lane.CATALOGUE, None)
    assert [(r.sku, r.gtin, r.title, r.price, r.quantity) for r in chunk.records] == [
        ("9782999900011", 9782999900011, "Un été", 1250, 3),
        ("B2", None, "Sans numéro", 500, 0),
    ]
    assert chunk.complete


class Till(JsonServer):
    def answer(self, asked: Asked) -> object:
        if asked.headers["Authorization"] != "Bearer word":
            raise Refusal(401)
        return [{"number": "9782999900011", "title": "Un été", "price": "12.50", "copies": 3}]


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(settings, "HTTP_ALLOW_PRIVATE", True)  # the loopback
    server = Till()
    yield server.start()
    server.stop()


@pytest.mark.django_db
def test_system_of_a_package_is_connected_and_read_as_any_other(till, client):
    shop = factories.shop()
    client.force_login(factories.member(shop, role=ShopMember.Role.OWNER).user)
    where = reverse("portal:systems", args=[shop.slug])
    connect = reverse("portal:system-connect", args=[shop.slug, KIND])
    assert client.post(connect, {"address": till, "key": "mistyped"}).url == where
    hearing.hear_systems(timezone.now() + timedelta(seconds=1))
    row = ShopSystem.objects.get()
    assert row.trouble["code"] == "system_key"
    client.post(connect, {"address": till, "key": "word"})
    hearing.hear_systems(timezone.now() + timedelta(seconds=2))
    row.refresh_from_db()
    assert (row.trouble, "Example Till" in client.get(where).content.decode()) == ({}, True)
    asked = FeedSettings(KIND, row.address, "CAD", secrets=row.secrets, mode="delta")
    for lane in Lane:
        (chunk,) = adapter_for(asked).fetch(lane, None)
        assert [(r.sku, r.gtin, r.price, r.quantity) for r in chunk.records] == [
            ("9782999900011", 9782999900011, 1250, 3)
        ]
        assert chunk.complete


def test_package_is_found_as_it_is_installed():
    """What no table of ours names stands in the matrix of a program that is started beside it."""
    path = os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "manage.py", "shop_systems"]
    found = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    (row,) = [line for line in found.stdout.splitlines() if line.startswith("| Example Till ")]
    assert row == "| Example Till | yes | free to sell | no | yes | no | no | no | no | once it is sold there |"


class TestChannelOfAPackage(ChannelConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_channel(self, shop: Shop) -> Channel:
        shop.channel_options = {"folder": str(self.folder)}
        return channel_for(shop, "example")

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        return shop_orders_of_one_shop(count)

    def received(self, channel: Channel) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())
