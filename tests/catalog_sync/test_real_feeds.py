"""Files that real senders produced, kept beside the project: each gives articles or clear refusals, and no surprise."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog_sync.adapters import adapter_for, lists
from catalog_sync.conformance import FeedUnderTest, check_record
from catalog_sync.reasons import FeedError
from catalog_sync.records import Chunk, Lane
from tests.catalog_sync.feeds import REAL

FOLDERS = {
    "onix": "onix",
    "gmerchant": "google_merchant",
    "shopify": "shopify_csv",
    "woocommerce": "woocommerce_csv",
    "books": "csv",
    "csv_dirty": "csv",
    "ofn": "ofn",
    "dfc": "dfc",
}
FILES = [(kind, path) for folder, kind in FOLDERS.items() for path in sorted((REAL / folder).glob("*.*"))]
# What no adapter of ours can read, and why: a price list without any number of its articles, a header line alone,
# graphs without a catalogue item.
UNREADABLE = {
    "vinoteka_cenovnik.csv": "columns_unknown",
    "product_list_template.csv": "file_without_articles",
    "litefarm_v2.json": "file_without_articles",
    "productTypes.json": "file_without_articles",
    "put_supplied_product.json": "file_without_articles",
}
# Articles of files whose number of records is known from elsewhere: records and refused.
COUNTS = {
    "jaerith_30_badchar.xml": (0, 3),  # no RecordReference, and an ISBN whose check digit does not fit
    "jaerith_30_badchar2.xml": (0, 3),
    "yob_21_jul.xml": (238, 0),
    "yob_21_Bookwise_July_2008.xml": (346, 0),
    "jaerith_v3_500.xml": (500, 0),
    "jaerith_21_500.xml": (500, 0),
    "chitralhive_feed.xml": (100, 0),
    "sharoncraft_feed.xml": (13, 0),
    "satwik_sample_products_export.csv": (147, 0),
    "pondcleanup_inventory.csv": (58, 0),
    "vinoteka_woocommerce_products.csv": (404, 0),
    "bambini_woocommerce_variations.csv": (577, 0),
    "bookcrossing_18184_utf8.csv": (18185, 0),
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"the real feeds are not at {REAL}")


def read(kind: str, path: Path) -> tuple[list[Chunk], str]:
    """All chunks, and the code of the `FeedError` that ended the reading."""
    chunks: list[Chunk] = []
    try:
        chunks.extend(adapter_for(FeedUnderTest(kind, str(path))).fetch(Lane.CATALOGUE, None))
    except FeedError as error:
        return chunks, error.reason.code if error.reason else "without a reason"
    return chunks, ""


@pytest.mark.parametrize(("kind", "path"), FILES or [("", REAL)], ids=lambda value: getattr(value, "name", ""))
def test_real_file_gives_articles_or_clear_words(kind, path):
    chunks, code = read(kind, path)
    assert code == UNREADABLE.get(path.name, "")
    records = [record for chunk in chunks for record in chunk.records]
    refused = [refused for chunk in chunks for refused in chunk.refused]
    for record in records:
        check_record(record)
        assert record.as_of <= datetime.now(UTC)
    assert [each.reason.words() for each in refused if not each.position] == []
    if path.name in COUNTS:
        assert (len(records), len(refused)) == COUNTS[path.name]
    else:
        assert records or code


@pytest.mark.parametrize("kind", lists())
@pytest.mark.parametrize("path", [path for _, path in FILES] or [REAL], ids=lambda path: path.name)
def test_real_file_of_another_kind_raises_nothing_else(kind, path):
    if path.stat().st_size > 500_000:
        pytest.skip("large files are read by their own kind alone")
    chunks, code = read(kind, path)
    for chunk in chunks:
        for record in chunk.records:
            check_record(record)
    assert chunks or code


def test_goodbooks_recovers_what_its_isbn10_column_allows():
    path = REAL / "books" / "goodbooks10k_books.csv"
    chunks = list(adapter_for(FeedUnderTest("csv", str(path))).fetch(Lane.CATALOGUE, None))
    codes = [issue.reason.code for chunk in chunks for issue in chunk.issues]
    refused = [each.reason.code for chunk in chunks for each in chunk.refused]
    with_gtin = sum(1 for chunk in chunks for record in chunk.records if record.gtin)
    assert (codes.count("gtin_recovered"), refused, with_gtin) == (9251, ["gtin_digits_lost"] * 156, with_gtin)
    assert with_gtin >= 9251


def test_one_record_in_four_dialects_is_one_record():
    """EDItEUR's sample, sent as 3.1 and 3.0, with reference and with short tags."""
    names = ("editeur_sample_31_ref.xml", "editeur_sample_31_short.xml", "editeur_sample_30_short.xml")
    read = []
    for name in names:
        feed = FeedUnderTest("onix", str(REAL / "onix" / name), currency="GBP", options={"country": "GB"})
        (chunk,) = adapter_for(feed).fetch(Lane.CATALOGUE, None)
        read.extend(chunk.records)
    assert [(r.sku, r.gtin, r.title, r.price, r.price_kind, r.quantity, r.pages, r.form) for r in read] == [
        ("com.globalbookinfo.onix.01734529", 9780007232833, "Roseanna", 799, "recommended", None, 245, "paperback")
    ] * 3
    assert {record.contributors for record in read} == {
        (
            ("Maj Sjöwall", "author"),
            ("Per Wahlöö", "author"),
            ("Lois Roth", "translator"),
            ("Henning Mankell", "foreword"),
        )
    }
