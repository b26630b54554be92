"""Google Merchant feeds."""

from datetime import UTC, datetime

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestGoogleMerchant(AdapterConformance):
    kind = "google_merchant"
    fixture = FIXTURES / "google.xml"
    expected = {
        "MUG-1": {
            "title": "Tasse & soucoupe",
            "price": 360000,
            "currency": "KES",
            "price_kind": "retail",
            "availability": "in_stock",
            "condition": "new",
            "as_of": datetime(2024, 3, 5, 8, 0, tzinfo=UTC),
            "publisher": "Atelier",
            "cover": "https://images.example/mug.jpg",
            "subjects": (("sender", "", "Maison > Tasses"),),
            "description": "Faite à la main.",
        },
        "BOOK-1": {
            "gtin": 9782070368228,
            "price": 1290,  # the sale is over
            "availability": "temporarily_unavailable",
            "condition": "acceptable",
        },
        "BOOK-2": {"availability": "preorder", "available_from": "2029-03-01"},
    }
    unknown_quantities = ("MUG-1", "BOOK-1", "BOOK-2")
    expected_refused = ("sku_missing",)
    long_feed = (
        "<rss><channel>",
        "<item><id>NUMBER</id><title>T</title><price>1 EUR</price></item>\n",
        "</channel></rss>",
    )


def test_atom_is_read_and_a_running_sale_counts(tmp_path):
    path = tmp_path / "atom.xml"
    item = "<entry><g:id>A</g:id><title>T</title><g:price>10 EUR</g:price><g:sale_price>8 EUR</g:sale_price></entry>"
    path.write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
        f"<updated>2024-03-05</updated>{item}</feed>"
    )
    (chunk,) = adapter_for(FeedUnderTest("google_merchant", str(path))).fetch(Lane.CATALOGUE, None)
    assert [(record.sku, record.title, record.price) for record in chunk.records] == [("A", "T", 800)]
    assert chunk.as_of == datetime(2024, 3, 4, 22, 45, tzinfo=UTC)


class TestGoogleMerchantTable(AdapterConformance):
    kind = "google_merchant"
    fixture = FIXTURES / "google.tsv"
    expected = {
        "MUG-1": {
            "title": "Tasse & soucoupe",
            "price": 360000,
            "currency": "KES",
            "availability": "in_stock",
            "publisher": "Atelier",
            "cover": "https://images.example/mug.jpg",
            "subjects": (("sender", "", "Maison > Tasses"),),
        },
        "BOOK-1": {
            "gtin": 9782070368228,
            "price": 1290,  # the sale is over
            "availability": "temporarily_unavailable",
            "condition": "acceptable",
            "subjects": (("sender", "", "Romans"), ("google", "784", "")),
        },
        "BOOK-2": {"availability": "preorder", "available_from": "2029-03-01"},
    }
    unknown_quantities = ("MUG-1", "BOOK-1", "BOOK-2")
    expected_refused = ("sku_missing",)
    ends_may_be_open = True
    long_feed = ("id\ttitle\tlink\tprice\n", "NUMBER\tT\tx\t1 EUR\n", "")
