"""A shop sees whose order it was while it needs to, and a while after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from shops.models import ShopOrder
from shops.orders import sight
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
    found = ShopOrder.objects.filter(sight.seen(now)).order_by("pk")
    assert list(found) == [back, open_one]
