"""XLSX, XLS and ODS by calamine. Its numbers are floats: an ISBN comes as 9782000000001.0 and is made whole again."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from catalog_sync.reading.tables import Ending, Table, columns_unknown, find_header, named_header
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import Refused

HEAD_ROWS = 200  # read to learn what stands in which column
MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # zip (XLSX, ODS); OLE (XLS)


def is_workbook(path: Path) -> bool:
    """Whether a file begins like a spreadsheet program's own format."""
    with path.open("rb") as stream:
        return stream.read(4) in MAGIC


class SheetHead(NamedTuple):
    """A sheet, and its first rows with their numbers."""

    sheet: CalamineSheet
    rows: list[tuple[int, list[str]]]


def read_workbook(path: Path, knows: Callable[[str], bool], sheet_name: str = "") -> Table:
    """The named sheet of a workbook, else the visible one whose header is understood best, as a table.

    Raises `FeedError` for a damaged or locked file and for one without a header.
    """
    best: tuple[int, SheetHead, int] | None = None
    heads = read_heads(path, sheet_name)
    for head in heads:
        index = find_header(head.rows, knows)
        if index is not None:
            score = sum(1 for cell in head.rows[index][1] if cell and knows(cell))
            if best is None or score > best[0]:
                best = (score, head, index)
    if best is None:
        raise columns_unknown([row for head in heads for row in head.rows])
    _, head, index = best
    return read_below(head, index + 1, named_header(head.rows[index][1]))


def read_heads(path: Path, sheet_name: str = "") -> list[SheetHead]:
    """How the visible sheets begin, or the named one alone, where it is there. Raises `FeedError` for a damaged or
    locked file."""
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = [m.name for m in workbook.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        sheets = [workbook.get_sheet_by_name(name) for name in ([sheet_name] if sheet_name in names else names)]
    except PasswordError as problem:
        raise feed_error("file_locked", permanent=True) from problem
    except (CalamineError, OSError, ValueError) as problem:
        raise feed_error("file_damaged", permanent=False, detail=problem) from problem
    return [SheetHead(sheet, _first_rows(sheet)) for sheet in sheets]


def read_below(head: SheetHead, start: int, header: list[str]) -> Table:
    """The table whose articles begin at the row `start` of the head."""
    row = head.rows[start - 1][0] if start else 0
    notes = [reason("sheet_decided", sheet=head.sheet.name)]
    return Table(header, _rows(head.sheet, row, len(header)), notes, Ending(whole=True))


def _first_rows(sheet: CalamineSheet) -> list[tuple[int, list[str]]]:
    cells_of = sheet.to_python(skip_empty_area=False, nrows=HEAD_ROWS)
    rows = [
        (number, [cell_text(cell).strip("\ufeff \t\u00a0") for cell in cells])
        for number, cells in enumerate(cells_of, 1)
    ]
    return [(number, cells) for number, cells in rows if any(cells)]


def _rows(sheet: CalamineSheet, header_row: int, width: int) -> Iterator[tuple[int, list[str]] | Refused]:
    blank = [""] * (sheet.start or (0, 0))[1]  # columns before the first used one, which iter_rows leaves out
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number <= header_row:
            continue
        texts = (blank + [cell_text(cell) for cell in cells])[:width]
        if any(texts):
            yield number, texts + [""] * (width - len(texts))


def cell_text(cell: Any) -> str:
    """A cell as the text a person would have typed: whole numbers without decimals, dates in ISO."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _number(cell: float) -> str:
    """A number with a decimal point. One with three decimals gets a fourth: 7.125 is no seven thousand."""
    if cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    text = repr(round(cell, 10)) if abs(cell) < 1e6 else repr(cell)  # 12.899999999999999 is 12.9
    return text + "0" if "e" not in text and len(text.rpartition(".")[2]) == 3 else text
