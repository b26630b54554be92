"""ONIX 3.0, 3.1 and 2.1 in the dialects of real senders."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.adapters.onix_codes import REFERENCE_NAMES
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.reasons import FeedError
from catalog_sync.records import CatalogRecord, Chunk, Lane
from tests.catalog_sync.feeds import FIXTURES

START, END = "<ONIXMessage release='3.0'>", "</ONIXMessage>"


class TestOnix30(AdapterConformance):
    kind = "onix"
    fixture = FIXTURES / "onix30.xml"
    expected = {
        "exemple.0001": {
            "gtin": 9782070368228,
            "title": "L’Étranger de passage",
            "subtitle": "Roman",
            "price": 760,
            "currency": "EUR",
            "price_kind": "fixed",
            "quantity": 7,
            "availability": "in_stock",
            "as_of": datetime(2024, 3, 5, 8, 0, tzinfo=UTC),
            "contributors": (("Zoé Lefèvre", "author"), ("Anne Dupont", "translator")),
            "publisher": "Éditions Exemple",
            "subjects": (("clil", "3442", ""), ("keywords", "", "mer"), ("keywords", "", "exil")),
            "language": "fr",
            "form": "pocket",
            "pages": 184,
            "publication_date": "2019-03-14",
            "description": "<p>Un homme, une <em>plage</em>.</p>",
            "cover": "https://covers.example/0001.jpg",
            "series": "Collection d’essai",
            "series_number": "12",
            "audience": "general",
            "tax_code": "5.5",
        },
        # withdrawn by its publisher: wins over "available" and over a stock; price of 10.00 without its 5.5 % of tax
        "exemple.0002": {"title": "Un livre retiré de la vente", "availability": "unavailable", "price": 1055},
        "exemple.0003": {"price": 0, "availability": "digital", "form": "ebook"},
        # only a trade price, and a bare ampersand
        "exemple.0007": {
            "title": "À paraître & attendu",
            "price": None,
            "availability": "preorder",
            "available_from": "2029-09-01",
        },
    }
    unknown_quantities = ("exemple.0003", "exemple.0007")
    expected_gone = ("exemple.0005",)
    expected_refused = ("record_test",)
    long_feed = (
        START,
        "<Product><RecordReference>NUMBER</RecordReference><DescriptiveDetail><TitleDetail><TitleType>01</TitleType>"
        "<TitleElement><TitleElementLevel>01</TitleElementLevel><TitleText>T</TitleText></TitleElement></TitleDetail>"
        "</DescriptiveDetail></Product>\n",
        END,
    )


class TestOnix21(AdapterConformance):
    kind = "onix"
    fixture = FIXTURES / "onix21.xml"
    expected = {
        "R1": {
            "gtin": 9780439023481,
            "title": "L'été étrange &loud;",
            "price": 3295,
            "currency": "CAD",
            "price_kind": "recommended",
            "quantity": 10,
            "as_of": datetime(2024, 3, 4, 22, 45, tzinfo=UTC),
            "availability": "in_stock",
            "contributors": (("Hans Küng", "author"),),
            "publisher": "Exemple",
            "subjects": (("bic", "KF", ""),),
            "pages": 304,
            "publication_date": "2009-10-01",
            "description": "<b>Court</b> </Product> texte",
            "cover": "http://covers.example/R1.jpg",
            "series": "Série",
            "series_number": "3",
            "audience": "children",
        },
        "R2": {"price": 1500, "availability": "orderable", "form": "hardback"},
    }
    unknown_quantities = ("R2",)


def read(content: str, tmp_path: Path, encoding: str = "utf-8", **settings) -> list[Chunk]:
    path = tmp_path / "message.xml"
    path.write_bytes(content.encode(encoding))
    return list(adapter_for(FeedUnderTest("onix", str(path), **settings)).fetch(Lane.CATALOGUE, None))


def records(chunks: list[Chunk]) -> list[CatalogRecord]:
    return [record for chunk in chunks for record in chunk.records]


def product(inner: str, reference: str = "R") -> str:
    return (
        f"<Product><RecordReference>{reference}</RecordReference><NotificationType>03</NotificationType>"
        "<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>9782070368228</IDValue></ProductIdentifier>"
        f"{inner}</Product>"
    )


def supply(inner: str) -> str:
    return product(f"<ProductSupply><SupplyDetail>{inner}</SupplyDetail></ProductSupply>")


def one(inner: str, tmp_path: Path, **settings) -> CatalogRecord:
    (record,) = records(read(f"{START}{inner}{END}", tmp_path, **settings))
    return record


def in_short_tags(text: str) -> str:
    shorts: dict[str, str] = {}
    for short, reference in REFERENCE_NAMES.items():
        shorts.setdefault(reference, short)
    renamed = re.sub(r"(</?)([A-Z]\w+)", lambda found: found[1] + shorts.get(found[2], found[2]), text)
    return renamed.replace("<ONIXMessage", "<ONIXmessage").replace("</ONIXMessage", "</ONIXmessage")


def with_prefix(text: str) -> str:
    return re.sub(r"(</?)(?=\w)", r"\1o:", text.replace(RIGHT, RIGHT.replace("xmlns", "xmlns:o")))


RIGHT = 'xmlns="http://ns.editeur.org/onix/3.0/reference"'


@pytest.mark.parametrize(
    "change",
    [
        in_short_tags,
        lambda text: text.replace(RIGHT, ""),
        lambda text: text.replace(RIGHT, 'xmlns="http://www.editeur.org/onix/3.0/reference"'),
        lambda text: text.replace("<Product>", f"<Product {RIGHT}>"),
        with_prefix,
    ],
    ids=["short tags", "no namespace", "wrong namespace", "repeated namespace", "prefix"],
)
def test_dialects_read_the_same(change, tmp_path):
    text = TestOnix30.fixture.read_text(encoding="utf-8")
    assert records(read(change(text), tmp_path)) == records(read(text, tmp_path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_charsets_read_the_same(encoding, tmp_path):
    text = TestOnix30.fixture.read_text(encoding="utf-8").replace(' encoding="UTF-8"', "")
    assert records(read(text, tmp_path, encoding=encoding)) == records(read(text, tmp_path))


def test_fragment_without_root_is_read(tmp_path):
    (chunk,) = read(product(""), tmp_path)
    assert (len(chunk.records), chunk.complete) == (1, True)


def test_message_with_no_product_is_no_error_and_not_complete(tmp_path):
    (chunk,) = read("<ONIXMessage><Header/><NoProduct/></ONIXMessage>", tmp_path)
    assert (chunk.records, chunk.complete) == ([], False)


def test_unclosed_product_costs_one_record(tmp_path):
    (chunk,) = read(f"{START}{product('', 'A')}<Product><RecordReference>B{product('', 'C')}{END}", tmp_path)
    assert [record.sku for record in chunk.records] == ["A", "C"]
    assert [(refused.reason.code, refused.position) for refused in chunk.refused] == [("record_unreadable", 2)]


def test_control_characters_are_removed_and_told(tmp_path):
    (chunk,) = read(START + product("<DistinctiveTitle>A\x10B</DistinctiveTitle>") + END, tmp_path)
    assert chunk.records[0].title == "A B"
    assert [note.code for note in chunk.notes][-1] == "control_characters"


def test_entity_bomb_stays_text(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    text = f"{bomb}{START}{product('<DistinctiveTitle>&b;</DistinctiveTitle>')}{END}"
    assert records(read(text, tmp_path))[0].title == "&b;"


def test_external_entity_is_not_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    text = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{secret}">]>{START}{product("<DistinctiveTitle>&s;</DistinctiveTitle>")}{END}'
    assert records(read(text, tmp_path))[0].title == "&s;"


def test_series_volume_without_title_is_called_by_series_and_number(tmp_path):
    titles = (
        "<DescriptiveDetail><TitleDetail><TitleType>01</TitleType>"
        "<TitleElement><TitleElementLevel>02</TitleElementLevel><TitleText>Manga</TitleText></TitleElement>"
        "<TitleElement><TitleElementLevel>01</TitleElementLevel><PartNumber>4</PartNumber></TitleElement>"
        "</TitleDetail></DescriptiveDetail>"
    )
    record = one(product(titles), tmp_path)
    assert (record.title, record.series, record.series_number) == ("Manga, 4", "Manga", "4")


def price(amount: str, inner: str = "", kind: str = "02", currency: str = "EUR") -> str:
    return (
        f"<Price><PriceType>{kind}</PriceType>{inner}<PriceAmount>{amount}</PriceAmount>"
        f"<CurrencyCode>{currency}</CurrencyCode></Price>"
    )


YESTERDAY, TOMORROW = (f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d}" for days in (-1, 1))


@pytest.mark.parametrize(
    ("prices", "minor", "kind"),
    [
        (price("10") + price("9", kind="04"), 900, "fixed"),
        (price("10", "<PriceQualifier>06</PriceQualifier>"), None, "recommended"),
        (price("10", "<MinimumOrderQuantity>10</MinimumOrderQuantity>") + price("12"), 1200, "recommended"),
        (price("5", kind="05") + price("6", kind="07"), None, "recommended"),
        (price("10", currency="GBP") + price("12"), 1200, "recommended"),
        (
            price("10", "<PriceCondition><PriceConditionType>10</PriceConditionType></PriceCondition>"),
            None,
            "recommended",
        ),
        (
            price("10", f"<PriceDate><PriceDateRole>15</PriceDateRole><Date>{YESTERDAY}</Date></PriceDate>")
            + price("11", f"<PriceDate><PriceDateRole>14</PriceDateRole><Date>{YESTERDAY}</Date></PriceDate>")
            + price("12", f"<PriceDate><PriceDateRole>14</PriceDateRole><Date>{TOMORROW}</Date></PriceDate>"),
            1100,
            "recommended",
        ),
        (price("0.00"), 0, "recommended"),
        (price("12,90"), 1290, "recommended"),
        (price("abc"), None, "recommended"),
    ],
    ids=["fixed first", "library", "quantity", "trade", "currency", "rental", "dates", "free", "comma", "words"],
)
def test_price_is_the_one_a_reader_pays_today(prices, minor, kind, tmp_path):
    record = one(supply(f"<ProductAvailability>20</ProductAvailability>{prices}"), tmp_path)
    assert (record.price, record.price_kind) == (minor, kind)


def test_price_and_market_follow_the_shops_country(tmp_path):
    def market(countries: str, amount: str) -> str:
        return (
            f"<ProductSupply><Market><Territory><CountriesIncluded>{countries}</CountriesIncluded></Territory></Market>"
            f"<SupplyDetail>{price(amount)}</SupplyDetail></ProductSupply>"
        )

    inner = product(market("BWBZ ES", "10") + market("FR BE", "12"))
    assert one(inner, tmp_path, options={"country": "FR"}).price == 1200
    assert one(inner, tmp_path, options={"country": "BZ"}).price == 1000


@pytest.mark.parametrize(
    ("inner", "availability", "quantity"),
    [
        ("<ProductAvailability>20</ProductAvailability>", "orderable", None),
        ("<ProductAvailability>20</ProductAvailability><Stock><OnHand>2</OnHand></Stock>", "in_stock", 2),
        (
            "<ProductAvailability>21</ProductAvailability><Stock><OnHand>0</OnHand></Stock>",
            "temporarily_unavailable",
            0,
        ),
        ("<ProductAvailability>49</ProductAvailability><Stock><OnHand>2</OnHand></Stock>", "unavailable", 2),
        ("<ProductAvailability>99</ProductAvailability>", "unknown", None),
        ("<ProductAvailability>77</ProductAvailability>", "unknown", None),
        ("", "unknown", None),
        ("<Stock><OnHand>2</OnHand><Proximity>01</Proximity></Stock>", "unknown", None),
        ("<Stock><StockQuantityCoded/></Stock>", "unknown", None),
    ],
)
def test_availability_follows_codes_and_stock(inner, availability, quantity, tmp_path):
    record = one(supply(inner), tmp_path)
    assert (record.availability, record.quantity) == (availability, quantity)


def test_reserved_copies_are_taken_off_where_the_shop_publishes_available_stock(tmp_path):
    inner = supply("<Stock><OnHand>5</OnHand><Reserved>2</Reserved></Stock>")
    assert one(inner, tmp_path).quantity == 5
    assert one(inner, tmp_path, stock_kind="available").quantity == 3


def test_several_isbns_are_told(tmp_path):
    other = "<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>9780439023481</IDValue></ProductIdentifier>"
    (chunk,) = read(f"{START}{product(other)}{END}", tmp_path)
    assert chunk.records[0].gtin == 9782070368228
    assert "gtin_several" in [issue.reason.code for issue in chunk.issues]


def test_other_xml_is_refused_as_the_wrong_kind(tmp_path):
    with pytest.raises(FeedError) as caught:
        read("<rss><channel/></rss>", tmp_path)
    assert (caught.value.permanent, caught.value.reason.code) == (True, "file_wrong_kind")
