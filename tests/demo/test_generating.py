from __future__ import annotations

import csv
import io
import os
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from openpyxl import load_workbook
from stdnum import ean

from demo.generating import DIALECTS, last_export, write_feeds
from demo.shops import SHOPS
from demo.titles import FRENCH, french, goodbooks
from tests.demo.conftest import SENT_AT

SEED = 20260101
NAMESPACE = "{http://ns.editeur.org/onix/3.0/reference}"


def rows_of(feed, encoding: str, delimiter: str) -> list[dict[str, str]]:
    text = feed.path.read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def workbook_rows(path: Path) -> list[tuple]:
    """Of a file that is closed again."""
    with closing(load_workbook(path, read_only=True)) as workbook:
        return list(workbook["Inventaire"].iter_rows(values_only=True))


def gtins_of(feeds) -> dict[str, list[str]]:
    """Every valid number in every bookshop's file, read without any code of the demo."""
    reference = etree.parse(feeds["librairie-du-port"].path)
    short = etree.parse(feeds["encrier-de-limoilou"].path)
    older = etree.parse(feeds["deux-clochers"].path)
    sheet = workbook_rows(feeds["bulle-d-encre"].path)[3:]
    found = {
        "librairie-du-port": reference.xpath(
            "/*/*/*[local-name()='ProductIdentifier']/*[local-name()='IDValue']/text()"
        ),
        "encrier-de-limoilou": short.xpath("/ONIXmessage/product/productidentifier/b244/text()"),
        "deux-clochers": older.xpath("/ONIXMessage/Product/ProductIdentifier/IDValue/text()"),
        "rive-outaouaise": [row["EAN"] for row in rows_of(feeds["rive-outaouaise"], "cp1252", ";")],
        "mile-end-pages": [row["ISBN-13"] for row in rows_of(feeds["mile-end-pages"], "utf-8-sig", ",")],
        "papier-verdun": [row["GENCOD"] for row in rows_of(feeds["papier-verdun"], "utf-8", "\t")],
        "bulle-d-encre": [str(row[1]) for row in sheet],
        "northern-lantern": [row["Variant Barcode"] for row in rows_of(feeds["northern-lantern"], "utf-8", ",")],
        "second-souffle": [row["ISBN"].replace("-", "") for row in rows_of(feeds["second-souffle"], "utf-8", ";")],
    }
    return {shop: [number for number in numbers if ean.is_valid(number)] for shop, numbers in found.items()}


def test_write_feeds_writes_one_file_per_shop_of_a_known_kind(feeds):
    kinds = {"onix", "csv", "xlsx", "google_merchant", "shopify_csv", "woocommerce_csv"}
    assert list(feeds) == [shop.slug for shop in SHOPS]
    assert {feed.kind for feed in feeds.values()} <= kinds
    assert {shop.feed_dialect for shop in SHOPS} == set(DIALECTS)
    assert len({feed.path for feed in feeds.values()}) == len(SHOPS)


def test_write_feeds_is_the_same_for_the_same_seed(feeds, tmp_path):
    again = write_feeds(tmp_path, sent_at=SENT_AT)
    assert [feed.path.name for feed in again if feed.path.read_bytes() != feeds[feed.shop].path.read_bytes()] == []
    assert [feed.rows for feed in again] == [feed.rows for feed in feeds.values()]


def test_write_feeds_differs_for_another_seed(feeds, tmp_path):
    other = write_feeds(tmp_path, seed=7, sent_at=SENT_AT)
    same = {feed.shop for feed in other if feed.path.read_bytes() == feeds[feed.shop].path.read_bytes()}
    assert same == {"epicerie-des-quatre-vents", "atelier-des-forges"}  # fixed lists


def test_write_feeds_leaves_unchanged_files_alone_and_dates_them(feeds, tmp_path):
    write_feeds(tmp_path, sent_at=SENT_AT)
    (tmp_path / "papier-verdun-export.txt").write_text("spoiled")
    later = SENT_AT + timedelta(hours=1)
    again = write_feeds(tmp_path, sent_at=later)
    carries_a_stamp = {"librairie-du-port", "encrier-de-limoilou", "deux-clochers", "atelier-des-forges"}
    assert {feed.shop for feed in again if feed.changed} == carries_a_stamp | {"papier-verdun"}
    assert {os.stat(feed.path).st_mtime for feed in again} == {later.timestamp()}


