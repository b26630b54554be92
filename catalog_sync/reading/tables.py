"""A list of articles as rows and named columns, whatever file it came in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from catalog_sync.cleaning import fold
from catalog_sync.reasons import FeedError, Reason, feed_error
from catalog_sync.records import Refused

HEADER_SEARCHED_ROWS = 20


@dataclass
class Ending:
    """What the end of a table showed; filled in while its rows are read."""

    whole: bool = False  # no sign that the end is missing
    final_newline: bool = True
    notes: list[Reason] = field(default_factory=list)


@dataclass
class Table:
    """`rows` yields (position, cells) with exactly as many cells as `header` has names, or a `Refused` for a row
    that cannot be brought to that. Positions are lines of a text file, rows of a sheet, from 1. `ending` is valid
    once rows are read. `pass_over`: where a table can, goes on behind so many rows; False at its end."""

    header: list[str]
    rows: Iterator[tuple[int, list[str]] | Refused]
    notes: list[Reason]
    ending: Ending
    pass_over: Callable[[int], bool] | None = None


def find_header(rows: list[tuple[int, list[str]]], knows: Callable[[str], bool]) -> int | None:
    """The index of the row that names the columns: of the first rows, the first with the most names `knows` recognises.

    None when no row has two of them (one, where the table has one or two columns).
    """
    best, best_score = None, 0
    for index, (_, cells) in enumerate(rows[:HEADER_SEARCHED_ROWS]):
        score = sum(1 for cell in cells if cell and knows(cell))
        if score > best_score:
            best, best_score = index, score
    if best is None:
        return None
    width = sum(1 for cell in rows[best][1] if cell.strip())
    return best if best_score >= min(2, width) else None


def column_name(cell: str) -> str:
    """A header cell folded for comparison: "\\ufeffPrix (€)" is "prix"; the unit in brackets is left out."""
    return fold(cell.split("(")[0]) or fold(cell)


def named_header(cells: list[str]) -> list[str]:
    """The names in a header row, without the blank cells at its end."""
    header = [cell.strip("\ufeff \t\u00a0") for cell in cells]
    while header and not header[-1]:
        header.pop()
    return header


def columns_unknown(rows: list[tuple[int, list[str]]]) -> FeedError:
    """What to raise where no row of a file names its columns: with its longest row."""
    longest = max((cells for _, cells in rows), key=len, default=[])
    return feed_error("columns_unknown", permanent=True, columns=", ".join(filter(None, longest)))
