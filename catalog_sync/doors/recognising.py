"""What kind a list is, found by a child within its limits, whoever sent it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from catalog_sync.adapters.detecting import detect
from catalog_sync.reading.confined import confined_value
from catalog_sync.reading.csv_rows import read_head
from catalog_sync.reading.decoding import SAMPLE, refuse_no_list
from catalog_sync.reading.heads import beginning
from catalog_sync.reasons import FeedError

_LEAST_CELLS, _LEAST_ROWS = 2, 3  # of what may be a table, though nobody knows its columns


def kind_of(path: Path, folder: Path) -> str:
    """A key of ADAPTERS; a table that names no column we know is `csv`, since a person may say what stands where.
    `folder`: for what is unpacked. Raises `FeedError`."""
    return str(confined_value(partial(_kind, path, folder), path.stat().st_size))


def _kind(path: Path, folder: Path) -> str:
    try:
        head = beginning(path, folder)
    except FeedError as error:
        if error.reason and error.reason.code == "workbook_too_large":
            return "xlsx"
        raise
    with head.open("rb") as stream:
        refuse_no_list(stream.read(SAMPLE))
    try:
        return detect(head)
    except FeedError as error:
        if error.reason and error.reason.code == "kind_not_found" and _is_table(head):
            return "csv"
        raise


def _is_table(head: Path) -> bool:
    """Most of its lines have the same number of cells."""
    try:
        rows = read_head(head, "").rows
    except FeedError:
        return False
    widths = [len(cells) for _line, cells in rows] or [0]
    usual = max(set(widths), key=widths.count)
    return usual >= _LEAST_CELLS and widths.count(usual) >= _LEAST_ROWS