def test_last_export_is_the_last_full_hour():
    assert last_export(datetime(2026, 7, 1, 12, 34, 56, 7, tzinfo=UTC)) == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_shops_have_as_many_offers_as_the_demo_needs(feeds):
    rows = {shop: feed.rows for shop, feed in feeds.items()}
    assert sum(rows.values()) >= 31_000
    goods = ("epicerie-des-quatre-vents", "atelier-des-forges")
    assert all(rows[shop] >= 2_000 for shop in rows if shop not in goods)
    assert all(rows[shop] >= 40 for shop in goods)


def test_every_title_with_a_number_is_sold_and_many_by_several_shops(feeds):
    sellers = Counter(number for numbers in gtins_of(feeds).values() for number in set(numbers))
    spoiled = {row["ISBN-10"] for row in rows_of(feeds["mile-end-pages"], "utf-8-sig", ",")} - {""}
    titles = [title for title in (*goodbooks(SEED), *french(SEED)) if title.gtin and title.isbn10 not in spoiled]
    missing = [title.title for title in titles if title.gtin not in sellers]
    assert len(titles) > 9_000
    assert len(missing) < 20  # sold by one shop alone, whose list got the check digit wrong
    assert sum(1 for count in sellers.values() if count >= 2) > 7_000
    assert max(sellers.values()) >= 8


def test_prices_and_quantities_differ_between_shops(feeds):
    gatineau = {row["EAN"]: row for row in rows_of(feeds["rive-outaouaise"], "cp1252", ";")}
    verdun = {row["GENCOD"]: row for row in rows_of(feeds["papier-verdun"], "utf-8", "\t")}
    both = gatineau.keys() & verdun.keys()
    assert len(both) > 800
    prices = [number for number in both if gatineau[number]["Prix TTC"].replace(",", ".") != verdun[number]["PV_TTC"]]
    quantities = [number for number in both if gatineau[number]["Stock"] != verdun[number]["QTE_DIS"]]
    assert min(len(prices), len(quantities)) > len(both) / 2


def test_reference_onix_has_the_namespace_and_the_real_samples(feeds):
    root = etree.parse(feeds["librairie-du-port"].path).getroot()
    assert root.tag == NAMESPACE + "ONIXMessage"
    assert root.get("release") == "3.0"
    products = root.findall(NAMESPACE + "Product")
    assert len(products) == feeds["librairie-du-port"].rows
    references = [product.findtext(NAMESPACE + "RecordReference") for product in products[-3:]]
    assert references == ["9782707154298", "Record-Ref", "com.globalbookinfo.onix.01734529"]
    assert root.findtext(f".//{NAMESPACE}SentDateTime") == "20260105T0900-0500"


def test_short_onix_has_no_namespace_and_separate_articles(feeds):
    content = feeds["encrier-de-limoilou"].path.read_bytes()
    root = etree.fromstring(content)
    assert root.tag == "ONIXmessage"
    assert b"xmlns" not in content
    assert {element.tag for element in root.iterdescendants() if element.tag != element.tag.lower()} == set()
    titles = {(e.findtext("b030"), e.findtext("b031")) for e in root.iter("titleelement") if e.find("b030") is not None}
    assert ("L'", "Avalée des avalés") in titles
    assert root[-1].findtext("a001") == "com.globalbookinfo.onix.01734529"


def test_older_onix_is_latin_1_with_references_for_what_that_lacks(feeds):
    content = feeds["deux-clochers"].path.read_bytes()
    assert content.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "É".encode("latin-1") in content
    assert "É".encode() not in content
    assert b"&#339;" in content  # œ
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    assert len(root.findall("Product")) == feeds["deux-clochers"].rows


def test_no_feed_links_to_a_third_party(feeds):
    for feed in feeds.values():
        content = feed.path.read_bytes()
        for address in (b"gr-assets", b"goodreads", b"immateriel", b"ResourceLink", b"x435"):
            assert address not in content, (feed.shop, address)


def test_french_csv_is_cp1252_with_semicolons_and_decimal_commas(feeds):
    feed = feeds["rive-outaouaise"]
    content = feed.path.read_bytes()
    assert feed.encoding == "cp1252"
    assert "Œ".encode("cp1252") in content
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    rows = rows_of(feed, "cp1252", ";")
    assert len(rows) == feed.rows
    assert content.count(b"\r\n") == feed.rows + 1
    assert [row for row in rows if row["Prix TTC"] and row["Prix TTC"][-3] != ","] == []


