"""Order files as Dilicom's, left at real servers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketplace.foundation.folders import ShownKeyError
from marketplace.foundation.models import AuditEntry, MailMessage
from shops import drops
from shops.channels import channel_for
from shops.channels.base import ChannelError
from shops.channels.dilicom import DilicomChannel
from shops.models import Shop, Transmission
from shops.orders import falling_back, routing
from tests import factories, webdav_server
from tests.catalog_sync.reading import sftp_server
from tests.catalog_sync.reading.test_sftp import HOST_KEY
from tests.shops.channels.dropping import (
    GLN,
    ISBN,
    OUR_GLN,
    AtFtp,
    AtSftp,
    AtWebDav,
    DropConformance,
    left_in,
    orders_of_one_shop,
    set_up,
)

pytestmark = pytest.mark.django_db
LATE = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


class TestAtWebDav(AtWebDav, DropConformance):
    channel_class = DilicomChannel


class TestAtSftp(AtSftp, DropConformance):
    channel_class = DilicomChannel


class TestAtFtp(AtFtp, DropConformance):
    channel_class = DilicomChannel


def test_renaming_that_was_refused_leaves_no_note(db, tmp_path, settings):
    """The server may tidy unfinished files away: that one is gone is then no sign that the order was taken."""
    settings.HTTP_ALLOW_PRIVATE = True
    [order] = orders_of_one_shop(1, "dilicom")
    there = tmp_path / "there"
    there.mkdir()
    with webdav_server.serving(there) as server:
        set_up(order.shop, "dilicom", server.location())
        channel = channel_for(order.shop, "dilicom")
        server.fault = lambda method, path: "403" if method == "MOVE" else ""
        with pytest.raises(ChannelError):
            channel.send(order, now=LATE)
        for path in there.iterdir():
            path.unlink()
        assert channel.look_up(order) is None


@pytest.fixture
def shop(settings, tmp_path) -> Shop:
    """Its orders are left in a folder of this machine."""
    settings.VAR_DIR, settings.HTTP_ALLOW_PRIVATE = tmp_path, True
    made = factories.shop(timezone="Europe/Paris")
    set_up(made, "dilicom", "paris")
    return made


def test_file_has_the_lines_of_the_layout(shop):
    records = [factories.stock_record(shop, factories.product()) for _ in range(2)]
    order = factories.shop_order(shop, (records[0], 1), (records[1], 3))
    first, second = order.lines.all()
    type(first).objects.filter(pk=first.pk).update(gtin=ISBN)
    type(first).objects.filter(pk=second.pk).update(gtin=9782070368228, declined=1)
    written = channel_for(shop, "dilicom").content(order, now=LATE).decode()
    assert written.split("\n") == [
        f"A0001{GLN}",
        f"B0002{OUR_GLN}",
        f"C0003{order.number}",
        "D000420260303",
        "E0005090",
        f"L0006{ISBN}000001",
        "L00079782070368228000002",
        "Q0008",
    ]


@pytest.mark.parametrize("changed", [{"gtin": None}, {"condition": "good"}, {"gtin": 9782070360025}])
def test_what_the_layout_cannot_say_comes_by_mail(shop, tmp_path, changed):
    [order] = orders_of_one_shop(1, "dilicom", shop)
    order.lines.update(**changed)
    channel = channel_for(shop, "dilicom")
    assert channel.look_up(order) is None
    assert channel.send(order, now=LATE) == channel.look_up(order)
    assert MailMessage.objects.filter(kind="shop_order_new").count() == 1
    assert not (tmp_path / "orders").exists()


@pytest.mark.parametrize(
    ("extra", "said"), [({"gln": GLN}, "the GLN of who sends"), ({"gln": "123", "our_gln": OUR_GLN}, "no GLN")]
)
def test_missing_and_wrong_numbers_wait_for_a_person(shop, extra, said):
    [order] = orders_of_one_shop(1, "dilicom", shop)
    drops.note(shop, "extra", extra)
    with pytest.raises(ChannelError, match=said) as caught:
        channel_for(shop, "dilicom").send(order, now=LATE)
    assert caught.value.permanent


def test_shop_that_named_no_folder_waits_for_a_person(shop):
    [order] = orders_of_one_shop(1, "dilicom", shop)
    drops.note(shop, "location", "")
    with pytest.raises(ChannelError, match="has not said where") as caught:
        channel_for(shop, "dilicom").look_up(order)
    assert caught.value.permanent


def test_orders_are_left_in_turn_by_the_step(shop, tmp_path):
    orders = orders_of_one_shop(2, "dilicom", shop)
    for _ in orders:
        routing.transmit_orders(LATE)
    assert left_in(tmp_path / "orders" / "paris") == [order.number for order in orders]
    assert {row.outcome for row in Transmission.objects.all()} == {"sent"}


def test_unconfirmed_server_gets_nothing_until_a_person_has_looked(shop, tmp_path):
    [order] = orders_of_one_shop(1, "dilicom", shop)
    falling_back.fall_back_after(shop, None, by=factories.user())
    there = tmp_path / "there"
    there.mkdir()
    with sftp_server.serving(there, HOST_KEY) as server:
        set_up(shop, "dilicom", server.location(""))
        routing.transmit_orders(LATE)
        assert (Transmission.objects.get().parked_at is not None, server.seen) == (True, [])
        with pytest.raises(ShownKeyError):
            drops.try_it(shop)
        owner = factories.user()
        assert not drops.confirm(shop, "SHA256:other", by=owner, now=LATE)
        assert drops.confirm(shop, HOST_KEY.fingerprint, by=owner, now=LATE)
        drops.try_it(shop)
        routing.transmit_orders(LATE)
    assert left_in(there) == [order.number]
    assert AuditEntry.objects.get(action="sftp_key.confirm").facts["fingerprint"] == HOST_KEY.fingerprint


def test_secrets_are_sealed_go_to_no_other_server_and_end_with_it(shop):
    set_up(shop, "dilicom", "sftp://shop@one.example/in/")
    assert "word" not in str(shop.channel_options).replace("password", "")
    assert drops.login_of(shop).password == "word"
    wanted = drops.Drop("sftp://shop@two.example/in/", extra={})
    drops.set_up(shop, "dilicom", wanted, by=factories.user(), now=LATE)
    assert (drops.login_of(shop).password, drops.of(shop).host_key) == ("", "")
    drops.end(shop, by=factories.user(), now=LATE)
    shop.refresh_from_db()
    assert (shop.channel, shop.channel_options) == ("email", {})
    said = [mail.text for mail in MailMessage.objects.filter(kind="shop_order_files_changed").order_by("pk")]
    assert ("sftp://one.example/in/" in said[-3], "sftp://two.example/in/" in said[-2]) == (True, True)


def test_orders_that_wait_go_the_new_way(shop):
    orders_of_one_shop(1, "dilicom", shop)
    drops.end(shop, by=factories.user(), now=LATE)
    assert Transmission.objects.get().channel == "email"


def test_nor_does_one_hold_the_others_of_which_nobody_can_be_asked_any_more(shop):
    """It may have been left in the folder: the shop reads its number twice rather than hear of no later order."""
    orders_of_one_shop(2, "dilicom", shop)
    first = Transmission.objects.order_by("pk")[:1].values("pk")
    Transmission.objects.filter(pk__in=first).update(outcome="unknown", parked_at=LATE)
    drops.end(shop, by=factories.user(), now=LATE)
    for _ in range(2):
        routing.transmit_orders(LATE)
    assert set(Transmission.objects.values_list("channel", "outcome")) == {("email", "sent")}


@pytest.mark.parametrize(
    ("location", "answers"), [("", ""), ("davs://a.example/in/", "davs://b.example/out/"), ("in", "in")]
)
def test_places_that_cannot_be_are_refused(shop, location, answers):
    with pytest.raises(drops.DropError):
        drops.set_up(shop, "dilicom", drops.Drop(location, answers), by=factories.user(), now=LATE)


def test_without_the_note_an_order_that_was_taken_away_would_come_twice(shop, tmp_path):
    """Negative control: the folder alone does not tell a file that was read and deleted from one that never came."""
    [order] = orders_of_one_shop(1, "dilicom", shop)
    channel, there = channel_for(shop, "dilicom"), tmp_path / "orders" / "paris"
    channel.send(order, now=LATE)
    (there / channel.file_name(order)).unlink()
    channel.send(order, now=LATE)
    assert left_in(there) == []
    Transmission.objects.update(reference="")
    channel.send(order, now=LATE)
    assert left_in(there) == [order.number]
