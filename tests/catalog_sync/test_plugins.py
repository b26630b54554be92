"""A shop system in a package of its own is found by its entry points."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_sync.adapters import ADAPTERS, adapter_for
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.records import Lane
from marketplace.foundation import plugins
from shops.channels import CHANNELS, Channel, channel_for
from shops.channels.conformance import ChannelConformance
from shops.models import Shop, ShopOrder
from tests.shops.channels.test_conformance import shop_orders_of_one_shop

PACKAGE = Path(__file__).parent.parent / "fixtures" / "example_package"


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PACKAGE))
    for table, group in ((ADAPTERS, "halles.adapters"), (CHANNELS, "halles.channels")):
        for name, found in plugins.paths(group).items():
            monkeypatch.setitem(table, name, found)


def test_adapter_of_a_package_reads_its_files(tmp_path):
    file = tmp_path / "list"
    file.write_text("9782999900011;Un été;12.50;3\nB2;Sans numéro;5.00;0")
    (chunk,) = adapter_for(FeedSettings("example", str(file), "CAD")).fetch(Lane.CATALOGUE, None)
    assert [(r.sku, r.gtin, r.title, r.price, r.quantity) for r in chunk.records] == [
        ("9782999900011", 9782999900011, "Un été", 1250, 3),
        ("B2", None, "Sans numéro", 500, 0),
    ]
    assert chunk.complete


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
