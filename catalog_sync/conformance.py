"""What every adapter must do, as a test class to inherit: an adapter's test file is one fixture class and little more.

A subclass named `Test…` sets `kind`, `fixture` (a file the adapter reads) and `expected` (some facts of some of its
articles), and gets all tests below, run over the fixture and over broken versions of it.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest

from catalog_sync.adapters import adapter_class
from catalog_sync.adapters.base import CHUNK_SIZE, Adapter, FeedSettings
from catalog_sync.identifiers import check_digit_fits
from catalog_sync.reasons import REASONS, FeedError
from catalog_sync.records import (
    FACT_FIELDS,
    STOCK_FIELDS,
    Availability,
    CatalogRecord,
    Chunk,
    Condition,
    Form,
    Lane,
    PriceKind,
    StockKind,
)

CUTS = 16  # places at which the fixture is cut
KEPT_PER_ARTICLE = 2  # objects; a record with its texts has four at least
WEB_PAGE = b"<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head><body>Sorry</body></html>"


@dataclass(frozen=True)
class FeedUnderTest(FeedSettings):
    """A feed without a database, of a shop in Paris."""

    currency: str = "EUR"
    language: str = "fr"
    timezone: str = "Europe/Paris"


@dataclass
class Reading:
    """All of one reading; `error`: the FeedError that ended it."""

    chunks: list[Chunk]
    started_at: datetime
    error: FeedError | None = None

    @property
    def records(self) -> list[CatalogRecord]:
        return [record for chunk in self.chunks for record in chunk.records]

    @property
    def complete(self) -> bool:
        return any(chunk.complete for chunk in self.chunks)


class AdapterConformance:
    """Inherit as `class TestMine(AdapterConformance)`."""

    kind: ClassVar[str]
    fixture: ClassVar[Path]
    options: ClassVar[dict[str, Any]] = {}
    lane: ClassVar[Lane] = Lane.CATALOGUE
    # sku: {field: value}; what is not named is not compared
    expected: ClassVar[dict[str, dict[str, Any]]]
    # SKUs whose quantity the file does not tell
    unknown_quantities: ClassVar[tuple[str, ...]] = ()
    # SKUs the sender withdraws, and codes of the reasons for which articles are refused
    expected_gone: ClassVar[tuple[str, ...]] = ()
    expected_refused: ClassVar[tuple[str, ...]] = ()
    # (start of the repeated part, the part, end), of the fixture's kind, for a long feed; empty: not tested
    long_feed: ClassVar[tuple[str, str, str]] = ("", "", "")

    def adapter(self, path: Path) -> Adapter:
        """The adapter under test, for a file."""
        return adapter_class(self.kind)(FeedUnderTest(self.kind, str(path), options=self.options))

    def read(self, path: Path) -> Reading:
        """Read a file; only `FeedError` is expected to end it."""
        reading = Reading([], datetime.now(UTC))
        try:
            reading.chunks.extend(self.adapter(path).fetch(self.lane, None))
        except FeedError as error:
            reading.error = error
        return reading

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """A copy of the fixture."""
        return Path(shutil.copy(self.fixture, tmp_path / self.fixture.name))

    @pytest.fixture
    def reading(self, file: Path) -> Reading:
        return self.read(file)

    def broken(self, tmp_path: Path, content: bytes) -> Reading:
        """A reading of a broken version of the fixture."""
        path = tmp_path / f"broken{self.fixture.suffix}"
        path.write_bytes(content)
        return self.read(path)

    # What is read

    def test_articles_have_the_expected_facts(self, reading: Reading) -> None:
        assert reading.error is None
        by_sku = {record.sku: record for record in reading.records}
        assert set(self.expected) <= set(by_sku)
        for sku, facts in self.expected.items():
            assert {name: getattr(by_sku[sku], name) for name in facts} == facts, sku

    def test_withdrawn_and_refused_articles_are_told(self, reading: Reading) -> None:
        assert tuple(sku for chunk in reading.chunks for sku in chunk.gone) == self.expected_gone
        refused = [refused.reason.code for chunk in reading.chunks for refused in chunk.refused]
        assert tuple(sorted(refused)) == tuple(sorted(self.expected_refused))

    def test_unknown_quantity_is_none_and_never_zero(self, reading: Reading) -> None:
        by_sku = {record.sku: record for record in reading.records}
        assert {sku: by_sku[sku].quantity for sku in self.unknown_quantities} == dict.fromkeys(self.unknown_quantities)
        if not adapter_class(self.kind).tells_copies:
            assert {record.quantity for record in reading.records} == {None}

    def test_records_keep_to_the_schema(self, reading: Reading) -> None:
        for record in reading.records:
            check_record(record)

    def test_positions_and_reasons_are_given(self, reading: Reading) -> None:
        for chunk in reading.chunks:
            told = [(refused.position, refused.reason) for refused in chunk.refused]
            told += [(issue.position, issue.reason) for issue in chunk.issues]
            for position, why in told:
                assert position > 0
                assert why.code in REASONS
                assert why.words()
            for note in chunk.notes:
                assert note.words()

    def test_as_of_is_never_after_receipt(self, reading: Reading) -> None:
        received_by = datetime.now(UTC)
        for chunk in reading.chunks:
            assert chunk.as_of.tzinfo is not None
            assert chunk.as_of <= received_by
            assert {record.as_of for record in chunk.records} <= {chunk.as_of}

    def test_stamp_of_the_future_is_not_believed(self, file: Path) -> None:
        future = datetime.now(UTC).timestamp() + 10 * 24 * 3600
        os.utime(file, (future, future))
        reading = self.read(file)
        assert all(chunk.as_of <= reading.started_at for chunk in reading.chunks)

    def test_only_the_last_chunk_is_complete(self, reading: Reading) -> None:
        assert [chunk.complete for chunk in reading.chunks] == [False] * (len(reading.chunks) - 1) + [True]

    def test_second_reading_is_identical(self, file: Path) -> None:
        assert self.read(file).chunks == self.read(file).chunks

    def test_delta_is_never_complete(self, file: Path) -> None:
        feed = FeedUnderTest(self.kind, str(file), options=self.options, mode="delta")
        adapter = type(self.adapter(file))(feed)
        assert not any(chunk.complete for chunk in adapter.fetch(self.lane, None))

    def test_stock_lane_speaks_for_the_stock_alone(self, file: Path) -> None:
        chunks = list(self.adapter(file).fetch(Lane.STOCK, None))
        assert {record.speaks_for for chunk in chunks for record in chunk.records} == {STOCK_FIELDS}

    def test_stock_kind_is_carried(self, file: Path) -> None:
        feed = FeedUnderTest(self.kind, str(file), options=self.options, stock_kind=StockKind.AVAILABLE)
        chunks = type(self.adapter(file))(feed).fetch(self.lane, None)
        records = [record for chunk in chunks for record in chunk.records]
        assert {record.contains_our_orders for record in records} == {True}

    # What goes wrong

    def test_missing_file_is_a_feed_error(self, tmp_path: Path) -> None:
        error = self.read(tmp_path / "not-there").error
        assert error is not None
        assert error.reason is not None
        assert error.reason.code == "file_missing"

    @pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"], ids=["nothing", "blank", "mark"])
    def test_empty_file_is_a_feed_error(self, tmp_path: Path, content: bytes) -> None:
        error = self.broken(tmp_path, content).error
        assert error is not None
        assert not error.permanent

    @pytest.mark.parametrize("content", [WEB_PAGE, b"  <!-- x --> <html><body><h1>Sign in</h1>"], ids=["page", "bare"])
    def test_web_page_instead_of_the_file_is_said(self, tmp_path: Path, content: bytes) -> None:
        error = self.broken(tmp_path, content).error
        assert error is not None
        assert error.reason is not None
        assert (error.reason.code, error.permanent) == ("file_is_web_page", False)

    @pytest.mark.parametrize(
        "content",
        [
            b"\x00" * 5000,
            bytes(range(256)) * 40,
            b'{"error": "unauthorized"}',
            b"PK\x03\x04garbage",
            b"a;b\n1;2\n",
            b"<a",
        ],
        ids=["zeros", "bytes", "json", "zip", "columns", "angle"],
    )
    def test_something_else_is_a_feed_error(self, tmp_path: Path, content: bytes) -> None:
        reading = self.broken(tmp_path, content)
        assert reading.records == []
        assert reading.error is not None

    def test_cut_file_gives_whole_articles_and_is_not_complete(self, tmp_path: Path, reading: Reading) -> None:
        """Wherever it is cut: what comes is what the whole file has, and the reading is not complete. Only a text file,
        cut at the end of a line or in the last cell of one, cannot be told from a whole one."""
        content = self.fixture.read_bytes()
        for cut in cuts(content):
            part = self.broken(tmp_path, content[:cut])
            known = {record.sku: record for record in reading.records}
            last = part.records[-1].sku if part.records else ""
            for record in part.records:
                same = (
                    record._replace(as_of=known[record.sku].as_of) == known[record.sku]
                    if record.sku in known
                    else False
                )
                assert same or (record.sku == last and self.ends_may_be_open), (cut, record.sku)
            if part.complete:
                assert self.ends_may_be_open or len(part.records) == len(reading.records), cut

    # A text file has no closing mark: cut between two lines, or in the last cell of one, it looks whole.
    ends_may_be_open: ClassVar[bool] = False

    def test_damaged_bytes_are_survived(self, tmp_path: Path) -> None:
        content = self.fixture.read_bytes()
        for place in cuts(content):
            for noise in (b"\xff\xfe\x00", b'"', b"\x10", b"<", b"&", b"\n\n"):
                for record in self.broken(tmp_path, content[:place] + noise + content[place:]).records:
                    check_record(record)

    def test_wrong_charset_is_survived(self, tmp_path: Path, reading: Reading) -> None:
        try:
            text = self.fixture.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            pytest.skip("the fixture is not UTF-8")
        other = self.broken(tmp_path, text.encode("cp1252", errors="replace"))
        assert [record.sku for record in other.records] == [record.sku for record in reading.records]

    # What it costs

    def test_long_feed_keeps_nothing(self, tmp_path: Path) -> None:
        """From the first full chunk to the second, fewer objects are added than the articles would take."""
        start, part, end = self.long_feed
        if not part:
            pytest.skip("no long feed is given")
        path = tmp_path / f"long{self.fixture.suffix}"
        with path.open("w", encoding="utf-8") as stream:
            stream.write(start)
            stream.writelines(part.replace("NUMBER", str(number)) for number in range(3 * CHUNK_SIZE))
            stream.write(end)
        first, second = islice(_objects_per_full_chunk(self.adapter(path).fetch(self.lane, None)), 2)
        assert second - first < CHUNK_SIZE * KEPT_PER_ARTICLE


def _objects_per_full_chunk(chunks: Iterator[Chunk]) -> Iterator[int]:
    """Counted by Python's own allocator: `tracemalloc` would say bytes, and read five times as slowly."""
    for chunk in chunks:
        if len(chunk.records) >= CHUNK_SIZE:
            gc.collect()
            yield sys.getallocatedblocks()


