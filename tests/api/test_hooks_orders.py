"""A shop on two networks: what one Halles sells of it the other does not sell again. Both are this very site."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import responses
from django.test import Client
from django.utils import timezone, translation
from requests import PreparedRequest

from catalog_sync.doors import hooks
from catalog_sync.models import Feed, Webhook
from marketplace.foundation.models import AuditEntry
from shops import stock, webhooks, withholding
from shops.channels.conformance import NOON
from shops.models import Shop, ShopOrder, Transmission
from shops.orders import routing
from tests import factories
from tests.api.test_hooks import ISBN, send
from tests.catalog_sync import memory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    memory.register(monkeypatch)
    with translation.override("en"):
        yield


@pytest.fixture
def there() -> Feed:
    """The shop as the other network has it: an article by the same number, another that only its ISBN tells, and two
    copies of a third, new and used."""
    made = memory.feed(factories.shop(slug="there"), name="there")
    factories.stock_record(made.shop, factories.product(), sku="A-1", units=3)
    factories.stock_record(made.shop, factories.product(gtin=ISBN), sku="B-1", units=3)
    factories.stock_record(made.shop, factories.product(), sku="A-1-used", units=1, condition="good")
    return made


@pytest.fixture
def here(there) -> Iterator[Shop]:
    """The shop as this network has it: its orders are posted to the other one, with the secret that it was shown."""
    shop = factories.shop(slug="here")
    now = timezone.now()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", re.compile(r"https://other\.example/hooks/"), callback=answered)
        secret = webhooks.set_up(shop, "https://other.example/hooks/x/", by=factories.user(), now=now)
        hooks.make(there, form=Webhook.Form.STANDARD, given=secret, by=factories.user(), now=now)
        slug = Webhook.objects.get(feed=there).slug
        webhooks.set_up(shop, f"https://other.example/hooks/{slug}/", by=factories.user(), now=now)
        shop.refresh_from_db()
        yield shop


def answered(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in request.headers.items() if name.lower().startswith("webhook-")}
    path = str(request.url).removeprefix("https://other.example")
    said = Client().post(path, request.body or b"", content_type="application/json", headers=headers)
    return said.status_code, {"Content-Type": "application/json"}, said.content


def sold(shop: Shop, *articles: tuple[str, int | None, int]) -> ShopOrder:
    """An order there is here, of (article number, GTIN, units)."""
    records = [(factories.stock_record(shop, factories.product(), sku=sku, units=9), n) for sku, _, n in articles]
    made = factories.shop_order(shop, *records)
    for line, (_, gtin, _) in zip(made.lines.all(), articles, strict=True):
        type(line).objects.filter(pk=line.pk).update(gtin=gtin)
    Transmission.objects.create(shop_order=made, shop=shop, channel="webhook", due_at=NOON)
    return made


def left(feed: Feed) -> dict[str, int]:
    now = timezone.now()
    rows = stock.read(feed.shop.partner.stockrecords.values_list("pk", flat=True)).values()
    return {row.partner_sku: stock.sellable_now(row, now=now) for row in rows}


def test_what_is_sold_here_is_not_sold_there(here, there):
    before = left(there)
    order = sold(here, ("A-1", None, 2), ("of-ours", ISBN, 1), ("unknown", None, 1))
    assert routing.transmit_orders(timezone.now()) == 1
    assert Transmission.objects.get(shop_order=order).outcome == "sent"
    assert left(there) == before | {"A-1": before["A-1"] - 2, "B-1": before["B-1"] - 1}
    assert AuditEntry.objects.get(action="stock.sold_elsewhere", shop=there.shop).facts["lines"] == 2


def test_lost_answer_and_the_same_message_again_withhold_once(here, there):
    order = sold(here, ("A-1", None, 2))
    routing.transmit_orders(timezone.now())
    after = left(there)
    Transmission.objects.filter(shop_order=order).update(outcome="unknown", due_at=NOON)
    routing.transmit_orders(timezone.now())
    assert left(there) == after
    record = there.shop.partner.stockrecords.get(partner_sku="A-1")
    assert withholding.till_is_right(record, now=timezone.now(), by="staff") == 2


LINE = {"sku": "A-1", "units": 1, "condition": "new", "supply": "stock"}


STRANGE: list[tuple[object, int, int]] = [
    ([LINE | {"units": "1"}], 0, 1),
    ([LINE | {"units": -1}], 0, 1),
    ([LINE | {"units": 10**9}], 0, 1),
    ([LINE | {"supply": "order"}], 0, 0),  # it comes from no shelf
    ([LINE | {"units": 0}], 0, 0),  # taken back meanwhile
    ([LINE | {"sku": "x", "gtin": str(ISBN), "condition": "good"}], 0, 1),  # which copy, only its number tells
    ([7, None, LINE], 1, 2),
    ("lines", 0, 1),
    ([LINE] * 501, 0, 1),
]


def test_strange_lines_withhold_nothing_and_are_named(there):
    secret = hooks.make(there, form=Webhook.Form.STANDARD, given="", by=factories.user(), now=timezone.now())
    for number, (lines, taken, refused) in enumerate(STRANGE):
        answer = send(there, secret, {"type": "shop_order.new", "data": {"lines": lines}}, name=f"msg_{number}")
        told = (answer.status_code, answer.json()["taken"], len(answer.json()["refused"]))
        assert told == (202, taken, refused), lines


def test_articles_of_other_shops_are_not_found(there):
    other = factories.stock_record(factories.shop(), factories.product(gtin=9782070408504), sku="Z-1")
    secret = hooks.make(there, form=Webhook.Form.STANDARD, given="", by=factories.user(), now=timezone.now())
    lines = [LINE | {"sku": "Z-1"}, LINE | {"sku": "", "gtin": "9782070408504"}]
    answer = send(there, secret, {"type": "shop_order.new", "data": {"lines": lines}})
    assert (answer.json()["taken"], stock.read([other.pk])[other.pk].num_allocated) == (0, None)


def test_other_messages_of_orders_are_news(there):
    secret = hooks.make(there, form=Webhook.Form.STANDARD, given="", by=factories.user(), now=timezone.now())
    assert send(there, secret, {"type": "shop_order.test", "data": {}}).json()["taken"] == 0
    assert not AuditEntry.objects.filter(action="stock.sold_elsewhere").exists()
