import pytest

from marketplace.storefront import places
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shops():
    return [
        factories.shop("Port", slug="port", city="Montréal", postcode="H2Y 1B5", latitude=45.504, longitude=-73.554),
        factories.shop("Plateau", city="Montréal", postcode="H2T 2S1", latitude=45.524, longitude=-73.596),
        factories.shop("Quai", city="Québec", postcode="G1K 4A1", latitude=46.814, longitude=-71.208),
        factories.shop("Sans lieu", city="Gaspé", postcode="G4X 1A1"),
    ]


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("montreal", (45.514, -73.575)),
        ("  QUÉBEC ", (46.814, -71.208)),
        ("h2t 1a1", (45.524, -73.596)),
        ("H2", (45.514, -73.575)),
        ("H9X 3X3", (45.514, -73.575)),
        ("quai", (46.814, -71.208)),
    ],
)
def test_find_knows_cities_postcodes_and_shops(shops, typed, where):
    found = places.find(typed, radius_km=10)
    assert (found.latitude, found.longitude) == where


@pytest.mark.parametrize("typed", ["", "Gaspé", "V5K 0A1", "12345", "nulle part"])
def test_find_gives_none_where_no_shop_fits(shops, typed):
    assert places.find(typed, radius_km=10) is None


def test_french_postcodes_need_two_digits_that_fit():
    factories.shop(postcode="75011", latitude=48.86, longitude=2.38)
    assert places.find("75020", radius_km=10).latitude == 48.86
    assert places.find("77000", radius_km=10) is None


def test_place_is_kept_in_the_session(client, shops):
    response = client.post("/place/", {"where": "Montréal", "radius_km": "25", "next": "/shops/"})
    assert (response.status_code, response.url) == (302, "/shops/")
    assert client.session["place"] == {"latitude": 45.514, "longitude": -73.575, "label": "Montréal", "radius_km": 25}


def test_position_of_the_browser_is_rounded_and_named(client, shops):
    client.post("/place/", {"latitude": "45.524567", "longitude": "-73.59", "radius_km": "10"})
    assert client.session["place"] == {"latitude": 45.525, "longitude": -73.59, "label": "Montréal", "radius_km": 10}


def test_unknown_place_says_what_to_type(client, shops):
    response = client.post("/place/", {"where": "Atlantis", "radius_km": "10"})
    assert response.status_code == 400
    assert "place" not in client.session
    page = response.content.decode()
    assert 'aria-invalid="true"' in page
    assert 'id="id_where_error"' in page


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/place/", "javascript:alert(1)"])
def test_next_leads_nowhere_else(client, shops, onward):
    response = client.post("/place/", {"where": "Québec", "radius_km": "10", "next": onward})
    assert response.url == "/"


def test_my_shop_is_kept_and_shown_in_the_header(client, shops):
    client.post("/place/shop/", {"shop": "port", "next": "/shops/"})
    assert client.session["my_shop"] == shops[0].pk
    assert "Port" in client.get("/terms/").content.decode()
    client.post("/place/shop/", {"shop": ""})
    assert "my_shop" not in client.session


def test_forget_takes_both_away(client, shops):
    client.post("/place/shop/", {"shop": "port"})
    client.post("/place/", {"where": "Québec", "radius_km": "10"})
    client.post("/place/forget/")
    assert not {"place", "my_shop"} & set(client.session.keys())
    assert client.get("/place/forget/").status_code == 405
