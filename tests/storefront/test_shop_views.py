import re
from datetime import time

import pytest

from marketplace.cms.models import Pick
from shops.models import OpeningHours, Shop
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_shops_are_listed_without_those_that_are_not_on_sale(client):
    factories.shop("Aube")
    factories.shop("Brouillon", status=Shop.Status.DRAFT)
    said = text_of(client.get("/shops/"))
    assert "1 shop" in said
    assert "Aube" in said
    assert "Brouillon" not in said


@pytest.mark.parametrize("number", [1, 30])
def test_shops_cost_the_same_with_1_and_30(client, django_assert_num_queries, number):
    for _ in range(number):
        OpeningHours.objects.create(shop=factories.shop(), weekday=0, opens=time(9), closes=time(18))
    factories.network()
    with django_assert_num_queries(4):
        client.get("/shops/")


def test_shop_page_shows_address_hours_delivery_and_stock(client, reindex):
    shop = factories.shop(
        "Librairie du Port",
        slug="port",
        description_fr="Une librairie.",
        description_en="A bookshop.",
        phone="514 555 0100",
    )
    for weekday in range(5):
        OpeningHours.objects.create(shop=shop, weekday=weekday, opens=time(9), closes=time(18, 30))
    factories.delivery_option(shop)
    factories.delivery_option(shop, kind="post", name_en="Canada Post", price_minor=595, free_above_minor=6000)
    title = factories.product("Kamouraska")
    factories.stock_record(shop, title, price="14.95")
    factories.stock_record(factories.shop("Ailleurs"), title, price="9.95")
    factories.product("Ailleurs seulement")
    reindex()
    response = client.get(shop.get_absolute_url())
    said = text_of(response)
    for words in (
        "1, rue du Port",
        "A bookshop.",
        "Monday 9 a.m. – 6:30 p.m.",
        "Sunday closed",
        "Canada Post: $5.95 (free from $60.00)",
        "1 title in stock at Librairie du Port",
        "Kamouraska",
        "$14.95",
        "Add – Librairie du Port",
    ):
        assert words in said
    assert [row.product.title for row in response.context["rows"]] == ["Kamouraska"]
    assert response.context["rows"][0].best.shop.name == "Librairie du Port"


def test_shop_page_stands_while_the_search_is_down(client, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "nothing"
    shop = factories.shop()
    factories.stock_record(shop, factories.product("Kamouraska"))
    response = client.get(shop.get_absolute_url())
    assert [row.product.title for row in response.context["rows"]] == ["Kamouraska"]


def test_shop_page_shows_its_own_picks(client, reindex):
    shop = factories.shop()
    Pick.objects.create(gtin=9782070360024, shop=shop, signed="Étienne", text_en="Read it.")
    Pick.objects.create(gtin=9782070360024, shop=factories.shop(), signed="Une autre", text_en="No.")
    said = text_of(client.get(shop.get_absolute_url()))
    assert "Read it." in said
    assert "Une autre" not in said


def test_shop_that_left_is_not_found(client):
    assert client.get(factories.shop(status=Shop.Status.LEFT).get_absolute_url()).status_code == 404


def test_my_shop_is_said_on_its_page(client, reindex):
    shop = factories.shop(slug="port")
    assert "Make it my shop" in text_of(client.get("/shops/port/"))
    client.post("/place/shop/", {"shop": shop.slug})
    assert "This is your shop" in text_of(client.get("/shops/port/"))