def cuts(content: bytes) -> list[int]:
    """Places to break a file at: evenly spread, the very end among them."""
    step = max(1, len(content) // CUTS)
    return [*range(step, len(content), step), len(content) - 1]


def check_record(record: CatalogRecord) -> None:
    """Assert that a record keeps to the canonical schema."""
    assert record.sku == record.sku.strip() != ""
    assert "\n" not in record.sku
    assert record.gtin is None or (record.gtin > 0 and check_digit_fits(str(record.gtin)))
    assert record.title or record.gtin is not None or record.speaks_for
    assert "\n" not in record.title
    assert record.price is None or (type(record.price) is int and record.price >= 0)
    assert len(record.currency) == 3
    assert record.price_kind in PriceKind.ALL
    assert record.price_kind != PriceKind.NET
    assert record.quantity is None or (type(record.quantity) is int and record.quantity >= 0)
    assert record.availability in Availability.ALL
    assert record.condition in Condition.ALL
    assert record.form in ("", *Form.ALL)
    assert record.as_of.utcoffset() is not None
    assert record.cover == "" or record.cover.startswith(("http://", "https://"))
    assert all(len(subject) == 3 for subject in record.subjects)
    assert all(name and role for name, role in record.contributors)
    assert set(record.speaks_for) <= set(CatalogRecord._fields)
    assert set(FACT_FIELDS) <= set(CatalogRecord._fields)
