"""The stock of Abelujo, a bookshop program."""

import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.detecting import detect
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES

LISTING = (
    "ISBN;Title;Authors;Publishers;Supplier;Shelf;Price;with discount;Quantity\r\n"
    "9782070360024;L’Étranger;Albert Camus;Gallimard;Sodis;Fiction;7.5;6.75;-1\r\n"
)


class TestAbelujo(AdapterConformance):
    kind = "abelujo"
    fixture = FIXTURES / "abelujo_stock.csv"
    expected = {
        "9782070360024": {
            "gtin": 9782070360024,
            "title": "L’Étranger",
            "price": 750,
            "price_kind": "retail",
            "quantity": 3,
            "availability": "in_stock",
            "contributors": (("Albert Camus", "author"),),
            "subjects": (("sender", "", "Littérature"),),
        },
        "9782070368228": {
            "title": "Bartleby; le scribe",
            "price": 690,
            "contributors": (("Herman Melville", "author"), ("Michèle Causse", "author")),
            "subjects": (),
        },
        "9782070408504": {"price": None, "quantity": 0, "availability": "temporarily_unavailable"},
    }
    expected_refused = ("sku_missing",)
    ends_may_be_open = True
    long_feed = ("title;authors;price;quantity;shelf;isbn\n", "NUMBER;A;1.00;1;S;9782070368228\n", "")


def test_listing_of_an_inventory_is_read_too(tmp_path):
    path = tmp_path / "inventaire.csv"
    path.write_text(LISTING)
    assert detect(path) == "abelujo"
    (chunk,) = adapter_for(FeedUnderTest("abelujo", str(path))).fetch(Lane.CATALOGUE, None)
    [record] = chunk.records
    assert (record.publisher, record.price, record.quantity) == ("Gallimard", 750, 0)
    assert [issue.reason.code for issue in chunk.issues] == ["quantity_negative"]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("title;authors;price;quantity;shelf;isbn", "abelujo"),
        ("título;autores;precio;cantidad;estantería;isbn", "abelujo"),
        ("titre;auteurs;prix;quantité;rayon;isbn;éditeur", "csv"),  # some shop's own list
    ],
)
def test_its_files_are_told_from_shops_own_lists(tmp_path, header, kind):
    path = tmp_path / "list.csv"
    path.write_text(f"{header}\nNana;Zola;5;1;x;9782070360024;y\n")
    assert detect(path) == kind
