"""The canonical schema."""

from datetime import UTC, datetime

from catalog_sync.records import FACT_FIELDS, OFFER_FIELDS, STOCK_FIELDS, CatalogRecord, raw_text


def test_fields_are_the_key_the_offer_or_facts():
    others = {"sku", "gtin", "title", "as_of", "speaks_for"}
    assert set(FACT_FIELDS) | set(OFFER_FIELDS) | others == set(CatalogRecord._fields)
    assert set(FACT_FIELDS).isdisjoint(OFFER_FIELDS)
    assert set(STOCK_FIELDS) <= set(OFFER_FIELDS)


def test_facts_are_unknown_unless_given():
    record = CatalogRecord("A", None, "T", None, "EUR", "retail", None, False, "unknown", "new", datetime.now(UTC))
    assert {getattr(record, name) for name in FACT_FIELDS} == {"", None, ()}


def test_raw_text_joins_cells_and_is_cut():
    assert raw_text(["a", "b"]) == "a | b"
    assert len(raw_text("x" * 5000)) == 2000
