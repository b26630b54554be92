"""BookNet Canada's weekly report."""

from datetime import UTC, datetime

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES

FIXTURE = FIXTURES / "20240303_Librairie_Exemple_booknet.csv"


class TestBookNet(AdapterConformance):
    kind = "booknet"
    fixture = FIXTURE
    options = {"whole_stock": True}
    expected = {
        "9782070368228": {
            "gtin": 9782070368228,
            "title": "",
            "price": 1395,
            "quantity": 3,
            "availability": "in_stock",
            "as_of": datetime(2024, 3, 2, 22, 45, tzinfo=UTC),  # start of the day in the name, in Paris
        },
        "9780439023481": {"price": None, "quantity": 0, "availability": "temporarily_unavailable"},
        "9780804429573": {"price": 109900, "availability": "unknown"},
        "9782070360246": {"price": None, "quantity": 0},  # "$" is no sign of a feed in euros
    }
    unknown_quantities = ("9780804429573",)
    expected_refused = ("gtin_check_digit",)
    ends_may_be_open = True
    long_feed = ("ISBN,On Hand,Actual Selling Price,On Order\n", "9782070368228,1,1.00,NUMBER\n", "")


def test_report_is_not_taken_for_the_whole_stock_unless_the_shop_says_so():
    (chunk,) = adapter_for(FeedUnderTest("booknet", str(FIXTURE))).fetch(Lane.CATALOGUE, None)
    assert (chunk.complete, [note.code for note in chunk.notes][-1]) == (False, "delta_only")


def test_day_in_the_name_of_an_address_counts(tmp_path):
    path = tmp_path / "20240310_Shop.csv"
    path.write_bytes(FIXTURE.read_bytes())
    (chunk,) = adapter_for(FeedUnderTest("booknet", str(path), timezone="UTC")).fetch(Lane.CATALOGUE, None)
    assert chunk.as_of == datetime(2024, 3, 9, 23, 45, tzinfo=UTC)
