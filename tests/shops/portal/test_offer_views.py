"""Something else in the place of what cannot be handed over: offered at the desk, answered on the reader's page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.checkout import alternatives
from marketplace.foundation import links
from shops.models import Alternative, DeskAction, Shop, ShopOrder, ShopOrderLine
from shops.orders import held
from tests import factories
from tests.checkout.test_alternatives import another
from tests.checkout.test_rerouting import placed
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> ShopOrderLine:
    placed(agrees_other_shop=False)
    return ShopOrderLine.objects.get(title="Mug")


@pytest.fixture
def staff(line: ShopOrderLine) -> Client:
    return signed_in(factories.member(line.shop_order.shop).user)


def page_of(line: ShopOrderLine) -> str:
    order = line.shop_order
    return f"/portal/{order.shop.slug}/orders/{order.number}/lines/{line.pk}/offer/"


def said(line: ShopOrderLine, **more: object) -> dict[str, object]:
    return {"version": line.shop_order.version, "once": "x", "units": 1, "hours": 24} | more


def done() -> Alternative:
    """What was pressed is carried out."""
    assert held.do_desk_actions(timezone.now() + timedelta(minutes=1)) == 1
    return Alternative.objects.get()


def test_other_article_is_found_offered_and_taken_by_the_reader(line, staff):
    cup = another()
    page = staff.get(page_of(line), {"q": "cup"})
    assert f'value="{cup.pk}"' in page.content.decode()
    sent = said(line, kind="other", record=cup.pk, reason="not_found", left=0, price="5,50")
    assert staff.post(page_of(line), sent).status_code == 302
    assert DeskAction.objects.get().deed == "offer"
    offered = done()
    assert (offered.title, offered.unit_price_minor, offered.state) == ("Cup", 550, "open")
    order = line.shop_order.order
    reader, address = Client(), links.alternative_url(order, offered.pk).removeprefix("http://testserver")
    assert b"Cup" in reader.get(address).content
    assert address in reader.get(links.order_url(order).removeprefix("http://testserver")).content.decode()
    assert reader.post(address, {"answer": "yes"}).status_code == 302
    made = ShopOrder.objects.get(instead_of__isnull=False)
    assert made.lines.get().title == "Cup"
    assert reader.post(address, {"answer": "money"}).status_code == 302  # too late: nothing changes
    offered.refresh_from_db()
    assert offered.state == "taken"
    shown = staff.get(f"/portal/{made.shop.slug}/orders/{line.shop_order.number}/").content.decode()
    assert made.number in shown


@pytest.mark.parametrize(
    "not_sold", [{"status": "paused"}, {"status": "suspended"}, {"status": "leaving"}, {"fresh_until": None}]
)
def test_shop_that_sells_nothing_to_new_readers_offers_another_article(line, staff, not_sold):
    cup = another()
    Shop.objects.filter(pk=line.shop_order.shop_id).update(**not_sold)
    assert f'value="{cup.pk}"' in staff.get(page_of(line), {"q": "cup"}).content.decode()
    sent = said(line, kind="other", record=cup.pk, reason="not_found", left=0, price="5,50")
    assert staff.post(page_of(line), sent).status_code == 302
    offered = done()
    alternatives.take(offered, by="reader", now=timezone.now())
    made = ShopOrder.objects.get(instead_of__isnull=False)
    assert (made.status, made.lines.get().title) == ("accepted", "Cup")


def test_later_day_is_offered_and_refused_by_the_reader(line, staff):
    day = timezone.localdate() + timedelta(days=9)
    assert staff.post(page_of(line), said(line, kind="later", on=day.isoformat())).status_code == 302
    offered = done()
    assert (offered.kind, offered.expected_on) == ("later", day)
    address = links.alternative_url(line.shop_order.order, offered.pk).removeprefix("http://testserver")
    assert Client().post(address, {"answer": "money"}).status_code == 302
    offered.refresh_from_db()
    assert (offered.state, ShopOrder.objects.filter(instead_of__isnull=False).exists()) == ("refused", False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "later", "on": "2020-01-01"},
        {"kind": "later", "on": ""},
        {"kind": "other", "reason": "sold"},
        {"kind": "other", "reason": "sold", "record": 999_999},
        {"kind": "other", "reason": "not_found", "record": "cup"},
        {"kind": "other", "reason": "sold", "record": "cup", "price": "99.00"},
        {"kind": "other", "reason": "sold", "record": "cup", "units": 2},
    ],
)
def test_what_cannot_be_offered_is_said_and_nothing_is_pressed(line, staff, wrong):
    cup = another()
    sent = said(line) | wrong | ({"record": cup.pk} if wrong.get("record") == "cup" else {})
    assert staff.post(page_of(line), sent).status_code == 422
    assert not DeskAction.objects.exists()


def test_another_shops_article_is_not_offered(line, staff):
    b = Shop.objects.get(name="Librairie B")
    theirs = factories.stock_record(b, factories.product("Cup"), price="5.00", units=2)
    sent = said(line, kind="other", record=theirs.pk, reason="sold")
    assert staff.post(page_of(line), sent).status_code == 422


def test_guest_without_the_key_answers_nothing(line, staff):
    staff.post(page_of(line), said(line, kind="later", on=(timezone.localdate() + timedelta(days=9)).isoformat()))
    offered = done()
    number = line.shop_order.order.number
    assert Client().post(f"/orders/{number}/wrong/instead/{offered.pk}/", {"answer": "yes"}).status_code == 404


def test_offer_is_taken_back_from_the_orders_page(line, staff):
    day = timezone.localdate() + timedelta(days=9)
    staff.post(page_of(line), said(line, kind="later", on=day.isoformat()))
    offered, order = done(), line.shop_order
    page = f"/portal/{order.shop.slug}/orders/{order.number}/"
    address = f"{page}offers/{offered.pk}/withdraw/"
    assert address in staff.get(page).content.decode()
    assert staff.post(address).status_code == 302
    offered.refresh_from_db()
    assert offered.state == "recalled"
    assert address not in staff.get(page).content.decode()
    at_reader = links.alternative_url(order.order, offered.pk).removeprefix("http://testserver")
    assert b"took its offer back" in Client().get(at_reader, headers={"Accept-Language": "en"}).content
    staff.post(address)  # nothing more happens
    elsewhere = ShopOrder.objects.exclude(shop=order.shop).first()
    assert staff.post(address.replace(order.number, elsewhere.number)).status_code == 404
