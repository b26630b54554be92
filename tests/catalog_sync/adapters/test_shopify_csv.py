"""Shopify's product and inventory exports."""

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestShopifyProducts(AdapterConformance):
    kind = "shopify_csv"
    fixture = FIXTURES / "shopify_products.csv"
    ends_may_be_open = True
    expected = {
        "CH-S": {
            "title": "Chemise – S – bleu",
            "price": 4900,
            "quantity": 5,
            "availability": "in_stock",
            "publisher": "Atelier",
            "cover": "https://img.example/1.jpg",
            "description": "<p>Lin,\nlavé</p>",
        },
        # no SKU: Shopify's handle and the options
        "chemise/M/bleu": {"quantity": 0, "availability": "temporarily_unavailable", "publisher": "Atelier"},
        # not tracked: its number means nothing
        "LV-1": {"title": "Un livre", "gtin": 9782070368228, "availability": "in_stock", "form": "book"},
        "CO-1": {"quantity": 0, "availability": "orderable"},
    }
    unknown_quantities = ("LV-1",)
    expected_gone = ("AN-1",)


class TestShopifyInventory(AdapterConformance):
    kind = "shopify_csv"
    fixture = FIXTURES / "shopify_inventory.csv"
    lane = Lane.STOCK
    ends_may_be_open = True
    expected = {"CH-S": {"quantity": 6, "contains_our_orders": True}, "chemise/M": {"quantity": 0}}
    unknown_quantities = ("LV-1",)

    def test_one_location_is_counted_alone(self, file):
        feed = FeedUnderTest(self.kind, str(file), options={"locations": ["rue haute"]})
        (chunk,) = adapter_for(feed).fetch(Lane.STOCK, None)
        assert [(record.sku, record.quantity) for record in chunk.records] == [
            ("CH-S", 2),
            ("chemise/M", 0),
            ("LV-1", None),
        ]


def test_export_without_quantity_column_is_unknown_and_told(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text("Handle,Title,Variant SKU,Variant Price\na,A,S1,10.00\n")
    (chunk,) = adapter_for(FeedUnderTest("shopify_csv", str(path))).fetch(Lane.CATALOGUE, None)
    assert [(record.quantity, record.availability) for record in chunk.records] == [(None, "unknown")]
    assert "columns_missing" in [note.code for note in chunk.notes]
