"""What a title's page says to programs."""

import json
import re

import pytest

from marketplace.storefront import structured
from tests import factories

pytestmark = pytest.mark.django_db


def graph_of(response) -> dict[str, dict]:
    """The parts of the page's JSON-LD: the title, and its trail."""
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', response.content.decode(), re.DOTALL)
    said = json.loads(block)
    assert said["@context"] == "https://schema.org"
    return dict(zip(("title", "trail"), said["@graph"], strict=True))


def stranger(**facts):
    return factories.product(
        "L'Étranger </script><script>alert(1)</script>",
        gtin=9782070360024,
        is_book=True,
        contributors=[{"name": "Camus, Albert", "role": "author"}, {"name": "Anne Autre", "role": "translator"}],
        contributors_text="Camus, Albert",
        description="<p>Sous le soleil &amp; la mer.</p><p>Alger.</p>",
        **facts,
    )


def test_book_is_a_product_with_an_offer_of_each_shop(client):
    product = stranger(form="pocket", publisher="Gallimard", pages=184, series="Folio", series_number="2")
    for number in range(7):
        shop = factories.shop(f"Boutique {number}", slug=f"boutique-{number}")
        terms = [{}, {"condition": "good"}, {"availability": "preorder"}][min(number, 2)]
        factories.stock_record(shop, product, price=f"{10 + number}.50", units=0 if number > 1 else 2, **terms)
    response = client.get(product.get_absolute_url())
    assert b"</script><script>alert" not in response.content
    said = graph_of(response)["title"]
    address = f"http://testserver{product.get_absolute_url()}"
    assert (said["@type"], said["@id"], said["name"]) == (["Book", "Product"], address, product.title)
    assert (said["isbn"], said["gtin13"], said["numberOfPages"]) == ("9782070360024", "9782070360024", 184)
    assert said["author"] == [
        {"@type": "Person", "name": "Albert Camus", "url": "http://testserver/author/albert-camus/"}
    ]
    assert said["translator"][0]["name"] == "Anne Autre"
    assert said["isPartOf"] == {"@type": "BookSeries", "name": "Folio", "url": "http://testserver/series/folio/"}
    assert (said["bookFormat"], said["description"]) == (
        "https://schema.org/Paperback",
        "Sous le soleil & la mer. Alger.",
    )
    assert len(said["offers"]) == 7
    offers = {offer["seller"]["name"]: offer for offer in said["offers"]}
    assert offers["Boutique 0"] == {
        "@type": "Offer",
        "url": address,
        "price": "10.50",
        "priceCurrency": "CAD",
        "availability": "https://schema.org/InStock",
        "itemCondition": "https://schema.org/NewCondition",
        "seller": {"@type": "Store", "name": "Boutique 0", "url": "http://testserver/shops/boutique-0/"},
    }
    assert offers["Boutique 1"]["itemCondition"] == "https://schema.org/UsedCondition"
    assert offers["Boutique 2"]["availability"] == "https://schema.org/PreOrder"


def test_what_is_no_book_is_a_product_alone(client):
    product = factories.product("Lampe", gtin=123456789012)
    said = graph_of(client.get(product.get_absolute_url()))["title"]
    assert (said["@type"], said["gtin"], "offers" in said) == ("Product", "0123456789012", False)


def test_trail_is_shown_and_said(client):
    client.cookies["django_language"] = "en"
    product = stranger(subject_codes=["FFC", "FBA"], subject_path=["F", "FF"])
    response = client.get(product.get_absolute_url())
    assert [(item["position"], item["name"]) for item in graph_of(response)["trail"]["itemListElement"]] == [
        *((1, "Halles"), (2, "Fiction"), (3, "Crime and mystery"), (4, product.title))
    ]
    page = response.content.decode()
    assert '<a href="/subject/ff-romans-policiers-et-noirs/">Crime and mystery</a></li>' in page
    assert '<dd><a href="/subject/ff-romans-policiers-et-noirs/">Crime and mystery</a>, <a href="/subject/fb-' in page


def test_open_graph_tells_what_is_shared(client):
    response = client.get(stranger(publication_date="1942-05-19").get_absolute_url())
    found = dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', response.content.decode()))
    assert found["og:type"] == "book"
    assert found["og:locale"] == "fr_CA"
    assert found["og:description"] == "Sous le soleil &amp; la mer. Alger."
    assert found["og:url"].startswith("http://testserver/catalogue/letranger")
    assert found["book:isbn"] == "9782070360024"
    assert found["book:author"] == "http://testserver/author/albert-camus/"
    assert found["book:release_date"] == "1942-05-19"


def test_description_is_cut_at_a_word():
    assert structured.plain("<p>Un deux trois</p>", 10) == "Un deux…"
    assert structured.plain("<p>Un</p><p>deux</p>") == "Un deux"
