"""The catalogue as OPDS 2.0."""

import json

import pytest

from marketplace.catalogue import subjects
from marketplace.catalogue.models import ProductFacts
from marketplace.storefront import opds
from tests import factories

pytestmark = pytest.mark.django_db
ACQUISITION = "http://opds-spec.org/acquisition/buy"


def wrong_link(link: dict, *required: str) -> list[str]:
    return [f"{name} in {link}" for name in ("href", *required) if not link.get(name)]


def wrong_publication(publication: dict) -> list[str]:
    """What the schema of OPDS 2.0 publications would refuse: publication.schema.json of drafts.opds.io."""
    rels = {link.get("rel") for link in publication["links"]}
    pictures = [image["type"] in ("image/jpeg", "image/png", "image/gif") for image in publication["images"]]
    found = [problem for link in publication["links"] + publication["images"] for problem in wrong_link(link)]
    found += [] if publication["metadata"].get("title") else ["no title"]
    found += [f"no {rel}" for rel in ("self", ACQUISITION) if rel not in rels]
    return found + ([] if any(pictures) else ["no picture"])


def wrong(feed: dict) -> list[str]:
    """The same of feed.schema.json."""
    collections = {"navigation", "publications", "groups"} & set(feed)
    found = [] if feed["metadata"].get("title") and collections else ["no title or collection"]
    found += [] if any(link.get("rel") == "self" for link in feed["links"]) else ["no self"]
    found += [problem for link in feed["links"] for problem in wrong_link(link)]
    found += [problem for link in feed.get("navigation", []) for problem in wrong_link(link, "title")]
    return found + [problem for one in feed.get("publications", []) for problem in wrong_publication(one)]


def read(client, path: str) -> dict:
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, opds.FEED)
    feed = json.loads(response.content)
    assert wrong(feed) == []
    return feed


def link(said: dict, rel: str) -> str:
    (found,) = [link["href"] for link in said["links"] if link.get("rel") == rel]
    return found.removeprefix("http://testserver")


def titles(feed: dict) -> list[str]:
    return [publication["metadata"]["title"] for publication in feed["publications"]]


@pytest.fixture
def market(reindex, client):
    client.cookies["django_language"] = "en"
    subjects.load()
    port, page = factories.shop("Librairie du Port", slug="port"), factories.shop("La Page", slug="page")
    book = factories.product(
        "L'Étranger",
        gtin=9782070360024,
        is_book=True,
        contributors=[{"name": "Camus, Albert", "role": "author"}, {"name": "X", "role": "preface"}],
        publisher="Gallimard",
        series="Folio",
        series_number="T2",
        subject_codes=["FBA"],
        subject_path=["F", "FB"],
        cover="covers/a.jpg",
    )
    factories.stock_record(port, book, price="12.90")
    factories.stock_record(page, factories.product("Autre"), price="5.00")
    reindex()


def test_start_leads_to_everything_else(client, market):
    start = read(client, "/opds/")
    paths = [entry["href"].removeprefix("http://testserver") for entry in start["navigation"]]
    assert paths == ["/opds/new/", "/opds/titles/", "/opds/subjects/", "/opds/shops/"]
    assert titles(read(client, paths[0])) == ["Autre", "L'Étranger"]
    assert sorted(titles(read(client, paths[1]))) == ["Autre", "L'Étranger"]
    assert link(start, "search") == "/opds/titles/{?query}"


def test_publication_says_what_it_is_and_where_it_is_bought(client, market):
    (found,) = read(client, "/opds/titles/?query=camus")["publications"]
    assert found["metadata"]["identifier"] == "urn:isbn:9782070360024"
    assert (found["metadata"]["author"], found["metadata"]["contributor"]) == (["Albert Camus"], ["X"])
    assert found["metadata"]["belongsTo"] == {"series": [{"name": "Folio", "position": 2}]}
    assert found["metadata"]["subject"] == [
        {"name": "General and literary fiction", "code": "FBA", "scheme": "https://ns.editeur.org/thema/"}
    ]
    (bought,) = [link for link in found["links"] if link["rel"] == ACQUISITION]
    assert bought["href"].startswith("http://testserver/catalogue/letranger_")
    assert bought["properties"] == {
        "availability": {"state": "available"},
        "price": {"value": 12.9, "currency": "CAD"},
    }
    own = client.get(link(found, "self"))
    assert (own["Content-Type"], json.loads(own.content)) == (opds.PUBLICATION, found)
    assert client.get("/opds/title/999999/").status_code == 404


@pytest.mark.parametrize(
    ("territory", "used", "said"),
    [
        ("", False, ("available", 12.9, None)),
        ("-FR", False, ("available", 12.9, None)),
        ("+FR", False, ("unavailable", None, "Not for sale in Canada")),
        ("+FR", True, ("available", 4.0, "Not for sale in Canada")),
    ],
)
def test_what_may_not_be_sold_in_the_networks_country_is_not_offered(client, market, territory, used, said):
    factories.network(country="CA")
    book = ProductFacts.objects.get(gtin=9782070360024)
    ProductFacts.objects.filter(pk=book.pk).update(territory=territory, age_limit="18")
    if used:
        factories.stock_record(factories.shop(), book.product, price="4.00", condition="good")
    found = json.loads(client.get(f"/opds/title/{book.product_id}/").content)
    (buy,) = [link for link in found["links"] if link["rel"] == ACQUISITION]
    terms = buy["properties"]
    assert (terms["availability"]["state"], terms.get("price", {}).get("value"), buy.get("title")) == said
    assert found["metadata"]["audience"]["requiredMinAge"] == 18
    assert wrong_publication(found) == []


def test_shop_has_a_catalogue_with_a_search_of_its_own(client, market):
    shops = read(client, "/opds/shops/")["navigation"]
    assert [entry["title"] for entry in shops] == ["La Page", "Librairie du Port"]
    feed = read(client, "/opds/shops/port/")
    assert (titles(feed), link(feed, "search")) == (["L'Étranger"], "/opds/shops/port/{?query}")
    empty = read(client, "/opds/shops/port/?query=autre")
    assert (empty["publications"], empty["metadata"]["numberOfItems"]) == ([], 0)
    assert client.get("/opds/shops/none/").status_code == 404


def test_subjects_are_browsed_downwards(client, market):
    (fiction,) = read(client, "/opds/subjects/")["navigation"]
    assert (fiction["title"], fiction["properties"]) == ("Fiction", {"numberOfItems": 1})
    feed = read(client, fiction["href"])
    assert (titles(feed), [entry["title"] for entry in feed["navigation"]]) == (
        ["L'Étranger"],
        ["General and literary fiction"],
    )


@pytest.mark.parametrize("number", [1, 30])
def test_pages_lead_on_with_the_same_number_of_queries(client, reindex, django_assert_num_queries, number):
    shop = factories.shop()
    for place in range(number):
        factories.stock_record(shop, factories.product(f"Tome {place}"))
    reindex()
    client.get("/opds/titles/")
    with django_assert_num_queries(2):  # titles; offers
        feed = read(client, "/opds/titles/?query=tome")
    assert feed["metadata"]["numberOfItems"] == number
    if number > 20:
        second = read(client, link(feed, "next"))
        assert (len(second["publications"]), link(second, "previous")) == (10, "/opds/titles/?query=tome&page=1")
    assert "next" not in {one["rel"] for one in (second if number > 20 else feed)["links"]}


def test_a_broken_publication_is_noticed():
    """Negative control."""
    assert wrong_publication({"metadata": {}, "links": [], "images": []}) == [
        *("no title", "no self", f"no {ACQUISITION}", "no picture")
    ]
