"""New arrivals as Atom feeds, and the description of our search."""

from xml.etree import ElementTree

import pytest
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import subjects
from marketplace.catalogue.models import ProductFacts
from tests import factories

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def read(response) -> ElementTree.Element:
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.findall(f"{ATOM}entry")):  # RFC 4287, 4.1.1 and 4.1.2
        assert all(len(element.findall(ATOM + name)) == 1 for name in ("id", "title", "updated"))
    return root


def titles(response) -> list[str]:
    return [str(entry.findtext(f"{ATOM}title")) for entry in read(response).findall(f"{ATOM}entry")]


@pytest.fixture
def market(reindex):
    subjects.load()
    port, page = factories.shop("Librairie du Port", slug="port"), factories.shop("La Page", slug="page")
    old, novel, new = (
        factories.product("Ancien"),
        factories.product("Roman \x0b& fils", subject_codes=["FBA"], subject_path=["F", "FB"], publisher="Boréal"),
        factories.product("Nouveau", contributors_text="Anne Hébert"),
    )
    factories.product("Nulle part")
    for shop, product, price in ((port, new, "30"), (port, old, "10"), (page, novel, "20"), (page, old, "9")):
        factories.stock_record(shop, product, price=price)
    factories.stock_record(port, novel, units=0)
    reindex()


def test_arrivals_begin_with_the_last(client, market):
    response = client.get("/new/feed.atom")
    assert titles(response) == ["Nouveau", "Roman & fils", "Ancien"]
    root = read(response)
    entry = root.find(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}summary") == "Anne Hébert · dès 30,00\xa0$"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Anne Hébert"
    assert entry.find(f"{ATOM}link").get("href").startswith("http://testserver/catalogue/nouveau_")
    assert {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")} == {
        "alternate": "http://testserver/new/",
        "self": "http://testserver/new/feed.atom",
    }


def test_what_may_not_be_sold_in_the_networks_country_is_no_news(client, market):
    factories.network(country="CA")
    ProductFacts.objects.filter(product__title="Nouveau").update(territory="+FR")
    ProductFacts.objects.filter(product__title="Ancien").update(age_limit="18")
    ProductFacts.objects.filter(product__title__startswith="Roman").update(territory="+FR")
    roman = Product.objects.get(title__startswith="Roman")
    factories.stock_record(factories.shop(), roman, price="3.00", condition="good")
    response = client.get("/new/feed.atom")
    assert titles(response) == ["Roman & fils", "Ancien"]
    summaries = [str(entry.findtext(f"{ATOM}summary")) for entry in read(response).findall(f"{ATOM}entry")]
    assert ("3,00" in summaries[0], "20,00" in summaries[0]) == (True, False)
    assert "18 ans" in summaries[1]


def test_feed_is_not_sent_again_to_who_has_it(client, market):
    response = client.get("/new/feed.atom")
    assert client.get("/new/feed.atom", headers={"If-None-Match": response["ETag"]}).status_code == 304
    StockRecord.objects.update(price=5)
    assert client.get("/new/feed.atom", headers={"If-None-Match": response["ETag"]}).status_code == 200


def test_shop_has_a_feed_of_what_came_to_it(client, market):
    assert titles(client.get("/shops/port/feed.atom")) == ["Ancien", "Nouveau"]
    assert client.get("/shops/none/feed.atom").status_code == 404


def test_subject_has_a_feed(client, market):
    assert titles(client.get("/subject/f-romans-et-fiction/feed.atom")) == ["Roman & fils"]
    assert client.get("/subject/zz/feed.atom").status_code == 404


def test_feeds_are_answered_while_the_search_is_down(client, market, settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "nothing-here"
    assert titles(client.get("/new/feed.atom"))[:2] == ["Nouveau", "Roman & fils"]
    assert titles(client.get("/subject/f-romans-et-fiction/feed.atom")) == ["Roman & fils"]


def test_search_is_described_and_named_on_every_page(client):
    response = client.get("/opensearch.xml")
    assert response["Content-Type"] == "application/opensearchdescription+xml"
    name = "{http://a9.com/-/spec/opensearch/1.1/}"
    root = ElementTree.fromstring(response.content)
    assert (root.tag, root.findtext(f"{name}ShortName")) == (f"{name}OpenSearchDescription", "Halles")
    assert {url.get("type"): url.get("template") for url in root.findall(f"{name}Url")} == {
        "text/html": "http://testserver/search/?q={searchTerms}",
        "application/opds+json": "http://testserver/opds/titles/?query={searchTerms}",
        "application/opensearchdescription+xml": "http://testserver/opensearch.xml",
    }
    assert 'rel="search" type="application/opensearchdescription+xml"' in client.get("/shops/").content.decode()
