"""Tables of subjects that an operator brings along: names of Thema's codes, and what other schemes' codes mean in it.

A table is a CSV file in UTF-8 (comma, semicolon or tab), a workbook (XLSX, XLS, ODS: its first sheet), or JSON as
EDItEUR publishes Thema. Columns, by their names in the first line, in any case:

- `code`, or EDItEUR's `CodeValue`;
- for Thema its names: `label_fr` and `label_en`, or one of them, or EDItEUR's `CodeDescription` in one language;
- for BISAC and CLIL `thema`: the Thema code in which everything lies whose code begins so; the longest counts.

Other columns are passed over. Source of the JSON's shape: CodeList.ThemaCodes.Code of EDItEUR's Thema 1.4 to 1.6.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Length
from python_calamine import CalamineError, CalamineWorkbook

from marketplace.catalogue.models import Subject, SubjectMapping
from marketplace.catalogue.subjects import SCHEME
from marketplace.catalogue.thema import THEMA
from marketplace.foundation.confinement import ConfinedError, Limits, confined

LARGEST_FILE = 32 * 1024**2  # bytes; EDItEUR's are below 3 MB
MOST_ROWS = 200_000
LONGEST_LABEL = 250
_MOST_REFUSALS = 20
_LIMITS = Limits(memory_bytes=512 * 1024**2, processor_seconds=60, waiting_seconds=120, silence_seconds=60)
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_CODE = re.compile(r"[A-Z0-9]{1,20}")
_ALSO = {"codevalue": "code", "codedescription": "label"}

Row = tuple[int, dict[str, str]]
"""Its number in the file, from 1, and its cells by the names of the columns in lower case."""


@dataclass
class Imported:
    """How many rows were stored, how many passed over as not for us (our own names stay; Thema's qualifiers have no
    page), how many refused, and why the first of them."""

    stored: int = 0
    passed_over: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def refuse(self, row: int, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < _MOST_REFUSALS:
            self.reasons.append(f"Row {row}: {reason}")


class SubjectFileError(Exception):
    """The file as a whole cannot be read; says what to do. Nothing was changed."""


def load(scheme: str, path: Path, *, language: str = "") -> Imported:
    """Store a table. Of Thema the rows are added to what is there; of another scheme they replace what was loaded
    before. `language` (fr, en) is that of a table whose names have none. Raises SubjectFileError."""
    report = Imported()
    rows = _rows(path)
    with transaction.atomic():
        if scheme == SCHEME:
            _store_names(_names(rows, report, language), report)
        else:
            _store_mappings(scheme, _meanings(rows, report))
            report.stored = SubjectMapping.objects.filter(scheme=scheme).count()
        if not report.stored and not report.passed_over:
            raise SubjectFileError(f"{path}: no row could be read; nothing was changed. {''.join(report.reasons[:1])}")
    return report


def _names(rows: Iterable[Row], report: Imported, language: str) -> Iterator[tuple[str, str, str]]:
    """(code, French, English); a name that is not said is empty."""
    seen: set[str] = set()
    for number, cells in rows:
        code, own = cells.get("code", "").upper(), cells.get("label", "")
        french = cells.get("label_fr", "") or (own if language == "fr" else "")
        english = cells.get("label_en", "") or (own if language == "en" else "")
        if own and not language:
            raise SubjectFileError("The table has names without a language: say which with --language fr or en.")
        if _CODE.fullmatch(code) and (code in THEMA or code[0] not in THEMA):
            report.passed_over += 1
        elif reason := _wrong(code, seen) or _wrong_name(french or english):
            report.refuse(number, reason)
        else:
            seen.add(code)
            yield code, french[:LONGEST_LABEL], english[:LONGEST_LABEL]


def _meanings(rows: Iterable[Row], report: Imported) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for number, cells in rows:
        code, thema = cells.get("code", "").upper(), cells.get("thema", "").upper()
        if not thema and _CODE.fullmatch(code):
            report.passed_over += 1
        elif reason := _wrong(code, seen):
            report.refuse(number, reason)
        elif not _CODE.fullmatch(thema) or thema[0] not in THEMA:
            report.refuse(number, f"“{thema[:20]}” is no code of a Thema subject, as in FBA.")
        else:
            seen.add(code)
            yield code, thema


def _wrong(code: str, seen: set[str]) -> str:
    if not _CODE.fullmatch(code):
        return f"“{code[:20]}” is no code: capitals and digits, at most 20."
    return f"{code} came before; the first one counts." if code in seen else ""


def _wrong_name(name: str) -> str:
    if not name:
        return "It has no name."
    return "" if name.isprintable() else "Its name has characters that cannot be shown."


def _store_names(names: Iterable[tuple[str, str, str]], report: Imported) -> None:
    """A name in one language stands for the other until that is loaded. Parents come before what is below them."""
    stored = {row.code: row for row in Subject.objects.filter(scheme=SCHEME)}
    by_level: dict[int, list[Subject]] = {}
    for code, french, english in names:
        before = stored.get(code)
        row = Subject(
            scheme=SCHEME,
            code=code,
            label_fr=french or (before.label_fr if before else english),
            label_en=english or (before.label_en if before else french),
        )
        by_level.setdefault(len(code), []).append(row)
    for level in sorted(by_level):
        rows = by_level[level]
        for row in rows:
            above = (row.code[:end] for end in range(level - 1, 0, -1))
            row.parent = next((stored[code] for code in above if code in stored), None)
        Subject.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["scheme", "code"],
            update_fields=["parent", "label_fr", "label_en"],
            batch_size=500,
        )
        among = Subject.objects.filter(scheme=SCHEME).alias(level=Length("code")).filter(level=level)
        stored.update({row.code: row for row in among})
        report.stored += len(rows)


def _store_mappings(scheme: str, meanings: Iterable[tuple[str, str]]) -> None:
    rows = [SubjectMapping(scheme=scheme, prefix=code, thema=thema) for code, thema in meanings]
    if rows:
        SubjectMapping.objects.filter(scheme=scheme).delete()
        SubjectMapping.objects.bulk_create(rows, batch_size=2000)


def _rows(path: Path) -> list[Row]:
    """The table, read in a child with limits: whatever the file does to memory and time, it does there."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SubjectFileError(f"{path} is larger than {LARGEST_FILE // 1024**2} MB: that is no table of subjects.")
        with closing(confined(lambda: [json.dumps(_read(path)).encode()], _LIMITS)) as messages:
            read = json.loads(next(messages))
    except OSError as error:
        raise SubjectFileError(f"{path} cannot be read: {error}.") from error
    except ConfinedError as error:
        raise SubjectFileError(f"{path} takes more memory or time than such a table may ({error.end}).") from error
    if "wrong" in read:
        raise SubjectFileError(f"{path}: {read['wrong']}")
    return [(number, cells) for number, cells in read["rows"]]


def _read(path: Path) -> dict[str, object]:
    """In the child: `rows`, or what is `wrong` with the file."""
    content = path.read_bytes()
    try:
        if content.startswith(_WORKBOOK):
            sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
            return _table([_cell(cell) for cell in row] for row in sheet.iter_rows())
        text = content.decode("utf-8-sig")
        if text.lstrip()[:1] in ("{", "["):
            return _of_json(json.loads(text))
        first = text.partition("\n")[0]
        comma = max(";,\t", key=first.count)
        return _table(csv.reader(io.StringIO(text, newline=""), delimiter=comma))
    except UnicodeDecodeError as error:
        return {"wrong": f"it is not in UTF-8 ({error.reason} at byte {error.start}). Save it as CSV in UTF-8."}
    except json.JSONDecodeError as error:
        return {"wrong": f"its JSON ends or breaks at line {error.lineno}, column {error.colno}."}
    except (csv.Error, CalamineError, RecursionError, ValueError, IndexError) as error:
        return {"wrong": f"it is damaged: {error}"}


def _table(lines: Iterable[list[str]]) -> dict[str, object]:
    rows: list[Row] = []
    names: list[str] = []
    for number, line in enumerate(lines, 1):
        if not names:
            names = [_named(cell) for cell in line]
            if "code" not in names or not {"label", "label_fr", "label_en", "thema"} & set(names):
                return {"wrong": "its first line must name the columns code and label_fr, label_en or thema."}
        elif any(cell.strip() for cell in line):
            rows.append((number, {name: cell.strip() for name, cell in zip(names, line, strict=False)}))
        if len(rows) > MOST_ROWS:
            return {"wrong": f"it has more than {MOST_ROWS:,} rows."}
    return {"rows": rows}


def _of_json(read: object) -> dict[str, object]:
    """EDItEUR's shape, or the list of codes alone."""
    for name in ("CodeList", "ThemaCodes", "Code"):
        read = read.get(name) if isinstance(read, dict) else read
    if not isinstance(read, list):
        return {"wrong": "there is no list of codes at CodeList, ThemaCodes, Code."}
    entries = [entry if isinstance(entry, dict) else {} for entry in read[: MOST_ROWS + 1]]
    rows = [
        (number, {_named(name): _cell(value).strip() for name, value in entry.items()})
        for number, entry in enumerate(entries, 1)
    ]
    return {"rows": rows} if len(rows) <= MOST_ROWS else {"wrong": f"it has more than {MOST_ROWS:,} codes."}


def _named(column: str) -> str:
    name = column.strip().lower()
    return _ALSO.get(name, name)


def _cell(value: object) -> str:
    """Spreadsheet programs keep 3442 as 3442.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
