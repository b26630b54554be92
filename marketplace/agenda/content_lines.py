"""Lines of an iCalendar file as RFC 5545 has them (3.1 to 3.3): folded at 75 octets, values escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LINE_OCTETS = 75
LONGEST_LINE = 100_000
"""Characters of a line that are looked at; pictures that some programs put into events are longer, and not wanted."""

_FOLD = re.compile(rb"\r?\n[ \t]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})=("[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*')
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Line(NamedTuple):
    """`number` counts unfolded lines from 1; `parameters` by their name in capitals, the first value of each."""

    number: int
    name: str
    parameters: dict[str, str]
    value: str


def lines(content: bytes, wanted: frozenset[str]) -> Iterator[Line]:
    """The lines whose name is wanted, unfolded; those that cannot be read or are too long are left out. Folds may
    stand between the octets of a character, hence they go first."""
    whole = _FOLD.sub(b"", content)
    try:
        said = whole.decode()
    except UnicodeDecodeError:
        said = whole.decode("cp1252", "replace")
    position, number = 0, 0
    while position < len(said):
        end = _LINE_END.search(said, position)
        until = end.start() if end else len(said)
        number += 1
        name = _NAME.match(said, position, until)
        if name and name[0].upper() in wanted and until - position <= LONGEST_LINE:
            line = _line(number, name[0].upper(), said[name.end() : until])
            if line:
                yield line
        position = end.end() if end else until


def _line(number: int, name: str, rest: str) -> Line | None:
    parameters: dict[str, str] = {}
    position = 0
    while found := _PARAMETER.match(rest, position):
        parameters.setdefault(found[1].upper(), found[2].strip('"'))
        position = found.end()
    return Line(number, name, parameters, rest[position + 1 :]) if rest[position : position + 1] == ":" else None


def unescaped(value: str, most: int) -> str:
    r"""A text's value (3.3.11) without control characters, at most so many characters."""
    plain = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value[: 2 * most])
    return _CONTROL.sub("", plain).strip()[:most]


def escaped(text: str) -> str:
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> bytes:
    """A line with its end, no part of it longer than 75 octets and no character cut in two."""
    parts, octets = [b""], LINE_OCTETS
    for character in line:
        coded = character.encode()
        if len(parts[-1]) + len(coded) > octets:
            parts.append(b"")
            octets = LINE_OCTETS - 1  # the space that begins a further part
        parts[-1] += coded
    return b"\r\n ".join(parts) + b"\r\n"
