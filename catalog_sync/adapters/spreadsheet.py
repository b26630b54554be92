"""A shop's own list: CSV, TSV, XLSX, XLS or ODS, columns in any order under any of their usual names.

Options: `columns` ({field: column name}: what a person has said of the columns; "#3" is the third of a list that
names none), `unused` (names of columns not to be read), `sheet`, `condition` (of articles without one,
default new), `price_kind` (default retail).
"""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

from catalog_sync.adapters.base import CHUNK_SIZE, FULL, PARTIAL, ChunkWriter, FeedSettings, FileAdapter
from catalog_sync.adapters.column_names import knows
from catalog_sync.adapters.column_proposal import Layout, find_layout
from catalog_sync.adapters.spreadsheet_columns import Columns, Remembered, remembered, understand
from catalog_sync.adapters.spreadsheet_rows import SAMPLE_PRICES, RowCleaner
from catalog_sync.reading.csv_rows import read_below, read_head
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.stamps import as_of
from catalog_sync.reading.tables import Table, column_name, columns_unknown
from catalog_sync.reading.xlsx_rows import is_workbook, read_heads
from catalog_sync.reading.xlsx_rows import read_below as read_sheet
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import Chunk, Cursor, Lane, Refused

WITH_NEWLINE = "ends with a newline"  # cursor value: how the last file ended


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


class Spreadsheet(FileAdapter):
    kind = "csv"
    capabilities = frozenset({FULL, PARTIAL})
    passes_over_known = True
    position_word = "line"

    def reads_in_shares(self, file: LocalFile) -> bool:
        return not is_workbook(file.path)

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        table, layout, columns = open_list(file.path, self.feed, remembered(since.value if since else ""))
        notes = [*table.notes, *stamp_notes(file), *column_notes(columns, named=layout.named)]
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), notes)
        rows = iter(table.rows)
        cleaner: RowCleaner | None = None
        for turn in count():
            size = CHUNK_SIZE if turn else SAMPLE_PRICES  # of a file that is known the first chunk is the only one
            mine = self.share.takes(turn)
            if not mine and cleaner and table.pass_over:
                if not table.pass_over(size):
                    break
                continue
            batch = list(islice(rows, size))
            kept = [item for item in batch if not isinstance(item, Refused)]
            if kept:
                cleaner = cleaner or RowCleaner(self, columns, lane, kept, writer)
            if mine:
                writer.refused.extend(item for item in batch if isinstance(item, Refused))
                if kept and cleaner:
                    cleaner.clean(kept)
            if len(batch) < size:
                break
            if mine:
                yield writer.take(turn=turn)
        cursor = Cursor(lane, columns.memory(newline=table.ending.final_newline).text())
        yield self.last_chunk(writer, whole=table.ending.whole, cursor=cursor)._replace(turn=turn)
