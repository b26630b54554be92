from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.checkout.models import Checkout, CheckoutLine
from marketplace.foundation import network
from shops import invariants, stock
from shops.models import DeliveryOption, Shop, ShopOrder, ShopOrderLine, Transmission
from shops.orders import answer_times, splitting
from shops.orders.splitting import SplitError
from tests import factories
from tests.shops import checkouts

pytestmark = pytest.mark.django_db


def two_shops(**columns: object) -> Checkout:
    """Two articles picked up at one shop, one sent by the other."""
    near, far = factories.shop(), factories.shop()
    first = factories.stock_record(near, factories.product("Germinal", gtin=9782070413119), price="12.95")
    second = factories.stock_record(near, price="7.35", condition="good")
    third = factories.stock_record(far, price="20.01")
    pickup = factories.delivery_option(near)
    post = factories.delivery_option(far, DeliveryOption.Kind.POST, name_fr="Poste", name_en="Post", price_minor=599)
    return checkouts.frozen((pickup, [(first, 2), (second, 1)]), (post, [(third, 1)]), now=timezone.now(), **columns)


def split(checkout: Checkout, now=None) -> list[ShopOrder]:
    order, lines = checkouts.order_of(checkout)
    made = splitting.split(
        order, checkout, checkout.parcels.order_by("pk"), order_lines=lines, now=now or timezone.now()
    )
    return list(dict.fromkeys(line.shop_order for line in made))


def test_split_makes_one_shop_order_per_parcel():
    now, checkout = timezone.now(), two_shops(language="en")
    factories.network(answer_within_hours=24)
    first, second = split(checkout, now)
    assert (first.number, second.number) == (f"{first.order.number}-A", f"{first.order.number}-B")
    rows = [(row.delivery_kind, row.delivery_name, row.status, row.answer_due_at) for row in (first, second)]
    due = now + timedelta(hours=24)
    assert rows == [("pickup", "At the counter", "new", due), ("post", "Post", "new", due)]
    assert (len(first.pickup_code), second.pickup_code) == (6, "")


def test_split_keeps_whether_the_seller_is_a_trader():
    checkout = two_shops()
    Shop.objects.filter(pk=checkout.parcels.order_by("pk").first().shop_id).update(is_professional=False)
    assert [made.by_professional for made in split(checkout)] == [False, True]


def test_split_freezes_the_lines():
    checkout = two_shops()
    split(checkout)
    line = ShopOrderLine.objects.order_by("pk").first()
    assert (line.title, line.gtin, line.condition, line.quantity) == ("Germinal", 9782070413119, "new", 2)
    assert (line.unit_price_minor, line.goods_minor, line.tax_minor, line.total_minor) == (1295, 2590, 130, 2720)
    assert [row.condition for row in ShopOrderLine.objects.order_by("pk")] == ["new", "good", "new"]


def test_split_adds_up_to_the_cent():
    checkout = two_shops()
    shop_orders = split(checkout)
    assert sum(row.total_minor for row in shop_orders) == checkout.total_minor
    for row in shop_orders:
        assert sum(line.total_minor for line in row.lines.all()) == row.total_minor
        assert sum(line.delivery_minor for line in row.lines.all()) == checkouts.money.share(row.delivery_minor, 10500)
        assert row.total_minor == row.goods_minor + row.delivery_minor + row.tax_minor
    assert invariants.orders_split_wrongly() == []


def test_split_makes_transmissions_due():
    now = timezone.now()
    shop_orders = split(two_shops(), now)
    rows = Transmission.objects.order_by("pk").values_list("shop_order", "shop", "channel", "due_at", "outcome")
    assert list(rows) == [(row.pk, row.shop_id, "email", now, "waiting") for row in shop_orders]


def test_split_then_promise_moves_the_hold_to_the_lines():
    now, checkout = timezone.now(), two_shops()
    split(checkout)
    promised = ShopOrderLine.objects.values_list("stock_record_id", "pk")
    stock.promise(f"checkout:{checkout.pk}", dict(promised), now=now)
    assert {name: check() for name, check in invariants.INVARIANTS.items() if check()} == {}


@pytest.mark.parametrize("lines", [1, 30])
def test_split_needs_few_queries(django_assert_num_queries, lines: int):
    shop = factories.shop()
    wanted = [(factories.stock_record(shop), 1) for _ in range(lines)]
    checkout = checkouts.frozen((factories.delivery_option(shop), wanted), now=timezone.now())
    order, order_lines = checkouts.order_of(checkout)
    factories.network()
    network.current()
    parcels = checkout.parcels.select_related("shop", "delivery_option").prefetch_related(
        "lines__stock_record__terms", "lines__product__facts"
    )
    parcels = list(parcels)
    answer_times.hours_of([shop], now=timezone.now())
    with django_assert_num_queries(4):
        splitting.split(order, checkout, parcels, order_lines=order_lines, now=timezone.now())


def test_split_refuses_lines_that_do_not_add_up():
    checkout = two_shops()
    CheckoutLine.objects.filter(parcel__checkout=checkout, quantity=2).update(total_minor=1)
    with pytest.raises(SplitError, match="The lines of"):
        split(checkout)


def test_split_refuses_parcels_that_do_not_add_up():
    checkout = two_shops()
    checkout.total_minor += 1
    with pytest.raises(SplitError, match="the checkout is"):
        split(checkout)


@pytest.mark.parametrize(
    ("position", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (702, "AAA")]
)
def test_suffix(position: int, letters: str):
    assert splitting.suffix(position) == letters


def test_pickup_codes_are_clear_and_differ():
    codes = {splitting.pickup_code() for _ in range(300)}
    assert len(codes) >= 299
    assert set("".join(codes)) <= set("346789ACDEFGHJKMNPQRTWXY")
