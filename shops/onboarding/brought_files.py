"""The ZIP that a shop took along elsewhere, read in a child with limits: nothing is unpacked to disk, of its members
only those with a known name are looked at, and each row is checked by itself."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from catalog_sync.reading.confined import confined_value
from catalog_sync.reading.json_text import NotJsonError, parse
from catalog_sync.reasons import ReadingEndedError
from shops.onboarding import brought_rows
from shops.onboarding.brought_rows import RowError
from shops.onboarding.exporting import VERSION

MOST_BYTES = 50 * 2**20  # of the ZIP
MOST_UNPACKED = 64 * 2**20  # of what is read of it, in all
MOST_MEMBERS = 100
MOST_ROWS = 200_000  # in all, empty ones too: so many take a second, as many as fit took minutes
LONGEST_ROW = 4 * 2**20
LONGEST_ABOUT = 2**20
MOST_NETWORKS = 50
MOST_PROBLEMS = 200
ABOUT, ROWS = "about.json", tuple(brought_rows.CHECKS)
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


class FileError(Exception):
    """Nothing of the file is taken; the code says why, as `bringing_words` knows it."""


class Network(NamedTuple):
    site: str
    name: str
    until: datetime


class Problem(NamedTuple):
    """`row`: from 1. `values` for the words of `code`; never what names somebody."""

    file: str
    row: int
    code: str
    values: dict[str, Any]


class Read(NamedTuple):
    """Rows by file, each with its number; `refused` by file counts all, `problems` are the first; `more`: how many
    orders said more than is kept."""

    networks: list[Network]
    rows: dict[str, list[tuple[int, Any]]]
    refused: dict[str, int]
    problems: list[Problem]
    more: int


def read(path: Path, now: datetime) -> Read:
    """Raises FileError."""
    try:
        plain = confined_value(lambda: _plain(path, now), path.stat().st_size)
    except ReadingEndedError:
        raise FileError("too_much") from None
    if isinstance(plain, str):
        raise FileError(plain)
    networks, rows, refused, problems, more = plain
    kinds: dict[str, Any] = dict(zip(ROWS, (brought_rows.OrderRow, brought_rows.StatementRow, brought_rows.CustomerRow),
                                     strict=True))  # fmt: skip
    return Read(
        [Network(*row) for row in networks],
        {name: [(number, kinds[name](*row)) for number, row in found] for name, found in rows.items()},
        refused,
        [Problem(*row) for row in problems],
        more,
    )


def _plain(path: Path, now: datetime) -> Any:
    """In the child: a code where it is refused, else what `Read` holds, as plain values."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            return _Reading(archive, members, now).everything()
    except FileError as refused:
        return str(refused)
    except _BROKEN:
        return "damaged"


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The known ones, once each. A name is compared and never followed."""
    every = archive.infolist()
    if len(every) > MOST_MEMBERS:
        raise FileError("not_ours")
    found: dict[str, zipfile.ZipInfo] = {}
    for member in every:
        if member.filename not in {ABOUT, *ROWS}:
            continue
        if member.filename in found:
            raise FileError("twice")
        if member.flag_bits & 1 or member.compress_type not in _METHODS:
            raise FileError("locked")
        found[member.filename] = member
    if ABOUT not in found:
        raise FileError("not_ours")
    return found


class _Reading:
    """A class, because what was unpacked and what was wrong add up over the files."""

    def __init__(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], now: datetime) -> None:
        self.archive, self.members, self.now = archive, members, now
        self.unpacked = self.lines = self.more = 0
        self.refused = dict.fromkeys(ROWS, 0)
        self.problems: list[tuple[str, int, str, dict[str, Any]]] = []

    def everything(self) -> tuple[Any, ...]:
        networks = self._networks()
        sites = {network[0] for network in networks}
        rows = {name: list(self._rows(name, sites)) for name in ROWS if name in self.members}
        return networks, rows, self.refused, self.problems, self.more

    def _networks(self) -> list[tuple[str, str, datetime]]:
        """Of its first version: one, of which nothing is said."""
        with self.archive.open(self.members[ABOUT]) as file:
            content = file.read(LONGEST_ABOUT + 1)
        try:
            about: Any = parse(content.decode("utf-8-sig")) if len(content) <= LONGEST_ABOUT else None
        except (NotJsonError, UnicodeDecodeError):
            about = None
        about = about if isinstance(about, dict) else {}
        version = about.get("halles_shop")
        if not isinstance(version, int) or version < 1:
            raise FileError("not_ours")
        if version > VERSION:
            raise FileError("newer")
        try:
            if version == 1:
                return [("", "", brought_rows.time_of(about, "made_at", self.now))]
            said = about.get("networks")
            if not isinstance(said, list) or not 0 < len(said) <= MOST_NETWORKS:
                raise FileError("not_ours")
            return [self._network(one) for one in said]
        except RowError:
            raise FileError("not_ours") from None

    def _network(self, one: Any) -> tuple[str, str, datetime]:
        if not isinstance(one, dict):
            raise FileError("not_ours")
        site, name = (brought_rows.text_of(one, key, most, empty=True) for key, most in (("site", 200), ("name", 80)))
        if not (site + name).isprintable():
            raise FileError("not_ours")
        return site, name, brought_rows.time_of(one, "until", self.now)

    def _rows(self, name: str, sites: set[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        seen: set[tuple[Any, ...]] = set()
        with self.archive.open(self.members[name]) as file:
            number = 0
            while line := file.readline(LONGEST_ROW + 1):
                number += 1
                self.unpacked += len(line)
                self.lines += 1
                if self.unpacked > MOST_UNPACKED:
                    raise FileError("too_much")
                if self.lines > MOST_ROWS:
                    raise FileError("too_many")
                if len(line) > LONGEST_ROW:
                    raise FileError("too_long")
                if not line.strip():
                    continue
                try:
                    row = self._row(name, line)
                    _once(row, seen)
                    if not isinstance(row, brought_rows.CustomerRow) and row.site not in sites:
                        raise RowError("network_unknown")
                except RowError as problem:
                    self._note(name, number, problem)
                    continue
                self.more += getattr(row, "more", False)
                yield number, tuple(row)

    def _row(self, name: str, line: bytes) -> Any:
        try:
            value = parse(line.decode())
        except (NotJsonError, UnicodeDecodeError):
            raise RowError("not_json") from None
        if not isinstance(value, dict):
            raise RowError("not_json")
        return brought_rows.CHECKS[name](value, self.now)

    def _note(self, name: str, number: int, problem: RowError) -> None:
        self.refused[name] += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append((name, number, problem.code, problem.values))


def _once(row: Any, seen: set[tuple[Any, ...]]) -> None:
    """Of two rows with one number, one period or one address the first is taken."""
    keys: list[tuple[Any, ...]]
    if isinstance(row, brought_rows.CustomerRow):
        keys = [("email_twice", row.email.lower())]
    else:
        keys = [("number_twice", row.site, row.number)]
        if isinstance(row, brought_rows.StatementRow):
            keys.append(("period_twice", row.site, row.begins_at, row.currency))
    for key in keys:
        if key in seen:
            raise RowError(str(key[0]))
    seen.update(keys)


def made_at(read: Read) -> datetime:
    """When the file was made, as it says."""
    return read.networks[0].until.astimezone(UTC)
