"""A list in our own form: whatever could be read is written, and reads back identical."""

import io
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from catalog_sync.adapters import adapter_for
from catalog_sync.canonical_fields import FIELDS
from catalog_sync.canonical_json import as_json, schema
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.exporting import write_jsonl, write_reading
from catalog_sync.records import CatalogRecord, Chunk, Lane
from tests.catalog_sync.feeds import FIXTURES

SCHEMA = Path(settings.BASE_DIR) / "docs" / "catalog-record.schema.json"
FEEDS = [
    ("onix", "onix21.xml"),
    ("onix", "onix30.xml"),
    ("csv", "list_bom.csv"),
    ("csv", "list_cp1252.csv"),
    ("csv", "goods.tsv"),
    ("google_merchant", "google.xml"),
    ("shopify_csv", "shopify_products.csv"),
    ("shopify_csv", "shopify_inventory.csv"),
    ("woocommerce_csv", "woocommerce.csv"),
    ("jsonl", "articles.jsonl"),
    ("booknet", "20240303_Librairie_Exemple_booknet.csv"),
    ("pass_culture", "pass_culture.json"),
    ("tite_live", "Quotidien05.tit"),
    ("schema_org", "schema_org.json"),
    ("schema_org", "schema_org.htm"),
    ("ofn", "ofn_products.csv"),
    ("dfc", "dfc_catalog.json"),
]


def read(kind: str, path: Path, lane: Lane = Lane.CATALOGUE) -> list[Chunk]:
    return list(adapter_for(FeedUnderTest(kind, str(path))).fetch(lane, None))


def articles(chunks: list[Chunk]) -> list[CatalogRecord]:
    return [record for chunk in chunks for record in chunk.records]


def fits(value: object, rule: dict) -> bool:
    """Whether a value keeps to the few words of JSON Schema that ours uses."""
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "null": type(None)}
    types = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "enum" in rule and value not in rule["enum"]:
        return False
    if types and type(value) not in [kinds[name] for name in types]:
        return False
    if isinstance(value, list):
        return all(fits(each, rule["items"]) for each in value)
    return not isinstance(value, str) or rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value))


@pytest.mark.parametrize(("kind", "name"), FEEDS, ids=[name for _, name in FEEDS])
def test_reading_written_reads_back_the_same(kind, name, tmp_path):
    lane = Lane.STOCK if "inventory" in name else Lane.CATALOGUE
    chunks = read(kind, FIXTURES / name, lane)
    path = tmp_path / "export.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        write_reading(chunks, stream)
    back = read("jsonl", path, lane)
    assert articles(back) == articles(chunks)
    assert [sku for chunk in back for sku in chunk.gone] == [sku for chunk in chunks for sku in chunk.gone]
    assert [each for chunk in back for each in [*chunk.refused, *chunk.issues]] == []
    refused = any(chunk.refused for chunk in chunks)
    assert back[-1].complete == (chunks[-1].complete and not refused)


@pytest.mark.parametrize(("kind", "name"), FEEDS, ids=[name for _, name in FEEDS])
def test_records_keep_to_the_published_schema(kind, name):
    for record in articles(read(kind, FIXTURES / name)):
        for field, value in json.loads(json.dumps(as_json(record))).items():
            assert fits(value, FIELDS[field]), (record.sku, field, value)


def test_schema_names_every_field_and_is_the_published_one():
    """Written by: manage.py shell -c "import json; from catalog_sync.canonical_json import schema; …"."""
    assert tuple(FIELDS) == CatalogRecord._fields
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()


def test_records_alone_are_written_with_their_proof(tmp_path):
    records = articles(read("csv", FIXTURES / "goods.tsv"))
    path = tmp_path / "export.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        assert write_jsonl(records, stream, complete=True) == len(records)
    back = read("jsonl", path)
    assert (articles(back), back[-1].complete) == (records, True)


def test_export_with_refused_articles_is_not_complete():
    chunk = read("google_merchant", FIXTURES / "google.xml")[-1]
    assert (chunk.complete, len(chunk.refused)) == (True, 1)
    stream = io.StringIO()
    assert write_reading([chunk], stream) == 3
    assert stream.getvalue().splitlines()[-1] == '{"end":3,"complete":false}'


def test_read_feed_converts_to_our_own_form(capsys, tmp_path):
    call_command("read_feed", "woocommerce_csv", str(FIXTURES / "woocommerce.csv"), "--jsonl", "--currency", "EUR")
    path = tmp_path / "converted.jsonl"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert articles(read("jsonl", path)) == articles(read("woocommerce_csv", FIXTURES / "woocommerce.csv"))
