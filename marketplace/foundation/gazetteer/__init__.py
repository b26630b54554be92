"""Towns and postcodes of France and Canada, from a table beside this file; nothing is asked of anyone.

`towns.tsv` is made by `scripts/gazetteer`. A process that never looks a place up never reads it; one that does keeps
about 3 MB: the table as it is, its folded names and a few arrays. A `Row` is made only of what was found."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from heapq import nlargest
from math import cos, radians
from pathlib import Path
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

FOLDER = Path(__file__).resolve().parent
ABOUT = """\
# Towns of France and Canada. Made by scripts/gazetteer; sources and licences: README.md beside this file.
# name, area (ISO 3166-2), latitude, longitude, inhabitants in hundreds, postcodes; "~" before the latitude: the middle
# of those with its postcode; "=" and a name in place of the rest: also called so.
"""

_COUNTRIES = {"FR": 1, "CA": 2}
_HEAD = b"#"
_NOWHERE = b"999"  # degrees of a line that only gives another name: nothing looks for it by its position
_LINE_BITS = 20
_LONGEST = 80
_APART = re.compile(r"[^a-z0-9\n]+")
_EDGES = re.compile(r"^ +| +$", re.MULTILINE)
_ARTICLE = re.compile(r"^(?:les?|la|l|the) (?=[a-z0-9])", re.MULTILINE)
_SHORT = re.compile(r"\bst(e?)\b")
_COMBINING = re.compile("[\u0300-\u036f]+")


class Row(NamedTuple):
    """A town. `area`: the department or province by ISO 3166-2 ("FR-93", "CA-QC"); degrees; `population` to the nearest
    hundred, 0 where unknown; `estimated`: stands where the others of its postcode stand; `called`: the name of the town
    that this is another name of."""

    name: str
    area: str
    latitude: float
    longitude: float
    population: int = 0
    postcodes: tuple[str, ...] = ()
    estimated: bool = False
    called: str = ""

    @property
    def country(self) -> str:
        return self.area[:2]

    @property
    def position(self) -> tuple[float, float]:
        return self.latitude, self.longitude


def key(name: str) -> str:
    """A name made comparable: no case, accents, hyphens or leading article, "St" written out. Line by line where it has
    several lines."""
    bare = name.lower().replace("œ", "oe").replace("æ", "ae")
    bare = _COMBINING.sub("", unicodedata.normalize("NFKD", bare))
    bare = _EDGES.sub("", _APART.sub(" ", bare))
    return _SHORT.sub(r"saint\1", _ARTICLE.sub("", bare))


def line_of(row: Row) -> str:
    """As the table keeps it."""
    if row.called:
        return f"{row.name}\t{row.area}\t={row.called}\n"
    degrees = f"{'~' if row.estimated else ''}{row.latitude:.3f}\t{row.longitude:.3f}"
    return f"{row.name}\t{row.area}\t{degrees}\t{round(row.population / 100)}\t{' '.join(row.postcodes)}\n"


def named(name: str) -> list[Row]:
    """The towns of that name, the largest first."""
    wanted = key(name[:_LONGEST])
    return largest_first(_table().of_key(wanted)) if wanted else []


def beginning(prefix: str, *, most: int, country: str) -> list[Row]:
    """Towns whose name begins so: those of the country first, of these the largest."""
    wanted = key(prefix[:_LONGEST])
    if not wanted:
        return []
    return _table().of_prefix(wanted, country, most)


def spelt_nearly(name: str, *, most: int, country: str) -> list[Row]:
    """Towns whose name is a letter away (added, left out, another, two swapped), or two in a long name where none
    is one away; the largest first. About 20 ms: for what was not found."""
    wanted = key(name[:_LONGEST])
    if len(wanted) < 4:
        return []
    table = _table()
    near = extract(wanted, table.keys(), scorer=OSA.distance, score_cutoff=1 if len(wanted) < 8 else 2, limit=60)
    found = {(row.name, row.area): (away, row) for _, away, at in near for row in (table.row(at),)}
    least = min((away for away, _ in found.values()), default=0)
    rows = [row for away, row in found.values() if away == least]
    return sorted(rows, key=lambda row: (row.country != country, -row.population))[:most]


def at_postcode(postcode: str) -> list[Row]:
    """The towns of a French postcode or of all that begin so (two digits or more), the largest first; of a whole one
    those first that have few others: 29000 is Quimper, though some of Brest has it too."""
    if not (2 <= len(postcode) <= 5 and postcode.isascii() and postcode.isdigit()):
        return []
    rows = largest_first(_table().of_postcodes(int(postcode.ljust(5, "0")), int(postcode.ljust(5, "9"))))
    return sorted(rows, key=lambda row: len(row.postcodes)) if len(postcode) == 5 else rows


def nearest(position: tuple[float, float], *, within_degrees: float = 0.5) -> Row | None:
    """The town next to it, villages included; None in the wild or at sea."""
    latitude, longitude = position
    narrow = cos(radians(latitude))
    found = [
        ((row.latitude - latitude) ** 2 + ((row.longitude - longitude) * narrow) ** 2, row)
        for row in _table().around(latitude, longitude, within_degrees)
        if not row.estimated
    ]
    return min(found, key=lambda one: one[0])[1] if found else None


def within(south: float, west: float, north: float, east: float, *, most: int) -> list[Row]:
    """The largest towns of a rectangle in degrees."""
    return largest_first(_table().largest_inside(south, west, north, east, most))[:most]


def largest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row.population, row.name, row.area))


class _Table:
    """The file as bytes, with where each line begins; folded names in the same order, which is their own."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts, self._sizes, self._countries = array("L"), array("L"), array("B")
        self._coordinates = array("f")
        names: list[str] = []
        codes: list[int] = []
        start = 0
        for line in content.splitlines(keepends=True):
            if not line.startswith(_HEAD):
                name, area, latitude, *rest = line.split(b"\t")
                longitude, hundreds, postcodes = rest or (_NOWHERE, b"0", b"")
                self._coordinates.extend((float(latitude.lstrip(b"~") if rest else _NOWHERE), float(longitude)))
                self._sizes.append(int(hundreds))
                self._countries.append(_COUNTRIES[area[:2].decode()])
                codes += [(int(code) << _LINE_BITS) + len(names) for code in postcodes.split()]
                names.append(name.decode("utf-8"))
                self._starts.append(start)
            start += len(line)
        self._keys = key("\n".join(names))
        self._key_ends = array("L", (found.start() for found in re.finditer("\n|$", self._keys)))
        self._postcodes = array("Q", sorted(codes))

    def __len__(self) -> int:
        return len(self._starts)

    def key_at(self, line: int) -> str:
        return self._keys[self._key_ends[line - 1] + 1 if line else 0 : self._key_ends[line]]

    def keys(self) -> list[str]:
        return self._keys.split("\n")

    def row(self, line: int) -> Row:
        """The row itself; of another name, the town with that name's own spelling."""
        row = _row_of(self._content[self._starts[line] : self._content.index(b"\n", self._starts[line])])
        if not row.called:
            return row
        return next(one for one in self.of_key(key(row.called)) if one.area == row.area and not one.called)

    def of_key(self, wanted: str) -> Iterator[Row]:
        line = bisect_left(range(len(self)), wanted, key=self.key_at)
        while line < len(self) and self.key_at(line) == wanted:
            yield self.row(line)
            line += 1

    def of_prefix(self, wanted: str, country: str, most: int) -> list[Row]:
        """Only the best become rows: two letters fit thousands."""
        first = bisect_left(range(len(self)), wanted, key=self.key_at)
        after = bisect_left(range(len(self)), wanted + "\x7f", key=self.key_at)
        own = _COUNTRIES.get(country, 0)
        best = nlargest(
            2 * most, range(first, after), key=lambda at: (self._countries[at] == own, self._sizes[at], -at)
        )
        return list({(row.name, row.area): row for row in map(self.row, best)}.values())[:most]

    def of_postcodes(self, first: int, last: int) -> list[Row]:
        start = bisect_left(self._postcodes, first << _LINE_BITS)
        end = bisect_left(self._postcodes, (last + 1) << _LINE_BITS)
        lines = {code & ((1 << _LINE_BITS) - 1) for code in self._postcodes[start:end]}
        return [self.row(line) for line in sorted(lines)]

    def around(self, latitude: float, longitude: float, degrees: float) -> list[Row]:
        return self.inside(latitude - degrees, longitude - degrees, latitude + degrees, longitude + degrees)

    def inside(self, south: float, west: float, north: float, east: float) -> list[Row]:
        return [self.row(line) for line in self._lines_inside(south, west, north, east)]

    def largest_inside(self, south: float, west: float, north: float, east: float, most: int) -> list[Row]:
        """The largest `most`, and all that are as large as the last of them: only these become rows."""
        lines = self._lines_inside(south, west, north, east)
        largest = nlargest(most, map(self._sizes.__getitem__, lines))
        return [self.row(line) for line in lines if self._sizes[line] >= largest[-1]] if largest else []

    def _lines_inside(self, south: float, west: float, north: float, east: float) -> list[int]:
        latitudes, longitudes = self._coordinates[::2], self._coordinates[1::2]
        return [
            line
            for line, (latitude, longitude) in enumerate(zip(latitudes, longitudes, strict=True))
            if south <= latitude <= north and west <= longitude <= east
        ]


@cache
def _table() -> _Table:
    return _Table((FOLDER / "towns.tsv").read_bytes())


def _row_of(line: bytes) -> Row:
    name, area, latitude, *rest = line.decode("utf-8").rstrip("\n").split("\t")
    if latitude.startswith("="):
        return Row(name, area, float(_NOWHERE), float(_NOWHERE), called=latitude[1:])
    longitude, hundreds, postcodes = rest
    estimated = latitude.startswith("~")
    position = float(latitude.removeprefix("~")), float(longitude)
    return Row(name, area, *position, int(hundreds) * 100, tuple(postcodes.split()), estimated)
