"""An address may say in which language its page is."""

import re

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def language_of(response) -> str:
    return re.search(r'<html lang="(\w+)">', response.content.decode())[1]


def test_address_that_says_a_language_shows_it_and_stays_in_it(client):
    assert language_of(client.get("/shops/")) == "fr"
    english = client.get("/shops/?hl=en")
    assert (language_of(english), english["Content-Language"]) == ("en", "en")
    assert client.cookies["django_language"].value == "en"
    assert language_of(client.get("/shops/")) == "en"
    assert language_of(client.get("/shops/?hl=fr")) == "fr"


@pytest.mark.parametrize("said", ["de", "", "EN'\"", "en-GB"])
def test_unknown_language_is_passed_over(client, said):
    response = client.get("/shops/", {"hl": said}, headers={"Accept-Language": "en"})
    assert (language_of(response), "django_language" in client.cookies) == ("en", False)


def test_same_language_as_the_readers_sets_no_cookie(client):
    client.get("/shops/?hl=fr")
    assert "django_language" not in client.cookies


def test_switch_leads_back_without_the_languages_word(client):
    page = client.get("/search/?q=a+b&hl=en&sort=title").content.decode()
    assert 'name="next" value="/search/?q=a+b&amp;sort=title"' in page
    assert 'name="next" value="/shops/"' in client.get("/shops/?hl=en").content.decode()


@pytest.mark.parametrize("path", ["/shops/", "/shops/port/", "/terms/", "/open-data/"])
def test_pages_have_an_address_in_each_language(client, path):
    factories.shop(slug="port")
    page = client.get(f"{path}?hl=en&utm=x").content.decode()
    found = re.findall(
        r'<link rel="(canonical|alternate)"(?: hreflang="([\w-]+)")? href="http://testserver(.*?)">', page
    )
    assert found == [
        ("canonical", "", f"{path}?hl=en"),
        ("alternate", "fr", path),
        ("alternate", "en", f"{path}?hl=en"),
        ("alternate", "x-default", path),
    ]


def test_network_of_one_language_names_no_other(client):
    factories.network(languages=["fr"])
    page = client.get("/shops/").content.decode()
    assert ('rel="canonical" href="http://testserver/shops/"' in page, "hreflang" in page) == (True, False)
