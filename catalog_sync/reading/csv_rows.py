"""CSV as really met: any delimiter, blank lines and a title before the header, lost quotation marks, a cut end.

`csv.Sniffer` raises on real files; the delimiter here is the one that gives the most rows the same number of cells.
"""

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from catalog_sync.reading.decoding import Decoding, decide, refuse_web_page, sample
from catalog_sync.reading.tables import Ending, Table, columns_unknown, find_header, named_header
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import Refused, raw_text

DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars"}
MOST_LINES_PER_ROW = 1000  # a quotation mark that is never closed would swallow the rest of the file
LARGEST_CELL = 1 << 20
_NEWLINES = ("\n", "\r")
_END = "\0end of file\0"
_BLOCK, _LINES = 1 << 18, 100  # characters of lines that are read at once; lines that are taken apart at once


def read_csv(
    path: Path,
    declared: str,
    knows: Callable[[str], bool],
    essential: Callable[[list[str]], int],
    newline_expected: bool = False,
) -> Table:
    """A CSV file as a table.

    `knows` tells a column's name; `essential` gives the last index a row of this header must reach to be of use:
    shorter rows are refused, longer ones when the surplus is not blank. `newline_expected`: the last file from here
    ended with one, so that a last line without it is taken for cut. Raises `FeedError` for a page, an empty file, no
    header.
    """
    head = read_head(path, declared)
    index = find_header(head.rows, knows)
    if index is None:
        raise columns_unknown(head.rows)
    header = named_header(head.rows[index][1])
    return read_below(path, head, index + 1, header, essential(header), newline_expected)


class Head(NamedTuple):
    """The beginning of a file: its characters, its delimiter, and the rows of its first lines with the line each ends
    on, blank ones left out."""

    decoding: Decoding
    delimiter: str
    rows: list[tuple[int, list[str]]]


def read_head(path: Path, declared: str) -> Head:
    """How a file begins. Raises `FeedError` for a page, another kind of file, an empty file."""
    csv.field_size_limit(LARGEST_CELL)
    decoding = decide(path, declared)
    text = sample(path, decoding)
    refuse_web_page(text)
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first in ("<", "{"):
        found = "XML" if first == "<" else "JSON"
        raise feed_error("file_wrong_kind", permanent=True, found=found, expected="CSV, XLSX, ODS")
    delimiter = decide_delimiter(text)
    return Head(decoding, delimiter, list(_first_rows(text, delimiter)))


def read_below(
    path: Path, head: Head, start: int, header: list[str], needed: int, newline_expected: bool, *, named: bool = True
) -> Table:
    """The table whose articles begin at the row `start` of the head. `needed`: as `essential` tells it. Not `named`:
    the file names no columns, the names are ours."""
    line = head.rows[start - 1][0] if start else 0
    usual, _ = Counter(len(cells) for _, cells in head.rows[start:] or head.rows).most_common(1)[0]
    notes = [head.decoding.note(), reason("delimiter_decided", delimiter=DELIMITERS[head.delimiter])]
    if named and line > 1:
        notes.append(reason("header_late", line=line))
    ending = Ending()
    shape = Shape(head.delimiter, line, len(header), max(usual, len(header)), needed)
    source = _Rows(path, head.decoding, shape, newline_expected, ending)
    rows = iter(source)
    return Table(header, rows, notes, ending, lambda count: source.pass_over(rows, count))


def decide_delimiter(text: str) -> str:
    """The delimiter that splits a sample most evenly; commas where nothing splits it."""
    lines = list(islice(io.StringIO(text, newline=""), 200))
    if len(text) >= 65_536 and len(lines) > 1:
        lines.pop()
    return max(DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int, float]:
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in row)]
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return (0.0, 0, 0.0)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    ends = [cell.strip()[-1:] for row in rows[:50] for cell in row]
    stray = sum(1 for end in ends if end and end in DELIMITERS) / max(1, len(ends))
    return (count / len(rows) * min(width, 6) * (1 - stray), width, -stray)


def _first_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The first rows of a sample with the line each ends on; blank ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        cells = [cell.strip("\ufeff \t\u00a0\r\n") for cell in row]
        if any(cells):
            yield reader.line_num, cells
        if reader.line_num > 200:
            return


class Shape(NamedTuple):
    """How the rows look. A row of up to `widest` cells is good when those beyond `width` are blank: all rows of such a
    file end with a delimiter. A shorter one is good when it reaches beyond `needed`."""

    delimiter: str
    header_line: int
    width: int
    widest: int
    needed: int


