"""A shop's own entrance is the same site with that shop first, and everything that is paid stays the network's."""

import re

import pytest
from django.test import Client

from marketplace.cms.slugs import taken
from marketplace.storefront import page_memory
from search import directory
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(reindex):
    """Port is dearer and has one title of the two; Page has both."""
    directory.forget()
    port = factories.shop("Librairie du Port", slug="port", colour="#123456")
    page = factories.shop("La Page", slug="page")
    titles = [factories.product(title, gtin=9782070360024 + n) for n, title in enumerate(("L'Étranger", "La Peste"))]
    for title in titles:
        factories.stock_record(page, title, price="9.00", units=3)
    factories.stock_record(port, titles[0], price="12.90", units=3)
    reindex()
    page_memory.forget()
    return titles


@pytest.fixture
def client():
    client = Client()
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def domain(settings):
    settings.ENTRANCE_DOMAIN = "halles.test"
    settings.ALLOWED_HOSTS = ["testserver", "www.halles.test", ".halles.test"]
    settings.CSRF_TRUSTED_ORIGINS = ["http://*.halles.test"]


def links(response) -> set[str]:
    return set(re.findall(r'<(?:a|form) [^>]*?(?:href|action)="([^"#]*)', response.content.decode()))


def sellers(response) -> list[str]:
    return [offer.shop.name for group in response.context["groups"] for offer in group.offers]


def test_an_entrance_leads_with_its_shop_and_stays_its_own(client, market):
    response = client.get("/at/port/")
    page = response.content.decode()
    assert response.status_code == 200
    assert '<a class="brand" href="/at/port/">Librairie du Port</a>' in page
    assert "/shops/port/colours.css?v=123456" in page
    assert 'at <a href="http://testserver/">Halles</a>' in page
    found = links(response)
    assert {"/at/port/search/", f"/at/port{market[0].get_absolute_url()}", "/basket/", "/account/"} <= found
    assert {link for link in found if link.startswith(("/search", "/catalogue", "/at/port/basket/?"))} == set()
    assert int(response["Content-Length"]) == len(response.content)


def test_the_search_begins_with_the_shops_titles_and_one_link_leads_to_all(client, market):
    assert '<input type="hidden" name="shop" value="port">' in client.get("/at/port/").content.decode()
    own = client.get("/at/port/search/?q=la&shop=port")
    assert own.context["page"].total == 0
    assert own["HX-Push-Url"] == "/at/port/search/?q=la&shop=port"
    every = client.get(f"/at/port/search/?{own.context['scope'][1]}")
    assert [row.best.shop.name for row in every.context["rows"]] == ["La Page"]
    own = client.get("/at/port/search/?q=etranger&shop=port")
    assert [row.here.shop.name for row in own.context["rows"]] == ["Librairie du Port"]
    assert (own.context["scope"][0], every.context["scope"][0]) == (True, False)


def test_a_title_has_the_shops_offer_first_and_is_known_by_the_networks_address(client, market):
    address = market[0].get_absolute_url()
    inside, outside = client.get(f"/at/port{address}"), client.get(address)
    assert sellers(inside) == ["Librairie du Port", "La Page"]
    assert sellers(outside) == ["La Page", "Librairie du Port"]
    canonical = '<link rel="canonical" href="http://testserver' + address
    assert [canonical in page.content.decode() for page in (inside, outside)] == [True, True]
    assert "/at/port" not in re.search(r"ld\+json.*?</script>", inside.content.decode(), re.DOTALL)[0]
    not_there = client.get(f"/at/port{market[1].get_absolute_url()}").content.decode()
    assert "Librairie du Port does not have it in its list" in not_there


@pytest.mark.parametrize("first", ["/at/port", ""])
def test_a_kept_page_is_never_shown_at_another_door(market, first):
    address = market[0].get_absolute_url()
    for door in (first, "/at/port", "/at/page", ""):
        stranger = Client(HTTP_ACCEPT_LANGUAGE="en")
        assert ("brand-both" in stranger.get(door + address).content.decode()) is bool(door)
    assert len(page_memory._pages) == 1  # the network's own


