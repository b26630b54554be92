"""WooCommerce's product export."""

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestWooCommerceInFrench(AdapterConformance):
    kind = "woocommerce_csv"
    fixture = FIXTURES / "woocommerce.csv"
    ends_may_be_open = True
    expected = {
        "TS-S": {
            "title": "T-shirt – S",
            "price": 1900,
            "quantity": 4,
            "availability": "in_stock",
            "description": "<p>Coton</p>",
            "subjects": (("sender", "", "Vêtements"), ("sender", "", "Vêtements > Hauts")),
            "cover": "https://img.example/ts.jpg",
        },
        # repeats its parent's SKU and has no name: told apart by its id, called after its parent
        "TS-12": {"title": "T-shirt – M", "price": 1500, "quantity": 0, "availability": "orderable"},
        "LV": {"gtin": 9782070368228, "availability": "in_stock"},
        "SP": {"price": None, "quantity": 3},
    }
    unknown_quantities = ("LV",)
    expected_gone = ("BR",)


def test_variations_in_a_second_file_are_read_with_their_parents(tmp_path):
    parents, variations = tmp_path / "parents.csv", tmp_path / "variations.csv"
    parents.write_text("id,name,sku,type,status,price,stock_quantity,categories\n1,Set,S,variable,publish,20,,Kids\n")
    variations.write_text("parent_id,parent_name,parent_sku,id,sku,price,attributes\n1,Set,S,2,S,18,Size: 6\n")
    feed = FeedUnderTest("woocommerce_csv", str(parents), options={"variations": str(variations)})
    (chunk,) = adapter_for(feed).fetch(Lane.CATALOGUE, None)
    assert [(r.sku, r.title, r.price, r.subjects, r.quantity) for r in chunk.records] == [
        ("S-2", "Set – Size: 6", 1800, (("sender", "", "Kids"),), None)
    ]
    assert chunk.complete
