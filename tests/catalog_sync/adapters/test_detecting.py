"""The kind of a file by its content, and that nothing whatever in a file shows a traceback."""

import io
import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_sync.adapters import adapter_for, lists
from catalog_sync.adapters.detecting import detect
from catalog_sync.canonical_json import as_json
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.management.commands.read_feed import Told, kinds
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES, REAL
from tests.catalog_sync.test_real_feeds import FILES

KINDS = {
    "20240303_Librairie_Exemple_booknet.csv": "booknet",
    "Quotidien05.tit": "tite_live",
    "abelujo_stock.csv": "abelujo",
    "articles.jsonl": "jsonl",
    "dfc_catalog.json": "dfc",
    "goods.tsv": "csv",
    "google.tsv": "google_merchant",
    "google.xml": "google_merchant",
    "list_bom.csv": "csv",
    "list_cp1252.csv": "csv",
    "ofn_products.csv": "ofn",
    "onix21.xml": "onix",
    "onix30.xml": "onix",
    "onix30_update.xml": "onix",
    "pass_culture.json": "pass_culture",
    "schema_org.htm": "schema_org",
    "schema_org.json": "schema_org",
    "shopify_inventory.csv": "shopify_csv",
    "shopify_products.csv": "shopify_csv",
    "woocommerce.csv": "woocommerce_csv",
}
NEW = [
    *("20240303_Librairie_Exemple_booknet.csv", "Quotidien05.tit", "articles.jsonl", "dfc_catalog.json", "google.tsv"),
    *("ofn_products.csv", "pass_culture.json", "schema_org.htm", "schema_org.json"),
]
FILLINGS = [b"<", b"<!--", b"<!DOCTYPE[", b"<?", b"{", b'"', b"~", b"a;", b"<script ", b'{"a":']
WORDS = ['"x"', "7", "-1.5", "true", "null", "[]", "{}", '["x"]', '{"@id": "x"}', '[{"@value": []}]', "1e39", "[[[]]]"]
STARTS = [b"", b"{", b"[", b"<", b"PK\x03\x04", b"sku;title\n", b"\xff\xfe"]
NOISE = (b"\xff\xfe\x00", b'"', b"\x00" * 5000, b"{", b"]", b"<", b"\\u", b"~", b"\n", b"\t;,|", b"9" * 5000)


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_every_fixture_is_found(name):
    assert detect(FIXTURES / name) == KINDS[name]


def test_every_fixture_and_every_kind_is_among_them():
    assert {path.name for path in FIXTURES.iterdir()} == set(KINDS)
    # "halles" reads no file; a workbook is made by its own test
    assert set(KINDS.values()) | {"xlsx"} == set(lists()) - {"memory", "halles"}


@pytest.mark.skipif(not FILES, reason=f"the real feeds are not at {REAL}")
def test_kind_of_every_real_file_is_found():
    wrong = [(path.name, kind, found) for kind, path in FILES if (found := detect(path)) != kind]
    assert wrong == []


def test_workbook_is_a_spreadsheet_and_utf_16_is_read(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(b"PK\x03\x04")
    assert detect(path) == "xlsx"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_text("ISBN;Titre;Prix\n9782070368228;L'Étranger;7,50\n", encoding=encoding)
        assert detect(path) == "csv"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\0\0\n \n", "file_empty"),
        (b"<html><title>503</title></html>", "file_is_web_page"),
        (b"<svg/>", "kind_not_found"),
        (b'{"error": "unauthorized"}', "kind_not_found"),
        (b"Bonjour,\nvoici la liste.\n", "kind_not_found"),
        (bytes(range(256)), "kind_not_found"),
    ],
)
def test_what_is_no_feed_is_told(tmp_path, content, code):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FeedError) as caught:
        detect(path)
    assert caught.value.reason is not None
    assert caught.value.reason.code == code


@pytest.mark.parametrize(
    "filling", [b"<", b"<!--", b"<!DOCTYPE[", b"<?", b"{", b'"', b"~", b"a;", b"<script ", b'{"a":']
)
def test_beginning_without_end_is_looked_at_no_longer_than_it_should(tmp_path, filling):
    path = tmp_path / "file"
    path.write_bytes(filling * (4_000_000 // len(filling)))
    silent(path)


def silent(path: Path, kind: str = "auto") -> None:
    """What `read_feed` does with a file, without its child, which would hide an error of ours; a `FeedError` is all
    that may come of it."""
    with suppress(FeedError):
        kind, found = kinds(kind, str(path))
        told = Told(found)
        for chunk in told.counting(adapter_for(FeedUnderTest(kind, str(path))).fetch(Lane.CATALOGUE, None)):
            for record in chunk.records:
                json.dumps(as_json(record))
        assert told.text()
        assert json.dumps(told.as_json())


@pytest.mark.parametrize("name", KINDS)
def test_file_cut_at_every_twentieth_shows_no_traceback(tmp_path, name):
    content = (FIXTURES / name).read_bytes()
    path = tmp_path / name
    for part in range(20):
        path.write_bytes(content[: len(content) * part // 20])
        silent(path)
        silent(path, KINDS[name])


@pytest.mark.parametrize("name", NEW)
def test_mangled_file_shows_no_traceback(tmp_path, name):
    chance = random.Random(name)
    content = (FIXTURES / name).read_bytes()
    path = tmp_path / name
    for _ in range(40):
        mangled = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(mangled))
            if chance.random() < 0.5:
                mangled[place : place + chance.randint(0, 40)] = chance.choice(NOISE)
            else:
                mangled[place] = chance.randrange(256)
        path.write_bytes(mangled)
        silent(path)
        silent(path, KINDS[name])


@pytest.mark.parametrize("name", ["articles.jsonl", "pass_culture.json", "schema_org.json", "dfc_catalog.json"])
def test_values_of_the_wrong_type_show_no_traceback(tmp_path, name):
    """Texts, numbers and lists of a good file changed for each other."""
    chance = random.Random(name)
    text = (FIXTURES / name).read_text(encoding="utf-8")
    path = tmp_path / name
    for _ in range(60):
        pieces = text.split(": ") if ": " in text else text.split(":")
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(1, len(pieces))
            _, mark, rest = pieces[place].partition(",")
            pieces[place] = chance.choice(WORDS) + mark + rest
        path.write_text((": " if ": " in text else ":").join(pieces), encoding="utf-8")
        silent(path)
        silent(path, KINDS[name])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    content=st.binary(max_size=400),
    start=st.sampled_from([b"", b"{", b"[", b"<", b"PK\x03\x04", b"sku;title\n", b"\xff\xfe"]),
)
def test_random_bytes_show_no_traceback(tmp_path, content, start):
    path = tmp_path / "file"
    path.write_bytes(start + content)
    silent(path)
    for kind in ("jsonl", "pass_culture", "schema_org", "dfc", "ofn", "booknet", "tite_live", "google_merchant"):
        silent(path, kind)


def test_mangled_workbook_shows_no_traceback(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    content = buffer.getvalue()
    path = tmp_path / "list.xlsx"
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        silent(path)