def test_what_is_bought_inside_lies_in_the_one_basket(client, market):
    inside = f"/at/port{market[0].get_absolute_url()}"
    offer = client.get(inside).context["buyable"]
    assert offer.shop.name == "Librairie du Port"
    sent = {"stock_record": offer.stock_record_id, "quantity": 1, "next": market[0].get_absolute_url()}
    answer = client.post("/at/port/basket/add/", sent)
    assert (answer.status_code, answer["Location"]) == (302, inside)
    assert "Librairie du Port" in client.get("/basket/").content.decode()
    assert client.get("/at/port/basket/")["Location"] == "/basket/"
    assert client.get("/at/port/checkout/?a=b")["Location"] == "/checkout/?a=b"
    assert client.get("/at/port/shops/page/")["Location"] == "/shops/page/"
    assert client.post("/at/port/lists/").status_code == 404


def test_the_language_changes_inside(client, market):
    answer = client.post("/at/port/i18n/setlang/", {"language": "fr", "next": "/new/"})
    assert answer["Location"] == "/at/port/new/"


@pytest.mark.parametrize("path", ["/at/nobody/", "/at/port//evil.example/", "/at/", "/at//evil.example/"])
def test_an_entrance_that_is_not_there_is_not_found(client, market, path):
    answer = client.get(path)
    assert (answer.status_code, "Content-Security-Policy" in answer) == (404, True)


def test_an_entrance_leads_nowhere_else(client, market):
    assert client.get("/at/port")["Location"] == "/at/port/"
    assert client.get("/at/port/at/page/")["Location"] == "/at/page/"
    assert client.get("/at/port/%5Cevil.example/")["Location"] == "/%5Cevil.example/"
    assert "at" in taken()


def test_a_closed_shop_has_no_entrance(client, market):
    factories.shop("Fermée", slug="fermee", status="paused")
    directory.forget()
    assert client.get("/at/fermee/").status_code == 404


def test_an_entrance_by_host_is_the_same(client, market, domain):
    address = market[0].get_absolute_url()
    page = client.get(address, headers={"host": "port.halles.test"})
    assert sellers(page) == ["Librairie du Port", "La Page"]
    assert f'<link rel="canonical" href="http://testserver{address}' in page.content.decode()
    assert page.cookies["csrftoken"]["domain"] == "halles.test"
    assert client.get("/", headers={"host": "PORT.halles.test:80"}).context["entrance"].name == "Librairie du Port"
    assert client.get("/shops/port/colours.css", headers={"host": "port.halles.test"}).status_code == 200
    assert (
        client.get("/shops/page/", headers={"host": "port.halles.test"})["Location"] == "http://testserver/shops/page/"
    )
    moved = client.get("/basket/?a=b", headers={"host": "port.halles.test"})
    assert (moved.status_code, moved["Location"]) == (302, "http://testserver/basket/?a=b")


def test_a_form_is_sent_from_an_entrances_host(market, domain):
    client = Client(enforce_csrf_checks=True)
    host = {"host": "port.halles.test"}
    page = client.get(market[0].get_absolute_url(), headers=host)
    sent = {
        "stock_record": page.context["buyable"].stock_record_id,
        "quantity": 1,
        "csrfmiddlewaretoken": page.context["csrf_token"],
    }
    for origin, status in (("http://port.halles.test", 302), ("http://evil.test", 403)):
        answer = client.post("/basket/add/", sent, headers={**host, "origin": origin})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("nobody.halles.test", 404),
        ("a.port.halles.test", 404),
        ("port.evil.test", 400),
        ("port.halles.test.evil.test", 400),
        ("testserver", 200),
        ("www.halles.test", 200),
    ],
)
def test_other_hosts_are_refused_as_ever(client, market, domain, host, status):
    assert client.get("/", headers={"host": host}).status_code == status


def test_a_cookie_names_the_domain_only_on_a_host_of_it(market, domain):
    assert Client().get("/shops/", headers={"host": "testserver"}).cookies["csrftoken"]["domain"] == ""


def test_without_a_domain_a_host_is_no_entrance(client, market):
    """Negative control."""
    assert client.get("/", headers={"host": "port.halles.test"}).status_code == 400
    assert client.get("/shops/").context["entrance"] is None
