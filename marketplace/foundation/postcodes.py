"""Postcodes that an operator brings along: a CSV file becomes the table `Postcode`, a country at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.db.models import Avg, Count, Max

from marketplace.foundation import bulk
from marketplace.foundation.models import Postcode

COLUMNS = ("postcode", "lat", "lon", "town")
_TABLE = "postcodes_read"
_MOST_REFUSALS = 20


@dataclass
class Imported:
    """How many codes the country has now, how many lines were refused, and why the first of them."""

    stored: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < _MOST_REFUSALS:
            self.reasons.append(f"Line {line}: {reason}")


class PostcodeFileError(Exception):
    """The file as a whole cannot be read; says what to do."""


def bare(postcode: str) -> str:
    return "".join(character for character in postcode.upper() if character.isalnum())


def load(path: Path, *, country: str) -> Imported:
    """Replace the country's postcodes by those of a CSV file (UTF-8) with the columns `COLUMNS`, `town` may be missing.
    Of a code that comes twice the first line counts. Nothing is changed where no line can be read. Raises
    PostcodeFileError."""
    report = Imported()
    columns = {"code": "text", "latitude": "text", "longitude": "text", "town": "text"}
    with transaction.atomic():
        bulk.create_temporary(_TABLE, columns)
        bulk.load(_TABLE, list(columns), _rows(path, report))
        report.stored = bulk.rows("SELECT count(*) FROM postcodes_read")[0][0]
        if not report.stored:
            raise PostcodeFileError(
                f"{path}: no line could be read; nothing was changed. " + " ".join(report.reasons[:1])
            )
        Postcode.objects.filter(country=country).delete()
        bulk.execute(
            "INSERT INTO foundation_postcode (country, code, latitude, longitude, town) "
            "SELECT %s, code, CAST(latitude AS double precision), CAST(longitude AS double precision), town "
            "FROM postcodes_read",
            [country],
        )
        bulk.drop_temporary(_TABLE)
    return report


def at(country: str, typed: str, *, shortest: int = 3) -> tuple[tuple[float, float], str] | None:
    """Position and town of a postcode; of its beginning, the middle of all that begin so, down to `shortest` characters
    (in Canada the forward sortation area). None where the table has nothing of it."""
    code = bare(typed)
    while len(code) >= shortest:
        fits = Postcode.objects.filter(country=country, code__gte=code, code__lte=code + "Z" * 12)
        found = fits.aggregate(
            north=Avg("latitude"), east=Avg("longitude"), one=Max("town"), towns=Count("town", distinct=True)
        )
        if found["north"] is not None:
            return (found["north"], found["east"]), found["one"] if found["towns"] == 1 else ""
        code = code[:-1] if len(code) <= shortest else code[:shortest]
    return None


def _rows(path: Path, report: Imported) -> Iterator[tuple[str, str, str, str]]:
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]:
                raise PostcodeFileError(
                    f"{path}: the first line must name the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}."
                )
            for row in reader:
                code = bare(row["postcode"] or "")
                if reason := _wrong(code, row["lat"], row["lon"]):
                    report.refuse(reader.line_num, reason)
                elif code in seen:
                    report.refuse(reader.line_num, f"{code} came before; the first one counts.")
                else:
                    seen.add(code)
                    yield code, row["lat"].strip(), row["lon"].strip(), (row.get("town") or "").strip()[:80]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PostcodeFileError(f"{path} cannot be read: {error}. Save it as CSV in UTF-8.") from error


def _wrong(code: str, latitude: str | None, longitude: str | None) -> str:
    if not 2 <= len(code) <= 12 or not code.isascii():
        return f"“{code}” is no postcode."
    try:
        fits = -90 <= float(latitude or "") <= 90 and -180 <= float(longitude or "") <= 180
    except ValueError:
        fits = False
    return "" if fits else f"lat {latitude!r} and lon {longitude!r} are no degrees, as in 45.51 and -73.55."
