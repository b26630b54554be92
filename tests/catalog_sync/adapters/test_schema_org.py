"""schema.org pages and files."""

import json

import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestSchemaOrg(AdapterConformance):
    kind = "schema_org"
    fixture = FIXTURES / "schema_org.json"
    expected = {
        "B-1": {
            "gtin": 9782070360246,
            "title": "L'Étranger",
            "price": 750,
            "currency": "EUR",
            "quantity": 3,
            "availability": "in_stock",
            "condition": "new",
            "contributors": (("Albert Camus", "author"), ("Sandra Smith", "translator")),
            "publisher": "Gallimard",
            "language": "fr",
            "form": "paperback",
            "pages": 191,
            "publication_date": "1971-12-01",
            "cover": "https://images.example/etranger.jpg",
            "series": "Folio",
            "series_number": "2",
            "subjects": (("sender", "", "Romans"), ("sender", "", "Classiques")),
        },
        "T-1": {"price": 109900, "availability": "temporarily_unavailable", "publisher": "Atelier"},
        "D-new": {"gtin": 9782070368228, "price": 1290, "availability": "preorder", "available_from": "2029-03-01"},
        "D-used": {"gtin": 9782070368228, "price": 600, "condition": "acceptable", "availability": "in_stock"},
        "N-1": {"price": None, "availability": "unknown"},
        "A-1": {"price": None},
    }
    unknown_quantities = ("T-1", "D-new", "D-used", "N-1", "A-1")
    expected_refused = ("sku_missing",)
    long_feed = ("[", '{"@type":"Product","sku":"NUMBER","name":"T","offers":{"price":1}},\n', "{}]")


def read(tmp_path, value: object, name: str = "feed.json"):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return list(adapter_for(FeedUnderTest("schema_org", str(path))).fetch(Lane.CATALOGUE, None))


def test_page_gives_its_products_and_is_never_the_whole_list():
    feed = FeedUnderTest("schema_org", str(FIXTURES / "schema_org.htm"))
    (chunk,) = adapter_for(feed).fetch(Lane.CATALOGUE, None)
    assert [(r.sku, r.title, r.price, r.availability, r.contributors) for r in chunk.records] == [
        ("9782070360246", "L'Étranger", 750, "in_stock", (("Albert Camus", "author"),))
    ]
    assert [(refused.position, refused.reason.code) for refused in chunk.refused] == [(2, "json_broken")]
    assert not chunk.complete


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "Product", "sku": "A", "name": "T"},
        [{"@type": ["Thing", "https://schema.org/Product"], "sku": "A", "name": {"@value": "T", "@language": "fr"}}],
        {"@graph": [{"@type": "WebPage", "mainEntity": {"@type": "Product", "productID": "A", "name": ["T", "U"]}}]},
        {"@type": "DataFeed", "dataFeedElement": [{"item": {"@type": "Product", "sku": "A", "name": "T"}}]},
        {"@type": "ProductGroup", "name": "G", "hasVariant": [{"@type": "Product", "sku": "A", "name": "T"}]},
        {"@type": "Offer", "price": 5, "itemOffered": {"@type": "Product", "sku": "A", "name": "T"}},
        {"@type": "Book", "name": "Work", "workExample": [{"@type": "Book", "productID": "A", "name": "T"}]},
    ],
    ids=["bare", "types", "graph", "feed", "group", "offer", "work"],
)
def test_product_is_found_wherever_it_stands(tmp_path, value):
    (chunk,) = read(tmp_path, value)
    assert [(record.sku, record.title) for record in chunk.records] == [("A", "T")]


def test_several_offers_without_numbers_are_one_article(tmp_path):
    offers = [{"price": "5"}, {"price": "4", "sku": "x"}, {"price": "3"}]
    (chunk,) = read(tmp_path, {"@type": "Product", "sku": "A", "name": "T", "offers": offers})
    assert [(record.sku, record.price) for record in chunk.records] == [("A", 500)]
    assert [issue.reason.code for issue in chunk.issues] == ["offers_several"]


def test_references_in_a_circle_end(tmp_path):
    itself = {"@id": "a"}
    graph = [{**itself, "@type": "Product", "sku": "A", "name": "T", "offers": itself, "mainEntity": itself}]
    (chunk,) = read(tmp_path, {"@graph": graph})
    assert [record.sku for record in chunk.records] == ["A"]


def test_page_full_of_open_scripts_ends(tmp_path):
    page = "<html><script type='application/ld+json'>{}</script>" + "<script type='application/ld+json'>" * 50_000
    assert [each.reason.code for each in read(tmp_path, page, "page.html")[-1].refused] == ["record_cut"]
