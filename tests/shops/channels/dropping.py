"""What tests of order files share: a shop whose orders are left in a folder, and what lies there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops import drops
from shops.channels.base import Channel, ChannelError
from shops.channels.conformance import NOON, RemoteChannelConformance
from shops.channels.drops import DropChannel
from shops.models import Shop, ShopOrder, Transmission
from tests import factories, ftp_server, webdav_server
from tests.catalog_sync.reading import sftp_server
from tests.catalog_sync.reading.test_sftp import HOST_KEY

GLN, OUR_GLN = "3012600000004", "3025590000008"
ISBN = 9782070360024


def orders_of_one_shop(count: int, kind: str, shop: Shop | None = None) -> list[ShopOrder]:
    shop = shop or factories.shop()
    made = []
    for number in range(count):
        record = factories.stock_record(shop, factories.product(gtin=ISBN if not number else None))
        order = factories.shop_order(shop, (record, 1))
        order.lines.update(gtin=ISBN)
        Transmission.objects.create(shop_order=order, shop=shop, channel=kind, due_at=NOON)
        made.append(order)
    return made


def set_up(shop: Shop, kind: str, location: str, *, host_key: str = "", answers: str = "") -> None:
    """As an owner does it, and has confirmed the server's key."""
    wanted = drops.Drop(location, answers, "shop", extra={"gln": GLN, "our_gln": OUR_GLN})
    drops.set_up(shop, kind, wanted, by=factories.user(), now=timezone.now(), password="word")
    drops.note(shop, "host_key", host_key)
    shop.refresh_from_db()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def left_in(folder: Path) -> list[str]:
    """Numbers of the orders whose files lie there, in the order in which they came."""
    names = sorted((path.stat().st_ctime_ns, path.stem) for path in files_in(folder) if path.suffix != ".part")
    return [name.removeprefix("halles-") for _, name in names]


class DropConformance(RemoteChannelConformance):
    """A subclass names the channel's class and the server its orders are left at."""

    channel_class: type[DropChannel]

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, settings) -> Iterator[None]:
        settings.HTTP_ALLOW_PRIVATE, settings.VAR_DIR = True, tmp_path / "var"
        self.there = tmp_path / "there"
        self.there.mkdir()
        with self.serving(self.there) as server:
            self.server = server
            yield

    def serving(self, folder: Path):
        raise NotImplementedError

    def location(self) -> str:
        return self.server.location("")

    def make_channel(self, shop: Shop) -> Channel:
        key = self.server.shown() if hasattr(self.server, "shown") else ""
        set_up(shop, self.channel_class.kind, self.location(), host_key=key)
        return self.channel_class(shop)

    def make_shop_orders(self, count: int) -> list[ShopOrder]:
        return orders_of_one_shop(count, self.channel_class.kind)

    def received(self, channel: Channel) -> list[str]:
        return left_in(self.there)

    def taken_back(self, channel: Channel) -> list[str]:
        mails = MailMessage.objects.filter(to=channel.shop.email, kind="shop_order_taken_back").order_by("pk")
        return [mail.subject.split()[-1] for mail in mails]

    def test_taken_away_at_once_is_left_once(self, channel, shop_orders):
        """The shop's system has read the file and deleted it before our answer came."""
        self.loses_answers(channel)
        with pytest.raises(ChannelError):
            channel.send(shop_orders[0], now=timezone.now())
        [path] = files_in(self.there)
        path.unlink()
        assert channel.look_up(shop_orders[0]) is not None
        channel.send(shop_orders[0], now=timezone.now())
        assert files_in(self.there) == []

    def test_half_a_file_is_no_order(self, channel, shop_orders):
        """Killed before the file was renamed: it is written anew."""
        name = channel.file_name(shop_orders[0])
        (self.there / f"{name}.part").write_bytes(b"A0001")
        for noted in ("", name):
            Transmission.objects.filter(shop_order=shop_orders[0]).update(reference=noted)
            assert channel.look_up(shop_orders[0]) is None
        channel.send(shop_orders[0], now=timezone.now())
        assert [path.name for path in files_in(self.there)] == [name]
        assert (self.there / name).read_bytes() == channel.content(shop_orders[0], now=timezone.now())


class AtWebDav:
    def serving(self, folder: Path):
        return webdav_server.serving(folder)

    def unreachable(self, channel: Channel) -> None:
        self.server.fault = lambda method, path: "503"

    def loses_answers(self, channel: Channel) -> None:
        self.server.fault = lambda method, path: "lost" if method == "MOVE" else ""


class AtSftp:
    def serving(self, folder: Path):
        return sftp_server.serving(folder, HOST_KEY)

    def unreachable(self, channel: Channel) -> None:
        drops.note(channel.shop, "location", "sftp://shop@127.0.0.1:1/")

    def loses_answers(self, channel: Channel) -> None:
        lost = iter(["lost"])
        self.server.fault = lambda name: next(lost, "") if name == "rename" and self.renamed() else ""

    def renamed(self) -> bool:
        return any(path.suffix != ".part" for path in self.there.iterdir())


class AtFtp:
    def serving(self, folder: Path):
        return ftp_server.serving(folder)

    def unreachable(self, channel: Channel) -> None:
        self.server.fault = lambda command: "down" if command == "NLST" else ""

    def loses_answers(self, channel: Channel) -> None:
        self.server.fault = lambda command: "lost" if command == "RNTO" else ""
