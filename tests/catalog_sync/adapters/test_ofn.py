"""Open Food Network's product list."""

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES


class TestOpenFoodNetwork(AdapterConformance):
    kind = "ofn"
    fixture = FIXTURES / "ofn_products.csv"
    expected = {
        "TOM-1": {
            "title": "Tomates – Cerises",
            "price": 320,
            "quantity": 12,
            "availability": "in_stock",
            "publisher": "Ferme des Tilleuls",
            "subjects": (("sender", "", "Légumes"),),
            "description": "Cueillies le matin",
            "unit_size": "500 g",
            "tax_code": "TVA 5.5",
        },
        "Ferme des Tilleuls/Soupe aux pois/750 ml": {"price": 550, "availability": "unknown"},
        "Ferme des Tilleuls/Salade/1 bottes": {"price": 150, "availability": "in_stock", "unit_size": "1 bottes"},
        "FAR-1": {"price": None, "quantity": 0, "availability": "temporarily_unavailable"},
        "PAIN-1": {"quantity": 4, "availability": "preorder", "available_from": "2029-12-01"},
    }
    unknown_quantities = ("Ferme des Tilleuls/Soupe aux pois/750 ml", "Ferme des Tilleuls/Salade/1 bottes")
    expected_refused = ("title_missing",)
    ends_may_be_open = True
    long_feed = ("producer,sku,name,units,on_hand,price\n", "P,NUMBER,N,1,1,1.00\n", "")


def test_day_of_availability_that_is_past_means_nothing(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("name,producer,units,on_hand,available_on\nPain,Moulin,1,4,2020-01-01\n")
    (chunk,) = adapter_for(FeedUnderTest("ofn", str(path))).fetch(Lane.CATALOGUE, None)
    assert [(record.availability, record.available_from) for record in chunk.records] == [("in_stock", "")]
