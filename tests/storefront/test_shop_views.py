import json
import re
from datetime import UTC, date, datetime, time

import pytest
from django.utils import timezone

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


@pytest.mark.parametrize("collected", [False, True])
def test_a_persons_street_is_told_only_where_readers_collect_there(client, collected):
    seller = factories.shop(
        "Louise", is_professional=False, phone="514 555-0100", latitude=45.50912, longitude=-73.58834, reserve_hours=48
    )
    factories.delivery_option(seller, active=collected)
    of_her = ("1, rue du Port", "H2X 1A1", "514 555-0100", "45.509")
    pages = [seller.get_absolute_url(), "/shops/", "/api/v1/shops/", f"/shops/{seller.slug}/ask/"]
    pages.append(f"/reserve/{factories.stock_record(seller, units=1).pk}/")  # who has reserved it is told
    said = "".join(client.get(page).content.decode() for page in pages)
    assert [word in said for word in of_her] == [collected] * 4
    assert ("Montréal" in said, "Louise" in said) == (True, True)


@pytest.fixture
def market():
    """Three shops: at Montréal, 6 km from it, at Québec."""
    factories.network(country="CA")
    port = factories.shop("Port", latitude=45.509, longitude=-73.588, goods=["new_books"], services=["step_free"])
    factories.shop("Coop", kind="stationery", latitude=45.459, longitude=-73.571, goods=["new_books", "paper"])
    factories.shop("Quai", kind="used_books", latitude=46.814, longitude=-71.208, services=["step_free", "cafe"])
    factories.delivery_option(port)
    for weekday in range(7):
        OpeningHours.objects.create(shop=port, weekday=weekday, opens=time(0), closes=time(0))


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("", ["Coop", "Port", "Quai"]),
        ("kind=stationery&kind=used_books", ["Coop", "Quai"]),
        ("goods=new_books&goods=paper", ["Coop"]),
        ("service=step_free", ["Port", "Quai"]),
        ("service=pickup", ["Port"]),
        ("open=1", ["Port"]),
        ("near=montreal", ["Port", "Coop", "Quai"]),
        ("near=montreal&km=5", ["Port"]),
        ("near=montreal&km=10&kind=stationery", ["Coop"]),
        ("km=5", ["Coop", "Port", "Quai"]),  # a distance from nowhere
        ("kind=castle&km=7&open=yes&near=%00&goods=" + "x" * 5000, ["Coop", "Port", "Quai"]),
        ("kind=stationery&service=cafe", []),
    ],
)
def test_shops_are_narrowed_by_the_address(client, market, address, names):
    for page in ("/shops/", "/map/"):
        response = client.get(f"{page}?{address}")
        assert [entry.card.name for entry in response.context["entries"]] == names


def test_filters_count_what_each_would_leave_and_chips_take_away(client, market):
    context = client.get("/shops/?kind=books&service=step_free&near=montreal&km=50").context
    counts = {group.name: {value.value: value.count for value in group.values} for group in context["groups"]}
    assert counts == {
        "kind": {"books": 1},
        "goods": {"new_books": 1},
        "service": {"pickup": 1, "step_free": 1},
    }
    assert context["open_count"] == 1
    assert [(chip.label, chip.parameters) for chip in context["chips"]] == [
        ("Bookshop", "service=step_free&near=montreal&km=50"),
        ("Step-free entrance", "kind=books&near=montreal&km=50"),
        ("Within 50 km", "kind=books&service=step_free&near=montreal"),
        ("Near montreal", "kind=books&service=step_free&km=50"),
    ]


def test_a_place_that_is_not_one_offers_others(client, market):
    response = client.get("/shops/?near=Montrael&kind=books")
    assert response.context["other_places"] == [("Montréal", "kind=books&near=Montr%C3%A9al")]
    assert "Did you mean one of these?" in text_of(response)


def policy_of(response):
    """The content policy by directive: their order in the header is chance."""
    return dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))


def test_map_asks_no_third_party_unless_told(client, market):
    response = client.get("/map/?near=montreal")
    assert policy_of(response)["img-src"] == "'self' data:"
    assert ["Montréal", 45.509, -73.588] in json.loads(response.context["towns_json"])
    assert 'data-latitude="45.509"' in response.content.decode()
    address = "https://tiles.example.org:8443/{z}/{x}/{y}.png"
    factories.network(
        country="CA", tile_address=address, tile_attribution='<a href="https://x.example">X</a><img src=y>'
    )
    response = client.get("/map/")
    assert policy_of(response)["img-src"] == "'self' data: https://tiles.example.org:8443"
    assert response.context["tiles"] == {
        "address": address,
        "attribution": '<a href="https://x.example" rel="noopener noreferrer">X</a>',
    }
    assert policy_of(client.get("/shops/"))["img-src"] == "'self' data:"


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


def test_shop_page_says_which_days_are_other_than_the_week(client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 12, 24, 15, 0, tzinfo=UTC))
    shop = factories.shop("Port", kind="books", phone="514 555 0100")
    for weekday in range(5):
        OpeningHours.objects.create(shop=shop, weekday=weekday, opens=time(9), closes=time(18))
    OpeningHours.objects.create(shop=shop, weekday=5, opens=time(0), closes=time(0))
    noon = {"note_fr": "Veille de Noël", "note_en": "Christmas Eve"}
    factories.special_hours(shop, date(2026, 12, 24), spans="09:00-09:30 13:00-15:00", **noon)
    factories.special_hours(shop, date(2026, 12, 25), date(2027, 1, 3))
    factories.special_hours(shop, date(2026, 12, 1))
    response = client.get(shop.get_absolute_url())
    said = text_of(response)
    for words in (
        "Closed, opens at 1 p.m.",
        "December 24 9 a.m. – 9:30 a.m., 1 p.m. – 3 p.m. (Christmas Eve)",
        "December 25 – January 3 closed",
    ):
        assert words in said
    assert "December 1 " not in said
    assert [row.is_today for row in response.context["hours"]] == [False] * 7
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', response.content.decode(), re.DOTALL)
    (store,) = json.loads(block)["@graph"]
    assert store["@type"] == "BookStore"
    assert [(one["dayOfWeek"], one["opens"], one["closes"]) for one in store["openingHoursSpecification"]] == [
        (["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "09:00", "18:00"),
        (["Saturday"], "00:00", "23:59"),
    ]
    assert [
        (one["validFrom"], one["validThrough"], one["opens"], one["closes"])
        for one in store["specialOpeningHoursSpecification"]
    ] == [
        ("2026-12-24", "2026-12-24", "09:00", "09:30"),
        ("2026-12-24", "2026-12-24", "13:00", "15:00"),
        ("2026-12-25", "2027-01-03", "00:00", "00:00"),
    ]


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
