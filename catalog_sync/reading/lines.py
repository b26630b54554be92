"""Lines, each by itself: one that is too long, or holds bytes that are no characters, costs that line alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from catalog_sync.reading.decoding import Decoding
from catalog_sync.reasons import Reason, reason

LARGEST_LINE = 1 << 20  # bytes
_SHOWN = 2000  # bytes or characters of a line that cannot be read
_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\0"


class Line(NamedTuple):
    """`number` from 1; `problem`: why the text, its beginning, cannot be used."""

    number: int
    text: str
    problem: Reason | None


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file that are not blank, without the spaces around; memory stays at one line of LARGEST_LINE."""
    with path.open("rb") as stream:
        number = 0
        while raw := stream.readline(LARGEST_LINE + 1):
            number += 1
            if number == 1:
                raw = raw.removeprefix(_MARK)
            whole = raw.endswith(b"\n")
            if len(raw) > LARGEST_LINE and not whole:
                while not whole and (more := stream.readline(LARGEST_LINE)):
                    whole = more.endswith(b"\n")
                yield Line(number, _shown(raw), reason("record_too_large", limit=LARGEST_LINE))
                continue
            bare = raw.strip(_BLANK)
            if not bare:
                continue
            try:
                yield Line(number, bare.decode("utf-8"), None)
            except UnicodeDecodeError:
                yield Line(number, _shown(bare), reason("characters_broken"))


def _shown(raw: bytes) -> str:
    return raw[:_SHOWN].decode("utf-8", errors="replace")


def read_text_lines(path: Path, decoding: Decoding) -> Iterator[Line]:
    """The same for a file in any charset, bytes without a character becoming U+FFFD."""
    with path.open(encoding=decoding.encoding, errors="replace", newline="\n") as stream:
        number = 0
        while text := stream.readline(LARGEST_LINE):
            number += 1
            problem = None
            if len(text) >= LARGEST_LINE and not text.endswith("\n"):
                problem = reason("record_too_large", limit=LARGEST_LINE)
                while (more := stream.readline(LARGEST_LINE)) and not more.endswith("\n"):
                    pass
            bare = text.strip("\ufeff \t\r\n\0")
            if bare:
                yield Line(number, bare[:_SHOWN] if problem else bare, problem)
