"""A shop sees whose order it was while it needs to, and a while after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from shops.models import Message, ShopOrder, Side, Thread
from shops.orders import sight
from shops.threads import lines
from tests import factories
from tests.shops.portal.conftest import signed_in
from tests.shops.returns.sending_back import ask, handed_over

pytestmark = pytest.mark.django_db


def bought(days_ago: int, shop) -> ShopOrder:
    made = handed_over(1, shop=shop, days_ago=days_ago)
    factories.payment(made.order, checkout={"email": "lea@example.org", "name": "Léa Zyz"})
    return made


@pytest.mark.parametrize(("days_ago", "seen"), [(59, True), (61, False)])
def test_page_slip_and_search_lose_sight(days_ago, seen, settings):
    settings.LANGUAGE_CODE = "en"
    shop = factories.shop()
    order = bought(days_ago, shop)
    client = signed_in(factories.member(shop).user)
    at = f"/portal/{shop.slug}/orders/{order.number}/"
    pages = [client.get(at).content.decode(), client.get(f"{at}slip/").content.decode()]
    told = [any(word in page for word in ("Léa", "lea@example.org", "1, rue<")) for page in pages]
    assert told == [seen, seen]
    assert ("Not shown any more" in pages[0]) is not seen
    for text in ("lea@example.org", "Zyz"):
        found = client.get(f"/portal/{shop.slug}/orders/", {"q": text})
        assert (found.status_code, found.get("Location", "")) == ((302, at) if seen else (200, ""))
    assert client.get(f"/portal/{shop.slug}/orders/", {"q": order.number}).url == at


def test_network_says_for_how_long_and_what_is_under_way_is_seen():
    factories.network(shop_sight_days=14)
    now, shop = timezone.now(), factories.shop()
    old, back = bought(20, shop), bought(20, shop)
    ask(back, 1, reason="faulty")
    open_one = factories.shop_order(shop, (factories.stock_record(shop), 1), created_at=now - timedelta(days=400))
    declined = factories.shop_order(shop, status="declined", answered_at=now - timedelta(days=15))
    rows = [old, back, open_one, declined]
    assert [sight.is_seen(row, now) for row in rows] == [False, True, True, False]
    found = ShopOrder.objects.filter(sight.seen(sight.since(now))).order_by("pk")
    assert list(found) == [back, open_one]


@pytest.mark.parametrize(("days_ago", "status"), [(59, 200), (61, 404)])
def test_no_label_is_printed_of_what_is_out_of_sight(days_ago, status):
    shop = factories.shop()
    order = bought(days_ago, shop)
    client = signed_in(factories.member(shop).user)
    assert client.get(f"/portal/{shop.slug}/orders/{order.number}/label/").status_code == status


@pytest.mark.parametrize(("days_ago", "who"), [(59, "Léa Zyz"), (61, "The reader")])
def test_words_keep_no_name_that_the_shop_has_lost_sight_of(days_ago, who):
    shop = factories.shop()
    order = bought(days_ago, shop)
    now = timezone.now()
    thread = Thread.objects.create(shop=shop, shop_order=order, language="fr", created_at=now, last_at=now)
    Message.objects.create(thread=thread, side=Side.READER, by_name="Léa Zyz", text="Bonjour", at=now, once="x")
    with translation.override("en"):
        assert [line.who for line in lines.of_order(order, thread, Side.SHOP) if line.who] == [who]
        assert [line.who for line in lines.of_order(order, thread, Side.READER) if line.who] == ["Léa Zyz"]
