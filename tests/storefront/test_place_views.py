import pytest
from django.contrib.sessions.models import Session
from django.core.signing import Signer

from search.reader import PLACE_COOKIE
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


def kept(client):
    """The place as the browser keeps it; None where it keeps none."""
    cookie = client.cookies.get(PLACE_COOKIE)
    return Signer(salt="search.reader.place").unsign_object(cookie.value) if cookie and cookie.value else None


def test_place_is_kept_by_the_browser_and_never_stored(client, shops):
    response = client.post("/place/", {"where": "Montréal", "radius_km": "25", "next": "/shops/"})
    assert (response.status_code, response.url) == (302, "/shops/")
    assert kept(client) == {
        "latitude": 45.509,
        "longitude": -73.588,
        "label": "Montréal",
        "radius_km": 25,
        "area": "CA-QC",
    }
    cookie = client.cookies[PLACE_COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["expires"]) == (True, "Lax", "", "")
    assert "Montréal" in client.get("/terms/").content.decode()
    assert Session.objects.count() == 0


def test_position_of_the_browser_is_rounded_and_named(client, shops):
    client.post("/place/", {"latitude": "45.524567", "longitude": "-73.5751", "radius_km": "10"})
    place = {"latitude": 45.52, "longitude": -73.58, "label": "Le Plateau-Mont-Royal", "radius_km": 10, "area": "CA-QC"}
    assert kept(client) == place
    assert Session.objects.count() == 0


@pytest.mark.parametrize("cookie", ["x", "eyJ9:abc", Signer(salt="search.reader.place").sign_object({"old": 1})])
def test_a_cookie_that_is_not_ours_says_nothing(client, shops, cookie):
    client.cookies[PLACE_COOKIE] = cookie
    response = client.get("/shops/")
    assert (response.status_code, response.context["place"]) == (200, None)


def test_unknown_place_says_what_to_type(client, shops):
    response = client.post("/place/", {"where": "Atlantis", "radius_km": "10"})
    assert response.status_code == 400
    assert kept(client) is None
    page = response.content.decode()
    assert 'aria-invalid="true"' in page
    assert 'id="id_where_error"' in page


@pytest.mark.parametrize(("typed", "choice"), [("Westmount", "Westmount (Québec)"), ("Montrael", "Montréal")])
def test_several_places_and_near_spellings_are_offered(client, shops, typed, choice):
    page = client.post("/place/", {"where": typed, "radius_km": "25", "next": "/shops/"}).content.decode()
    assert f'name="where" value="{choice}"' in page
    assert 'name="radius_km" value="25"' in page
    assert client.post("/place/", {"where": choice, "radius_km": "25", "next": "/shops/"}).url == "/shops/"


def test_towns_are_suggested_while_typing(client):
    factories.network(country="CA")
    response = client.get("/place/towns/?q=trois-r")
    assert 'data-value="Trois-Rivières (Québec)"' in response.content.decode()
    assert client.get("/place/towns/?q=").content.strip() == b""


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
    assert (kept(client), "my_shop" in client.session) == (None, False)
    assert client.get("/place/forget/").status_code == 405
