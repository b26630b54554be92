import re

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string

from marketplace.foundation.looks import text_on
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = ["/", "/search/", "/shops/", "/place/", "/terms/", "/privacy/", "/legal/", "/open-data/", "/accounts/login/"]


def test_network_css_gives_the_colours_and_is_kept(client):
    factories.network(colour="#123456", colour_dark="#abcdef")
    response = client.get("/network.css")
    assert response.content.decode() == (
        ":root{--green:#123456;--on-green:#ffffff}"
        "@media (prefers-color-scheme:dark){:root{--green:#abcdef;--on-green:#0b1f17}}\n"
    )
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert "max-age=86400" in response["Cache-Control"]
    assert client.get("/network.css", headers={"If-None-Match": response["ETag"]}).status_code == 304
    factories.network(colour="#654321")
    assert client.get("/network.css", headers={"If-None-Match": response["ETag"]}).status_code == 200


@pytest.mark.parametrize(("colour", "text"), [("#0d6b4c", "#ffffff"), ("#5cc79c", "#0b1f17"), ("#ffffff", "#0b1f17")])
def test_text_on_a_colour_is_readable(colour, text):
    assert text_on(colour) == text


@pytest.mark.parametrize(("address", "column"), [("/terms/", "terms"), ("/privacy/", "privacy")])
def test_legal_texts_follow_the_language(client, address, column):
    factories.network(**{f"{column}_fr": "Le texte <b>", f"{column}_en": "The text"})
    assert "Le texte &lt;b&gt;" in client.get(address, headers={"Accept-Language": "fr"}).content.decode()
    assert "The text" in client.get(address, headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("address", PAGES)
def test_pages_stand_on_an_empty_database(client, address, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path
    cache.clear()
    response = client.get(address)
    assert response.status_code == 200
    page = response.content.decode()
    assert '<html lang="' in page
    assert 'href="#main"' in page
    assert '<main id="main"' in page


@pytest.mark.parametrize("address", PAGES)
def test_pages_hold_nothing_inline_and_nothing_from_elsewhere(client, address):
    page = client.get(address).content.decode()
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\s(?:src=|type=\"application/json\"))", page) == []
    assert re.findall(r'(?:src|href|action)="(?:https?:)?//(?!testserver)', page) == []


def test_language_can_be_switched_by_a_form(client):
    page = client.get("/terms/", headers={"Accept-Language": "fr"}).content.decode()
    assert '<html lang="fr">' in page
    assert 'name="language" value="en"' in page
    client.post("/i18n/setlang/", {"language": "en", "next": "/terms/"})
    assert '<html lang="en">' in client.get("/terms/").content.decode()


def test_language_switch_is_missing_where_there_is_one_language(client):
    factories.network(languages=["fr"])
    assert 'name="language"' not in client.get("/terms/").content.decode()


def test_missing_page_offers_the_search(client):
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert 'role="search"' in response.content.decode()


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_error_pages_stand_alone(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert "<main" in render_to_string(name)


def sheets_of_readers(root) -> set[str]:
    """The style sheets that readers' templates name."""
    pages = [root / "templates" / "base.html"]
    for folder in ("storefront", "search", "cms", "allauth", "account"):
        pages += (root / "templates" / folder).rglob("*.html")
    return {name for page in pages for name in re.findall(r"css/([\w-]+\.css)", page.read_text())}


def test_a_page_loads_less_than_26_kb_of_css_and_readers_40_kb_in_all(settings):
    """Decision 0012."""
    root = settings.BASE_DIR
    sizes = {name: (root / "static" / "css" / name).stat().st_size for name in sheets_of_readers(root)}
    everywhere = {*re.findall(r"css/([\w-]+\.css)", (root / "templates" / "base.html").read_text())}
    pages = [
        page for folder in ("storefront", "search", "cms") for page in (root / "templates" / folder).glob("*.html")
    ]
    loads = {page.name: everywhere | {*re.findall(r"css/([\w-]+\.css)", page.read_text())} for page in pages}
    heavy = {page: size for page, names in loads.items() if (size := sum(map(sizes.__getitem__, names))) >= 26_000}
    assert heavy == {}
    assert sum(sizes.values()) < 40_000, sizes
