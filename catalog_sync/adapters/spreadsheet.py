"""A shop's own list: CSV, TSV, XLSX, XLS or ODS, columns in any order under any of their usual names.

Cleaned by column, a chunk at a time, remembering distinct values: that is what makes a million rows quick.

Options: `columns` ({field: column name}, for names we cannot know), `sheet`, `condition` (of articles without one,
default new), `price_kind` (default retail), `delta`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice, repeat
from typing import Any

from catalog_sync import cleaning
from catalog_sync.adapters.base import CHUNK_SIZE, ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet_columns import Columns, knows, match_columns
from catalog_sync.identifiers import gtin_text, identify_column, identify_row
from catalog_sync.prices import Priced, decimal_mark, read_price
from catalog_sync.reading.csv_rows import read_csv
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.tables import Table
from catalog_sync.reading.xlsx_rows import is_workbook, read_workbook
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text

WITH_NEWLINE = "ends with a newline"  # cursor value: how the last file ended
SAMPLE_PRICES = 500


def open_table(
    file: LocalFile, adapter: FileAdapter, since: Cursor | None, columns_of: Callable[[list[str]], Columns]
) -> Table:
    """The table in a file of any of the formats."""
    feed = adapter.feed
    mapped = {cleaning.fold(name.split("(")[0]) for name in feed.options.get("columns", {}).values()}

    def is_known(cell: str) -> bool:
        return knows(cell) or cleaning.fold(cell.split("(")[0]) in mapped

    if is_workbook(file.path):
        return read_workbook(file.path, is_known, str(feed.options.get("sheet", "")))
    newline_expected = since is not None and since.value == WITH_NEWLINE
    return read_csv(
        file.path, feed.encoding, is_known, lambda header: columns_of(header).last_needed(), newline_expected
    )


def stamp_notes(file: LocalFile) -> list[Reason]:
    """From when the list counts, and how we know."""
    how = "time of the file" if file.stamp else "48 hours before we fetched it"
    return [reason("stamp_used", as_of=as_of(file.stamp, file.received_at).isoformat(timespec="minutes"), how=how)]


def column_notes(columns: Columns, header: list[str]) -> list[Reason]:
    """Which columns were understood, which not, which are missing."""
    notes = [reason("columns_found", columns=", ".join(f"{f}: {header[p]}" for f, p in columns.places.items()))]
    if columns.ignored:
        notes.append(reason("columns_ignored", columns=", ".join(columns.ignored)))
    if columns.missing:
        notes.append(reason("columns_missing", columns=", ".join(columns.missing)))
    return notes


def newline_expected(since: Cursor | None) -> bool:
    """Whether the last file ended with a newline, so that one without is cut."""
    return since is not None and since.value == WITH_NEWLINE


def file_cursor(lane: Lane, table: Table) -> Cursor:
    """How this file ended, so that the next one can be told to be cut."""
    return Cursor(lane, WITH_NEWLINE if table.ending.final_newline else "")


class Spreadsheet(FileAdapter):
    kind = "csv"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        def columns_of(header: list[str]) -> Columns:
            return match_columns(header, self.feed.options.get("columns", {}))

        table = open_table(file, self, since, columns_of)
        columns = columns_of(table.header)
        notes = [*table.notes, *stamp_notes(file), *column_notes(columns, table.header)]
        writer = ChunkWriter(as_of(file.stamp, file.received_at), notes)
        rows = iter(table.rows)
        mark: str | None = None
        while batch := list(islice(rows, CHUNK_SIZE)):
            kept: list[Any] = batch
            if Refused in set(map(type, batch)):
                kept = [item for item in batch if not isinstance(item, Refused)]
                writer.refused.extend(item for item in batch if isinstance(item, Refused))
            if kept:
                if mark is None:
                    mark = self._decimal_mark(kept, columns)
                _RowCleaner(self, columns, lane, mark, writer).clean(kept)
            if len(batch) == CHUNK_SIZE:
                yield writer.take()
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=file_cursor(lane, table))

    def _decimal_mark(self, rows: list[tuple[int, list[str]]], columns: Columns) -> str:
        if "price" not in columns.places:
            return ""
        place = columns.places["price"]
        return decimal_mark([cells[place] for _, cells in rows[:SAMPLE_PRICES]])


class _RowCleaner:
    """One chunk of rows to records, column by column. A class, because every step needs the columns and the issues."""

    def __init__(self, adapter: Spreadsheet, columns: Columns, lane: Lane, mark: str, writer: ChunkWriter) -> None:
        self.adapter, self.feed, self.columns = adapter, adapter.feed, columns
        self.lane, self.mark, self.writer = lane, mark, writer
        self.why_not: dict[int, Reason] = {}  # row in the chunk: why it is refused
        self.warnings: list[tuple[int, Reason]] = []

    def clean(self, rows: list[tuple[int, list[str]]]) -> None:
        """Append the records, refusals and issues of some rows to the chunk."""
        self.positions = [position for position, _ in rows]
        self.cells = [cells for _, cells in rows]
        self.by_column = list(zip(*self.cells, strict=True))
        gtins = self._gtins()
        titles = cleaning.lines(self._column("title"), cleaning.title, longest=cleaning.TITLE_LENGTH)
        conditions = self._conditions()
        skus = self._skus(gtins, conditions)
        if not all(skus) or not all(titles):
            for row, (sku, gtin, title) in enumerate(zip(skus, gtins, titles, strict=True)):
                if not sku:
                    self.why_not.setdefault(row, reason("sku_missing"))
                elif not title and gtin is None and self.lane is Lane.CATALOGUE:
                    self.why_not.setdefault(row, reason("title_missing"))
        prices = self._prices()
        quantities, availabilities = self._stock()
        values = (
            *(skus, gtins, titles, [p.price for p in prices], [p.currency for p in prices]),
            *(repeat(self.feed.options.get("price_kind", PriceKind.RETAIL)), quantities),
            *(repeat(self.adapter.contains_our_orders), availabilities, conditions, repeat(self.writer.as_of)),
            *(self._flags("signed"), self._flags("first_edition"), self._each("days", cleaning.pages, None)),
            *(self._each("available_from", cleaning.partial_date), repeat(self.adapter.speaks_for(self.lane))),
            *self._facts(),
        )
        records = list(map(CatalogRecord._make, zip(*values, strict=False)))
        self._hand_over(records)

    def _hand_over(self, records: list[CatalogRecord]) -> None:
        writer, positions = self.writer, self.positions
        for row, why in self.warnings:
            if row not in self.why_not:
                writer.issues.append(Issue(records[row].sku, why, positions[row]))
        if not self.why_not:
            writer.records.extend(records)
            return
        for row, record in enumerate(records):
            if row not in self.why_not:
                writer.records.append(record)
            elif any(cell.strip() for cell in self.cells[row]):
                why = self.why_not[row]
                writer.refused.append(Refused(raw_text(self.cells[row]), why, positions[row], record.sku))

    def _column(self, field: str) -> tuple[str, ...]:
        place = self.columns.places.get(field)
        return self.by_column[place] if place is not None else ("",) * len(self.cells)

    def _each(self, field: str, clean: Callable[[str], Any], absent: Any = "") -> Any:
        """A cleaned column; where there is none, its absent value for ever."""
        if field not in self.columns.places:
            return repeat(absent)
        return [clean(text) for text in self._column(field)]

    def _flags(self, field: str) -> Any:
        return self._each(field, cleaning.is_true, False)

    def _gtins(self) -> list[int | None]:
        places = self.columns.places
        if "gtin" in places and "isbn" in places:
            both = list(map(identify_row, self._column("gtin"), self._column("isbn")))
            gtins = [gtin for gtin, _ in both]
            reasons = [(row, why) for row, (_, why) in enumerate(both) if why is not None]
        else:
            isbns = "isbn" in places
            gtins, reasons = identify_column(self._column("isbn" if isbns else "gtin"), isbns=isbns)
        for row, why in reasons:
            if why.code == "gtin_digits_lost" or (gtins[row] is None and "sku" not in places):
                self.why_not[row] = why
            else:
                self.warnings.append((row, why))
        return gtins

    def _skus(self, gtins: list[int | None], conditions: list[str]) -> list[str]:
        """The shop's numbers; without a column for them the GTIN, and for used copies GTIN and condition."""
        stated: Iterable[str] = repeat("")
        if "sku" in self.columns.places:
            stated = cleaning.lines(self._column("sku"), cleaning.sku, longest=cleaning.SKU_LENGTH)
            if all(stated):
                return stated
        return [
            sku or ("" if gtin is None else gtin_text(gtin) + ("" if condition == Condition.NEW else f"-{condition}"))
            for sku, gtin, condition in zip(stated, gtins, conditions, strict=False)
        ]

    def _conditions(self) -> list[str]:
        default = str(self.feed.options.get("condition", Condition.NEW))
        if "condition" not in self.columns.places:
            return [default] * len(self.cells)
        found = [cleaning.condition(text) for text in self._column("condition")]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(found) if why is not None)
        return [value or default for value, _ in found]

    def _prices(self) -> list[Priced]:
        currency = self.columns.currency or self.feed.currency
        if "price" not in self.columns.places:
            return [Priced(None, currency)] * len(self.cells)
        texts = self._column("price")
        if "currency" in self.columns.places:
            known = [text.strip().upper() or currency for text in self._column("currency")]
            found = [read_price(text, each, self.mark) for text, each in zip(texts, known, strict=True)]
        else:
            found = [read_price(text, currency, self.mark) for text in texts]
        if self.lane is Lane.CATALOGUE:
            self.warnings.extend((row, price.reason) for row, price in enumerate(found) if price.reason is not None)
        return found

    def _stock(self) -> tuple[list[int | None], list[str]]:
        quantity_texts = self._column("quantity")
        quantities = [cleaning.quantity(text) for text in quantity_texts]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(quantities) if why is not None)
        said: list[str | None]
        if "availability" in self.columns.places:
            stated = [cleaning.availability(text) for text in self._column("availability")]
            self.warnings.extend((row, why) for row, (_, why) in enumerate(stated) if why is not None)
            said = [value for value, _ in stated]
        else:
            said = [cleaning.availability_in_quantity(text) or None for text in quantity_texts]
        units = [value for value, _ in quantities]
        return units, list(map(cleaning.availability_of, said, units))

    def _facts(self) -> list[Any]:
        """The fact fields, in the order of CatalogRecord."""
        languages = [cleaning.language(text) for text in self._column("language")]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(languages) if why is not None)
        return [
            self._each("subtitle", cleaning.title),
            self._each("contributors", authors, ()),
            self._each("publisher", cleaning.name),
            self._each("subject", shop_subjects, ()),
            [value for value, _ in languages],
            self._each("form", cleaning.form),
            self._each("pages", cleaning.pages, None),
            self._each("publication_date", cleaning.partial_date),
            self._each("description", cleaning.description),
            self._each("cover", cleaning.web_address),
            self._each("series", cleaning.name),
            self._each("series_number", cleaning.one_line),
            self._each("audience", cleaning.one_line),
            self._each("unit_size", cleaning.one_line),
            self._each("tax_code", cleaning.one_line),
        ]


def authors(text: str) -> tuple[tuple[str, str], ...]:
    """A cell of authors as contributors. One plain name, as most cells hold, is taken as it stands."""
    if text.isprintable() and not _NOT_ONE_NAME.search(text) and cleaning.is_composed(text):
        return ((text, "author"),) if text else ()
    return _authors(text)


_NOT_ONE_NAME = re.compile(r"[,;|/&]|  |^ | $")


@lru_cache(maxsize=cleaning.REMEMBERED)
def _authors(text: str) -> tuple[tuple[str, str], ...]:
    """A cell of authors as contributors."""
    return tuple((name, "author") for name in cleaning.names(text))


@lru_cache(maxsize=cleaning.REMEMBERED)
def shop_subjects(text: str) -> tuple[tuple[str, str, str], ...]:
    """A shop's own categories as subjects: "Romans > Polar; Voyage" are two, each with its whole path."""
    parts = (cleaning.one_line(part) for part in text.replace("|", ";").split(";"))
    return tuple(("sender", "", part) for part in parts if part)