class _Rows:
    """The rows below the header. A class, because csv.reader pulls lines while rows are pushed out, and both share
    state."""

    def __init__(self, path: Path, decoding: Decoding, shape: Shape, newline_expected: bool, ending: Ending) -> None:
        self.path, self.decoding, self.newline_expected, self.ending = path, decoding, newline_expected, ending
        self.delimiter, self.header_line, self.width, self.widest, self.needed = shape
        self.ahead: deque[str] = deque()  # lines read from the file and not yet taken
        self.taken: list[str] = []  # the lines of the row being read
        self.line = 0  # lines taken so far
        self.last = ""
        self.runaway = False
        self.cut = False
        self.unwanted = 0  # rows to pass over

    def pass_over(self, rows: Iterator[tuple[int, list[str]] | Refused], count: int) -> bool:
        """Go on behind the next `count` of these rows. Returns False at the end."""
        self.unwanted = count
        while self.unwanted:
            if next(rows, None) is None:
                return False
            self.unwanted -= 1
        return True

    def _lines(self, stream: TextIO) -> Iterator[str]:
        """Physical lines, then a mark: it becomes a row of its own unless a quotation mark is open at the end."""
        taken = self.taken
        while line := self.ahead.popleft() if self.ahead else stream.readline():
            taken.append(line)
            self.line += 1
            self.last = line
            if len(taken) > MOST_LINES_PER_ROW:
                self.runaway = True
                return
            yield line
        taken.append(_END)
        yield _END

    def __iter__(self) -> Iterator[tuple[int, list[str]] | Refused]:
        with self.path.open(encoding=self.decoding.encoding, errors="replace", newline="") as stream:
            for _ in range(self.header_line):
                self.line += 1
                self.last = stream.readline()
            ended = False
            while not ended:
                if len(self.ahead) <= _LINES:
                    self.ahead.extend(stream.readlines(_BLOCK))
                if self.unwanted > _LINES and self._passed_over():
                    continue
                if rows := self._plain_rows():
                    yield from rows
                else:
                    ended = yield from self._row_by_row(stream)

    def _plain_rows(self) -> list[tuple[int, list[str]]]:
        """The rows of the next lines, where each line is one row of the right width, as almost always: three times as
        fast as row by row. None where one is not. The last line of the file waits for `_row_by_row`."""
        lines = self._next_lines()
        rows = self._split(lines)
        if {*map(len, rows)} != {self.width}:
            return []
        first = self.line + 1
        self._take(lines)
        return [(line, cells) for line, cells in enumerate(rows, first) if any(cells)]

    def _passed_over(self) -> bool:
        """The same, of rows that nobody wants: where no quotation mark is about, they are counted without being taken
        apart."""
        lines = self._next_lines()
        together = "".join(lines)
        if '"' in together or len(together) > LARGEST_CELL:
            rows = self._split(lines)
            if {*map(len, rows)} != {self.width}:
                return False
            filled = sum(map(any, rows))
        else:
            if {line.count(self.delimiter) for line in lines} != {self.width - 1}:
                return False
            blank = self.delimiter + "\r\n"
            filled = sum(1 for line in lines if line.strip(blank))
        self._take(lines)
        self.unwanted -= filled
        return True

    def _next_lines(self) -> list[str]:
        return list(islice(self.ahead, max(0, min(_LINES, len(self.ahead) - 1))))

    def _take(self, lines: list[str]) -> None:
        self.line += len(lines)
        self.last = lines[-1]
        for _ in lines:
            self.ahead.popleft()

    def _split(self, lines: list[str]) -> list[list[str]]:
        """The cells of lines that are a row each; none where some are not."""
        together = "".join(lines)
        if '"' not in together and len(together) <= LARGEST_CELL:
            return [line.rstrip("\r\n").split(self.delimiter) for line in lines]
        try:
            # The mark is a row of its own unless a quotation mark is open before it; so is each line, where there are
            # as many rows as lines.
            rows = list(csv.reader([*lines, _END], delimiter=self.delimiter))
        except csv.Error:
            return []
        return rows if len(rows) == len(lines) + 1 and rows.pop() == [_END] else []

    def _row_by_row(self, stream: TextIO) -> Generator[tuple[int, list[str]] | Refused, None, bool]:
        """The rows of the next lines, and of as many more as the last of them takes. Returns whether that was the
        end."""
        taken, width, newline_expected = self.taken, self.width, self.newline_expected
        enough = max(len(self.ahead) - _LINES, 1) if len(self.ahead) > 1 else -1
        while True:
            for cells in self._csv_rows(stream):
                if len(taken) == 1 and len(cells) == width and taken[0] is not _END:
                    line = taken[0]
                    taken.clear()
                    if newline_expected and not line.endswith(_NEWLINES):
                        self.cut = True
                        yield Refused(raw_text(line), reason("record_cut"), self.line)
                    elif any(cells):
                        yield self.line, cells
                else:
                    lines = taken[:]
                    taken.clear()
                    if lines and lines[-1] is _END:
                        yield from self._last(lines[:-1])
                        return True
                    yield from self._odd(cells, lines)
                if len(self.ahead) <= enough:
                    return False

    def _csv_rows(self, stream: TextIO) -> Iterator[list[str]]:
        """Rows until the reader stops: at the end, after a runaway quotation mark, or on a cell that is too large."""
        reader = csv.reader(self._lines(stream), delimiter=self.delimiter)
        while True:
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error:
                self.runaway = True
                yield self.taken[:1]
                return

    def _odd(self, cells: list[str], lines: list[str]) -> Iterator[tuple[int, list[str]] | Refused]:
        """A row over several lines, or with too few or too many cells."""
        if len(cells) == self.width and not self.runaway and not self._are_rows(lines):
            yield self.line - len(lines) + 1, cells
        elif len(cells) < self.width and not lines[-1].endswith(_NEWLINES):
            self.cut = True
            yield Refused(raw_text("".join(lines).strip()), reason("record_cut"), self.line)
        elif len(lines) > 1:
            yield from self._one_by_one(lines, self.line)
        elif any(cell.strip() for cell in cells):
            yield self._fitted(cells, self.line, lines)
        self.runaway = False

    def _one_by_one(self, lines: list[str], last_line: int) -> Iterator[tuple[int, list[str]] | Refused]:
        """Lines that did not make one row: quotation marks were lost, so each line is read for itself."""
        first = last_line - len(lines) + 1
        for number, line in enumerate(lines, first):
            cells = self._alone(line)
            if any(cell.strip() for cell in cells):
                yield self._fitted(cells, number, [line])

    def _are_rows(self, lines: list[str]) -> bool:
        """Whether each line is a row by itself: a lone quotation mark (7" single) has glued whole rows together."""
        return len(lines) > 1 and all(line.count(self.delimiter) == self.width - 1 for line in lines)

    def _alone(self, line: str) -> list[str]:
        """A line read for itself, its quotation marks taken literally where that gives the right number of cells."""
        literal = line.rstrip("\r\n").split(self.delimiter)
        try:
            cells = next(csv.reader([line], delimiter=self.delimiter), [])
        except csv.Error:
            return literal
        return literal if len(literal) == self.width != len(cells) else cells

    def _fitted(self, cells: list[str], line: int, raw: list[str]) -> tuple[int, list[str]] | Refused:
        if self.width < len(cells) <= self.widest and not any(cell.strip() for cell in cells[self.width :]):
            return line, cells[: self.width]
        if self.needed < len(cells) <= self.width:
            return line, cells + [""] * (self.width - len(cells))
        why = reason("line_ragged", found=len(cells), expected=self.width)
        return Refused(raw_text("".join(raw).strip()), why, line)

    def _last(self, open_lines: list[str]) -> Iterator[tuple[int, list[str]] | Refused]:
        """The end. `open_lines` are there only if a quotation mark is still open: the file was cut in a quoted
        cell, or a mark was lost further up, and most of these lines are rows of their own."""
        self.ending.final_newline = self.last.endswith(_NEWLINES)
        self.ending.whole = not open_lines and not self.cut
        if not open_lines:
            return
        own = sum(1 for line in open_lines[1:] if len(self._alone(line)) == self.width)
        if own * 2 > len(open_lines):
            yield from self._one_by_one(open_lines[:-1], self.line - 1)
            open_lines = open_lines[-1:]
            if self.ending.final_newline:
                yield from self._one_by_one(open_lines, self.line)
                return
        yield Refused(raw_text("".join(open_lines).strip()), reason("record_cut"), self.line - len(open_lines) + 1)