def test_english_csv_has_a_byte_order_mark_and_spoiled_isbns(feeds):
    feed = feeds["mile-end-pages"]
    assert feed.path.read_bytes().startswith(b"\xef\xbb\xbfTitle,")
    rows = rows_of(feed, "utf-8-sig", ",")
    spoiled = [row for row in rows if "e+" in row["ISBN-13"]]
    assert len([row for row in spoiled if row["ISBN-10"]]) > 800
    # 700 rows have no ISBN-10 at all, 23 a wrong one: what the sync cannot but refuse.
    assert len([row for row in rows if not row["ISBN-10"] and "e+" in row["ISBN-13"]]) == 135
    assert len([row for row in rows if not row["ISBN-10"] and not row["ISBN-13"]]) == 565


def test_till_export_is_tabbed_utf_8_with_its_own_headers(feeds):
    feed = feeds["papier-verdun"]
    content = feed.path.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    rows = rows_of(feed, "utf-8", "\t")
    assert set(feed.options["columns"].values()) == set(rows[0])
    assert Counter(row["ETAT"] for row in rows)["neuf"] < len(rows) - 200


def test_workbook_holds_numbers_as_numbers_below_two_lines(feeds):
    feed = feeds["bulle-d-encre"]
    rows = workbook_rows(feed.path)
    assert rows[2][:3] == ("No", "ISBN", "Titre")
    assert len(rows) == feed.rows + 3
    assert {type(row[1]) for row in rows[3:]} == {int}
    assert {type(row[12]) for row in rows[3:]} <= {int, float, type(None)}


def test_second_hand_list_grades_signs_and_has_several_copies(feeds):
    rows = rows_of(feeds["second-souffle"], "utf-8", ";")
    assert {row["État"] for row in rows} == {"comme neuf", "très bon état", "bon état", "état correct"}
    assert sum(1 for row in rows if row["Dédicacé"] == "oui") > 50
    assert sum(1 for row in rows if row["Édition originale"] == "oui") > 40
    assert max(Counter(row["ISBN"] for row in rows).values()) == 2


def test_goods_have_no_gtin(feeds):
    food = rows_of(feeds["epicerie-des-quatre-vents"], "utf-8", ";")
    assert [column for column in food[0] if column in ("EAN", "GTIN", "ISBN")] == []
    crafts = etree.parse(feeds["atelier-des-forges"].path)
    assert crafts.findall(".//{http://base.google.com/ns/1.0}gtin") == []
    assert len(crafts.findall(".//item")) == feeds["atelier-des-forges"].rows


def test_shopify_export_has_variants_below_their_handle(feeds):
    rows = rows_of(feeds["northern-lantern"], "utf-8", ",")
    variants = [row for row in rows if not row["Title"]]
    assert len(variants) > 80
    assert {row["Status"] for row in variants} == {""}
    assert {row["Handle"] for row in variants} <= {row["Handle"] for row in rows if row["Title"]}


def test_lists_carry_about_one_fault_in_a_hundred_rows(feeds):
    rows = rows_of(feeds["papier-verdun"], "utf-8", "\t")
    wrong_digit = [row for row in rows if not ean.is_valid(row["GENCOD"])]
    no_price = [row for row in rows if not row["PV_TTC"]]
    no_quantity = [row for row in rows if not row["QTE_DIS"]]
    twice = [sku for sku, count in Counter(row["CLE_ART"] for row in rows).items() if count == 2]
    assert min(len(wrong_digit), len(no_price), len(no_quantity), len(twice)) >= 3
    faults = len(wrong_digit) + len(no_price) + len(no_quantity) + len(twice)
    assert 0.005 < faults / len(rows) < 0.02


def test_readme_counts_what_is_written(feeds):
    lines = (FRENCH.parent / "README.md").read_text(encoding="utf-8").splitlines()
    for shop in SHOPS:
        line = next(line for line in lines if line.startswith(f"| {shop.name} |"))
        assert line.endswith(f"| {feeds[shop.slug].rows:,} |"), shop.slug
    assert any(f"**{sum(feed.rows for feed in feeds.values()):,}**" in line for line in lines)
