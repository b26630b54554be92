"""A shop's own list: CSV, TSV, XLSX, XLS or ODS, columns in any order under any of their usual names.

Cleaned by column, a chunk at a time, remembering distinct values: that is what makes a million rows quick.

Options: `columns` ({field: column name}: what a person has said of the columns; "#3" is the third of a list that
names none), `unused` (names of columns not to be read), `sheet`, `condition` (of articles without one,
default new), `price_kind` (default retail).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice, repeat
from pathlib import Path
from typing import Any, NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters.base import CHUNK_SIZE, FULL, PARTIAL, ChunkWriter, FeedSettings, FileAdapter
from catalog_sync.adapters.column_names import knows
from catalog_sync.adapters.column_proposal import Layout, find_layout
from catalog_sync.adapters.spreadsheet_columns import Columns, Remembered, remembered, understand
from catalog_sync.identifiers import gtin_text, identify_column, identify_row
from catalog_sync.prices import Priced, decimal_mark, read_price
from catalog_sync.reading.csv_rows import read_below, read_head
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.tables import Table, column_name, columns_unknown
from catalog_sync.reading.xlsx_rows import is_workbook, read_heads
from catalog_sync.reading.xlsx_rows import read_below as read_sheet
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import (
    STOCK_FIELDS,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Issue,
    Lane,
    PriceKind,
    Refused,
    raw_text,
)

WITH_NEWLINE = "ends with a newline"  # cursor value: how the last file ended
SAMPLE_PRICES = 500


class Opened(NamedTuple):
    """A list, and what stands in which of its columns."""

    table: Table
    layout: Layout
    columns: Columns


def open_list(path: Path, feed: FeedSettings, before: Remembered) -> Opened:
    """A list in a file of any of the formats. Raises `FeedError` where it cannot be opened or understood."""
    if is_workbook(path):
        return _open_workbook(path, feed, before)
    head = read_head(path, feed.encoding)
    layout = layout_of(head.rows, feed.options)
    if layout is None:
        raise columns_unknown(head.rows)
    columns = understand(layout, feed.options, before)
    needed = columns.last_needed()
    table = read_below(path, head, layout.start, layout.header, needed, before.newline, named=layout.named)
    return Opened(table, layout, columns)


def _open_workbook(path: Path, feed: FeedSettings, before: Remembered) -> Opened:
    """The sheet whose columns are understood best: by most names, else by contents."""
    heads = read_heads(path, str(feed.options.get("sheet", "")))
    found = [(layout, head) for head in heads if (layout := layout_of(head.rows, feed.options)) is not None]
    if not found:
        raise columns_unknown([row for head in heads for row in head.rows])
    layout, head = max(found, key=lambda one: sum(map(knows, one[0].header)) if one[0].named else 0)
    return Opened(read_sheet(head, layout.start, layout.header), layout, understand(layout, feed.options, before))


def layout_of(rows: list[tuple[int, list[str]]], options: dict[str, Any]) -> Layout | None:
    """How a list of a feed with these options begins; None where neither names nor contents tell."""
    mapped = options.get("columns", {}).values()
    folded = {column_name(name) for name in mapped}
    return find_layout(
        rows,
        lambda cell: knows(cell) or column_name(cell) in folded,
        unnamed=any(name.startswith("#") for name in mapped),
    )


def stamp_notes(file: LocalFile) -> list[Reason]:
    """From when the list counts, and how we know."""
    how = "time of the file" if file.stamp else "as late as it may be"
    counts_from = as_of(file.stamp, file.received_at, file.lateness)
    return [reason("stamp_used", as_of=counts_from.isoformat(timespec="minutes"), how=how)]


def column_notes(columns: Columns, *, named: bool) -> list[Reason]:
    """Which columns were understood, which not, which are missing."""
    notes = [reason("columns_found", columns=", ".join(f"{name}: {column}" for name, column in columns.names.items()))]
    if not named:
        notes.insert(0, reason("header_none"))
    notes += columns.notes
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


_STOCK_COLUMNS = {"quantity", "availability"}
_PRICE_FIELDS = ("price", "currency", "price_kind")


def fields_of(columns: Columns) -> tuple[str, ...]:
    """The fields of a record that a list with these columns says something of."""
    spoken: list[str] = []
    for column in columns.places:
        if column in _STOCK_COLUMNS:
            spoken += STOCK_FIELDS
        elif column == "price":
            spoken += _PRICE_FIELDS
        elif column == "subject":
            spoken.append("subjects")
        elif column in CatalogRecord._fields and column not in ("sku", "gtin", "currency"):
            spoken.append(column)
    return tuple(dict.fromkeys(spoken))


class Spreadsheet(FileAdapter):
    kind = "csv"
    capabilities = frozenset({FULL, PARTIAL})
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table, layout, columns = open_list(file.path, self.feed, remembered(since.value if since else ""))
        notes = [*table.notes, *stamp_notes(file), *column_notes(columns, named=layout.named)]
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), notes)
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
        cursor = Cursor(lane, columns.memory(newline=table.ending.final_newline).text())
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=cursor)

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
        partial = fields_of(columns) if self.feed.mode == PARTIAL else ()
        self.speaks_for = adapter.speaks_for(lane) or partial
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
                elif not title and gtin is None and not self.speaks_for:
                    self.why_not.setdefault(row, reason("title_missing"))
        prices = self._prices()
        quantities, availabilities = self._stock()
        values = (
            *(skus, gtins, titles, [p.price for p in prices], [p.currency for p in prices]),
            *(repeat(self.feed.options.get("price_kind", PriceKind.RETAIL)), quantities),
            *(repeat(self.adapter.contains_our_orders), availabilities, conditions, repeat(self.writer.as_of)),
            *(self._flags("signed"), self._flags("first_edition"), self._each("days", cleaning.pages, None)),
            *(self._each("available_from", cleaning.partial_date), repeat(self.speaks_for)),
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
            self._each("tax_code", cleaning.tax_code),
            repeat(()),  # related
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
